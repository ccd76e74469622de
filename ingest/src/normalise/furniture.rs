//! Says whether a row is furniture: traffic that devices and pages make by themselves, rather than something a person opened.
//!
//! Decided from the line alone. A row is furniture when one of these holds:
//! - an engine's page asked for suggestions while someone typed, or sent its own telemetry;
//! - its category, by the vendor or by our own list of domains, is advertising (`adv`) or infrastructure (`infra`: updates,
//!   telemetry, certificate checks, content delivery);
//! - its method only asks about a page (`OPTIONS`, `HEAD`);
//! - its answer is a part of a page: a picture, a font, a style sheet, a script, data for a script;
//! - the answer's type is not told and the path ends as those parts do, or is a known by-request (`/favicon.ico`).
//!
//! It is never furniture when it is a monitor's finding, when somebody saw a page about it (`warned`, `overridden`), when a search
//! with a term or a lexicon entry stands on it, or when its category is one that is always blocked. A blocked row can be furniture:
//! most blocked rows are advertisements and widgets.
//!
//! Typing runs and repeats need other lines, and are collapsed later, over all files of a day.

use crate::decoded::{Action, Kind};

/// What of a row decides, as it stands in a line or in the lake.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// What kind of event.
    pub kind: Kind,
    /// The decision.
    pub action: Option<Action>,
    /// What method and media type say.
    pub answer: Answer,
    /// Path of the URL.
    pub path: &'a [u8],
}

/// What was found out about the row before.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known {
    /// Sent while someone types.
    pub is_suggestion: bool,
    /// A search with a term, or a concern.
    pub is_search_or_concern: bool,
    /// Category `adv` or `infra`.
    pub is_background_category: bool,
    /// Category that is always blocked.
    pub is_always_blocked: bool,
}

/// What method and media type say of a row; rows alike in both share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The method only asks about a page.
    AboutOnly,
    /// The media type is a part of a page.
    Part,
    /// The media type is a page, a film, a download.
    Whole,
    /// No media type is told.
    Untold,
}

impl Answer {
    /// Of a method and a media type as written.
    pub fn of(method: &[u8], content_type: &[u8]) -> Self {
        if method.eq_ignore_ascii_case(b"OPTIONS") || method.eq_ignore_ascii_case(b"HEAD") {
            return Self::AboutOnly;
        }
        match content_type.trim_ascii() {
            b"" | b"-" => Self::Untold,
            media_type if is_part_type(media_type) => Self::Part,
            _ => Self::Whole,
        }
    }
}

/// Endings of paths that are parts of pages.
const PARTS: [&[u8]; 20] = [
    b"css", b"js", b"mjs", b"map", b"woff", b"woff2", b"ttf", b"otf", b"eot", b"ico", b"png", b"jpg", b"jpeg", b"gif", b"svg",
    b"webp", b"avif", b"bmp", b"crl", b"wasm",
];

/// Requests that browsers and devices make unasked.
const UNASKED: [&[u8]; 8] = [
    b"/favicon.ico",
    b"/generate_204",
    b"/gen_204",
    b"/hotspot-detect.html",
    b"/connecttest.txt",
    b"/ncsi.txt",
    b"/success.txt",
    b"/wpad.dat",
];

/// Whether the row is furniture.
pub fn is_furniture(seen: &Seen<'_>, known: Known) -> bool {
    if known.is_suggestion {
        return true;
    }
    if seen.kind == Kind::Concern
        || matches!(seen.action, Some(Action::Warned | Action::Overridden))
        || known.is_search_or_concern
        || known.is_always_blocked
    {
        return false;
    }
    if known.is_background_category {
        return true;
    }
    let path = seen.path;
    match seen.answer {
        Answer::AboutOnly | Answer::Part => true,
        Answer::Whole => UNASKED.contains(&path),
        Answer::Untold => is_part_path(path),
    }
}

