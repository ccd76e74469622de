-- Alerts: what a person should look at today, by key. Of an event stands where it is in the lake and when, never what was typed or
-- opened: that is read from the lake while it is there. Nothing is deleted but by erasing a person.
CREATE TABLE alerts (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    school          TEXT NOT NULL,
    kind            TEXT NOT NULL CHECK (kind IN ('person', 'lesson', 'illegal')),
    who             TEXT NOT NULL CHECK (who IN ('pupil', 'staff', 'unidentified', 'class')),
    subject         TEXT,                                                   -- key of a person, or of a device; none for a class
    shared          BLOB CHECK (length(shared) = 16),                       -- digest of what a class has in common
    theme           TEXT NOT NULL,
    severity        INTEGER NOT NULL CHECK (severity BETWEEN 1 AND 4),
    score           INTEGER NOT NULL,                                       -- orders the list; never shown
    asks_for_help   INTEGER NOT NULL CHECK (asks_for_help IN (0, 1)),
    people          INTEGER NOT NULL,
    events          INTEGER NOT NULL,
    first_at        INTEGER NOT NULL,
    last_at         INTEGER NOT NULL,
    raised_at       INTEGER NOT NULL,                                       -- from here the time counts until somebody takes it
    state           TEXT NOT NULL CHECK (state IN ('new', 'taken', 'closing', 'closed', 'folded')),
    holder          INTEGER REFERENCES accounts (id),
    acknowledged_at INTEGER,                                                -- when it was first taken, and by whom: stays when it is opened again
    acknowledged_by INTEGER REFERENCES accounts (id),
    outcome         TEXT,
    close_why       TEXT,
    close_by        INTEGER REFERENCES accounts (id),
    close_at        INTEGER,
    second_by       INTEGER REFERENCES accounts (id),
    reference       TEXT CHECK (length(reference) <= 60),                   -- the number of a child protection file
    follows         INTEGER REFERENCES alerts (id),
    folded_into     INTEGER REFERENCES alerts (id),
    CHECK ((kind = 'lesson') = (shared IS NOT NULL) AND (kind = 'lesson') = (who = 'class')),
    CHECK (state IN ('new', 'folded') OR holder IS NOT NULL),
    CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL)),
    CHECK (state NOT IN ('closing', 'closed') OR (outcome IS NOT NULL AND close_by IS NOT NULL AND close_at IS NOT NULL)),
    CHECK ((state = 'folded') = (folded_into IS NOT NULL)),
    -- Two people and a reason, whatever a page lets through.
    CHECK (second_by <> close_by),
    CHECK (state <> 'closed' OR (severity < 4 AND kind <> 'illegal') OR (second_by IS NOT NULL AND length(close_why) > 0))
) STRICT;
CREATE UNIQUE INDEX alerts_one_open ON alerts (school, who, COALESCE(subject, ''), COALESCE(shared, x''), theme)
    WHERE state IN ('new', 'taken', 'closing');
CREATE INDEX alerts_by_school ON alerts (school, raised_at);

CREATE TABLE alert_events (
    identity BLOB PRIMARY KEY CHECK (length(identity) = 16),                -- the same event read from another file is the same
    alert    INTEGER NOT NULL REFERENCES alerts (id),
    at       INTEGER NOT NULL,
    day      TEXT NOT NULL,                                                 -- the school's local date
    subject  TEXT,
    file_id  TEXT NOT NULL,
    line_no  INTEGER NOT NULL,
    what     TEXT NOT NULL CHECK (what IN ('search', 'page', 'monitor', 'listed')),
    severity INTEGER NOT NULL CHECK (severity BETWEEN 1 AND 4),
    help     INTEGER NOT NULL CHECK (help IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_events_by_alert ON alert_events (alert, at);

CREATE TABLE alert_notes (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    alert   INTEGER NOT NULL REFERENCES alerts (id),
    account INTEGER NOT NULL REFERENCES accounts (id),
    at      INTEGER NOT NULL,
    text    TEXT NOT NULL CHECK (length(text) BETWEEN 1 AND 1000)
) STRICT;

-- Whose name was shown to whom from which alert; it is shown again while they hold it and it is open.
CREATE TABLE alert_reveals (
    alert   INTEGER NOT NULL REFERENCES alerts (id),
    account INTEGER NOT NULL REFERENCES accounts (id),
    at      INTEGER NOT NULL,
    PRIMARY KEY (alert, account)
) STRICT, WITHOUT ROWID;

-- Who was told of an alert that nobody had taken, and when.
CREATE TABLE alert_told (
    alert INTEGER NOT NULL REFERENCES alerts (id),
    stage TEXT NOT NULL,
    at    INTEGER NOT NULL,
    PRIMARY KEY (alert, stage, at)
) STRICT, WITHOUT ROWID;

-- Who is told first at a school, and whom to reach when nobody there answers.
CREATE TABLE alert_watch (
    school  TEXT PRIMARY KEY,
    lead    INTEGER REFERENCES accounts (id),
    contact TEXT NOT NULL,
    reach   TEXT NOT NULL,
    set_by  INTEGER NOT NULL REFERENCES accounts (id),
    set_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The lake version up to which events were looked at.
CREATE TABLE alert_look (
    one          INTEGER PRIMARY KEY CHECK (one = 1),
    lake_version INTEGER NOT NULL,
    day          TEXT NOT NULL
) STRICT;
