//! Who may do what, where: the one place that decides. docs/roles.md is made from it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use weir_lake::estate::School;
use weir_lake::ids::SchoolId;

/// An account's number. The audit trail names people by it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub(crate) i64);

impl AccountId {
    /// Parses the number.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number| *number > 0).map(Self)
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a person does at a school, or at a group of schools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Governor or trustee.
    Governor,
    /// Whoever chairs the governors or trustees, and their deputy.
    Chair,
    /// Head or senior leader.
    Leader,
    /// Designated safeguarding lead or a deputy (in Wales: designated safeguarding person).
    Dsl,
    /// Any other member of staff.
    Staff,
    /// Looks after the filter and Weir's feeds.
    Technician,
    /// Data protection officer.
    DataProtection,
    /// Officer of a trust or local authority.
    Officer,
    /// Auditor or inspector.
    Auditor,
    /// Gives accounts and roles.
    Administrator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 10] = [
        Self::Governor,
        Self::Chair,
        Self::Leader,
        Self::Dsl,
        Self::Staff,
        Self::Technician,
        Self::DataProtection,
        Self::Officer,
        Self::Auditor,
        Self::Administrator,
    ];

    /// The word in the register and on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Governor => "governor",
            Self::Chair => "chair",
            Self::Leader => "leader",
            Self::Dsl => "dsl",
            Self::Staff => "staff",
            Self::Technician => "technician",
            Self::DataProtection => "data-protection",
            Self::Officer => "officer",
            Self::Auditor => "auditor",
            Self::Administrator => "administrator",
        }
    }

    /// The role in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Governor => "governor or trustee",
            Self::Chair => "chair of governors or trustees",
            Self::Leader => "head or senior leader",
            Self::Dsl => "safeguarding lead or deputy",
            Self::Staff => "staff",
            Self::Technician => "technician",
            Self::DataProtection => "data protection officer",
            Self::Officer => "trust or authority officer",
            Self::Auditor => "auditor",
            Self::Administrator => "administrator",
        }
    }

    /// The role of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }

    /// Whether whoever has it must show a second step: it comes to names, or can give roles that do.
    pub fn needs_second_step(self) -> bool {
        Ability::ALL.iter().any(|ability| ability.opens_names() && may(self, *ability))
    }

    /// Whether whoever has it may sign in by a link in a letter. Governors come a few times a year and see no child.
    pub const fn signs_in_by_letter(self) -> bool {
        matches!(self, Self::Governor)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Something that not everybody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ability {
    /// Figures about a school, with small numbers hidden: the pages for governors.
    Figures,
    /// Figures with nothing hidden: the copy of the annual review that holds small numbers.
    SmallNumbers,
    /// Alerts: a pupil's for the safeguarding lead, a member of staff's for the head, who also sees what nobody takes; the head's own for
    /// the chair.
    Alerts,
    /// Who watches over pupils' alerts, and asking for names.
    Watch,
    /// Days of single pupils, by key and theme.
    PupilDays,
    /// What pupils searched for, and addresses of pages.
    Searches,
    /// The name behind a pupil's key, and the key of a name.
    RevealPupil,
    /// The name behind a key of staff.
    RevealStaff,
    /// Who revealed a name, when and why. The chair reads the head's.
    ReadReveals,
    /// Lines in quarantine, opened.
    OpenLines,
    /// Reading an export in through the browser.
    Upload,
    /// Feeds: what came last night, what could not be read.
    Feeds,
    /// Reading the register: checks, changes, and the books of who is responsible, what is used, policies, training.
    ReadRegister,
    /// Writing to the register.
    WriteRegister,
    /// Deciding a change of the filter that somebody else asked for.
    DecideChanges,
    /// Deciding a way past the filter, or a site that somebody asked for.
    AgreeBypasses,
    /// Saved questions: those for one's role.
    SavedQuestions,
    /// Incidents: what was done about a pupil; about staff for the head, about the head for the chair.
    Incidents,
    /// What is about the head: by which key the logs know them, alerts and incidents.
    HeadMatters,
    /// Holding a pupil's rows back from erasure while a case is open.
    Hold,
    /// Questions to the head, comments on the annual review, and visits.
    AskQuestions,
    /// Reading what governors asked, what was answered, and what they saw.
    ReadQuestions,
    /// Answering what governors asked.
    AnswerQuestions,
    /// Signing the annual review.
    Sign,
    /// Reporting a site, or asking for one.
    Request,
    /// Erasing a person, and how long rows are kept.
    Erase,
    /// The audit trail.
    ReadAudit,
    /// Accounts and roles.
    People,
}

impl Ability {
    /// Every ability.
    pub const ALL: [Self; 28] = [
        Self::Figures,
        Self::SmallNumbers,
        Self::Alerts,
        Self::Watch,
        Self::PupilDays,
        Self::Searches,
        Self::RevealPupil,
        Self::RevealStaff,
        Self::ReadReveals,
        Self::OpenLines,
        Self::Upload,
        Self::Feeds,
        Self::ReadRegister,
        Self::WriteRegister,
        Self::DecideChanges,
        Self::AgreeBypasses,
        Self::SavedQuestions,
        Self::Incidents,
        Self::HeadMatters,
        Self::Hold,
        Self::AskQuestions,
        Self::ReadQuestions,
        Self::AnswerQuestions,
        Self::Sign,
        Self::Request,
        Self::Erase,
        Self::ReadAudit,
        Self::People,
    ];

    /// In words, for docs/roles.md.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Figures => "figures about a school, small numbers hidden",
            Self::SmallNumbers => "the copy of the annual review that hides no small number",
            Self::Alerts => {
                "alerts: of pupils; the head sees those of staff, and what nobody has taken; the chair those of the head"
            }
            Self::Watch => "who watches over pupils\u{2019} alerts, and asking for names",
            Self::PupilDays => "days of single pupils by key",
            Self::Searches => "what pupils searched for, and addresses of pages",
            Self::RevealPupil => "the name behind a pupil's key, and the key of a name",
            Self::RevealStaff => "the name behind a key of staff",
            Self::ReadReveals => {
                "who revealed names, and when; the head reads the safeguarding lead\u{2019}s, the chair the head\u{2019}s"
            }
            Self::OpenLines => "lines in quarantine, opened",
            Self::Upload => "uploading an export of the filter",
            Self::Feeds => "feeds: what came last night, what could not be read",
            Self::ReadRegister => {
                "the register in numbers, days and short answers: checks, changes, who is responsible, policies, training"
            }
            Self::WriteRegister => {
                "writing to the register and the annual review, and what people wrote in the register in words"
            }
            Self::DecideChanges => "deciding a change of the policy that somebody else asked for",
            Self::AgreeBypasses => "deciding a bypass for teaching, or a site that somebody else asked for",
            Self::SavedQuestions => "saved questions: those for the role",
            Self::Incidents => {
                "incidents: what was done about a pupil; the head reads those of staff, the chair those of the head"
            }
            Self::HeadMatters => "by which key the logs know the head",
            Self::Hold => "holding a pupil\u{2019}s rows back from erasure while a case is open",
            Self::AskQuestions => "questions to the head, comments on the annual review, and visits",
            Self::ReadQuestions => "what governors asked and saw, and what was answered",
            Self::AnswerQuestions => "answering what governors asked",
            Self::Sign => "signing the annual review",
            Self::Request => "reporting a site, or asking for one",
            Self::Erase => "erasing a person, and how long rows are kept",
            Self::ReadAudit => "the audit trail",
            Self::People => "accounts and roles",
        }
    }

    /// Whether it comes to what a person did or is called, or to giving such a right.
    pub const fn opens_names(self) -> bool {
        match self {
            Self::SmallNumbers
            | Self::Alerts
            | Self::PupilDays
            | Self::Searches
            | Self::RevealPupil
            | Self::RevealStaff
            | Self::OpenLines
            | Self::Upload
            | Self::Incidents
            | Self::HeadMatters
            | Self::Hold
            | Self::Watch
            | Self::Erase
            | Self::People => true,
            Self::Figures
            | Self::Feeds
            | Self::ReadReveals
            | Self::ReadRegister
            | Self::WriteRegister
            | Self::DecideChanges
            | Self::AgreeBypasses
            | Self::SavedQuestions
            | Self::AskQuestions
            | Self::ReadQuestions
            | Self::AnswerQuestions
            | Self::Sign
            | Self::Request
            | Self::ReadAudit => false,
        }
    }
}

