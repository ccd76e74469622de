-- What governors asked the head, and what was answered. Words stay as they were written: an answer that was mended is another answer.
CREATE TABLE questions (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    school       TEXT NOT NULL,
    text         TEXT NOT NULL CHECK (length(text) BETWEEN 1 AND 1000),
    figure       TEXT CHECK (length(figure) BETWEEN 1 AND 100),             -- none: about no figure
    title        TEXT,                                                      -- the figure as it was called
    year         TEXT,
    period       TEXT,                                                      -- the half-term; empty for the year
    value        TEXT,                                                      -- as it could be read that day, marks included
    asked_by     INTEGER NOT NULL REFERENCES accounts (id),
    role         TEXT NOT NULL,
    asked_at     INTEGER NOT NULL,
    withdrawn_at INTEGER,
    CHECK ((figure IS NULL) = (title IS NULL) AND (figure IS NULL) = (year IS NULL)
       AND (figure IS NULL) = (period IS NULL) AND (figure IS NULL) = (value IS NULL))
) STRICT;
CREATE INDEX questions_by_school ON questions (school);

CREATE TABLE question_answers (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    question INTEGER NOT NULL REFERENCES questions (id),
    text     TEXT NOT NULL CHECK (length(text) BETWEEN 1 AND 1000),
    by       INTEGER NOT NULL REFERENCES accounts (id),
    role     TEXT NOT NULL,
    at       INTEGER NOT NULL
) STRICT;

CREATE TRIGGER questions_stand BEFORE UPDATE ON questions
WHEN OLD.withdrawn_at IS NOT NULL OR NEW.withdrawn_at IS NULL
  OR EXISTS (SELECT 1 FROM question_answers WHERE question = OLD.id)
  OR (OLD.id, OLD.school, OLD.text, OLD.figure, OLD.title, OLD.year, OLD.period, OLD.value, OLD.asked_by, OLD.role, OLD.asked_at)
     IS NOT (NEW.id, NEW.school, NEW.text, NEW.figure, NEW.title, NEW.year, NEW.period, NEW.value, NEW.asked_by, NEW.role, NEW.asked_at)
BEGIN SELECT RAISE(ABORT, 'a question is withdrawn once, before it is answered, and never reworded'); END;
CREATE TRIGGER questions_stay BEFORE DELETE ON questions
BEGIN SELECT RAISE(ABORT, 'what was asked is never removed'); END;
CREATE TRIGGER question_answers_in_time BEFORE INSERT ON question_answers
WHEN EXISTS (SELECT 1 FROM questions WHERE id = NEW.question AND withdrawn_at IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'this question was withdrawn'); END;
CREATE TRIGGER question_answers_stand BEFORE UPDATE ON question_answers
BEGIN SELECT RAISE(ABORT, 'what was answered stands'); END;
CREATE TRIGGER question_answers_stay BEFORE DELETE ON question_answers
BEGIN SELECT RAISE(ABORT, 'what was answered is never removed'); END;

-- Rows of policy.csv that a change of the policy asks for. They are written to the file once somebody else has agreed.
CREATE TABLE policy_rows (
    change   INTEGER NOT NULL REFERENCES changes (id),
    place    INTEGER NOT NULL CHECK (place >= 0),
    who      TEXT NOT NULL,                                                 -- a profile or user type; * is everybody
    category TEXT NOT NULL,
    expected TEXT NOT NULL CHECK (expected IN ('block', 'warn', 'allow')),
    reason   TEXT NOT NULL CHECK (length(reason) BETWEEN 1 AND 300),
    from_day TEXT NOT NULL,
    to_day   TEXT,
    PRIMARY KEY (change, place),
    CHECK (to_day >= from_day)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER policy_rows_stand BEFORE UPDATE ON policy_rows
BEGIN SELECT RAISE(ABORT, 'what was asked for stands'); END;
CREATE TRIGGER policy_rows_stay BEFORE DELETE ON policy_rows
BEGIN SELECT RAISE(ABORT, 'what was asked for is never removed'); END;

-- What the filter's own log shows and nobody recorded in time: what it was, said afterwards.
CREATE TABLE change_explanations (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    school TEXT NOT NULL,
    day    TEXT NOT NULL,                                                   -- of the filter's log
    change INTEGER REFERENCES changes (id),                                 -- the record that it belongs to, if there is one
    text   TEXT NOT NULL CHECK (length(text) BETWEEN 1 AND 1000),
    by     INTEGER NOT NULL REFERENCES accounts (id),
    at     INTEGER NOT NULL
) STRICT;
CREATE INDEX change_explanations_by_school ON change_explanations (school, day);
CREATE TRIGGER change_explanations_stand BEFORE UPDATE ON change_explanations
BEGIN SELECT RAISE(ABORT, 'what was explained stands'); END;
CREATE TRIGGER change_explanations_stay BEFORE DELETE ON change_explanations
BEGIN SELECT RAISE(ABORT, 'what was explained is never removed'); END;
