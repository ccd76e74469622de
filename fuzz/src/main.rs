//! Writes what fuzzing starts from, the sample lines of every format, into `fuzz/corpus/<target>`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    for (target, _) in weir_ingest::fuzz::TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        std::fs::create_dir_all(&folder)?;
        for (number, seed) in weir_ingest::fuzz::seeds(target).iter().enumerate() {
            std::fs::write(folder.join(format!("sample-{number:03}")), seed)?;
        }
    }
    Ok(())
}