/// Whether a role may do something, at the schools it is held for. Governors never come to a pupil, a key or a search; whoever chairs them
/// comes to what is about the head.
pub const fn may(role: Role, ability: Ability) -> bool {
    use Role::{Administrator, Auditor, Chair, DataProtection, Dsl, Governor, Leader, Officer, Staff, Technician};
    match ability {
        Ability::Figures => !matches!(role, Staff),
        Ability::Alerts => matches!(role, Dsl | Leader | Chair),
        Ability::SmallNumbers | Ability::Watch => matches!(role, Dsl | Leader),
        Ability::PupilDays | Ability::Searches | Ability::RevealPupil => matches!(role, Dsl),
        Ability::RevealStaff => matches!(role, Leader),
        Ability::ReadReveals => matches!(role, Leader | Chair),
        Ability::OpenLines | Ability::Upload => matches!(role, Technician),
        Ability::Feeds => matches!(role, Dsl | Leader | Technician | Administrator),
        Ability::ReadRegister => {
            matches!(role, Governor | Chair | Leader | Dsl | Technician | DataProtection | Officer | Auditor)
        }
        Ability::WriteRegister => matches!(role, Leader | Dsl | Technician),
        Ability::DecideChanges => matches!(role, Leader | Dsl),
        Ability::AgreeBypasses => matches!(role, Dsl),
        Ability::SavedQuestions => matches!(role, Governor | Chair | Leader | Dsl | Technician),
        Ability::Incidents => matches!(role, Dsl | Leader | Chair),
        Ability::HeadMatters => matches!(role, Chair),
        Ability::Hold => matches!(role, Dsl),
        Ability::AskQuestions => matches!(role, Governor | Chair | Officer),
        Ability::ReadQuestions => matches!(role, Governor | Chair | Officer | Leader | Dsl | Auditor),
        Ability::AnswerQuestions => matches!(role, Leader),
        // Those who prepared it sign first, then the head, a governor last.
        Ability::Sign => matches!(role, Governor | Chair | Leader | Dsl | Technician),
        Ability::Request => true,
        Ability::Erase => matches!(role, DataProtection),
        Ability::ReadAudit => matches!(role, DataProtection | Auditor),
        Ability::People => matches!(role, Administrator),
    }
}

