//! The 21 blocks of the annual review: what each asks, which figures answer it, and what only people can supply.
//!
//! From the standards for filtering and monitoring of the Department for Education, the definitions of the UK Safer Internet Centre, and
//! what schools' own online safety policies ask of governors.

pub(crate) mod bundle;
pub(crate) mod copies;
pub(crate) mod differences;
pub(crate) mod files;
pub(crate) mod nation;

/// Where a block's evidence comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Basis {
    /// The logs.
    Measured,
    /// People.
    Reported,
    /// Both.
    Both,
}

/// What the page itself knows and shows in a block, beside figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Lines to sign on.
    Signatures,
    /// Sources of logs.
    Sources,
    /// Pupils on roll.
    Roll,
    /// What the logs can't show.
    Unseen,
    /// Findings of the year.
    Triggers,
    /// Which blocks are measured and which are reported.
    Statement,
    /// Definitions, marks and rules.
    Method,
}

/// What the register may hold of what people supply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// Checks, by whose view they were made, and the grid of planned tests.
    Checks,
    /// What was done about checks that failed.
    Mends,
    /// The newest tests of illegal content, for each group.
    IllegalTests,
    /// Bypasses and sites that staff asked for.
    Requests,
    /// Changes of the policy, and what is in force for a time.
    Changes,
    /// Incidents by theme, outcome and referral.
    Incidents,
    /// Alerts, how soon they were taken, and what came of them.
    Alerts,
    /// Names that were shown.
    Reveals,
    /// Questions that governors put to the head.
    Questions,
    /// Entries of a book.
    Entries(Sought),
}

/// Which entries of a book, and what of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sought {
    /// The book.
    pub(crate) book: &'static str,
    /// A field and the words it must hold one of; every entry where there is no word.
    pub(crate) only: (&'static str, &'static [&'static str]),
    /// The fields that are said, after the first; all where none is named. An entry that says none of them is left out.
    pub(crate) says: &'static [&'static str],
}

/// Something that only people can supply.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// Its name in forms and in the register: stays when the words change. Once in a block.
    pub(crate) id: &'static str,
    /// What.
    pub(crate) what: &'static str,
    /// Who can supply it.
    pub(crate) who: &'static str,
    /// Where the register holds it, once somebody has recorded it.
    pub(crate) kept: Option<Kept>,
}

/// A block of the review.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block {
    /// Its heading.
    pub(crate) title: &'static str,
    /// The question it answers.
    pub(crate) asks: &'static str,
    /// Where its evidence comes from.
    pub(crate) basis: Basis,
    /// Indicators shown in it, with their names where this school has no figure of them.
    pub(crate) figures: &'static [(&'static str, &'static str)],
    /// What the page itself shows in it.
    pub(crate) parts: &'static [Part],
    /// What only people can supply.
    pub(crate) wanted: &'static [Wanted],
}

const fn wanted(id: &'static str, what: &'static str, who: &'static str) -> Wanted {
    Wanted { id, what, who, kept: None }
}

/// Entries of a book, all of what they say.
const fn entries(book: &'static str) -> Kept {
    Kept::Entries(Sought { book, only: ("", &[]), says: &[] })
}

/// Entries of which a field holds one of these words.
const fn entries_of(book: &'static str, field: &'static str, words: &'static [&'static str]) -> Kept {
    Kept::Entries(Sought { book, only: (field, words), says: &[] })
}

