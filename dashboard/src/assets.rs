//! The two files beside the pages: the style sheet under its own digest, and the icon.

/// The style sheet.
pub(crate) const STYLE: &str = include_str!("../assets/weir.css");

/// The icon of the browser's tab.
pub(crate) const ICON: &str = include_str!("../assets/icon.svg");

/// A digest of the style sheet (FNV-1a), so that a new version of Weir is never shown in an old one's clothes.
const STYLE_DIGEST: u64 = {
    let bytes = STYLE.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut position = 0;
    while position < bytes.len() {
        hash = (hash ^ bytes[position] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        position += 1;
    }
    hash
};

/// Where the style sheet lies.
pub(crate) fn style_path() -> String {
    format!("/assets/weir-{STYLE_DIGEST:016x}.css")
}
