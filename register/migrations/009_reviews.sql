-- Annual reviews: prepared by several, signed in turn, frozen. Nothing that somebody wrote or signed is changed or deleted: a newer text stands
-- beside the older one, a signing that was broken off stays with its signatures, and a frozen revision is followed by another.
CREATE TABLE reviews (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    school    TEXT NOT NULL,
    year      TEXT NOT NULL,                                                -- 2025-26
    opened_by INTEGER NOT NULL REFERENCES accounts (id),
    opened_at INTEGER NOT NULL,
    UNIQUE (school, year)
) STRICT;

CREATE TABLE review_revisions (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    review    INTEGER NOT NULL REFERENCES reviews (id),
    number    INTEGER NOT NULL CHECK (number >= 1),
    why       TEXT NOT NULL CHECK (length(why) <= 1000),                    -- empty for the first
    opened_by INTEGER NOT NULL REFERENCES accounts (id),
    opened_at INTEGER NOT NULL,
    UNIQUE (review, number)
) STRICT;

CREATE TABLE review_answers (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    revision INTEGER NOT NULL REFERENCES review_revisions (id),
    block    INTEGER NOT NULL CHECK (block BETWEEN 1 AND 99),
    item     TEXT NOT NULL CHECK (length(item) BETWEEN 1 AND 40),
    text     TEXT NOT NULL CHECK (length(text) <= 1000),                    -- empty: the answer was taken back
    by       INTEGER NOT NULL REFERENCES accounts (id),
    role     TEXT NOT NULL,
    at       INTEGER NOT NULL
) STRICT;

CREATE TABLE review_comments (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    revision INTEGER NOT NULL REFERENCES review_revisions (id),
    block    INTEGER NOT NULL CHECK (block BETWEEN 1 AND 99),
    text     TEXT NOT NULL CHECK (length(text) BETWEEN 1 AND 1000),
    by       INTEGER NOT NULL REFERENCES accounts (id),
    role     TEXT NOT NULL,
    at       INTEGER NOT NULL
) STRICT;

CREATE TABLE review_parts_done (
    revision INTEGER NOT NULL REFERENCES review_revisions (id),
    part     TEXT NOT NULL,
    by       INTEGER NOT NULL REFERENCES accounts (id),
    at       INTEGER NOT NULL,
    PRIMARY KEY (revision, part)
) STRICT, WITHOUT ROWID;

-- Actions outlive the revision that they were added in: they are worked on after it is frozen.
CREATE TABLE review_actions (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    review       INTEGER NOT NULL REFERENCES reviews (id),
    what         TEXT NOT NULL CHECK (length(what) BETWEEN 1 AND 1000),
    owner        TEXT NOT NULL CHECK (length(owner) BETWEEN 1 AND 100),
    due          TEXT NOT NULL,
    added_by     INTEGER NOT NULL REFERENCES accounts (id),
    added_on     TEXT NOT NULL,
    carried_from INTEGER UNIQUE REFERENCES review_actions (id),             -- last year's, of which this is the rest
    first_year   TEXT NOT NULL,                                             -- the review in which it was first agreed
    state        TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'dropped', 'carried')),
    ended_on     TEXT,
    ended_why    TEXT CHECK (length(ended_why) <= 1000),
    ended_by     INTEGER REFERENCES accounts (id),
    CHECK ((state = 'open') = (ended_on IS NULL) AND (ended_on IS NULL) = (ended_by IS NULL))
) STRICT;

-- What is signed stands still from the moment when signing begins.
CREATE TABLE review_rounds (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    revision  INTEGER NOT NULL REFERENCES review_revisions (id),
    bundle    BLOB NOT NULL,
    digest    TEXT NOT NULL CHECK (length(digest) = 64),
    begun_by  INTEGER NOT NULL REFERENCES accounts (id),
    begun_at  INTEGER NOT NULL,
    ended_at  INTEGER,                                                      -- broken off; its signatures count for nothing
    ended_why TEXT CHECK (length(ended_why) BETWEEN 1 AND 1000),
    ended_by  INTEGER REFERENCES accounts (id),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL) AND (ended_at IS NULL) = (ended_why IS NULL))
) STRICT;
CREATE UNIQUE INDEX review_rounds_one_open ON review_rounds (revision) WHERE ended_at IS NULL;

