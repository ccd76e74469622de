//! The invented estate: fourteen schools, their filters, their years of pupils. Nothing here is a real school or person.

use crate::vendor::Format;

/// The phase of a school.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Infant,
    Junior,
    Primary,
    Secondary,
    Special,
}

impl Phase {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Phase::Infant => "infant",
            Phase::Junior => "junior",
            Phase::Primary => "primary",
            Phase::Secondary => "secondary",
            Phase::Special => "special",
        }
    }

    /// Year groups, youngest first.
    pub(crate) const fn years(self) -> &'static [&'static str] {
        match self {
            Phase::Infant => &["Reception", "Year 1", "Year 2"],
            Phase::Junior => &["Year 3", "Year 4", "Year 5", "Year 6"],
            Phase::Primary => &["Reception", "Year 1", "Year 2", "Year 3", "Year 4", "Year 5", "Year 6"],
            Phase::Secondary => &["Year 7", "Year 8", "Year 9", "Year 10", "Year 11"],
            Phase::Special => &["Year 5", "Year 6", "Year 7", "Year 8", "Year 9", "Year 10", "Year 11"],
        }
    }

    /// Whether older pupils' lessons and searches fit.
    pub(crate) const fn is_older(self) -> bool {
        matches!(self, Phase::Secondary | Phase::Special)
    }
}

/// How the filter learns who someone is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignIn {
    /// Every pupil signs in.
    Own,
    /// A class shares one sign-in; staff have their own.
    Classes,
    /// Nobody is known: addresses and networks only.
    Nobody,
}

/// How the filter writes a log-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoginForm {
    /// `21afern`.
    Plain,
    /// `21afern@oakfield.example`.
    Mail(&'static str),
    /// `KESTREL\21afern`, in the log's own escaping.
    Domain(&'static str),
}

/// One school.
#[derive(Debug, Clone, Copy)]
pub(crate) struct School {
    pub id: &'static str,
    pub name: &'static str,
    pub urn: &'static str,
    pub phase: Phase,
    pub nation: &'static str,
    pub governing_body: &'static str,
    pub trust: &'static str,
    pub authority: &'static str,
    /// First two parts of its addresses.
    pub network: [u8; 2],
    /// Pupils who start each year, about.
    pub cohort: usize,
    /// Lines a school day at scale 1.
    pub lines: usize,
    /// Prefix of device names.
    pub site: &'static str,
    /// The filter's id, format and own name.
    pub source: &'static str,
    pub format: Format,
    pub appliance: &'static str,
    pub sign_in: SignIn,
    pub login: LoginForm,
    /// Whether the filter opens encrypted traffic.
    pub inspects: bool,
}

/// A firewall that stands in front of several schools' own filters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SharedFirewall {
    pub source: &'static str,
    pub format: Format,
    pub appliance: &'static str,
    pub schools: &'static [&'static str],
}

pub(crate) const TRUST_FIREWALL: SharedFirewall = SharedFirewall {
    source: "trust-firewall",
    format: Format::Fortigate,
    appliance: "TIDEWAY-FW1",
    schools: &["harbour-secondary", "harbour-primary"],
};

const BASE: School = School {
    id: "",
    name: "",
    urn: "",
    phase: Phase::Primary,
    nation: "england",
    governing_body: "",
    trust: "",
    authority: "Larkshire",
    network: [10, 0],
    cohort: 30,
    lines: 150,
    site: "",
    source: "",
    format: Format::Squid,
    appliance: "",
    sign_in: SignIn::Own,
    login: LoginForm::Plain,
    inspects: true,
};