fn is_part_path(path: &[u8]) -> bool {
    let name = match memchr::memrchr(b'/', path) {
        Some(slash) => &path[slash..],
        None => path,
    };
    if UNASKED.contains(&path) {
        return true;
    }
    memchr::memrchr(b'.', name).is_some_and(|dot| {
        let ending = &name[dot + 1..];
        PARTS.iter().any(|part| part.eq_ignore_ascii_case(ending))
    })
}

/// Whether a media type is a part of a page. Video and sound are not: someone watches or listens.
fn is_part_type(media_type: &[u8]) -> bool {
    let end = memchr::memchr(b';', media_type).unwrap_or(media_type.len());
    let media_type = media_type[..end].trim_ascii();
    let starts = |with: &[u8]| media_type.len() >= with.len() && media_type[..with.len()].eq_ignore_ascii_case(with);
    let is = |wanted: &[u8]| media_type.eq_ignore_ascii_case(wanted);
    starts(b"image/")
        || starts(b"font/")
        || starts(b"application/font")
        || starts(b"application/x-font")
        || is(b"text/css")
        || is(b"text/javascript")
        || is(b"application/javascript")
        || is(b"application/x-javascript")
        || is(b"application/ecmascript")
        || is(b"application/json")
        || is(b"application/wasm")
        || is(b"application/ocsp-response")
        || is(b"application/pkix-crl")
        || is(b"application/pkix-cert")
        || is(b"application/vnd.ms-fontobject")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_decides() {
        let none = Known::default();
        let advert = Known { is_background_category: true, ..none };
        type Row = (Kind, Option<Action>, &'static str, &'static str, &'static str, Known, bool);
        let allowed = Some(Action::Allowed);
        let blocked = Some(Action::Blocked);
        let rows: &[Row] = &[
            (Kind::Web, allowed, "GET", "text/html", "/", none, false),
            (Kind::Web, allowed, "GET", "text/html; charset=utf-8", "/a.png", none, false),
            (Kind::Web, allowed, "GET", "Image/PNG", "/a", none, true),
            (Kind::Web, allowed, "GET", "application/json; charset=utf-8", "/api", none, true),
            (Kind::Web, allowed, "GET", "font/woff2", "/f", none, true),
            (Kind::Web, allowed, "GET", "video/mp4", "/v.mp4", none, false),
            (Kind::Web, allowed, "GET", "application/pdf", "/sheet.pdf", none, false),
            (Kind::Web, allowed, "GET", "-", "/app.JS", none, true),
            (Kind::Web, allowed, "GET", "", "/a.b/page", none, false),
            (Kind::Web, allowed, "GET", "", "/favicon.ico", none, true),
            (Kind::Web, allowed, "GET", "text/plain", "/connecttest.txt", none, true),
            (Kind::Web, allowed, "OPTIONS", "", "/api", none, true),
            (Kind::Web, allowed, "HEAD", "text/html", "/", none, true),
            (Kind::Web, allowed, "CONNECT", "", "", none, false),
            (Kind::Web, blocked, "GET", "text/html", "/", advert, true),
            (Kind::Dns, allowed, "", "", "", advert, true),
            (Kind::Dns, allowed, "", "", "", none, false),
            (Kind::Web, Some(Action::Warned), "GET", "", "/a.png", advert, false),
            (Kind::Web, Some(Action::Overridden), "GET", "", "/a.png", none, false),
            (Kind::Concern, None, "", "", "", advert, false),
            (Kind::Web, allowed, "GET", "application/json", "/", Known { is_search_or_concern: true, ..none }, false),
            (
                Kind::Web,
                allowed,
                "GET",
                "text/html",
                "/",
                Known { is_suggestion: true, is_search_or_concern: true, ..none },
                true,
            ),
            (Kind::Web, blocked, "GET", "image/png", "/a.png", Known { is_always_blocked: true, ..none }, false),
        ];
        for (kind, action, method, media_type, path, known, want) in rows {
            let answer = Answer::of(method.as_bytes(), media_type.as_bytes());
            let seen = Seen { kind: *kind, action: *action, answer, path: path.as_bytes() };
            assert_eq!(is_furniture(&seen, *known), *want, "{kind:?} {action:?} {method} {media_type} {path}");
        }
    }
}
