-- A person's erasure: asked for by a data protection officer, done by somebody else at the machine. The keys go with it; the row stays.
CREATE TABLE erasures (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    school    TEXT NOT NULL,
    user_keys TEXT CHECK (user_keys IS NULL OR json_valid(user_keys)),         -- a JSON list; none once it is done
    asked_by  INTEGER NOT NULL REFERENCES accounts (id),
    asked_at  INTEGER NOT NULL,
    done_at   INTEGER,
    rows_gone INTEGER,
    CHECK ((user_keys IS NULL) = (done_at IS NOT NULL) AND (done_at IS NULL) = (rows_gone IS NULL))
) STRICT;

-- A safeguarding lead holds a pupil's rows back for a case that is open. It ends by itself when its review day is past.
CREATE TABLE case_holds (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    school    TEXT NOT NULL,
    user_key  TEXT NOT NULL,
    placed_by INTEGER NOT NULL REFERENCES accounts (id),
    placed_at INTEGER NOT NULL,
    review_on TEXT NOT NULL,                                                   -- the last day it holds
    ended_on  TEXT
) STRICT;
CREATE INDEX case_holds_by_key ON case_holds (user_key);
