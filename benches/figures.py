#!/usr/bin/env python3
"""Times `weir rollup` over an estate of fifty schools against DuckDB and Polars doing the same over the same Parquet files, and every
indicator of one school and year from the rollups.

figures.py [--events N] [--runs N] [--only-equal] [--weir PATH] [--sample-data PATH] [--year-of-figures PATH] [--keep DIR]

DuckDB answers Weir's own SQL of every rollup and kept figure (`query/rollups`, `query/figures`), with a few functions named as DuckDB names
them; Polars answers the same nine, written for it (`in_polars.py`). Both write zstd Parquet. All cells must be equal before any time is printed. With --only-equal nothing is timed: that is the form for a million events in the tests.
Memory is the largest resident size of the process. Needs Python 3.9 with duckdb, polars and pyarrow, and `cargo build --release --workspace`.
"""
import argparse
import glob
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import estate_of_events as estate

HERE = os.path.dirname(os.path.abspath(__file__))
QUERY = os.path.join(HERE, "..", "query")
SMALL_TABLES = ["categories", "lexicon_since", "schools", "school_days", "sources"]
KEPT = ["event_date", "school_id", "source_id", "numerator", "denominator"]
ROLLUPS = ["activity_hourly", "pupil_days", "theme_weeks"]


def sql_of(path):
    with open(path, encoding="utf-8") as f:
        return "".join(line for line in f if not line.lstrip().startswith("--"))


def in_duckdb(text):
    """Weir's SQL with DuckDB's names; its session has London's time."""
    text = re.sub(r"arrow_cast\((\w+\.event_time), 'Timestamp\(Microsecond, Some\(\"\{zone\}\"\)\)'\)", r"\1", text)
    text = re.sub(r"arrow_cast\(([^,()]+), 'Utf8'\)", r"CAST(\1 AS VARCHAR)", text)
    text = re.sub(r"CAST\((\w+\.\w+_(?:at|time)) AS BIGINT\)", r"epoch_us(\1)", text)
    text = text.replace("CAST(e.event_date AS INT)", "CAST(e.event_date AS VARCHAR)")
    text = text.replace("array_distinct(array_remove_all(array_concat(", "list_distinct(list_filter(list_concat(")
    text = text.replace("), '')) AS topics", "), lambda x: x <> '')) AS topics").replace("make_array(", "list_value(")
    return re.sub(r"last_value\((\S+) ORDER BY (\S+)\)", r"last(\1 ORDER BY \2)", text)


def duckdb_program(lake, tables, out):
    """the statements, each with the name of what it makes"""
    said = [("", "SET TimeZone = 'Europe/London'"), ("", "SET enable_progress_bar = false"), ("", f"SET threads = {os.cpu_count()}"),
            ("", f"CREATE VIEW stale_events AS SELECT * FROM read_parquet('{lake}/events/*.parquet')"),
            ("", f"CREATE VIEW receipts AS SELECT * FROM read_parquet('{lake}/receipts/*.parquet')")]
    said += [("", f"CREATE TABLE {name} AS SELECT * FROM '{tables}/{name}.parquet'") for name in SMALL_TABLES]
    for name in ROLLUPS:
        if name == "theme_weeks":
            said += [("", f"CREATE VIEW week_pupil_days AS SELECT * FROM '{out}/pupil_days.parquet'"),
                     ("", "CREATE VIEW touched_weeks AS SELECT DISTINCT school_id, CAST(date_trunc('week', event_date) AS DATE) AS week "
                          f"FROM '{out}/activity_hourly.parquet'")]
        text = in_duckdb(sql_of(os.path.join(QUERY, "rollups", f"{name}.sql")))
        said.append((name, f"COPY ({text}) TO '{out}/{name}.parquet' (FORMAT parquet, COMPRESSION zstd)"))
    for path in sorted(glob.glob(os.path.join(QUERY, "figures", "*.sql"))):
        name = os.path.basename(path)[:-4]
        said.append((f"figure {name}", f"COPY ({in_duckdb(sql_of(path))}) TO '{out}/figure-{name}.parquet' (FORMAT parquet, COMPRESSION zstd)"))
    return said


