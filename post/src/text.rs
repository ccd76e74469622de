//! The words of every letter: subjects are fixed, and a text has room for names of schools, one number and one address.

use weir_lake::estate::Serving;

/// Schools that a letter names before it gives only their number.
const NAMED: usize = 10;

/// Longest name of a school, in characters; a longer one is cut.
const LONGEST_NAME: usize = 100;

/// What a letter says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// Something waits for a safeguarding lead.
    Waiting {
        /// At which school.
        school: String,
        /// How many things, in all.
        items: u32,
        /// Whether one of them is urgent.
        urgent: bool,
    },
    /// The week is over.
    Digest {
        /// At which schools.
        schools: Vec<String>,
    },
    /// Sources have sent nothing.
    FeedSilent {
        /// How many.
        feeds: u32,
    },
    /// A night failed.
    NightFailed,
    /// A half-term's figures are published.
    TermlyReview {
        /// At which schools.
        schools: Vec<String>,
    },
    /// A link to sign in with was asked for.
    SignInLink,
    /// `weir mail test`.
    Test,
}

/// Where a letter sends its reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way(Option<String>);

impl Way {
    /// To the pages as weir.toml says people open them.
    pub fn to_pages(serving: &Serving) -> Self {
        Self(serving.url.clone())
    }

    /// To the page that knows which letter it was.
    pub fn to_letter(serving: &Serving, id: i64) -> Self {
        Self(serving.url.as_ref().map(|url| format!("{url}/mail/{id}")))
    }

    /// To the page that signs in once, with the path of the link.
    pub fn to_sign_in(serving: &Serving, path: &str) -> Option<Self> {
        serving.url.as_ref().map(|url| Self(Some(format!("{url}{path}"))))
    }

    fn sentence(&self, text: &Text) -> String {
        match &self.0 {
            Some(address) if *text == Text::SignInLink => format!("Open this within 15 minutes. It works once:\n{address}"),
            Some(address) => format!("Sign in to see it:\n{address}"),
            // Pages of one machine alone have no address that helps anybody elsewhere.
            None => String::from("Sign in to Weir where you always do."),
        }
    }
}

impl Text {
    /// What stands in the list of a mailbox, and on a locked phone: no word of it depends on anything.
    pub const fn subject(&self) -> &'static str {
        match self {
            Self::Waiting { urgent: false, .. } => "Weir: something waits for you",
            Self::Waiting { urgent: true, .. } => "Weir: something urgent waits for you",
            Self::Digest { .. } => "Weir: your week is ready to read",
            Self::FeedSilent { .. } => "Weir: a feed is silent",
            Self::NightFailed => "Weir: last night's run failed",
            Self::TermlyReview { .. } => "Weir: the half-term's figures are ready to read",
            Self::SignInLink => "Weir: your link to sign in",
            Self::Test => "Weir: a test",
        }
    }

    /// The letter itself.
    pub fn body(&self, way: &Way) -> String {
        let (what, end) = match self {
            Self::Waiting { school, items, urgent } => {
                let school = plain(school);
                let what = match items {
                    0 | 1 => format!("Something waits for you in Weir, at {school}."),
                    many => format!("{many} things wait for you in Weir, at {school}."),
                };
                let urgent = if *urgent { " At least one is urgent." } else { "" };
                (format!("{what}{urgent}"), EMERGENCY)
            }
            Self::Digest { schools } => (format!("Last week is ready for you to read in Weir.{}", list(schools)), EMERGENCY),
            Self::FeedSilent { feeds } => {
                let feeds = if *feeds == 1 { String::from("1 feed has") } else { format!("{feeds} feeds have") };
                let what = format!(
                    "{feeds} sent no logs for the last school day. Figures wait for them, and may be lost where the filter forgets."
                );
                (what, "`weir nightly` and `weir doctor` say which, on the machine that runs Weir.")
            }
            Self::NightFailed => (
                String::from(
                    "Last night's run of Weir failed, or did not do all of its steps. Nothing was lost; the next night tries again.",
                ),
                "`weir nightly` and `weir doctor` say why, on the machine that runs Weir.",
            ),
            Self::TermlyReview { schools } => (
                format!("The figures of a half-term that is over are published in Weir.{}", list(schools)),
                "No child is named in them. What to ask the head stands beside each.",
            ),
            Self::SignInLink => (
                String::from("Somebody, most likely you, asked Weir for a link to sign in with this address."),
                "If it was not you, do nothing: without this letter nobody can use the link.",
            ),
            Self::Test => (
                String::from("This is a test: Weir can send mail to this address."),
                "Whoever runs Weir asked for it. There is nothing to do.",
            ),
        };
        format!(
            "{what}\n\n{}\n\n{end}\n\nThis letter says no more than that on purpose. Nobody reads answers to it.\n",
            way.sentence(self)
        )
    }
}

