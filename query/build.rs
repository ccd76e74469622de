//! Embeds the data folders (rollups, figures, indicators, saved queries), so that adding one is adding one file.

use std::{env, fs, io, path::Path};

#[expect(clippy::disallowed_methods, reason = "generated code in the build's own folder; a torn build is built again")]
fn main() -> io::Result<()> {
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    let here = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let mut code = String::new();
    for (folder, ending, name) in [
        ("rollups", "sql", "ROLLUPS"),
        ("figures", "sql", "FIGURES"),
        ("indicators", "sql", "INDICATORS"),
        ("saved", "sql", "SAVED"),
    ] {
        let folder = Path::new(&here).join(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        let mut files: Vec<_> = fs::read_dir(&folder)?
            .collect::<io::Result<Vec<_>>>()?
            .into_iter()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|e| e == ending))
            .collect();
        files.sort();
        code.push_str(&format!(
            "/// File stem and text of every `{name}` file, sorted by name.\npub static {name}: &[(&str, &str)] = &[\n"
        ));
        for file in files {
            let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            code.push_str(&format!("    ({stem:?}, include_str!({:?})),\n", file.display().to_string()));
        }
        code.push_str("];\n");
    }
    fs::write(Path::new(&out).join("embedded.rs"), code)
}