# Time is taken inside the process: starting Python and importing a package is not held against it.
DUCKDB = """import duckdb, json, os, sys, time
said = json.load(open(sys.argv[1]))
c = duckdb.connect()
begin = time.perf_counter()
took = {}
for name, text in said:
    before = time.perf_counter()
    c.execute(text)
    if name:
        took[name] = round(time.perf_counter() - before, 3)
print(json.dumps({"seconds": time.perf_counter() - begin, "each": took}), flush=True)
# At Python's own way out the packages' threads sometimes end it with an abort, after the answer.
os._exit(0)
"""

def measured(argv, now=None):
    """wall seconds, largest resident megabytes, standard output, processor seconds; the command must succeed"""
    environment = {**os.environ, **({"WEIR_NOW": now} if now else {})}
    with tempfile.TemporaryFile() as error:
        begin = time.perf_counter()
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=error, env=environment)
        output = process.stdout.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        if status != 0:
            error.seek(0)
            sys.exit(f"{' '.join(argv[:3])} failed: {error.read().decode('utf-8', 'replace')[-3000:]}")
    return wall, usage.ru_maxrss / 1024, output, usage.ru_utime + usage.ru_stime


def compare(lake, out, polars_out):
    """cell by cell: what Weir wrote against what the others wrote; the number of rows compared, by name"""
    import duckdb
    c = duckdb.connect()
    c.execute("SET TimeZone = 'Europe/London'")
    compared = {}

    def equal(name, ours, theirs, columns, who):
        listed = ", ".join(f'"{column}"' for column in columns)
        left, right = (f"SELECT {listed} FROM ({text})" for text in (ours, theirs))
        more, less = (c.execute(f"SELECT count(*) FROM ({a} EXCEPT ALL {b})").fetchone()[0] for a, b in ((left, right), (right, left)))
        rows = c.execute(f"SELECT count(*) FROM ({ours})").fetchone()[0]
        if more or less:
            example = c.execute(f"({left} EXCEPT ALL {right} LIMIT 2) UNION ALL ({right} EXCEPT ALL {left} LIMIT 2)").fetchall()
            sys.exit(f"{name}: {more} rows of Weir are not {who}'s, {less} of {who}'s are not Weir's, of {rows}: {example}")
        compared[f"{name} ({who})"] = rows

    def columns_of(text):
        return [row[0] for row in c.execute(f"DESCRIBE {text}").fetchall()]

    for name in ROLLUPS:
        ours, theirs = f"SELECT * FROM read_parquet('{lake}/{name}/*.parquet')", f"SELECT * FROM '{out}/{name}.parquet'"
        equal(name, ours, theirs, columns_of(theirs), "DuckDB")
        theirs = f"SELECT * FROM '{polars_out}/{name}.parquet'"
        equal(name, ours, theirs, columns_of(theirs), "Polars")
    for folder, who in ((out, "DuckDB"), (polars_out, "Polars")):
        for path in sorted(glob.glob(f"{folder}/figure-*.parquet")):
            name = os.path.basename(path)[7:-8]
            told = sorted(set(columns_of(f"SELECT * FROM '{path}'")) - set(KEPT))
            parts = ", ".join(f"CASE WHEN {one} IS NOT NULL THEN concat('\"{one}\":\"', {one}, '\"') END" for one in told)
            object_ = f"concat('{{', array_to_string(list_filter([{parts}], lambda x: x IS NOT NULL), ','), '}}')" if told else "'{}'"
            theirs = f"SELECT {', '.join(KEPT)}, {object_} AS dimensions FROM '{path}'"
            ours = f"SELECT * FROM read_parquet('{lake}/figures/*.parquet') WHERE indicator = '{name}'"
            equal(f"figure {name}", ours, theirs, KEPT + ["dimensions"], who)
    return compared


