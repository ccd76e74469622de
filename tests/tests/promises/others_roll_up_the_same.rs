//! What `weir rollup` makes of a million events, DuckDB makes of the same files by the same SQL, and Polars by its own: cell by cell.

use std::path::Path;
use std::process::Command;

use weir_tests::{not_run, python, sample_data_bin, weir_bin};

#[test]
fn rollups_of_a_million_events_are_those_of_duckdb_and_polars() {
    let Some(python) = python() else {
        return not_run("others_roll_up_the_same", "Python with duckdb, polars, pyarrow");
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches/figures.py");
    let ran = Command::new(python)
        .arg(script)
        .args(["--only-equal", "--events", "1000000", "--weir"])
        .arg(weir_bin())
        .arg("--sample-data")
        .arg(sample_data_bin())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    // Three rollups and six kept figures, by DuckDB and by Polars.
    assert_eq!(said.lines().filter(|line| line.starts_with("equal: ")).count(), 18, "{said}");
}
