//! The themes a DSL cares about, and the risk area each belongs to.

/// One of the four Cs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RiskArea {
    /// What is met.
    Content,
    /// Who is met.
    Contact,
    /// What is done.
    Conduct,
    /// What is sold.
    Commerce,
}

impl RiskArea {
    /// As written in `events.risk_area`.
    pub const fn as_str(self) -> &'static str {
        match self {
            RiskArea::Content => "content",
            RiskArea::Contact => "contact",
            RiskArea::Conduct => "conduct",
            RiskArea::Commerce => "commerce",
        }
    }

    /// The area of a name.
    pub fn from_name(name: &str) -> Option<RiskArea> {
        [RiskArea::Content, RiskArea::Contact, RiskArea::Conduct, RiskArea::Commerce]
            .into_iter()
            .find(|area| area.as_str() == name)
    }
}

/// A theme, by its number in [`THEMES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Theme(u8);

/// Every theme and its area; `help_seeking` stands apart, at the end, and is no risk.
pub const THEMES: [(&str, Option<RiskArea>); 22] = [
    ("suicide", Some(RiskArea::Content)),
    ("self_harm", Some(RiskArea::Content)),
    ("illegal", Some(RiskArea::Content)),
    ("grooming", Some(RiskArea::Contact)),
    ("exploitation", Some(RiskArea::Contact)),
    ("abuse_home", Some(RiskArea::Contact)),
    ("nudes_sextortion", Some(RiskArea::Conduct)),
    ("ai_harm", Some(RiskArea::Contact)),
    ("extremism", Some(RiskArea::Content)),
    ("violence_weapons", Some(RiskArea::Content)),
    ("hate", Some(RiskArea::Content)),
    ("eating_disorder", Some(RiskArea::Content)),
    ("sexual_content", Some(RiskArea::Content)),
    ("drugs", Some(RiskArea::Content)),
    ("bullying", Some(RiskArea::Conduct)),
    ("mental_distress", Some(RiskArea::Content)),
    ("scams", Some(RiskArea::Commerce)),
    ("gambling", Some(RiskArea::Commerce)),
    ("hacking_piracy", Some(RiskArea::Conduct)),
    ("circumvention", Some(RiskArea::Conduct)),
    ("misinformation", Some(RiskArea::Content)),
    ("help_seeking", None),
];

impl Theme {
    /// Someone looks for help: never a breach.
    pub const HELP_SEEKING: Theme = Theme(THEMES.len() as u8 - 1);

    /// The theme of a name.
    pub fn from_name(name: &str) -> Option<Theme> {
        THEMES.iter().position(|(known, _)| *known == name).map(|number| Theme(number as u8))
    }

    /// As written in `events.theme`.
    pub fn as_str(self) -> &'static str {
        THEMES[self.number()].0
    }

    /// The area a search of this theme falls into.
    pub fn risk_area(self) -> Option<RiskArea> {
        THEMES[self.number()].1
    }

    /// Position in [`THEMES`]: of two themes equally severe the earlier one is named first.
    pub fn number(self) -> usize {
        usize::from(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn themes_are_known_by_name() {
        for (name, area) in THEMES {
            let theme = Theme::from_name(name).unwrap();
            assert_eq!((theme.as_str(), theme.risk_area()), (name, area));
        }
        assert_eq!(Theme::HELP_SEEKING.as_str(), "help_seeking");
        assert_eq!(Theme::from_name("fun"), None);
        assert_eq!(RiskArea::from_name("conduct"), Some(RiskArea::Conduct));
    }
}