/// Some of what the entries of a book say.
const fn entries_say(book: &'static str, says: &'static [&'static str]) -> Kept {
    Kept::Entries(Sought { book, only: ("", &[]), says })
}

const fn kept(id: &'static str, kept: Kept, what: &'static str, who: &'static str) -> Wanted {
    Wanted { id, what, who, kept: Some(kept) }
}

/// The blocks, in order.
pub(crate) const BLOCKS: [Block; 21] = [
    Block {
        title: "Sign-off and dates",
        asks: "Who took part in this review, and when is the next one due?",
        basis: Basis::Reported,
        figures: &[],
        parts: &[Part::Signatures],
        wanted: &[wanted(
            "dates",
            "The date of this review, and of the next one: at most a year later",
            "head and chair of governors",
        )],
    },
    Block {
        title: "Who is responsible",
        asks: "Are a senior leader and a governor named, and does everyone know their part?",
        basis: Basis::Reported,
        figures: &[],
        parts: &[],
        wanted: &[
            kept(
                "named",
                entries_of("responsible", "duty", &["governor", "senior_leader"]),
                "The senior leader and the governor for filtering and monitoring: since when, and when last trained",
                "head",
            ),
            kept(
                "safeguarding",
                entries_of("responsible", "duty", &["dsl", "deputy", "out_of_hours"]),
                "The safeguarding lead, the deputies, and whom to reach out of hours",
                "safeguarding lead",
            ),
            kept(
                "systems",
                entries_of("responsible", "duty", &["it", "provider"]),
                "Who looks after the systems, in school or outside",
                "head",
            ),
        ],
    },
    Block {
        title: "What we use",
        asks: "Which systems filter and monitor, and what does their provider state?",
        basis: Basis::Both,
        figures: &[],
        parts: &[Part::Sources],
        wanted: &[
            kept(
                "products",
                entries_say("provision", &["kind", "provider", "version", "covers", "contract_until"]),
                "Product, provider and version of each system, and when each contract ends",
                "IT support",
            ),
            kept(
                "statement",
                entries_say("provision", &["iwf", "ctiru", "locked", "stated_on"]),
                "The provider\u{2019}s statement that it is a member of the Internet Watch Foundation, blocks the police list of terrorist content, and lets nobody switch these off",
                "IT support, from the provider",
            ),
            kept(
                "accreditation",
                entries_say("provision", &["accredited_until"]),
                "Until when the provider\u{2019}s accreditation runs",
                "IT support, from the provider",
            ),
        ],
    },
    Block {
        title: "Our pupils and their risks",
        asks: "Whom do we protect, and who is at greater risk?",
        basis: Basis::Both,
        figures: &[],
        parts: &[Part::Roll],
        wanted: &[
            kept(
                "groups",
                entries_say("risk-profile", &["send", "eal", "boarders"]),
                "Pupils with special educational needs, with English as an additional language, boarders",
                "safeguarding lead",
            ),
            kept(
                "risks",
                entries_say("risk-profile", &["own_devices", "at_home", "ai"]),
                "Own devices, work from home, tools of artificial intelligence in use",
                "IT support and safeguarding lead",
            ),
        ],
    },
    Block {
        title: "How complete the logs are",
        asks: "Do all sites, devices and groups reach the logs, and is every line read?",
        basis: Basis::Measured,
        figures: &[
            ("coverage_days", "Days with logs"),
            ("silent_hours", "Silent hours"),
            ("identified_share", "People identified"),
            ("path_visible_share", "More than the host seen"),
            ("evidence_fields", "The five fields"),
            ("quarantine_share", "Lines unread"),
        ],
        parts: &[Part::Unseen],
        wanted: &[],
    },
    Block {
        title: "What is blocked and why",
        asks: "What is blocked, for whom, and for what reason?",
        basis: Basis::Both,
        figures: &[("blocked_share", "Share blocked"), ("filter_failures", "Allowed where policy says block")],
        parts: &[],
        wanted: &[wanted(
            "policy",
            "For each category and group: blocked or allowed, and the reason (policy.csv holds it)",
            "safeguarding lead",
        )],
    },
    Block {
        title: "Illegal content",
        asks: "Are the lists of illegal content on for everyone, and was that tested?",
        basis: Basis::Both,
        figures: &[("illegal_allowed", "Illegal, let through")],
        parts: &[],
        wanted: &[
            kept(
                "illegal_statement",
                entries_say("provision", &["stated_on"]),
                "The provider\u{2019}s statement, with its date",
                "IT support, from the provider",
            ),
            kept("illegal_tests", Kept::IllegalTests, "The latest test of each profile, with its date and result", "IT support"),
        ],
    },
    Block {
        title: "Checks made",
        asks: "Was filtering tested on every kind of device, at every site, for every group?",
        basis: Basis::Reported,
        figures: &[("checks_overdue", "Checks overdue")],
        parts: &[],
        wanted: &[
            kept(
                "checks",
                Kept::Checks,
                "Each check: when, who, what was tested, on which device and site, for which group, with what result",
                "IT support",
            ),
            kept(
                "mends",
                Kept::Mends,
                "What was done about a check that failed, by whom and by when",
                "IT support and safeguarding lead",
            ),
        ],
    },
    Block {
        title: "What pupils met, by theme",
        asks: "What are pupils reaching for, and is it changing?",
        basis: Basis::Measured,
        figures: &[("theme_rate", "Theme rates"), ("theme_change", "Changes on last year")],
        parts: &[],
        wanted: &[],
    },
    Block {
        title: "Searches",
        asks: "Can searches be read, is safe search on, and were there searches of high risk?",
        basis: Basis::Measured,
        figures: &[
            ("search_visible_share", "Searches we can read"),
            ("safe_search_share", "Safe search"),
            ("high_risk_searches", "High-risk searches"),
        ],
        parts: &[],
        wanted: &[],
    },
    Block {
        title: "Ways round the filter",
        asks: "Can pupils get round it?",
        basis: Basis::Both,
        figures: &[("circumvention_rate", "Ways round the filter"), ("circumvention_allowed", "Ways round that got through")],
        parts: &[],
        wanted: &[kept(
            "ways_round",
            entries_of("learning", "because", &["circumvention"]),
            "What was done about ways round the filter",
            "IT support and safeguarding lead",
        )],
    },
    Block {
        title: "Artificial intelligence",
        asks: "Which tools are used, by whom, and was each assessed?",
        basis: Basis::Both,
        figures: &[("ai_first_seen", "New AI tools"), ("ai_use_rate", "AI use")],
        parts: &[],
        wanted: &[kept(
            "ai_assessed",
            entries_of("assessments", "kind", &["ai"]),
            "The risk assessment of each tool, with its date, and what pupils and staff were told",
            "safeguarding lead",
        )],
    },
    Block {
        title: "Over-blocking and changes",
        asks: "Does filtering get in the way of teaching, and who may change it?",
        basis: Basis::Both,
        figures: &[
            ("overblock_share", "Over-blocking"),
            ("unblock_days", "Time to decide on a blocked site"),
            ("overrides", "Went past a block"),
            ("unapproved_changes", "Changes nobody recorded"),
        ],
        parts: &[],
        wanted: &[
            kept(
                "requests",
                Kept::Requests,
                "Sites that staff asked for: how many, granted or not, after how many days",
                "IT support",
            ),
            kept(
                "changes",
                Kept::Changes,
                "Each change: who asked, who approved, who made it. The one who approves is never the one who makes it",
                "IT support",
            ),
        ],
    },
    Block {
        title: "Monitoring and response",
        asks: "Do alerts reach the safeguarding lead, and what comes of them?",
        basis: Basis::Reported,
        figures: &[("alert_response", "Response to alerts"), ("false_positive_share", "False alarms")],
        parts: &[],
        wanted: &[
            kept("alerts", Kept::Alerts, "Alerts, how soon somebody took them, and what came of them", "safeguarding lead"),
            wanted("reports", "Weekly reports made and read", "safeguarding lead"),
        ],
    },
    Block {
        title: "Incidents and what we learned",
        asks: "What happened, was it referred, and what did we change?",
        basis: Basis::Reported,
        figures: &[],
        parts: &[],
        wanted: &[
            kept(
                "incidents",
                Kept::Incidents,
                "Incidents by theme, outcome and referral: numbers only, nobody named",
                "safeguarding lead",
            ),
            kept(
                "learned",
                entries_of("learning", "because", &["incidents", "theme", "survey", "other"]),
                "What changed in policy or teaching because of them",
                "head",
            ),
        ],
    },
    Block {
        title: "What should have started a review",
        asks: "Did anything happen that asks for a review before the year is over?",
        basis: Basis::Both,
        figures: &[],
        parts: &[Part::Triggers],
        wanted: &[kept(
            "reviews_held",
            entries("reviews-held"),
            "For each: was a review held, and when",
            "safeguarding lead and IT support",
        )],
    },
    Block {
        title: "Data protection",
        asks: "Is what we hold about children lawful, known to them, and let go in time?",
        basis: Basis::Both,
        figures: &[("retention_kept", "Retention kept"), ("reveals", "Names revealed")],
        parts: &[],
        wanted: &[
            kept(
                "impact",
                entries_of("data-protection", "kind", &["dpia", "agreement"]),
                "Date of the data protection impact assessment",
                "data protection officer",
            ),
            kept(
                "notices",
                entries_of("data-protection", "kind", &["notice_pupils", "notice_parents", "notice_staff", "request", "erasure"]),
                "Date of the notices to pupils, parents and staff; requests for access answered",
                "data protection officer",
            ),
            kept("revealed", Kept::Reveals, "Names revealed: how often, and by which role", "head"),
        ],
    },
    Block {
        title: "Policies and training",
        asks: "Are policies up to date, and do staff know what to do?",
        basis: Basis::Reported,
        figures: &[],
        parts: &[],
        wanted: &[
            kept("policies", entries("policies"), "Date of each policy and of its next review", "head"),
            kept("training", entries("training"), "Training this year, and how many took part", "safeguarding lead"),
            kept("self_audit", entries("self-audit"), "The staff self-audit of ten questions, summed", "safeguarding lead"),
            kept("surveys", entries("surveys"), "What pupils, parents and staff said", "safeguarding lead"),
            kept("agreements", entries("agreements"), "Agreements of acceptable use: versions, and how many signed", "head"),
            kept("teaching", entries("teaching"), "What pupils were taught about life online", "safeguarding lead"),
        ],
    },
    Block {
        title: "Limits and gaps",
        asks: "What do we not know, and who will see to it?",
        basis: Basis::Both,
        figures: &[],
        parts: &[Part::Unseen],
        wanted: &[
            wanted("gaps", "For each gap an owner and a date; what was carried over from last year", "head"),
            kept("questions", Kept::Questions, "What the head was asked: how much was answered, what is still open", "head"),
            kept(
                "visits",
                entries_say("visits", &["on", "who", "next_on"]),
                "Visits and meetings about filtering and monitoring",
                "chair of governors",
            ),
        ],
    },
    Block {
        title: "What is measured, and what is reported",
        asks: "Which of this is counted by a machine, and which is somebody\u{2019}s word?",
        basis: Basis::Both,
        figures: &[],
        parts: &[Part::Statement],
        wanted: &[],
    },
    Block {
        title: "How it was worked out",
        asks: "Can every number be worked out again?",
        basis: Basis::Measured,
        figures: &[],
        parts: &[Part::Method],
        wanted: &[],
    },
];

/// The block of a number, from 1.
pub(crate) fn block(number: u8) -> Option<&'static Block> {
    BLOCKS.get(usize::from(number.checked_sub(1)?))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_block_says_what_it_holds() {
        let mut seen = BTreeSet::new();
        for block in &BLOCKS {
            let measures = !block.figures.is_empty() || !block.parts.is_empty();
            match block.basis {
                Basis::Measured => assert!(measures && block.wanted.is_empty(), "{}", block.title),
                Basis::Reported => assert!(!block.wanted.is_empty(), "{}", block.title),
                Basis::Both => assert!(measures, "{}", block.title),
            }
            assert!(block.asks.ends_with('?'), "{}", block.title);
            let items: BTreeSet<&str> = block.wanted.iter().map(|want| want.id).collect();
            assert_eq!(items.len(), block.wanted.len(), "{}", block.title);
            let is_plain = |id: &str| id.len() <= 40 && id.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            assert!(items.iter().all(|id| is_plain(id) && *id != "comment"), "{}", block.title);
            for (id, _) in block.figures {
                assert!(seen.insert(*id), "{id} stands in two blocks");
            }
        }
    }
}
