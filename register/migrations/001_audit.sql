-- The audit trail. Rows are only ever added: the triggers refuse anything else, and the chain of hashes shows what went past them.
CREATE TABLE audit (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,                                              -- microseconds since 1970, UTC
    actor    TEXT NOT NULL,                                                 -- account:7, command:anna, nobody
    role     TEXT,                                                          -- the role under which it was allowed
    action   TEXT NOT NULL,
    outcome  TEXT NOT NULL CHECK (outcome IN ('done', 'refused')),
    school   TEXT,
    object   TEXT,                                                          -- what it was done to: kind:id, never a name
    reason   TEXT CHECK (length(reason) <= 1000),                           -- as the person gave it
    detail   TEXT NOT NULL CHECK (json_valid(detail)),
    previous BLOB NOT NULL UNIQUE CHECK (length(previous) = 32),
    hash     BLOB NOT NULL UNIQUE CHECK (length(hash) = 32)
) STRICT;

CREATE TRIGGER audit_rows_stay BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'audit rows are never removed'); END;

CREATE TRIGGER audit_rows_stand BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END;

-- Also keeps INSERT OR REPLACE from removing a row by the back door.
CREATE TRIGGER audit_rows_follow BEFORE INSERT ON audit
WHEN NEW.previous IS NOT COALESCE((SELECT hash FROM audit ORDER BY number DESC LIMIT 1), zeroblob(32))
BEGIN SELECT RAISE(ABORT, 'an audit row follows the last one'); END;

CREATE INDEX audit_by_object ON audit (object) WHERE object IS NOT NULL;
CREATE INDEX audit_by_actor ON audit (actor);

-- A key for each pupil the trail speaks of. The trail holds a keyed mark of the pupil; with the key goes the way back to the pupil,
-- and the chain still holds.
CREATE TABLE audit_subjects (
    user_key TEXT PRIMARY KEY,
    key      BLOB NOT NULL CHECK (length(key) = 32)
) STRICT, WITHOUT ROWID;
