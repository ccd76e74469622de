-- Mail that waits to be sent, and mail that was: of what kind, to whose account, about which school. Never a text: texts are fixed.
CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account    INTEGER NOT NULL REFERENCES accounts (id),
    kind       TEXT NOT NULL,
    school     TEXT NOT NULL,                                               -- a school's id; empty: of no one school
    about      TEXT NOT NULL,                                               -- the week, day or run: nobody hears of one thing twice
    items      INTEGER NOT NULL CHECK (items >= 0),                         -- how many wait, in all
    urgent     INTEGER NOT NULL CHECK (urgent IN (0, 1)),
    made_at    INTEGER NOT NULL,
    due        INTEGER NOT NULL,                                            -- not before
    taken_at   INTEGER,                                                     -- a process is sending it
    sent_at    INTEGER,
    read_at    INTEGER,                                                     -- its address was opened by whom it was sent to
    dropped_at INTEGER,                                                     -- it will not be sent any more
    tries      INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    CHECK (sent_at IS NULL OR dropped_at IS NULL),
    CHECK (read_at IS NULL OR sent_at IS NOT NULL),
    UNIQUE (account, kind, school, about)
) STRICT;
CREATE INDEX outbox_waiting ON outbox (due) WHERE sent_at IS NULL AND dropped_at IS NULL;
