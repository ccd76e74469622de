//! What pupils and staff open and search for, and what computers fetch by themselves. General words only; no method of harm.

use crate::category::Category;

/// A site people open.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site {
    pub host: &'static str,
    pub category: Category,
    pub paths: &'static [&'static str],
    /// Whether its encrypted pages may be opened by the filter; sign-in pages and some apps may not.
    pub inspectable: bool,
}

const fn site(host: &'static str, category: Category, paths: &'static [&'static str]) -> Site {
    Site { host, category, paths, inspectable: true }
}

const fn closed(host: &'static str, category: Category) -> Site {
    Site { host, category, paths: &["/"], inspectable: false }
}

/// Lessons and homework, any age.
pub(crate) const LESSON_SITES: [Site; 17] = [
    site("www.bbc.co.uk", Category::Education, &["/bitesize/articles/z", "/bitesize/guides/z", "/newsround/"]),
    site(
        "en.wikipedia.org",
        Category::Education,
        &["/wiki/Romans_in_Britain_", "/wiki/Volcano_", "/wiki/River_", "/wiki/Tudor_period_"],
    ),
    site("www.mathsburrow.example", Category::Education, &["/times-tables/", "/fractions/level-", "/game/number-line-"]),
    site("www.spellingmeadow.example", Category::Education, &["/week-", "/lists/year-", "/practice/"]),
    site("classroom.google.com", Category::Education, &["/c/NTk4MD", "/u/0/a/not-turned-in/all/"]),
    site("docs.google.com", Category::Education, &["/document/d/1sAmPlE", "/presentation/d/1sAmPlE"]),
    site("www.science-shed.example", Category::Education, &["/ks2/electricity/", "/ks3/cells/", "/experiments/"]),
    site("www.readinghollow.example", Category::Education, &["/books/", "/quiz/"]),
    site("www.metoffice.gov.uk", Category::General, &["/weather/learn-about/", "/weather/forecast/gc"]),
    site("www.nationalarchives.gov.uk", Category::Education, &["/education/sessions/", "/education/resources/"]),
    site("www.coast-and-county.example", Category::Education, &["/rivers/", "/maps/coast-"]),
    site("www.bbc.com", Category::General, &["/news/articles/c", "/sport/football/"]),
    site("teams.microsoft.com", Category::Education, &["/v2/?x=", "/api/mt/part/emea-03/beta/users/"]),
    site("www.nhs.uk", Category::Health, &["/live-well/", "/conditions/"]),
    site("www.typingorchard.example", Category::Education, &["/lesson-", "/race/"]),
    site("www.village-history.example", Category::Uncategorised, &["/mill/", "/photos/"]),
    site("scratch.mit.edu", Category::Education, &["/projects/10", "/projects/editor/?tutorial="]),
];

/// Not for pupils, or not in lessons; none of these has a theme.
pub(crate) const DISTRACTIONS: [Site; 8] = [
    site("www.blockhopper-games.example", Category::Games, &["/play/", "/top/"]),
    site("www.unblockedarcade.example", Category::Games, &["/g/", "/new/"]),
    closed("www.instagram.com", Category::SocialMedia),
    closed("www.tiktok.com", Category::SocialMedia),
    closed("www.snapchat.com", Category::SocialMedia),
    closed("discord.com", Category::Messaging),
    site("www.youtube.com", Category::Streaming, &["/watch?v=sampl", "/shorts/sampl"]),
    site("www.starling-tv.example", Category::Streaming, &["/watch/", "/live/"]),
];

/// AI tools in use from the first day of the data.
pub(crate) const AI_TOOLS: [Site; 3] = [
    closed("chatgpt.com", Category::AiAssistant),
    closed("copilot.microsoft.com", Category::AiAssistant),
    closed("gemini.google.com", Category::AiAssistant),
];

/// Staff only.
pub(crate) const STAFF_SITES: [Site; 5] = [
    closed("outlook.office.com", Category::Infrastructure),
    closed("login.microsoftonline.com", Category::Infrastructure),
    site("www.lessonlarder.example", Category::Education, &["/resources/", "/schemes/"]),
    site("www.registers-online.example", Category::Education, &["/marks/", "/attendance/"]),
    site("www.gov.uk", Category::General, &["/government/publications/", "/guidance/"]),
];

/// A request that comes with a page: host, path, media type, category.
pub(crate) type Part = (&'static str, &'static str, &'static str, Category);

/// What pages bring along from elsewhere.
pub(crate) const PARTS: [Part; 10] = [
    ("www.google-analytics.com", "/g/collect", "image/gif", Category::Adverts),
    ("fonts.googleapis.com", "/css2", "text/css", Category::Delivery),
    ("fonts.gstatic.com", "/s/opensans/v40/mem8Y.woff2", "font/woff2", Category::Delivery),
    ("pagead2.googlesyndication.com", "/pagead/js/adsbygoogle.js", "text/javascript", Category::Adverts),
    ("securepubads.g.doubleclick.net", "/gampad/ads", "text/html", Category::Adverts),
    ("cdn.jsdelivr.net", "/npm/sample@1/dist/sample.min.js", "application/javascript", Category::Delivery),
    ("i.ytimg.com", "/vi/sample/hqdefault.jpg", "image/jpeg", Category::Delivery),
    ("www.googletagmanager.com", "/gtm.js", "application/javascript", Category::Adverts),
    ("ssl.gstatic.com", "/images/branding/product/1x/sample.png", "image/png", Category::Delivery),
    ("static.cloudflareinsights.com", "/beacon.min.js", "text/javascript", Category::Adverts),
];

/// What a page brings along from its own host.
pub(crate) const OWN_PARTS: [(&str, &str); 6] = [
    ("/assets/site.css", "text/css"),
    ("/assets/app.js", "application/javascript"),
    ("/images/header.jpg", "image/jpeg"),
    ("/images/icons.svg", "image/svg+xml"),
    ("/favicon.ico", "image/x-icon"),
    ("/images/photo.webp", "image/webp"),
];

/// What computers fetch by themselves.
pub(crate) const BACKGROUND: [Part; 12] = [
    ("settings-win.data.microsoft.com", "/settings/v3.0/wsd/update", "application/json", Category::Infrastructure),
    ("v10.events.data.microsoft.com", "/OneCollector/1.0/", "application/json", Category::Infrastructure),
    (
        "ctldl.windowsupdate.com",
        "/msdownload/update/v3/static/trustedr/en/disallowedcertstl.cab",
        "application/octet-stream",
        Category::Infrastructure,
    ),
    ("au.download.windowsupdate.com", "/d/msdownload/update/sample.cab", "application/octet-stream", Category::Infrastructure),
    ("clients2.google.com", "/service/update2/crx", "application/x-chrome-extension", Category::Infrastructure),
    ("update.googleapis.com", "/service/update2/json", "application/json", Category::Infrastructure),
    ("ocsp.digicert.com", "/", "application/ocsp-response", Category::Infrastructure),
    ("www.msftconnecttest.com", "/connecttest.txt", "text/plain", Category::Infrastructure),
    ("connectivitycheck.gstatic.com", "/generate_204", "", Category::Infrastructure),
    ("gs-loc.apple.com", "/clls/wloc", "application/octet-stream", Category::Infrastructure),
    ("mesu.apple.com", "/assets/macos/sample.xml", "application/xml", Category::Infrastructure),
    ("edge.microsoft.com", "/componentupdater/api/v1/update", "application/json", Category::Infrastructure),
];

/// Searches of younger children.
pub(crate) const YOUNG_TERMS: [&str; 28] = [
    "roman shields",
    "volcano facts for kids",
    "what do hedgehogs eat",
    "tudor clothes",
    "river severn map",
    "how to draw a fox",
    "times tables game",
    "great fire of london",
    "butterfly life cycle",
    "planets in order",
    "phonics games",
    "world book day costume ideas",
    "viking longship",
    "mountains in wales",
    "how do magnets work",
    "stone age houses",
    "fractions of amounts",
    "easter colouring",
    "football scores",
    "healthy lunch box",
    "how big is a blue whale",
    "paper aeroplane",
    "nelson mandela facts",
    "rainforest animals",
    "sats practice paper",
    "christmas carols",
    "capital of peru",
    "bee facts",
];

/// Searches of older pupils.
pub(crate) const OLDER_TERMS: [&str; 28] = [
    "macbeth ambition quotes",
    "quadratic formula",
    "an inspector calls themes",
    "photosynthesis equation",
    "cold war timeline",
    "coastal erosion case study",
    "python for loop",
    "french past tense",
    "ionic bonding diagram",
    "treaty of versailles terms",
    "gcse pe muscles",
    "spanish verbs",
    "newton second law",
    "apprenticeships near me",
    "revision timetable",
    "sixth form open evening",
    "density practical",
    "power and conflict poems",
    "plate tectonics",
    "bus times",
    "world cup qualifiers",
    "chromatography method",
    "medicine through time",
    "business studies cash flow",
    "interview tips",
    "art moodboard ideas",
    "geography fieldwork questions",
    "how to cite sources",
];

/// Searches in Welsh.
pub(crate) const WELSH_TERMS: [&str; 10] = [
    "hanes cymru",
    "owain glyndwr",
    "tywydd caerdydd",
    "lluosi a rhannu",
    "mabinogi blodeuwedd",
    "dydd gwyl dewi",
    "afonydd cymru",
    "ffotosynthesis",
    "eisteddfod yr urdd",
    "castell caernarfon",
];

/// Lessons that look like concerns and are none.
pub(crate) const LOOKALIKE_TERMS: [&str; 22] = [
    "romeo and juliet suicide theme",
    "romeo and juliet act 3 scene 5",
    "holocaust memorial day assembly",
    "how did the holocaust start",
    "breast cancer cell biology",
    "county rivers of england",
    "sussex coast erosion",
    "essex salt marshes",
    "weed control in gardens",
    "bomb calorimeter experiment",
    "suffragette bombing campaign sources",
    "mein kampf source analysis",
    "isis egyptian goddess",
    "of mice and men curleys wife death",
    "cell division mitosis",
    "shooting hoops drills",
    "cocktail sausages recipe",
    "pot plant experiment",
    "speed distance time triangle",
    "photo shoot lighting",
    "kill switch circuit",
    "starving artists in paris",
];

/// A theme: its weekly rate in 100 pupils (younger, older), searches, and a site with the vendor category that means it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Theme {
    pub id: &'static str,
    pub young: f64,
    pub older: f64,
    pub terms: &'static [&'static str],
    pub site: Option<Site>,
}

