//! The lake is open: the deltalake package, DuckDB, Polars and pyarrow read from it what `weir sql` reads.

use std::process::Command;

use weir_tests::{Home, not_run, python, sample_data_bin};

const READ: &str = r#"
import json, os, sys
import deltalake, duckdb, polars, pyarrow.parquet
table = deltalake.DeltaTable(sys.argv[1] + "/events")
files = table.file_uris()
columns = ["action", "host", "user_key", "url_path", "bytes_in", "line_no", "search_term", "status"]
def answer(rows): return json.dumps([[None if v is None else (v if isinstance(v, (int, float)) else str(v)) for v in r] for r in rows])
arrow = table.to_pyarrow_table(columns=columns + ["event_time"])
con = duckdb.connect()
out = {}
q = "SELECT action, count(*), count(DISTINCT host), count(DISTINCT user_key), sum(bytes_in)::BIGINT, sum(length(url_path))::BIGINT, sum(line_no)::BIGINT, count(search_term), sum(status)::BIGINT FROM {} GROUP BY action ORDER BY action NULLS FIRST"
con.register("delta", arrow)
out["deltalake"] = answer(con.execute(q.format("delta")).fetchall())
out["duckdb"] = answer(con.execute(q.format("read_parquet(" + json.dumps(files).replace('"', "'") + ")")).fetchall())
con.register("pya", pyarrow.concat_tables([pyarrow.parquet.read_table(f, columns=columns) for f in files]))
out["pyarrow"] = answer(con.execute(q.format("pya")).fetchall())
con.register("pol", polars.read_parquet(files, columns=columns).to_arrow())
out["polars"] = answer(con.execute(q.format("pol")).fetchall())
print(json.dumps(out), flush=True)
# At Python's own way out the packages' threads sometimes end it with an abort, after the answer.
os._exit(0)
"#;

#[test]
fn delta_duckdb_polars_and_pyarrow_agree_with_sql() {
    let Some(python) = python() else {
        return not_run("an_independent_reader_counts_the_same", "Python with deltalake, duckdb, polars, pyarrow");
    };
    let home = Home::new();
    for (format, rows) in [("squid", "20000"), ("fortigate", "5000"), ("umbrella-proxy", "5000")] {
        let log = home.path().join(format!("{format}.log"));
        let made = Command::new(sample_data_bin())
            .args(["--format", format, "--rows", rows, "--seed", "3", "--out"])
            .arg(&log)
            .status()
            .unwrap();
        assert!(made.success());
        let ran = home.ingest(format, &log);
        assert!(ran.status <= 1, "{}", ran.stderr);
    }
    let own: Vec<serde_json::Value> = home
        .sql(
            "SELECT action, count(*) AS a, count(DISTINCT host) AS b, count(DISTINCT user_key) AS c, sum(bytes_in) AS d, sum(character_length(url_path)) AS e, \
             sum(line_no) AS f, count(search_term) AS g, sum(status) AS h FROM events GROUP BY action ORDER BY action NULLS FIRST",
        )
        .into_iter()
        .map(|row| serde_json::json!([row["action"], row["a"], row["b"], row["c"], row["d"], row["e"], row["f"], row["g"], row["h"]]))
        .collect();
    assert!(own.len() >= 2, "allowed and blocked at least: {own:?}");
    let ran = Command::new(python).arg("-c").arg(READ).arg(home.estate().join("lake")).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let answers: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    for reader in ["deltalake", "duckdb", "pyarrow", "polars"] {
        let rows: serde_json::Value = serde_json::from_str(answers[reader].as_str().unwrap()).unwrap();
        assert_eq!(rows, serde_json::Value::Array(own.clone()), "{reader}");
    }
}
