//! Words that logs use: which header word names which column, and what a word of decision means; from the known formats and a short list.

use std::collections::HashMap;

use crate::format::spec::{ColumnSpec, Texts};
use crate::format::{Catalogue, FormatError};

/// Header words of exports, by column. `host` and `url` are told apart by what stands under them.
const HEADINGS: [(&str, &[&str]); 16] = [
    (
        "time",
        &[
            "time",
            "datetime",
            "date",
            "timestamp",
            "utctimestamp",
            "dateandtime",
            "timegenerated",
            "createddatetime",
            "receivetime",
            "generatetime",
            "logtime",
            "epochtime",
            "eventtime",
            "when",
            "rt",
            "ts",
            "logdate",
            "starttime",
        ],
    ),
    (
        "user",
        &[
            "user",
            "username",
            "userid",
            "sourceuser",
            "login",
            "suser",
            "samaccountname",
            "userprincipalname",
            "identity",
            "identities",
            "profileusername",
            "person",
            "pupil",
            "student",
            "account",
            "accountname",
            "csusername",
            "usrname",
            "srcuser",
        ],
    ),
    ("user_group", &["group", "usergroup", "usergroups", "userou", "dept", "department", "ou"]),
    ("profile", &["policy", "policyname", "profile", "filteringprofilename", "policyidentity"]),
    ("rule", &["rule", "rulename", "rulelabel", "filterrule"]),
    (
        "device",
        &["machinename", "computer", "computername", "devicename", "devicehostname", "hostmachine", "agentname", "device"],
    ),
    (
        "src_ip",
        &[
            "sourceip",
            "ipaddress",
            "clientip",
            "cip",
            "internalip",
            "localipv4address",
            "sourceaddress",
            "srcip",
            "src",
            "client",
            "ip",
            "clientaddress",
            "callingip",
        ],
    ),
    (
        "url",
        &[
            "url",
            "website",
            "destination",
            "uri",
            "destinationurl",
            "remoteurl",
            "eurl",
            "request",
            "domain",
            "fqdn",
            "host",
            "hostname",
            "site",
            "urlhostname",
            "destinationfqdn",
            "destdomain",
            "address",
            "webaddress",
            "cshost",
            "desturl",
        ],
    ),
    (
        "vendor_category",
        &[
            "category",
            "categories",
            "allcategories",
            "urlcat",
            "urlcategory",
            "webcategory",
            "webcategories",
            "urlcategories",
            "groups",
        ],
    ),
    (
        "action",
        &[
            "action",
            "verdict",
            "result",
            "outcome",
            "decision",
            "finalaction",
            "eventresult",
            "disposition",
            "act",
            "actiontype",
            "blocked",
            "isblocked",
        ],
    ),
    ("search_term", &["searchterm", "searchquery", "searchphrase", "search", "keywords"]),
    ("method", &["method", "httpmethod", "requestmethod", "csmethod"]),
    ("status", &["statuscode", "httpstatus", "responsecode", "scstatus", "httpstatuscode"]),
    ("content_type", &["contenttype", "mimetype", "mime"]),
    ("app", &["app", "application", "appname", "applicationname"]),
    ("referrer", &["referrer", "referer", "referrerurl"]),
];

/// Words of decision whose meaning no product turns round.
const VERDICTS: [(&str, &[&str]); 4] = [
    ("allowed", &["allowed", "allow", "permit", "permitted", "pass", "passed", "accept", "accepted", "passthrough"]),
    ("blocked", &["blocked", "block", "deny", "denied", "reject", "rejected", "drop", "dropped", "refused", "stopped"]),
    ("warned", &["warn", "warned", "warning", "cautioned"]),
    ("overridden", &["override", "overridden", "overrode", "bypass", "bypassed"]),
];

/// Columns that a draft fills.
const DRAFTED: [&str; 18] = [
    "user",
    "user_domain",
    "user_group",
    "profile",
    "rule",
    "device",
    "src_ip",
    "method",
    "url",
    "host",
    "content_type",
    "referrer",
    "app",
    "vendor_category",
    "search_term",
    "action",
    "status",
    "time",
];

/// A word's letters and digits, in small letters.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

pub(super) fn is_address(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}

/// A name with a dot, as hosts have, perhaps with a port.
pub(super) fn is_host(text: &str) -> bool {
    let name = match text.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|c| c.is_ascii_digit()) => name,
        _ => text,
    };
    let ends_in_letters =
        name.rsplit('.').next().is_some_and(|end| end.len() >= 2 && end.chars().all(|c| c.is_ascii_alphabetic()));
    name.contains('.') && ends_in_letters && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
}

/// What words mean.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    headings: HashMap<String, &'static str>,
    verdicts: HashMap<String, &'static str>,
}

impl Vocabulary {
    /// The short list, then what the known formats agree on.
    pub(super) fn new(catalogue: &Catalogue) -> Result<Self, FormatError> {
        let mut headings: HashMap<String, Vec<&'static str>> = HashMap::new();
        let mut verdicts: HashMap<String, Vec<&'static str>> = HashMap::new();
        for format in catalogue.all()? {
            let spec = &format.spec;
            for (column, sources) in &spec.columns {
                let Some(column) = DRAFTED.iter().find(|drafted| *drafted == column) else { continue };
                for source in sources.as_slice() {
                    let (fields, table) = match source {
                        ColumnSpec::From(field) => (vec![field.as_str()], None),
                        ColumnSpec::Full(full) => {
                            (full.from.iter().flat_map(Texts::as_slice).map(String::as_str).collect(), full.table.as_ref())
                        }
                    };
                    for field in fields {
                        headings.entry(plain(field)).or_default().push(column);
                    }
                    let words = table.filter(|_| *column == "action").and_then(|name| spec.table.get(name));
                    for (word, meaning) in words.into_iter().flatten() {
                        let known = VERDICTS.iter().find(|(known, _)| known == meaning).map_or("", |(known, _)| known);
                        verdicts.entry(word.to_lowercase()).or_default().push(known);
                    }
                }
            }
        }
        let agreed = |found: HashMap<String, Vec<&'static str>>| {
            found.into_iter().filter_map(|(word, meanings)| {
                let first = *meanings.first()?;
                let is_word = word.len() >= 3 && word.chars().any(|c| c.is_ascii_alphabetic()) && !word.contains('*');
                (is_word && !first.is_empty() && meanings.iter().all(|meaning| *meaning == first)).then_some((word, first))
            })
        };
        let mut vocabulary = Self { headings: agreed(headings).collect(), verdicts: agreed(verdicts).collect() };
        for (column, words) in HEADINGS {
            vocabulary.headings.extend(words.iter().map(|word| ((*word).to_owned(), column)));
        }
        for (action, words) in VERDICTS {
            vocabulary.verdicts.extend(words.iter().map(|word| ((*word).to_owned(), action)));
        }
        Ok(vocabulary)
    }

    /// The column that a header word or key names.
    pub(super) fn column(&self, name: &str) -> Option<&'static str> {
        let name = name.strip_prefix("label.").unwrap_or(name);
        self.headings.get(&plain(name)).copied()
    }

    /// What a word of decision means, with the word as it is known here.
    pub(super) fn verdict(&self, word: &str) -> Option<(&str, &'static str)> {
        self.verdicts.get_key_value(&word.to_lowercase()).map(|(word, action)| (word.as_str(), *action))
    }
}
