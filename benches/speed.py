#!/usr/bin/env python3
"""Times `weir ingest` (everything on, up to the lake commit) against DuckDB's raw conversion of the same file to zstd Parquet.

speed.py [--rows N] [--runs N] [--only NAME] [--weir PATH] [--sample-data PATH] [--keep DIR]

For each case the two run in turn, A B A B ..., on the same cores; medians and their ratio are printed. DuckDB's answer is checked first: both
must hold the same number of rows. Needs Python 3.9 with the packages duckdb and deltalake, and the binaries built with
`cargo build --release --workspace`. Memory is the largest resident size of the process, from the operating system's own accounting.
"""
import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

DUCK = {
    # regexp_extract of 14 keys
    "fortigate": """COPY (SELECT {keys} FROM read_csv('{file}', columns={{'line':'VARCHAR'}}, delim='\x01', quote='', escape='', header=false,
        auto_detect=false, max_line_size=4000000)) TO '{out}' (FORMAT parquet, COMPRESSION zstd)""".replace("{keys}", ", ".join(
        [f"regexp_extract(line, '{key}=\"?([^\" ]*)', 1) AS {key}" for key in
         ("eventtime", "user", "group", "srcip", "hostname", "profile", "action", "url", "sentbyte", "rcvdbyte", "cat", "policyid", "service")]
        + ["regexp_extract(line, 'catdesc=\"([^\"]*)', 1) AS catdesc"])),
    # blank split with host and term
    "squid": """COPY (SELECT to_timestamp(f[1]::DOUBLE) AS at, f[3] AS client, split_part(f[4], '/', 1) AS result, split_part(f[4], '/', 2) AS status,
        f[5]::BIGINT AS bytes, f[6] AS method, f[7] AS url, regexp_extract(f[7], '^[a-z]+://([^/:?]+)', 1) AS host,
        regexp_extract(f[7], '[?&]q=([^&]*)', 1) AS term, f[8] AS usr, f[10] AS content_type
        FROM (SELECT list_filter(string_split(line, ' '), lambda x: x <> '') AS f FROM read_csv('{file}', columns={{'line':'VARCHAR'}}, delim='\x01',
        quote='', escape='', header=false, auto_detect=false, max_line_size=4000000))) TO '{out}' (FORMAT parquet, COMPRESSION zstd)""",
    # read_csv with host, path and term
    "umbrella-proxy": """COPY (SELECT *, regexp_extract(column07, '^[a-z]+://([^/:?]+)', 1) AS host, regexp_extract(column07, '^[a-z]+://[^/]+(/[^?]*)', 1) AS path,
        regexp_extract(column07, '[?&]q=([^&]*)', 1) AS term FROM read_csv('{file}', header=false, all_varchar=true, delim=',', quote='"',
        escape='"', null_padding=true)) TO '{out}' (FORMAT parquet, COMPRESSION zstd)""",
}
CASES = {  # name: format, extra arguments of sample-data, wanted ratio
    "fortigate": ("fortigate", [], 4.0),
    "squid": ("squid", [], 3.0),
    "umbrella-proxy": ("umbrella-proxy", [], 2.0),
    "fortigate-wide": ("fortigate", ["--hosts", "50000", "--users", "20000", "--unique-paths"], 3.0),
}
# DuckDB's time is taken inside the process, so that starting Python and importing the package is not held against it.
DUCK_PROGRAM = """import duckdb, sys, time
c = duckdb.connect()
c.execute('SET enable_progress_bar=false')
c.execute('SET threads=%d' % int(sys.argv[2]))
begin = time.perf_counter()
c.execute(sys.argv[1])
print(time.perf_counter() - begin)"""


