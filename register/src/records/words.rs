//! The closed lists that a record chooses from: what was tested, on what, for whom. Closed, so that schools compare and no name of a
//! person can stand in a grid that governors read.

use crate::Ability;

macro_rules! lists {
    ($($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $one:ident = $word:literal, $words:literal;)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$each])* $one,)* }

        impl $name {
            /// Every one, in the order of pages.
            pub const ALL: &[Self] = &[$(Self::$one,)*];

            /// The word in the register. They stand there for good: add, never rename.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$one => $word,)* }
            }

            /// In words, for pages.
            pub const fn words(self) -> &'static str {
                match self { $(Self::$one => $words,)* }
            }

            /// The one of a word.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.word() == word)
            }
        }
    )*};
}

pub(crate) use lists;

lists! {
    /// What a check tests.
    Test {
        /// The list of child abuse images is on.
        AbuseImages = "abuse_images", "child abuse images are blocked";
        /// The list of terrorist content is on.
        Terrorism = "terrorism", "terrorist content is blocked";
        /// Adult content is blocked.
        Adult = "adult", "adult content is blocked";
        /// Safe search is on and can't be turned off.
        SafeSearch = "safe_search", "safe search can\u{2019}t be turned off";
        /// Ways round the filter are blocked.
        Bypass = "bypass", "ways round the filter are blocked";
        /// Sites for teaching open.
        Teaching = "teaching", "sites for teaching open";
        /// A blocked page reaches whoever monitors.
        Alert = "alert", "an alert reaches the safeguarding lead";
        /// The full check of a school's systems that some policies ask for.
        Security = "security", "security of the systems";
    }

    /// On what kind of device.
    Device {
        /// Desktop computers.
        Desktop = "desktop", "computers in rooms";
        /// Laptops.
        Laptop = "laptop", "school laptops";
        /// Laptops and tablets taken home.
        TakenHome = "taken_home", "school devices at home";
        /// Chromebooks.
        Chromebook = "chromebook", "Chromebooks";
        /// Tablets.
        Tablet = "tablet", "tablets";
        /// Phones of the school.
        Phone = "phone", "school phones";
        /// People's own devices on the school's network.
        Own = "own", "own devices on our Wi-Fi";
        /// Visitors' devices.
        Visitor = "visitor", "visitors\u{2019} devices on our Wi-Fi";
        /// Servers and the network itself.
        Systems = "systems", "servers and network";
    }

    /// For which people.
    UserGroup {
        /// Everybody alike.
        Everybody = "everybody", "everybody";
        /// All pupils alike.
        Pupils = "pupils", "all pupils";
        /// Under five.
        Under5 = "under_5", "pupils under 5";
        /// Five to seven.
        From5 = "from_5", "pupils of 5 to 7";
        /// Seven to eleven.
        From7 = "from_7", "pupils of 7 to 11";
        /// Eleven to fourteen.
        From11 = "from_11", "pupils of 11 to 14";
        /// Fourteen to sixteen.
        From14 = "from_14", "pupils of 14 to 16";
        /// Over sixteen.
        From16 = "from_16", "pupils over 16";
        /// Boarders outside lessons.
        Boarders = "boarders", "boarders";
        /// Staff.
        Staff = "staff", "staff";
        /// Visitors and guests.
        Visitors = "visitors", "visitors";
    }

    /// What kind of change is asked for.
    Kind {
        /// A category, site or setting, for good or for a time.
        Policy = "policy", "change of the policy";
        /// A way past the filter for teaching, for a time.
        Bypass = "bypass", "bypass for teaching";
        /// A site that is blocked and should not be.
        Unblock = "unblock", "site blocked by mistake";
        /// A site that is let through and should not be.
        Report = "report", "site that should be blocked";
    }

    /// From whose view a check was made. The standards ask for both.
    View {
        /// Those who look after the systems.
        Technical = "technical", "IT support";
        /// Those who look after pupils.
        Safeguarding = "safeguarding", "safeguarding";
        /// Both together.
        Both = "both", "both together";
    }

    /// What came of an alert.
    AlertOutcome {
        /// The words or the filter were wrong.
        FalseAlarm = "false_alarm", "a false alarm";
        /// Homework, a lesson, a game.
        Lesson = "lesson", "a lesson or homework";
        /// Somebody spoke with the pupil, and that was enough.
        Spoken = "spoken", "spoken with the person";
        /// Parents or carers were told.
        Home = "home", "parents or carers told";
        /// The school helps: a mentor, a counsellor, a plan.
        Support = "support", "support in school";
        /// Told to social care, the police or another body outside.
        Referred = "referred", "told to a body outside";
    }
}

impl AlertOutcome {
    /// Whether the alert told of nothing that a safeguarding lead had to know.
    pub const fn is_false(self) -> bool {
        matches!(self, Self::FalseAlarm | Self::Lesson)
    }
}

impl Test {
    /// The least that is tested everywhere: child abuse images, terrorist and adult content.
    pub const fn is_least(self) -> bool {
        matches!(self, Self::AbuseImages | Self::Terrorism | Self::Adult)
    }

    /// In one or two words, for the head of a column.
    pub const fn short(self) -> &'static str {
        match self {
            Self::AbuseImages => "abuse images",
            Self::Terrorism => "terrorism",
            Self::Adult => "adult",
            Self::SafeSearch => "safe search",
            Self::Bypass => "ways round",
            Self::Teaching => "teaching sites",
            Self::Alert => "alerts",
            Self::Security => "security",
        }
    }

    /// At least so often, whatever the school plans: a security check is monthly, all else yearly.
    pub const fn at_least_every(self) -> u16 {
        match self {
            Self::Security => 31,
            _ => 366,
        }
    }
}

impl Kind {
    /// Whoever decides it must be able to do this. A bypass or a site is agreed with the safeguarding lead.
    pub const fn decided_under(self) -> Ability {
        match self {
            Self::Policy => Ability::DecideChanges,
            Self::Bypass | Self::Unblock | Self::Report => Ability::AgreeBypasses,
        }
    }
}
