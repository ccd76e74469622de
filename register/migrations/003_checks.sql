-- What is to be tested at a school, and each check that was made. Nothing is deleted: what was recorded by mistake is withdrawn, with a reason.
CREATE TABLE check_spots (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    school     TEXT NOT NULL,
    site       TEXT NOT NULL COLLATE NOCASE CHECK (length(site) BETWEEN 1 AND 60),
    device     TEXT NOT NULL,
    user_group TEXT NOT NULL,
    added_on   TEXT NOT NULL,
    ended_on   TEXT,                                                        -- its devices are gone; its checks stay
    UNIQUE (school, site, device, user_group)
) STRICT;

CREATE TABLE check_plan (
    spot       INTEGER NOT NULL REFERENCES check_spots (id),
    test       TEXT NOT NULL,
    every_days INTEGER NOT NULL CHECK (every_days BETWEEN 1 AND 366),
    PRIMARY KEY (spot, test)
) STRICT, WITHOUT ROWID;

CREATE TABLE checks (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    school        TEXT NOT NULL,
    spot          INTEGER NOT NULL REFERENCES check_spots (id),
    day           TEXT NOT NULL,
    done_by       TEXT NOT NULL,
    view          TEXT NOT NULL,                                            -- whose view it was made from
    found         TEXT NOT NULL,
    action        TEXT NOT NULL,
    owner         TEXT NOT NULL,
    due           TEXT,
    recorded_by   INTEGER NOT NULL REFERENCES accounts (id),
    recorded_at   INTEGER NOT NULL,
    closed_on     TEXT,
    closed_note   TEXT,
    closed_by     INTEGER REFERENCES accounts (id),
    withdrawn_at  INTEGER,
    withdrawn_why TEXT,
    withdrawn_by  INTEGER REFERENCES accounts (id),
    CHECK ((closed_on IS NULL) = (closed_by IS NULL) AND (withdrawn_at IS NULL) = (withdrawn_by IS NULL))
) STRICT;
CREATE INDEX checks_by_school ON checks (school, day);

CREATE TABLE check_results (
    check_id INTEGER NOT NULL REFERENCES checks (id),
    test     TEXT NOT NULL,
    passed   INTEGER NOT NULL CHECK (passed IN (0, 1)),
    PRIMARY KEY (check_id, test)
) STRICT, WITHOUT ROWID;