const EMERGENCY: &str = "Keep your filter's own alerts on. Weir is not an emergency service.";

/// A school's name as one line that is not too long, whatever stands in schools.csv.
fn plain(name: &str) -> String {
    let line: String = name.chars().map(|c| if is_invisible(c) { ' ' } else { c }).collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST_NAME).collect()
}

/// What ends a line, or makes a text read otherwise than it is written.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The reader's own schools: a letter says for whom it is, not at which of them something is new.
fn list(schools: &[String]) -> String {
    let mut lines = String::from("\n\nYour schools:");
    for school in schools.iter().take(NAMED) {
        lines.push_str(&format!("\n- {}", plain(school)));
    }
    if schools.len() > NAMED {
        lines.push_str(&format!("\n- and {} more", schools.len() - NAMED));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn way() -> Way {
        Way::to_letter(&Serving { url: Some("https://weir.school.example".into()), ..Serving::default() }, 12)
    }

    #[test]
    fn a_letter_says_that_something_waits_and_where() {
        let text = Text::Waiting { school: "Oakfield Juniors".into(), items: 3, urgent: true };
        assert_eq!(
            text.body(&way()),
            "3 things wait for you in Weir, at Oakfield Juniors. At least one is urgent.\n\n\
             Sign in to see it:\nhttps://weir.school.example/mail/12\n\n\
             Keep your filter's own alerts on. Weir is not an emergency service.\n\n\
             This letter says no more than that on purpose. Nobody reads answers to it.\n"
        );
        let schools = (1..=12).map(|n| format!("School {n}")).collect();
        let body = Text::Digest { schools }.body(&Way::to_pages(&Serving::default()));
        assert!(body.contains("- School 10\n- and 2 more\n") && !body.contains("School 11"), "{body}");
        assert!(body.contains("where you always do"), "{body}");
    }

    #[test]
    fn a_link_to_sign_in_says_how_long_it_works_and_nothing_of_anybody() {
        let serving = Serving { url: Some("https://weir.school.example".into()), ..Serving::default() };
        let way = Way::to_sign_in(&serving, "/sign-in/letter/ab12").unwrap();
        assert_eq!(
            Text::SignInLink.body(&way),
            "Somebody, most likely you, asked Weir for a link to sign in with this address.\n\n\
             Open this within 15 minutes. It works once:\nhttps://weir.school.example/sign-in/letter/ab12\n\n\
             If it was not you, do nothing: without this letter nobody can use the link.\n\n\
             This letter says no more than that on purpose. Nobody reads answers to it.\n"
        );
        assert_eq!(Way::to_sign_in(&Serving::default(), "/sign-in/letter/ab12"), None, "no address of ours, no link");
    }

    proptest! {
        /// Whatever a school is called: the letter is the fixed one with that name, one line and no longer than it may be.
        #[test]
        fn nothing_but_the_name_comes_with_a_name(name in any::<String>(), items in any::<u32>(), urgent in any::<bool>()) {
            let waiting = |school: &str| Text::Waiting { school: school.into(), items, urgent };
            let fixed = waiting("\u{1}X").body(&way());
            let body = waiting(&name).body(&way());
            let (before, after) = fixed.split_once("at X.").unwrap();
            let rest = body.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).unwrap();
            let shown = rest.strip_prefix("at ").and_then(|rest| rest.strip_suffix('.')).unwrap();
            prop_assert!(shown.chars().count() <= LONGEST_NAME);
            prop_assert!(!shown.chars().any(is_invisible), "{shown:?}");
            prop_assert_eq!(waiting(&name).subject(), waiting("X").subject());
        }
    }
}