/// For which schools a role is held, as written. Groups are those of schools.csv, so that a school that joins a trust is seen by the
/// trust's officers at once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// Every school of the estate.
    Everywhere,
    /// One school.
    School(SchoolId),
    /// The schools of a trust.
    Trust(String),
    /// The schools of a local authority.
    Authority(String),
    /// The schools of a governing body.
    Board(String),
}

impl Place {
    /// Parses `*`, `school:oak`, `trust:...`, `authority:...` or `board:...`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Everywhere);
        }
        let (kind, which) = text.split_once(':')?;
        let which = which.trim();
        if which.is_empty() {
            return None;
        }
        match kind {
            "school" => SchoolId::parse(which).ok().map(Self::School),
            "trust" => Some(Self::Trust(which.to_owned())),
            "authority" => Some(Self::Authority(which.to_owned())),
            "board" => Some(Self::Board(which.to_owned())),
            _ => None,
        }
    }

    /// The schools it stands for today.
    pub fn reach(&self, schools: &BTreeMap<SchoolId, School>) -> Reach {
        let of = |is_in: &dyn Fn(&School) -> bool| {
            Reach::Schools(schools.iter().filter(|(_, school)| is_in(school)).map(|(id, _)| id.clone()).collect())
        };
        match self {
            Self::Everywhere => Reach::Everywhere,
            Self::School(id) => Reach::Schools(schools.keys().filter(|other| *other == id).cloned().collect()),
            Self::Trust(name) => of(&|school| school.trust.as_ref() == Some(name)),
            Self::Authority(name) => of(&|school| school.authority.as_ref() == Some(name)),
            Self::Board(name) => of(&|school| school.governing_body.as_ref() == Some(name)),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everywhere => f.write_str("*"),
            Self::School(id) => write!(f, "school:{id}"),
            Self::Trust(name) => write!(f, "trust:{name}"),
            Self::Authority(name) => write!(f, "authority:{name}"),
            Self::Board(name) => write!(f, "board:{name}"),
        }
    }
}

/// The schools something reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// All, those still to come included.
    Everywhere,
    /// These.
    Schools(BTreeSet<SchoolId>),
}