/// The themes planted, in the order of truth.json.
pub(crate) const THEMES: [Theme; 12] = [
    Theme {
        id: "self_harm",
        young: 0.02,
        older: 0.10,
        terms: &["self harm", "i want to hurt myself", "why do i hurt myself"],
        site: None,
    },
    Theme {
        id: "suicide",
        young: 0.0,
        older: 0.04,
        terms: &["suicidal thoughts", "i feel suicidal", "i want to die"],
        site: None,
    },
    Theme { id: "eating_disorder", young: 0.0, older: 0.04, terms: &["pro ana", "thinspo"], site: None },
    Theme { id: "mental_distress", young: 0.02, older: 0.08, terms: &["i hate my life", "i feel so alone"], site: None },
    Theme {
        id: "drugs",
        young: 0.0,
        older: 0.10,
        terms: &["buy weed", "buy vapes under 18"],
        site: Some(site("www.cloudnine-herbs.example", Category::Drugs, &["/shop/", "/"])),
    },
    Theme {
        id: "violence_weapons",
        young: 0.05,
        older: 0.12,
        terms: &["buy a knife online", "zombie knife"],
        site: Some(site("www.bladeandbarrel.example", Category::Weapons, &["/catalogue/", "/"])),
    },
    Theme {
        id: "extremism",
        young: 0.0,
        older: 0.03,
        terms: &[],
        site: Some(site("www.pureland-front.example", Category::Extremism, &["/join/", "/"])),
    },
    Theme {
        id: "sexual_content",
        young: 0.05,
        older: 0.20,
        terms: &["porn", "porn videos"],
        site: Some(site("www.velvet-pages.example", Category::Pornography, &["/", "/v/"])),
    },
    Theme {
        id: "gambling",
        young: 0.02,
        older: 0.12,
        terms: &["online casino", "betting sites"],
        site: Some(site("www.luckyreels.example", Category::Gambling, &["/slots/", "/"])),
    },
    Theme {
        id: "circumvention",
        young: 0.08,
        older: 0.22,
        terms: &["how to bypass school filter", "free vpn for school", "unblocked proxy"],
        site: Some(site("www.swiftfox-vpn.example", Category::Circumvention, &["/download/", "/"])),
    },
    Theme {
        id: "hacking_piracy",
        young: 0.0,
        older: 0.08,
        terms: &["how to hack school wifi", "free movie torrents"],
        site: Some(site("www.torrent-harbour.example", Category::Piracy, &["/films/", "/"])),
    },
    Theme {
        id: "help_seeking",
        young: 0.03,
        older: 0.10,
        terms: &["childline", "samaritans", "how do i get help with anxiety"],
        site: Some(site("www.childline.org.uk", Category::HelpLine, &["/get-support/", "/toolbox/"])),
    },
];

/// Browsers of the schools' devices.
pub(crate) const AGENTS: [&str; 5] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; CrOS x86_64 16093.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
    "Microsoft-Delivery-Optimization/10.1",
];