/// Every school, in the order of schools.csv.
pub(crate) const SCHOOLS: [School; 14] = [
    School {
        id: "oakfield-infants",
        name: "Oakfield Infant School",
        urn: "900101",
        phase: Phase::Infant,
        governing_body: "Oakfield Federation",
        network: [10, 11],
        cohort: 58,
        lines: 85,
        site: "OKI",
        source: "oakfield-infants-filter",
        format: Format::Squid,
        appliance: "oki-proxy",
        sign_in: SignIn::Classes,
        login: LoginForm::Mail("oakfield.example"),
        ..BASE
    },
    School {
        id: "oakfield-juniors",
        name: "Oakfield Junior School",
        urn: "900102",
        phase: Phase::Junior,
        governing_body: "Oakfield Federation",
        network: [10, 12],
        cohort: 61,
        lines: 250,
        site: "OKJ",
        source: "oakfield-filter",
        format: Format::Squid,
        appliance: "okj-proxy",
        login: LoginForm::Mail("oakfield.example"),
        ..BASE
    },
    School {
        id: "harbour-secondary",
        name: "Harbour Secondary School",
        urn: "900201",
        phase: Phase::Secondary,
        governing_body: "Harbour Secondary Local Governing Body",
        trust: "Tideway Learning Trust",
        authority: "Marrow Bay",
        network: [10, 20],
        cohort: 172,
        lines: 545,
        site: "HBS",
        source: "harbour-secondary-filter",
        format: Format::E2guardian5,
        appliance: "hbs-e2g",
        ..BASE
    },
    School {
        id: "harbour-primary",
        name: "Harbour Primary School",
        urn: "900202",
        governing_body: "Harbour Primary Local Governing Body",
        trust: "Tideway Learning Trust",
        authority: "Marrow Bay",
        network: [10, 21],
        cohort: 44,
        lines: 200,
        site: "HBP",
        source: "harbour-primary-filter",
        format: Format::SquidCombined,
        appliance: "hbp-proxy",
        ..BASE
    },
    School {
        id: "larkrise-infants",
        name: "Larkrise Infant School",
        urn: "900301",
        phase: Phase::Infant,
        governing_body: "Larkrise Infant School Governing Body",
        network: [10, 31],
        cohort: 30,
        lines: 75,
        site: "LRK",
        source: "larkrise-dns",
        format: Format::UmbrellaDns,
        appliance: "Larkrise Infant School",
        sign_in: SignIn::Nobody,
        ..BASE
    },
    School {
        id: "millbrook-primary",
        name: "Millbrook Primary School",
        urn: "900302",
        governing_body: "Millbrook Primary School Governing Body",
        network: [10, 32],
        cohort: 45,
        lines: 200,
        site: "MLB",
        source: "millbrook-filter",
        format: Format::E2guardian1,
        appliance: "mlb-e2g",
        ..BASE
    },
    School {
        id: "kestrel-academy",
        name: "Kestrel Vale Academy",
        urn: "900401",
        phase: Phase::Secondary,
        governing_body: "Kestrel Vale Academy Trustees",
        trust: "Kestrel Vale Academy",
        network: [10, 41],
        cohort: 184,
        lines: 530,
        site: "KES",
        source: "kestrel-fortigate",
        format: Format::Fortigate,
        appliance: "KESTREL-FW1",
        ..BASE
    },
    School {
        id: "st-brannocks",
        name: "St Brannock's Church of England School",
        urn: "900402",
        phase: Phase::Secondary,
        governing_body: "St Brannock's Governing Body",
        network: [10, 42],
        cohort: 150,
        lines: 455,
        site: "STB",
        source: "st-brannocks-paloalto",
        format: Format::Paloalto,
        appliance: "STB-PA440",
        login: LoginForm::Domain("stb\\"),
        ..BASE
    },
    School {
        id: "ysgol-cwm-derw",
        name: "Ysgol Cwm Derw",
        urn: "9900501",
        phase: Phase::Secondary,
        nation: "wales",
        governing_body: "Corff Llywodraethu Ysgol Cwm Derw",
        authority: "Sir Derwen",
        network: [10, 51],
        cohort: 138,
        lines: 425,
        site: "YCD",
        source: "cwm-derw-sophos",
        format: Format::Sophos,
        appliance: "cwmderw-xgs",
        ..BASE
    },
    School {
        id: "ysgol-nant-y-coed",
        name: "Ysgol Nant-y-Coed",
        urn: "9900502",
        nation: "wales",
        governing_body: "Corff Llywodraethu Ysgol Nant-y-Coed",
        authority: "Sir Derwen",
        network: [10, 52],
        cohort: 31,
        lines: 165,
        site: "YNC",
        source: "nant-y-coed-umbrella",
        format: Format::UmbrellaProxy,
        appliance: "Ysgol Nant-y-Coed",
        login: LoginForm::Mail("nantycoed.example"),
        ..BASE
    },
    School {
        id: "willowbank-special",
        name: "Willowbank School",
        urn: "900601",
        phase: Phase::Special,
        governing_body: "Willowbank School Governing Body",
        network: [10, 61],
        cohort: 16,
        lines: 130,
        site: "WLB",
        source: "willowbank-arista",
        format: Format::Untangle,
        appliance: "wlb-ngfw",
        ..BASE
    },
    School {
        id: "northgate-high",
        name: "Northgate High School",
        urn: "900701",
        phase: Phase::Secondary,
        governing_body: "Northgate High School Governing Body",
        authority: "Marrow Bay",
        network: [10, 71],
        cohort: 146,
        lines: 425,
        site: "NGH",
        source: "northgate-watchguard",
        format: Format::Watchguard,
        appliance: "NGH-M390",
        ..BASE
    },
    School {
        id: "abbotsmead-primary",
        name: "Abbotsmead Primary School",
        urn: "900702",
        governing_body: "Abbotsmead Primary School Governing Body",
        authority: "Marrow Bay",
        network: [10, 72],
        cohort: 43,
        lines: 190,
        site: "ABM",
        source: "abbotsmead-proxysg",
        format: Format::Proxysg,
        appliance: "abm-sg",
        ..BASE
    },
    School {
        id: "fellside-primary",
        name: "Fellside Primary School",
        urn: "900801",
        governing_body: "Fellside Primary School Governing Body",
        authority: "Hollowdale",
        network: [10, 81],
        cohort: 29,
        lines: 165,
        site: "FEL",
        source: "fellside-fortigate",
        format: Format::FortigateCef,
        appliance: "FELLSIDE-FW1",
        ..BASE
    },
];

/// Position of a school in [`SCHOOLS`].
pub(crate) fn index_of(id: &str) -> usize {
    SCHOOLS.iter().position(|school| school.id == id).unwrap_or(0)
}