def timed(argv):
    """wall seconds, processor seconds, peak resident megabytes; the command must succeed"""
    begin = time.perf_counter()
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    error = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    if status != 0:
        sys.exit(f"{argv[0]} failed: {error.decode('utf-8', 'replace')[-2000:]}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def duck_seconds(query):
    done = subprocess.run([sys.executable, "-c", DUCK_PROGRAM, query, str(os.cpu_count())], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"DuckDB failed: {done.stderr[-2000:]}")
    return float(done.stdout)


def estate(weir, folder, fmt):
    subprocess.run([weir, "init", folder], check=True, stdout=subprocess.DEVNULL)
    with open(os.path.join(folder, "schools.csv"), encoding="utf-8") as f:
        rows = [line for line in f if line.strip() and not line.startswith("#")]
    school = rows[1].split(",")[0]
    return school, ["--school", school, "--format", fmt]


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    target = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(here, "..", "target")), "release")
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--rows", type=int, default=1_000_000)
    ap.add_argument("--runs", type=int, default=5)
    ap.add_argument("--only", choices=sorted(CASES))
    ap.add_argument("--weir", default=os.path.join(target, "weir"))
    ap.add_argument("--sample-data", default=os.path.join(target, "sample-data"))
    ap.add_argument("--keep", help="folder for the generated logs, kept for the next time")
    a = ap.parse_args()
    import deltalake
    import duckdb
    print(f"{platform.platform()}, {os.cpu_count()} cores, DuckDB {duckdb.__version__}, {a.rows} lines, medians of {a.runs}, in turn")
    print(f"{'case':<16}{'input':>9}{'weir':>9}{'(cpu)':>9}{'DuckDB':>9}{'ratio':>7}{'wanted':>8}{'lines/s':>10}{'weir MB':>9}")
    short = False
    with tempfile.TemporaryDirectory(prefix="weir-speed-") as scratch:
        logs = a.keep or scratch
        os.makedirs(logs, exist_ok=True)
        for name, (fmt, extra, wanted) in CASES.items():
            if a.only and name != a.only:
                continue
            log = os.path.join(logs, f"{name}-{a.rows}.log")
            if not os.path.exists(log):
                subprocess.run([a.sample_data, "--format", fmt, "--rows", str(a.rows), "--seed", "7", "--out", log, *extra], check=True,
                               stdout=subprocess.DEVNULL)
            out = os.path.join(scratch, "duck.parquet")
            query = DUCK[fmt].format(file=log, out=out)
            weir_runs, duck_runs = [], []
            for run in range(a.runs + 1):
                home = os.path.join(scratch, f"{name}-{run}")
                _, where = estate(a.weir, home, fmt)
                weir_run = timed([a.weir, "--config", os.path.join(home, "weir.toml"), "ingest", *where, log])
                duck_run = duck_seconds(query)
                if run == 0:  # warm-up: the counts must agree before any time is printed
                    with duckdb.connect() as c:
                        duck_rows = c.execute(f"SELECT count(*) FROM '{out}'").fetchone()[0]
                    files = deltalake.DeltaTable(os.path.join(home, "lake", "receipts")).to_pyarrow_table()
                    lines = sum(files.column("lines").to_pylist())
                    if duck_rows != lines:
                        sys.exit(f"{name}: DuckDB holds {duck_rows} rows, Weir's ledger {lines} lines")
                else:
                    weir_runs.append(weir_run)
                    duck_runs.append(duck_run)
                shutil.rmtree(home)
            wall = statistics.median(r[0] for r in weir_runs)
            cpu = statistics.median(r[1] for r in weir_runs)
            duck = statistics.median(duck_runs)
            ratio = duck / wall
            short |= ratio < wanted
            print(f"{name:<16}{os.path.getsize(log) / 1e6:>7.0f}MB{wall:>8.3f}s{cpu:>8.3f}s{duck:>8.3f}s{ratio:>7.2f}{wanted:>8.1f}"
                  f"{a.rows / wall / 1e6:>9.2f}M{max(r[2] for r in weir_runs):>9.0f}", flush=True)
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