impl Reach {
    /// Whether it has this school.
    pub fn has(&self, school: &SchoolId) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Schools(schools) => schools.contains(school),
        }
    }

    /// Whether it has every school of another. One that names no school that is there is within nothing but everywhere: nobody
    /// knows what it will come to stand for.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Everywhere, _) => true,
            (Self::Schools(_), Self::Everywhere) => false,
            (Self::Schools(own), Self::Schools(other)) => !other.is_empty() && other.is_subset(own),
        }
    }
}

/// What a signed-in person may do today, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    held: Vec<(Role, Reach)>,
}

impl Access {
    /// The access of whoever holds these roles today.
    pub fn new(held: impl IntoIterator<Item = (Role, Place)>, schools: &BTreeMap<SchoolId, School>) -> Self {
        Self { held: held.into_iter().map(|(role, place)| (role, place.reach(schools))).collect() }
    }

    /// The role under which they may do it at this school; none when they may not.
    pub fn role_at(&self, ability: Ability, school: &SchoolId) -> Option<Role> {
        self.held.iter().find(|(role, reach)| may(*role, ability) && reach.has(school)).map(|(role, _)| *role)
    }

    /// The role under which they may do it anywhere at all; none when they may not. What is then shown must still be narrowed by
    /// [`Access::sees`].
    pub fn role_for(&self, ability: Ability) -> Option<Role> {
        let reaches_some = |reach: &Reach| *reach != Reach::Schools(BTreeSet::new());
        self.held.iter().find(|(role, reach)| may(*role, ability) && reaches_some(reach)).map(|(role, _)| *role)
    }

    /// The role under which they may do it for all of these schools by one role; none when they may not.
    pub fn role_over(&self, ability: Ability, reach: &Reach) -> Option<Role> {
        self.held.iter().find(|(role, own)| may(*role, ability) && own.covers(reach)).map(|(role, _)| *role)
    }

    /// Whether they may do it at this school.
    pub fn sees(&self, ability: Ability, school: &SchoolId) -> bool {
        self.role_at(ability, school).is_some()
    }

    /// Whether they hold a role at this school.
    pub fn holds(&self, role: Role, school: &SchoolId) -> bool {
        self.held.iter().any(|(held, reach)| *held == role && reach.has(school))
    }

    /// Whether a second step is asked of them.
    pub fn needs_second_step(&self) -> bool {
        self.held.iter().any(|(role, _)| role.needs_second_step())
    }
}

/// `docs/roles.md` as it must stand. Set `WEIR_WRITE_DOCS=1` and run this crate's tests to write it again.
pub fn roles_page() -> String {
    let mut page = String::from(
        "# Who sees and does what\n\n\
         Made from `register/src/roles.rs`; do not edit by hand. A role is held at a school, or at the schools of a trust, an authority or a governing body as schools.csv has them, or\n\
         everywhere, from one day to another. A person may hold several. Everything holds for those schools alone: a page about another school does not exist for them.\n\n\
         Governors never see a pupil, a key, a search or a number that is hidden because it is small. Their chair reads what is about the head, and nothing of a pupil. A vice chair who is to\n\
         agree when such an alert is closed holds the role too. Every reveal, export and refusal is a row of the audit trail.\n\n|  |",
    );
    for role in Role::ALL {
        page.push_str(&format!(" {} |", role.words()));
    }
    page.push_str("\n|---|");
    page.push_str(&"---|".repeat(Role::ALL.len()));
    for ability in Ability::ALL {
        page.push_str(&format!("\n| {} |", ability.words()));
        for role in Role::ALL {
            page.push_str(if may(role, ability) { " yes |" } else { "  |" });
        }
    }
    page.push_str("\n| **signs in with a second step** |");
    for role in Role::ALL {
        page.push_str(if role.needs_second_step() { " yes |" } else { "  |" });
    }
    page.push_str("\n| **may sign in by a link in a letter**, without a role that needs a second step |");
    for role in Role::ALL {
        page.push_str(if role.signs_in_by_letter() { " yes |" } else { "  |" });
    }
    page.push_str(
        "\n\nNot all of this has pages yet: docs/gaps.md says what is missing.\n\n\
         **Administrators** give roles within the schools they hold their own for, and could give themselves another: that is a row of the trail, and shows on the page of people. Whoever runs\n\
         the server can read the lake and the vault without Weir. Roles keep people of the school apart from what is not theirs; they are no protection from the machine's owner.\n",
    );
    page
}
