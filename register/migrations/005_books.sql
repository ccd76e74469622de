-- Lists that people keep about a school: who is responsible, what filters, which policy. Each list is described in register/src/records/books.
-- Nothing is deleted or written over: a change is an entry that replaces another, and what was recorded by mistake is withdrawn, with a reason.
CREATE TABLE entries (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    school        TEXT NOT NULL,
    book          TEXT NOT NULL,
    replaces      INTEGER UNIQUE REFERENCES entries (id),                   -- each is replaced once
    recorded_by   INTEGER NOT NULL REFERENCES accounts (id),
    recorded_at   INTEGER NOT NULL,
    withdrawn_at  INTEGER,
    withdrawn_why TEXT,
    withdrawn_by  INTEGER REFERENCES accounts (id),
    CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL) AND (withdrawn_at IS NULL) = (withdrawn_why IS NULL))
) STRICT;
CREATE INDEX entries_by_book ON entries (school, book);

CREATE TABLE entry_values (
    entry INTEGER NOT NULL REFERENCES entries (id),
    field TEXT NOT NULL,
    value TEXT NOT NULL CHECK (length(value) > 0),
    PRIMARY KEY (entry, field)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER entry_values_stay BEFORE UPDATE ON entry_values BEGIN SELECT raise(ABORT, 'what was recorded stays'); END;
CREATE TRIGGER entry_values_are_kept BEFORE DELETE ON entry_values BEGIN SELECT raise(ABORT, 'what was recorded stays'); END;
CREATE TRIGGER entries_are_kept BEFORE DELETE ON entries BEGIN SELECT raise(ABORT, 'what was recorded stays'); END;
CREATE TRIGGER entries_stay BEFORE UPDATE ON entries
WHEN NEW.school <> OLD.school OR NEW.book <> OLD.book OR NEW.replaces IS NOT OLD.replaces
  OR NEW.recorded_by <> OLD.recorded_by OR NEW.recorded_at <> OLD.recorded_at OR OLD.withdrawn_at IS NOT NULL
BEGIN SELECT raise(ABORT, 'what was recorded stays'); END;
