//! Writes the documents of the invented reviews into a folder: `cargo run --example write FOLDER`.

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
    for (name, bundle) in samples::all() {
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
