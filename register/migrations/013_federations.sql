-- A review of several schools under one governing body: kept with the first of them, and each of them is told whose it is. Which schools they are
-- stands from the day on which it was opened. And the weekly digest: who said that they had read it.
CREATE TABLE review_bodies (
    review INTEGER PRIMARY KEY REFERENCES reviews (id),
    name   TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200)
) STRICT;

CREATE TABLE review_schools (
    review INTEGER NOT NULL REFERENCES review_bodies (review),
    school TEXT NOT NULL,
    year   TEXT NOT NULL,
    PRIMARY KEY (review, school),
    UNIQUE (school, year)
) STRICT, WITHOUT ROWID;

CREATE TABLE digests_read (
    school TEXT NOT NULL,
    week   TEXT NOT NULL,                                                   -- its Monday
    by     INTEGER NOT NULL REFERENCES accounts (id),
    role   TEXT NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (school, week, by)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER review_bodies_stand BEFORE UPDATE ON review_bodies
BEGIN SELECT RAISE(ABORT, 'what was written in a review is never changed'); END;
CREATE TRIGGER review_schools_stand BEFORE UPDATE ON review_schools
BEGIN SELECT RAISE(ABORT, 'what was written in a review is never changed'); END;
CREATE TRIGGER digests_read_stand BEFORE UPDATE ON digests_read
BEGIN SELECT RAISE(ABORT, 'who read a digest is never changed'); END;
CREATE TRIGGER review_bodies_stay BEFORE DELETE ON review_bodies
BEGIN SELECT RAISE(ABORT, 'what was written in a review is never removed'); END;
CREATE TRIGGER review_schools_stay BEFORE DELETE ON review_schools
BEGIN SELECT RAISE(ABORT, 'what was written in a review is never removed'); END;
CREATE TRIGGER digests_read_stay BEFORE DELETE ON digests_read
BEGIN SELECT RAISE(ABORT, 'who read a digest is never removed'); END;
