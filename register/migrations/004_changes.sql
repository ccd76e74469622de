-- Changes of the filter: asked by one person, decided by another, made by somebody who did not decide. Nothing is deleted.
CREATE TABLE changes (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    school      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    what        TEXT NOT NULL,                                              -- the address, category or setting
    user_group  TEXT NOT NULL,
    reason      TEXT NOT NULL,
    risk        TEXT NOT NULL,
    from_day    TEXT NOT NULL,
    until_day   TEXT,                                                       -- the last day of a temporary one
    asked_by    INTEGER NOT NULL REFERENCES accounts (id),
    asked_on    TEXT NOT NULL,
    decision    TEXT CHECK (decision IN ('approved', 'refused')),
    decided_by  INTEGER REFERENCES accounts (id),
    decided_on  TEXT,
    decided_why TEXT,
    made_on     TEXT,
    made_by     INTEGER REFERENCES accounts (id),                           -- none: an organisation outside
    made_firm   TEXT,
    ended_on    TEXT,
    ended_by    INTEGER REFERENCES accounts (id),
    withdrawn_on TEXT,
    CHECK (until_day >= from_day),
    CHECK ((decision IS NULL) = (decided_by IS NULL) AND (decision IS NULL) = (decided_on IS NULL)),
    -- Two people, whatever a page lets through.
    CHECK (decided_by <> asked_by),
    CHECK (decided_by <> made_by),
    CHECK (made_on IS NULL OR (decision = 'approved' AND (made_by IS NULL) <> (made_firm IS NULL))),
    CHECK (ended_on IS NULL OR made_on IS NOT NULL)
) STRICT;
CREATE INDEX changes_by_school ON changes (school, asked_on);
