-- Ways in beside the password: a link in a letter, an account elsewhere, and tokens for programs. Secrets are kept as hashes.
CREATE TABLE letter_links (
    hash    BLOB PRIMARY KEY CHECK (length(hash) = 32),
    account INTEGER NOT NULL UNIQUE REFERENCES accounts (id),               -- a newer one takes the place of the one before
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who somebody is at a provider of sign-in. A subject never changes; an address may, and is not always checked.
CREATE TABLE identities (
    issuer   TEXT NOT NULL CHECK (length(issuer) BETWEEN 1 AND 500),
    subject  TEXT NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    account  INTEGER NOT NULL REFERENCES accounts (id),
    bound_at INTEGER NOT NULL,
    bound_by INTEGER REFERENCES accounts (id),                              -- none: the provider vouched for the address
    PRIMARY KEY (issuer, subject),
    UNIQUE (account, issuer)
) STRICT, WITHOUT ROWID;

-- Somebody who came through a provider that does not vouch for their address: an administrator says whether it is they.
CREATE TABLE identity_claims (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    issuer   TEXT NOT NULL CHECK (length(issuer) BETWEEN 1 AND 500),
    subject  TEXT NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    account  INTEGER NOT NULL REFERENCES accounts (id),                     -- whose address it said
    number   TEXT NOT NULL CHECK (length(number) = 6),                      -- shown to both, so that they can compare
    asked_at INTEGER NOT NULL,
    UNIQUE (issuer, subject)
) STRICT;

-- None: given by a person. Otherwise the issuer whose groups gave it; such a role is looked at again at every sign-in there.
ALTER TABLE account_roles ADD COLUMN given_by TEXT;

-- Whether the second step was shown at a provider.
ALTER TABLE sessions ADD COLUMN second_step_elsewhere INTEGER NOT NULL DEFAULT 0 CHECK (second_step_elsewhere IN (0, 1));

CREATE TABLE tokens (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account    INTEGER NOT NULL REFERENCES accounts (id),
    hash       BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    label      TEXT NOT NULL CHECK (length(label) BETWEEN 1 AND 60),        -- which program it is for
    made_at    INTEGER NOT NULL,
    expires    INTEGER NOT NULL,
    used_at    INTEGER,
    revoked_at INTEGER,
    CHECK (expires > made_at)
) STRICT;
CREATE INDEX tokens_by_account ON tokens (account);