def main():
    release = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(HERE, "..", "target")), "release")
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--events", type=int, default=1_000_000)
    ap.add_argument("--runs", type=int, default=1)
    ap.add_argument("--only-equal", action="store_true", help="check that all cells are equal, and time nothing")
    ap.add_argument("--weir", default=os.path.join(release, "weir"))
    ap.add_argument("--sample-data", default=os.path.join(release, "sample-data"))
    ap.add_argument("--year-of-figures", default=os.path.join(release, "year-of-figures"))
    ap.add_argument("--keep", help="folder for the estate, kept for the next time")
    a = ap.parse_args()
    import duckdb
    import polars
    print(f"{platform.platform()}, {os.cpu_count()} cores, DuckDB {duckdb.__version__}, Polars {polars.__version__}, "
          f"{a.events} events of {estate.SCHOOLS} schools and {estate.days(a.events)} days", flush=True)
    with tempfile.TemporaryDirectory(prefix="weir-figures-") as scratch:
        home = os.path.join(a.keep or scratch, f"estate-{a.events}")
        began = time.perf_counter()
        estate.make(home, a.events, a.weir, a.sample_data)
        print(f"the estate: {time.perf_counter() - began:.0f} s", flush=True)
        weir, duck, pol = [], [], []
        for _ in range(1 if a.only_equal else a.runs):
            # Each run begins with nothing rolled up: a copy of the estate whose files are the same ones.
            run = os.path.join(a.keep or scratch, "rolled-up")
            shutil.rmtree(run, ignore_errors=True)
            shutil.copytree(home, run, copy_function=os.link)
            config, lake = os.path.join(run, "weir.toml"), os.path.join(run, "lake")
            weir.append(measured([a.weir, "--config", config, "rollup"], estate.BEFORE_ALL))
            tables = os.path.join(scratch, "tables")
            os.makedirs(tables, exist_ok=True)
            for name in SMALL_TABLES:
                with open(os.path.join(tables, f"{name}.parquet"), "wb") as f:
                    subprocess.run([a.weir, "--config", config, "sql", "--output", "parquet", f"SELECT * FROM {name}"], check=True, stdout=f)
            outs = []
            for who in ("duckdb", "polars"):
                outs.append(os.path.join(scratch, who))
                shutil.rmtree(outs[-1], ignore_errors=True)
                os.makedirs(outs[-1])
            program = os.path.join(scratch, "said.json")
            with open(program, "w", encoding="utf-8") as f:
                json.dump(duckdb_program(lake, tables, outs[0]), f)
            duck.append(measured([sys.executable, "-c", DUCKDB, program]))
            pol.append(measured([sys.executable, os.path.join(HERE, "in_polars.py"), lake, tables, outs[1]]))
        for name, rows in compare(lake, *outs).items():
            print(f"equal: {name}, {rows} rows")
        if a.only_equal:
            return 0
        inside = [statistics.median(json.loads(one[2])["seconds"] for one in runs) for runs in (duck, pol)]
        wall = statistics.median(one[0] for one in weir)
        processor = lambda runs: statistics.median(one[3] for one in runs)
        print(f"rollup: Weir {wall:.2f} s, {processor(weir):.2f} s of processor, {max(one[1] for one in weir):.0f} MB")
        for who, seconds, runs in (("DuckDB", inside[0], duck), ("Polars", inside[1], pol)):
            print(f"rollup: {who} {seconds:.2f} s, {processor(runs):.2f} s of processor with starting Python, {max(one[1] for one in runs):.0f} MB, "
                  f"ratio to Weir {seconds / wall:.2f}; "
                  f"each: {json.loads(runs[-1][2])['each']}")
        done = measured([a.year_of_figures, config, estate.schools()[6], estate.YEAR, "5"], estate.NOW)
        told = json.loads(done[2])
        print(f"{told['indicators']} indicators of one school and year: {told['milliseconds']} ms, {told['figures']} figures, {done[1]:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
