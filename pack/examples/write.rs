//! Writes the documents of the invented reviews into a folder, or those of stored bundles: `cargo run --example write FOLDER [BUNDLE.json ...]`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    missing_docs,
    dead_code,
    reason = "an example that fails should stop, and writes a folder of its own"
)]

#[path = "../tests/pack/samples/mod.rs"]
mod samples;

use weir_pack::{Kind, Limits};

fn main() {
    let folder = std::path::PathBuf::from(std::env::args().nth(1).expect("a folder"));
    std::fs::create_dir_all(&folder).unwrap();
    let stored = |path: String| {
        let name = std::path::Path::new(&path).file_stem().unwrap().to_string_lossy().into_owned();
        (name, weir_pack::bundle::Bundle::from_json(&std::fs::read(&path).unwrap()).unwrap())
    };
    let mut bundles: Vec<_> = std::env::args().skip(2).map(stored).collect();
    if bundles.is_empty() {
        bundles = samples::all().map(|(name, bundle)| (name.to_owned(), bundle)).into();
    }
    for (name, bundle) in bundles {
        std::fs::write(folder.join(format!("{name}.json")), bundle.to_json().unwrap()).unwrap();
        for kind in Kind::ALL {
            let begun = std::time::Instant::now();
            match weir_pack::write(&bundle, kind, Limits::default()) {
                Ok(bytes) => {
                    println!("{name}.{}: {} bytes, {:.2} s", kind.extension(), bytes.len(), begun.elapsed().as_secs_f64());
                    std::fs::write(folder.join(format!("{name}.{}", kind.extension())), bytes).unwrap();
                }
                Err(error) => println!("{name}.{}: {error}", kind.extension()),
            }
        }
    }
}
