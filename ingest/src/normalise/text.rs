//! Tidies raw values into the text that columns store: UTF-8, trimmed, nothing for `-`.

/// Appends bytes as UTF-8, what is not replaced by U+FFFD.
pub(crate) fn push_utf8(raw: &[u8], into: &mut Vec<u8>) {
    for chunk in raw.utf8_chunks() {
        into.extend_from_slice(chunk.valid().as_bytes());
        if !chunk.invalid().is_empty() {
            into.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

/// Tidies a value as most columns want it: trimmed, UTF-8, `-` for nothing.
pub(crate) fn plain(raw: &[u8], into: &mut Vec<u8>) -> bool {
    let raw = raw.trim_ascii();
    if raw.is_empty() || raw == b"-" {
        return false;
    }
    push_utf8(raw, into);
    true
}

/// Bytes as text, itself where it is UTF-8 already; None where there is nothing.
pub(crate) fn as_text<'a>(raw: &'a [u8], scratch: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    if raw.is_empty() {
        return None;
    }
    if std::str::from_utf8(raw).is_ok() {
        return Some(raw);
    }
    scratch.clear();
    push_utf8(raw, scratch);
    Some(scratch)
}

pub(crate) fn device_name(raw: &[u8]) -> Option<String> {
    let name = String::from_utf8_lossy(raw).trim().trim_end_matches('$').to_lowercase();
    let is_nothing = matches!(name.as_str(), "" | "-" | "n/a" | "na" | "none" | "unknown");
    (!is_nothing).then_some(name)
}

/// An IPv4 address in IPv6's clothes is the IPv4 address.
pub(crate) fn address(raw: &[u8], into: &mut Vec<u8>) -> bool {
    let raw = raw.trim_ascii();
    plain(raw.strip_prefix(b"::ffff:").filter(|rest| rest.contains(&b'.')).unwrap_or(raw), into)
}

pub(crate) fn upper(raw: &[u8], into: &mut Vec<u8>) -> bool {
    let is_given = plain(raw, into);
    into.make_ascii_uppercase();
    is_given
}

pub(crate) fn lower(raw: &[u8], into: &mut Vec<u8>) -> bool {
    let is_given = plain(raw, into);
    into.make_ascii_lowercase();
    is_given
}

/// A media type without its parameters.
pub(crate) fn media_type(raw: &[u8], into: &mut Vec<u8>) -> bool {
    lower(raw.split(|byte| *byte == b';').next().unwrap_or_default(), into)
}
