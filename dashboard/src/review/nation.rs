//! Packs of wording: how England, Wales and Scotland call the people, the guidance and the inspectors of a review. Figures never differ by nation.

/// The words of a nation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Nation {
    /// As schools.csv has it.
    id: &'static str,
    /// Its name.
    pub(crate) name: &'static str,
    /// What stands in a review for England, and what takes its place. In this order.
    words: &'static [(&'static str, &'static str)],
    /// The guidance that a review is held against.
    pub(crate) guidance: &'static [&'static str],
    /// Who inspects.
    pub(crate) inspector: &'static str,
}

/// England first: its words stand in the pages themselves.
const NATIONS: [Nation; 3] = [
    Nation {
        id: "england",
        name: "England",
        words: &[],
        guidance: &[
            "Keeping children safe in education",
            "Meeting digital and technology standards in schools and colleges: filtering and monitoring",
        ],
        inspector: "Ofsted, or the Independent Schools Inspectorate",
    },
    Nation {
        id: "wales",
        name: "Wales",
        words: &[
            ("Designated safeguarding lead", "Designated safeguarding person"),
            ("designated safeguarding lead", "designated safeguarding person"),
            ("safeguarding lead", "safeguarding person"),
            ("Safeguarding lead", "Safeguarding person"),
            ("governor or trustee", "governor"),
            ("Governor or trustee", "Governor"),
        ],
        guidance: &["Keeping learners safe", "The Welsh Government\u{2019}s web filtering standards"],
        inspector: "Estyn",
    },
    Nation {
        id: "scotland",
        name: "Scotland",
        words: &[
            ("Designated safeguarding lead", "Child protection co-ordinator"),
            ("designated safeguarding lead", "child protection co-ordinator"),
            ("safeguarding lead", "child protection co-ordinator"),
            ("Safeguarding lead", "Child protection co-ordinator"),
            ("chair of governors", "officer of the authority"),
            ("Governor or trustee", "For the authority or the board"),
            ("governor or trustee", "for the authority or the board"),
            ("a governor last", "the authority or the board last"),
            ("Governors read", "The authority or the board reads"),
            ("governors read", "the authority or the board reads"),
            ("a governor named", "an officer or board member named"),
            ("the governor for filtering", "the officer or board member for filtering"),
        ],
        guidance: &[
            "National guidance for child protection in Scotland",
            "National action plan on internet safety for children and young people",
        ],
        inspector: "Education Scotland, or the Care Inspectorate",
    },
];

impl Nation {
    /// The words of a nation of schools.csv; England's for one that has none of its own.
    pub(crate) fn of(id: &str) -> &'static Self {
        let [england, ..] = &NATIONS;
        NATIONS.iter().find(|nation| nation.id == id).unwrap_or(england)
    }

    /// As schools.csv has it.
    pub(crate) fn id(&self) -> &'static str {
        self.id
    }

    /// A text in the nation's words.
    pub(crate) fn says(&self, text: &str) -> String {
        self.words.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::BLOCKS;

    #[test]
    fn each_nation_has_its_own_words() {
        let named = "The safeguarding lead, the deputies, and whom to reach out of hours";
        assert_eq!(Nation::of("england").says(named), named);
        assert_eq!(Nation::of("wales").says(named), "The safeguarding person, the deputies, and whom to reach out of hours");
        assert_eq!(
            Nation::of("scotland").says(named),
            "The child protection co-ordinator, the deputies, and whom to reach out of hours"
        );
        assert_eq!(Nation::of("northern_ireland").name, "England");
        for id in ["wales", "scotland"] {
            for block in &BLOCKS {
                let texts = block.wanted.iter().flat_map(|want| [want.what, want.who]).chain([block.title, block.asks]);
                for text in texts {
                    assert!(!Nation::of(id).says(text).to_lowercase().contains("safeguarding lead"), "{id}: {text}");
                }
            }
        }
        let scottish =
            BLOCKS.iter().flat_map(|block| block.wanted.iter().flat_map(|want| [want.what, want.who]).chain([block.asks]));
        for text in scottish {
            let said = Nation::of("scotland").says(text);
            assert!(!said.contains("overnor"), "{said}");
        }
    }
}