CREATE TABLE review_signatures (
    round   INTEGER NOT NULL REFERENCES review_rounds (id),
    seat    TEXT NOT NULL CHECK (seat IN ('safeguarding', 'systems', 'head', 'governor')),
    account INTEGER NOT NULL REFERENCES accounts (id),
    name    TEXT NOT NULL,                                                  -- as the person was called that day
    at      INTEGER NOT NULL,
    why_not TEXT CHECK (length(why_not) BETWEEN 1 AND 1000),                -- the head says why nobody signs here
    PRIMARY KEY (round, seat),
    CHECK (why_not IS NULL OR seat IN ('safeguarding', 'systems'))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX review_signatures_once ON review_signatures (round, account) WHERE why_not IS NULL;

CREATE TABLE review_frozen (
    revision INTEGER PRIMARY KEY REFERENCES review_revisions (id),
    round    INTEGER NOT NULL UNIQUE REFERENCES review_rounds (id),
    bundle   BLOB NOT NULL,
    digest   TEXT NOT NULL CHECK (length(digest) = 64),
    weir     TEXT NOT NULL,                                                 -- the version that made the files
    at       INTEGER NOT NULL
) STRICT;

CREATE TABLE review_files (
    revision INTEGER NOT NULL REFERENCES review_frozen (revision),
    audience TEXT NOT NULL,
    form     TEXT NOT NULL,                                                 -- pdf, xlsx, html, csv
    bytes    BLOB NOT NULL,
    digest   TEXT NOT NULL CHECK (length(digest) = 64),
    PRIMARY KEY (revision, audience, form)
) STRICT, WITHOUT ROWID;

-- Writing ends when signing begins, and begins again when signing is broken off.
CREATE TRIGGER review_answers_in_time BEFORE INSERT ON review_answers
WHEN EXISTS (SELECT 1 FROM review_rounds WHERE revision = NEW.revision AND ended_at IS NULL)
BEGIN SELECT RAISE(ABORT, 'this revision is being signed, or frozen'); END;
CREATE TRIGGER review_comments_in_time BEFORE INSERT ON review_comments
WHEN EXISTS (SELECT 1 FROM review_rounds WHERE revision = NEW.revision AND ended_at IS NULL)
BEGIN SELECT RAISE(ABORT, 'this revision is being signed, or frozen'); END;
CREATE TRIGGER review_parts_done_in_time BEFORE INSERT ON review_parts_done
WHEN EXISTS (SELECT 1 FROM review_rounds WHERE revision = NEW.revision AND ended_at IS NULL)
BEGIN SELECT RAISE(ABORT, 'this revision is being signed, or frozen'); END;

-- In turn: the head after those who prepared it, a governor after the head; and nobody after the end.
CREATE TRIGGER review_signatures_in_turn BEFORE INSERT ON review_signatures
WHEN EXISTS (SELECT 1 FROM review_rounds WHERE id = NEW.round AND ended_at IS NOT NULL)
  OR EXISTS (SELECT 1 FROM review_frozen WHERE round = NEW.round)
  OR (NEW.seat = 'head' AND (SELECT count(*) FROM review_signatures WHERE round = NEW.round AND seat IN ('safeguarding', 'systems')) < 2)
  OR (NEW.seat = 'governor' AND NOT EXISTS (SELECT 1 FROM review_signatures WHERE round = NEW.round AND seat = 'head'))
BEGIN SELECT RAISE(ABORT, 'a review is signed in turn'); END;
CREATE TRIGGER review_frozen_when_signed BEFORE INSERT ON review_frozen
WHEN (SELECT count(*) FROM review_signatures WHERE round = NEW.round) <> 4
  OR NOT EXISTS (SELECT 1 FROM review_rounds WHERE id = NEW.round AND revision = NEW.revision AND ended_at IS NULL)
  -- Also keeps INSERT OR REPLACE from changing one by the back door.
  OR EXISTS (SELECT 1 FROM review_frozen WHERE revision = NEW.revision OR round = NEW.round)
BEGIN SELECT RAISE(ABORT, 'only what everybody signed is frozen'); END;

CREATE TRIGGER review_files_once BEFORE INSERT ON review_files
WHEN EXISTS (SELECT 1 FROM review_files WHERE revision = NEW.revision AND audience = NEW.audience AND form = NEW.form)
BEGIN SELECT RAISE(ABORT, 'a file of a frozen review is kept once'); END;

-- A signing may be broken off once, and never after it is frozen.
CREATE TRIGGER review_rounds_stand BEFORE UPDATE ON review_rounds
WHEN OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL
  OR EXISTS (SELECT 1 FROM review_frozen WHERE round = OLD.id)
  OR (OLD.id, OLD.revision, OLD.bundle, OLD.digest, OLD.begun_by, OLD.begun_at)
     IS NOT (NEW.id, NEW.revision, NEW.bundle, NEW.digest, NEW.begun_by, NEW.begun_at)
BEGIN SELECT RAISE(ABORT, 'what is signed stands still'); END;
-- An action is ended once; what it says stays.
CREATE TRIGGER review_actions_stand BEFORE UPDATE ON review_actions
WHEN OLD.state <> 'open' OR NEW.state = 'open'
  OR (OLD.id, OLD.review, OLD.what, OLD.owner, OLD.due, OLD.added_by, OLD.added_on, OLD.carried_from, OLD.first_year)
     IS NOT (NEW.id, NEW.review, NEW.what, NEW.owner, NEW.due, NEW.added_by, NEW.added_on, NEW.carried_from, NEW.first_year)
BEGIN SELECT RAISE(ABORT, 'an action is ended once, and never reworded'); END;

-- The rest is only ever added to.
CREATE TRIGGER reviews_stand BEFORE UPDATE ON reviews
BEGIN SELECT RAISE(ABORT, 'what was written in a review is never changed'); END;
CREATE TRIGGER review_revisions_stand BEFORE UPDATE ON review_revisions
BEGIN SELECT RAISE(ABORT, 'what was written in a review is never changed'); END;
CREATE TRIGGER review_answers_stand BEFORE UPDATE ON review_answers
BEGIN SELECT RAISE(ABORT, 'what was written in a review is never changed'); END;
CREATE TRIGGER review_comments_stand BEFORE UPDATE ON review_comments
BEGIN SELECT RAISE(ABORT, 'what was written in a review is never changed'); END;
CREATE TRIGGER review_parts_done_stand BEFORE UPDATE ON review_parts_done
BEGIN SELECT RAISE(ABORT, 'what was written in a review is never changed'); END;
CREATE TRIGGER review_signatures_stand BEFORE UPDATE ON review_signatures
BEGIN SELECT RAISE(ABORT, 'what was written in a review is never changed'); END;
CREATE TRIGGER review_frozen_stand BEFORE UPDATE ON review_frozen
BEGIN SELECT RAISE(ABORT, 'what was written in a review is never changed'); END;
CREATE TRIGGER review_files_stand BEFORE UPDATE ON review_files
BEGIN SELECT RAISE(ABORT, 'what was written in a review is never changed'); END;
CREATE TRIGGER reviews_stay BEFORE DELETE ON reviews
BEGIN SELECT RAISE(ABORT, 'what was written in a review is never removed'); END;
CREATE TRIGGER review_revisions_stay BEFORE DELETE ON review_revisions
BEGIN SELECT RAISE(ABORT, 'what was written in a review is never removed'); END;
CREATE TRIGGER review_answers_stay BEFORE DELETE ON review_answers
BEGIN SELECT RAISE(ABORT, 'what was written in a review is never removed'); END;
CREATE TRIGGER review_comments_stay BEFORE DELETE ON review_comments
BEGIN SELECT RAISE(ABORT, 'what was written in a review is never removed'); END;
CREATE TRIGGER review_parts_done_stay BEFORE DELETE ON review_parts_done
BEGIN SELECT RAISE(ABORT, 'what was written in a review is never removed'); END;
CREATE TRIGGER review_signatures_stay BEFORE DELETE ON review_signatures
BEGIN SELECT RAISE(ABORT, 'what was written in a review is never removed'); END;
CREATE TRIGGER review_frozen_stay BEFORE DELETE ON review_frozen
BEGIN SELECT RAISE(ABORT, 'what was written in a review is never removed'); END;
CREATE TRIGGER review_files_stay BEFORE DELETE ON review_files
BEGIN SELECT RAISE(ABORT, 'what was written in a review is never removed'); END;
CREATE TRIGGER review_actions_stay BEFORE DELETE ON review_actions
BEGIN SELECT RAISE(ABORT, 'what was written in a review is never removed'); END;
CREATE TRIGGER review_rounds_stay BEFORE DELETE ON review_rounds
BEGIN SELECT RAISE(ABORT, 'what was written in a review is never removed'); END;
