-- Incidents: what happened, by key, and what was done about it. Each step holds all that was recorded at that time, and the newest counts;
-- none is changed. Whom it is about is a key, never a name. Erasing the only person an incident is about takes it out.
CREATE TABLE incidents (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    school    TEXT NOT NULL,
    about     TEXT NOT NULL CHECK (about IN ('pupil', 'nobody', 'staff', 'head')),  -- and so who may read it
    opened_by INTEGER NOT NULL REFERENCES accounts (id),
    opened_at INTEGER NOT NULL
) STRICT;
CREATE INDEX incidents_by_school ON incidents (school, opened_at);

CREATE TABLE incident_steps (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    incident INTEGER NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    what     TEXT NOT NULL CHECK (what IN ('opened', 'changed', 'closed', 'reopened')),
    by       INTEGER NOT NULL REFERENCES accounts (id),
    at       INTEGER NOT NULL,
    said     TEXT NOT NULL CHECK (json_valid(said))                                 -- a JSON object: what each field says
) STRICT;
CREATE INDEX incident_steps_by_incident ON incident_steps (incident, id);

CREATE TRIGGER incident_steps_stand BEFORE UPDATE ON incident_steps
BEGIN SELECT RAISE(ABORT, 'what was recorded of an incident is never changed'); END;

CREATE TABLE incident_keys (
    incident INTEGER NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    user_key TEXT NOT NULL,
    PRIMARY KEY (incident, user_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_keys_by_key ON incident_keys (user_key);

-- The alerts it took up: their events are its events.
CREATE TABLE incident_alerts (
    incident INTEGER NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    alert    INTEGER NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    PRIMARY KEY (incident, alert)
) STRICT, WITHOUT ROWID;

-- Keys by which a head or senior leader stands in the logs: told by whoever chairs the governors, or known from the address they sign in with.
CREATE TABLE head_keys (
    school   TEXT NOT NULL,
    user_key TEXT NOT NULL,
    is_told  INTEGER NOT NULL CHECK (is_told IN (0, 1)),
    PRIMARY KEY (school, user_key)
) STRICT, WITHOUT ROWID;

-- Alerts about a head: the chair's matter, also when the head has left.
CREATE TABLE head_alerts (
    alert INTEGER PRIMARY KEY REFERENCES alerts (id) ON DELETE CASCADE
) STRICT;

-- A head asks for the name behind a key of staff; a second person confirms it from their own account, or doesn't.
CREATE TABLE staff_reveals (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    school      TEXT NOT NULL,
    user_key    TEXT NOT NULL,
    alert       INTEGER REFERENCES alerts (id) ON DELETE SET NULL,
    why         TEXT NOT NULL CHECK (length(why) BETWEEN 1 AND 1000),
    asked_by    INTEGER NOT NULL REFERENCES accounts (id),
    asked_at    INTEGER NOT NULL,
    second      INTEGER NOT NULL REFERENCES accounts (id),
    answered_at INTEGER,
    agrees      INTEGER CHECK (agrees IN (0, 1)),
    shown_at    INTEGER,
    -- Two people, in time, whatever a page lets through.
    CHECK (second <> asked_by),
    CHECK ((answered_at IS NULL) = (agrees IS NULL)),
    CHECK (answered_at IS NULL OR answered_at - asked_at <= 86400000000),
    CHECK (shown_at IS NULL OR (agrees = 1 AND shown_at - answered_at <= 86400000000))
) STRICT;

-- What somebody asked of the school about the rows kept of them: a record for the data protection officer, without a name and without a key.
CREATE TABLE subject_requests (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    school      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    from_whom   TEXT NOT NULL,                                                      -- "a parent", never a name
    file        TEXT NOT NULL,                                                      -- the number of the officer's own file
    asked_on    TEXT NOT NULL,
    due_on      TEXT NOT NULL,
    note        TEXT NOT NULL CHECK (length(note) <= 1000),
    erasure     INTEGER REFERENCES erasures (id),                                   -- the erasure that answers it
    recorded_by INTEGER NOT NULL REFERENCES accounts (id),
    recorded_at INTEGER NOT NULL,
    ended_on    TEXT,
    outcome     TEXT,
    proof       TEXT CHECK (length(proof) <= 1000),
    ended_by    INTEGER REFERENCES accounts (id),
    CHECK ((ended_on IS NULL) = (ended_by IS NULL) AND (ended_on IS NULL) = (outcome IS NULL))
) STRICT;
CREATE INDEX subject_requests_by_school ON subject_requests (school, due_on);
