"""Makes an estate of fifty invented schools with as many events as wanted, all of one school year, for the measurements beside this file."""
import os
import subprocess

SCHOOLS = 50
# A school day in the last week of the year: every half-term but the last is over.
NOW = "2026-07-10T18:00:00Z"
# A day on which no half-term is over yet: what is rolled up then is published later.
BEFORE_ALL = "2025-09-10T18:00:00Z"
FIRST_DAY = "2025-09-01"
YEAR = "2025-26"
CALENDAR = """school_id,start,end,kind,label
*,2025-09-01,2025-10-24,half_term_block,Autumn 1
*,2025-11-03,2025-12-19,half_term_block,Autumn 2
*,2026-01-05,2026-02-13,half_term_block,Spring 1
*,2026-02-23,2026-03-27,half_term_block,Spring 2
*,2026-04-13,2026-05-22,half_term_block,Summer 1
*,2026-06-01,2026-07-21,half_term_block,Summer 2
"""
# Log-ins of the sample lines begin with the year in which somebody leaves.
YEAR_GROUPS = {"20": "Year 13", "21": "Year 12", "22": "Year 11", "23": "Year 10", "24": "Year 9", "25": "Year 8", "26": "Year 7"}
PUPILS_A_YEAR_GROUP = 120


def days(events):
    """how many days they are spread over: the whole year, but a thousand a school and day at least"""
    return max(14, min(312, events // (SCHOOLS * 1000)))


def schools():
    """their ids: first, second, ... as school-01, school-02, ..."""
    return [f"school-{number:02}" for number in range(1, SCHOOLS + 1)]


def _write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
        f.write(text)


def run(argv, now=NOW):
    """a command that must succeed"""
    done = subprocess.run(argv, env={**os.environ, "WEIR_NOW": now}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(argv)}: {done.stderr[-2000:]}")
    return done.stdout


def make(folder, events, weir, sample_data):
    """the estate with its logs read and nothing rolled up; a folder that has one already is left as it is"""
    ready = os.path.join(folder, f"{events}-events")
    if os.path.exists(ready):
        return
    run([weir, "init", folder])
    ids = schools()
    _write(folder, "calendar.csv", CALENDAR)
    _write(folder, "schools.csv", "school_id,name,urn,phase,nation,timezone,governing_body,trust,authority,opens,closes\n" + "".join(
        f"{school},School {number},,secondary,england,Europe/London,,,Larkshire,,\n" for number, school in enumerate(ids, 1)))
    _write(folder, "rolls.csv", "school_id,academic_year,year_group,pupils\n" + "".join(
        f"{school},{YEAR},{group},{PUPILS_A_YEAR_GROUP}\n" for school in ids for group in YEAR_GROUPS.values()))
    _write(folder, "groups.csv", "school_id,match,pattern,user_type,year_group,boarder,from,to\n*,user,sample-box-*,device,,no,,\n" + "".join(
        f"*,user,{leaves}*,pupil,{group},no,,\n" for leaves, group in YEAR_GROUPS.items()) + "*,user,*,staff,,no,,\n")
    _write(folder, "weir.toml", 'lake = "lake"\nvault = "vault"\n' + "".join(
        f'[[source]]\nid = "{school}-filter"\nschool = "{school}"\nformat = "umbrella-proxy"\ntz = "UTC"\nlayer = "filter"\nlogs_allowed = true\n'
        for school in ids))
    log = os.path.join(folder, "lines.log")
    for number, school in enumerate(ids):
        rows = events // SCHOOLS + (number < events % SCHOOLS)
        run([sample_data, "--format", "umbrella-proxy", "--rows", str(rows), "--seed", str(number + 1), "--first-day", FIRST_DAY,
             "--days", str(days(events)), "--users", str(PUPILS_A_YEAR_GROUP * len(YEAR_GROUPS)), "--hosts", "5000", "--out", log])
        # Runs are named by the clock, which stands still here.
        now = NOW.replace("18:00", f"17:{number:02}")
        run([weir, "--config", os.path.join(folder, "weir.toml"), "ingest", "--source", f"{school}-filter", log], now)
        os.remove(log)
    _write(folder, os.path.basename(ready), "")
