//! The fields of an incident: those of schools' own policies, with what each takes. Forms, history and files follow from this.

/// What a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncidentHolds {
    /// A line of at most 100 characters.
    Line,
    /// Text of at most 1,000 characters.
    Text,
    /// A day, with the time of day where it is known.
    Moment,
    /// One of these: the word that is kept, and how it is said.
    OneOf(&'static [(&'static str, &'static str)]),
    /// Several of these; kept with blanks between.
    Several(&'static [(&'static str, &'static str)]),
}

/// A field of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IncidentField {
    /// Its name on forms, in CSV and in the register.
    pub name: &'static str,
    /// What it is called on pages.
    pub label: &'static str,
    /// What helps to fill it in; may be empty.
    pub hint: &'static str,
    /// What it takes.
    pub holds: IncidentHolds,
    /// Whether an incident needs it.
    pub is_needed: bool,
    /// Whether it is filled in when an incident closes, and not before.
    pub is_of_closing: bool,
}

impl IncidentField {
    const fn new(name: &'static str, label: &'static str, hint: &'static str, holds: IncidentHolds) -> Self {
        Self { name, label, hint, holds, is_needed: false, is_of_closing: false }
    }

    const fn needed(self) -> Self {
        Self { is_needed: true, ..self }
    }

    const fn of_closing(self) -> Self {
        Self { is_of_closing: true, ..self }
    }

    /// Every field, in the order of pages.
    pub const ALL: &[Self] = FIELDS;

    /// The field of a name.
    pub fn of(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|field| field.name == name)
    }
}

/// What an incident may be about: the themes that logs are read for, and two that no log shows.
pub const THEMES: &[(&str, &str)] = &[
    ("self_harm", "self-harm"),
    ("suicide", "suicide"),
    ("eating_disorder", "eating disorders"),
    ("mental_distress", "distress and low mood"),
    ("drugs", "drugs, alcohol, tobacco and vaping"),
    ("violence_weapons", "violence and weapons"),
    ("extremism", "extremism"),
    ("hate", "hate"),
    ("sexual_content", "sexual content"),
    ("misinformation", "misinformation"),
    ("illegal", "illegal content"),
    ("grooming", "contact with strangers"),
    ("exploitation", "exploitation and gangs"),
    ("abuse_home", "abuse at home"),
    ("ai_harm", "harmful AI"),
    ("bullying", "bullying"),
    ("nudes_sextortion", "nudes and sextortion"),
    ("circumvention", "ways round the filter"),
    ("hacking_piracy", "hacking and piracy"),
    ("gambling", "gambling"),
    ("scams", "scams"),
    ("help_seeking", "looking for help"),
    ("failure", "the filter or its watching failed"),
    ("other", "something else"),
];

const PLACES: &[(&str, &str)] =
    &[("school", "at school"), ("home", "at home"), ("elsewhere", "elsewhere"), ("unknown", "not known")];

const SOURCES: &[(&str, &str)] = &[
    ("alert", "an alert, or the logs"),
    ("pupil", "a pupil said so"),
    ("staff", "a member of staff said so"),
    ("parent", "a parent or carer said so"),
    ("outside", "somebody outside the school said so"),
    ("other", "another way"),
];

const SEVERITIES: &[(&str, &str)] = &[("low", "low"), ("middling", "middling"), ("high", "high"), ("urgent", "urgent")];

const YES_NO: &[(&str, &str)] = &[("yes", "yes"), ("no", "no"), ("unknown", "not decided yet")];

const OUTCOMES: &[(&str, &str)] = &[
    ("nothing", "nothing more to do"),
    ("spoken", "spoken with the person"),
    ("home", "parents or carers told"),
    ("support", "support in school"),
    ("discipline", "dealt with under the behaviour or staff policy"),
    ("mended", "the filter or its watching was mended"),
    ("referred", "told to a body outside"),
];

const REAL: &[(&str, &str)] = &[("yes", "yes, there was a worry"), ("no", "no, a false alarm")];

/// The fields that say when a body outside was told.
pub const OUTSIDE: &[&str] =
    &["told_authority", "told_lado", "told_social_care", "told_police", "told_iwf", "told_prevent", "told_first_response"];

const WHEN: &str = "Day and time, for example 23 11 2026 14:05. Empty: not told.";

const FIELDS: &[IncidentField] = {
    use IncidentField as Field;
    use IncidentHolds::{Line, Moment, OneOf, Several, Text};
    &[
        Field::new("happened", "When it happened", "Day and time, for example 23 11 2026 14:05, or the day alone.", Moment)
            .needed(),
        Field::new("place", "Where", "", OneOf(PLACES)).needed(),
        Field::new("source", "How it came to be known", "", OneOf(SOURCES)).needed(),
        Field::new("reporter", "Who reported it", "Their post, such as form tutor. A pupil by key, never by name.", Line),
        Field::new("contact", "How to reach them", "", Line),
        Field::new(
            "themes",
            "What it is about",
            "Tick all that apply; the first is the one it is counted under.",
            Several(THEMES),
        )
        .needed(),
        Field::new("severity", "How serious", "", OneOf(SEVERITIES)).needed(),
        Field::new("people", "Who was involved", "In general words, such as two pupils of year 8. No names.", Line),
        Field::new(
            "what",
            "What happened",
            "No names: the keys below say whom it is about. What you type stays as you typed it.",
            Text,
        )
        .needed(),
        Field::new("done", "What was done", "No names of pupils.", Text),
        Field::new("investigator", "Who looks into it", "Their post.", Line),
        Field::new(
            "told_lead",
            "Safeguarding lead told",
            "Day and time, for example 23 11 2026 14:05. Policies ask for the same day.",
            Moment,
        ),
        Field::new("told_head", "Head told", WHEN, Moment),
        Field::new("told_home", "Parents or carers told", WHEN, Moment),
        Field::new("told_authority", "Local authority told", WHEN, Moment),
        Field::new("told_lado", "Local authority designated officer (LADO) told", WHEN, Moment),
        Field::new("told_social_care", "Children\u{2019}s social care told", WHEN, Moment),
        Field::new("told_police", "Police told", WHEN, Moment),
        Field::new("told_iwf", "Internet Watch Foundation (IWF) told", WHEN, Moment),
        Field::new("told_prevent", "Channel or Prevent told", WHEN, Moment),
        Field::new("told_first_response", "First Response told", WHEN, Moment),
        Field::new("referral", "What the referral said", "Advice that was given, and its number. No names.", Text),
        Field::new("discipline", "Disciplinary action", "", OneOf(YES_NO)),
        Field::new("policy", "A policy is to be reviewed", "", OneOf(YES_NO)),
        Field::new("teaching", "Teaching is to change", "", OneOf(YES_NO)),
        Field::new("reference", "Child protection file", "Its number, where there is one.", Line),
        Field::new("outcome", "What came of it", "", OneOf(OUTCOMES)).needed().of_closing(),
        Field::new("real", "Was there a worry?", "", OneOf(REAL)).needed().of_closing(),
        Field::new("closed_because", "Why it can be closed", "No names of pupils.", Text).needed().of_closing(),
    ]
};
