-- People, what they may do where, and how they show who they are. Secrets are kept as hashes, or sealed with a key of the vault.
CREATE TABLE accounts (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,                 -- never given twice: the trail names people by it
    email            TEXT NOT NULL COLLATE NOCASE UNIQUE,               -- what they sign in with
    name             TEXT NOT NULL,
    password         TEXT,                                              -- Argon2id, PHC form; none until a link was used
    second_step      BLOB,                                              -- sealed secret; none until set up
    second_step_used INTEGER NOT NULL DEFAULT 0,                        -- the last 30-second step a code was taken for
    made_at          INTEGER NOT NULL,
    closed_at        INTEGER,
    last_sign_in     INTEGER
) STRICT;

CREATE TABLE account_roles (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    account  INTEGER NOT NULL REFERENCES accounts (id),
    role     TEXT NOT NULL,
    place    TEXT NOT NULL,                                             -- *, school:oak, trust:..., authority:..., board:...
    from_day TEXT NOT NULL,
    to_day   TEXT                                                       -- the last day; none is open
) STRICT;
CREATE INDEX account_roles_by_account ON account_roles (account);

CREATE TABLE recovery_codes (
    account INTEGER NOT NULL REFERENCES accounts (id),
    hash    BLOB NOT NULL,
    PRIMARY KEY (account, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE links (
    hash    BLOB PRIMARY KEY,
    account INTEGER REFERENCES accounts (id),                           -- none: the first account of all
    forgets INTEGER NOT NULL CHECK (forgets IN (0, 1)),                 -- using it also takes the second step away
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    hash    BLOB PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES accounts (id),
    stage   TEXT NOT NULL CHECK (stage IN ('code', 'enrol', 'full')),
    secret  BLOB,                                                       -- sealed: a second step being set up
    made_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_account ON sessions (account);

-- How often somebody guessed lately, by account and by address; both as hashes.
CREATE TABLE guesses (
    what     BLOB PRIMARY KEY,
    count    INTEGER NOT NULL,
    last_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
