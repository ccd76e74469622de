//! Where the estate's parts lie: below its folder, at an address, and never one inside the other.

use std::path::{Path, PathBuf};

/// A folder as written: below the estate's folder unless absolute or an address such as `s3://...`.
pub(crate) fn below(home: &Path, folder: &str) -> PathBuf {
    if folder.contains("://") { PathBuf::from(folder) } else { home.join(folder) }
}

/// Whether one folder is another or lies below it, `..` and links resolved as far as the folders exist.
pub fn is_inside(inner: &Path, outer: &Path) -> bool {
    fn resolved(path: &Path) -> PathBuf {
        let mut rest = Vec::new();
        let mut at = path;
        loop {
            if let Ok(real) = at.canonicalize() {
                return rest.iter().rev().fold(real, |path, part| path.join(part));
            }
            match (at.parent(), at.file_name()) {
                (Some(parent), Some(name)) => {
                    rest.push(name.to_owned());
                    at = parent;
                }
                _ => return path.to_path_buf(),
            }
        }
    }
    let absolute = |path: &Path| std::path::absolute(path).map_or_else(|_| path.to_path_buf(), |path| resolved(&path));
    absolute(inner).starts_with(absolute(outer))
}
