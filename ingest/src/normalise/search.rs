//! Recognises searches: the engine behind a host, and the term in a query as it stands there.
//!
//! Terms are taken before the query is dropped. Requests an engine's page makes by itself while someone types (suggestions) give
//! no term; they are furniture.

/// A search engine, or a site whose own search is worth reading.
pub struct Engine {
    /// As written in `events.search_engine`.
    pub name: &'static str,
    hosts: &'static [HostRule],
    /// Parameters that hold the term, best first.
    params: &'static [&'static str],
    /// Results pages: `/x` is it and what lies below, `*/x` any path that ends so.
    pages: &'static [&'static str],
    /// A parameter elsewhere than on `pages` is no search.
    pages_only: bool,
    /// Requests made while someone types, and the engine's own telemetry.
    suggestions: &'static [&'static str],
    /// Paths whose parameters look like terms and are none.
    not_searches: &'static [&'static str],
    /// The whole host exists to search, so that a row of which only the host is seen counts as its page.
    whole_host: bool,
}

enum HostRule {
    /// This host and those below it.
    Under(&'static str),
    /// `<one of these>.<name>.<any public suffix>`; an empty one is the bare domain.
    AnySuffix(&'static str, &'static [&'static str]),
}

use HostRule::{AnySuffix, Under};

const BASE: Engine = Engine {
    name: "",
    hosts: &[],
    params: &["q"],
    pages: &["/search"],
    pages_only: false,
    suggestions: &[],
    not_searches: &[],
    whole_host: true,
};

/// A site with a search of its own.
const SITE: Engine = Engine { pages_only: true, whole_host: false, ..BASE };

/// An assistant: prompts are seldom in a URL.
const ASSISTANT: Engine = Engine { params: &["q", "prompt"], pages: &[], whole_host: false, ..BASE };

/// Every engine. The order decides nothing: their hosts don't overlap.
pub static ENGINES: &[Engine] = &[
    Engine {
        name: "google",
        hosts: &[AnySuffix("google", &["", "www", "images", "news", "scholar", "video", "m", "encrypted", "forcesafesearch"])],
        params: &["q", "as_q", "oq"],
        pages: &["/search", "/scholar", "/videosearch"],
        suggestions: &["/complete/search", "/gen_204", "/client_204", "/async", "/xjs"],
        not_searches: &["/url", "/maps", "/imgres", "/recaptcha", "/sorry", "/aclk", "/pagead", "/setprefs"],
        ..BASE
    },
    Engine {
        name: "bing",
        hosts: &[Under("bing.com")],
        params: &["q", "Q"],
        pages: &["/search", "/images/search", "/videos/search", "/news/search"],
        suggestions: &[
            "/AS/Suggestions",
            "/AS/API",
            "/osjson.aspx",
            "/qsml.aspx",
            "/fd",
            "/images/async",
            "/videos/async",
            "/th",
        ],
        not_searches: &["/ck", "/aclick", "/maps", "/rp", "/translator"],
        ..BASE
    },
    Engine {
        name: "yahoo",
        hosts: &[Under("search.yahoo.com")],
        params: &["p", "q", "va"],
        suggestions: &["/sugg", "/gossip", "/beacon"],
        ..BASE
    },
    Engine {
        name: "duckduckgo",
        hosts: &[Under("duckduckgo.com")],
        pages: &["/html", "/lite"],
        suggestions: &["/ac", "/t", "/i.js", "/d.js", "/v.js", "/news.js", "/assets"],
        not_searches: &["/y.js", "/l"],
        ..BASE
    },
    Engine { name: "ecosia", hosts: &[Under("ecosia.org")], suggestions: &["/autocomplete"], ..BASE },
    Engine { name: "brave", hosts: &[Under("search.brave.com")], suggestions: &["/api/suggest"], ..BASE },
    Engine {
        name: "qwant",
        hosts: &[Under("qwant.com"), Under("qwantjunior.com")],
        pages: &[],
        suggestions: &["/api/suggest", "/v3/suggest"],
        ..BASE
    },
    Engine { name: "mojeek", hosts: &[Under("mojeek.com"), Under("mojeek.co.uk")], ..BASE },
    Engine { name: "kagi", hosts: &[Under("kagi.com")], suggestions: &["/api/autosuggest"], ..BASE },
    Engine { name: "you", hosts: &[Under("you.com")], ..BASE },
    Engine { name: "swiggle", hosts: &[Under("swiggle.org.uk")], ..BASE },
    Engine { name: "juniorsafesearch", hosts: &[Under("juniorsafesearch.com")], ..BASE },
    Engine {
        name: "startpage",
        hosts: &[Under("startpage.com")],
        params: &["query", "q"],
        pages: &["/sp/search", "/do/search", "/do/dsearch"],
        suggestions: &["/suggestions"],
        ..BASE
    },
    Engine { name: "swisscows", hosts: &[Under("swisscows.com")], params: &["query"], pages: &[], ..BASE },
    Engine { name: "naver", hosts: &[Under("search.naver.com")], params: &["query"], ..BASE },
    Engine { name: "ask", hosts: &[Under("ask.com")], params: &["ask", "q", "searchfor"], pages: &["/web"], ..BASE },
    Engine { name: "aol", hosts: &[AnySuffix("aol", &["search"])], params: &["query", "q"], pages: &["/aol/search"], ..BASE },
    Engine {
        name: "yandex",
        hosts: &[AnySuffix("yandex", &["", "www", "m"]), Under("ya.ru")],
        params: &["text"],
        suggestions: &["/suggest", "/clck"],
        ..BASE
    },
    Engine {
        name: "baidu",
        hosts: &[Under("baidu.com")],
        params: &["wd", "word", "kw"],
        pages: &["/s", "/search"],
        suggestions: &["/sugrec"],
        ..BASE
    },
    Engine { name: "kiddle", hosts: &[Under("kiddle.co")], pages: &["/s.php"], ..BASE },
    Engine { name: "kidrex", hosts: &[Under("kidrex.org")], pages: &["/results"], ..BASE },
    Engine { name: "kidzsearch", hosts: &[Under("kidzsearch.com")], ..BASE },
    Engine { name: "youtube", hosts: &[Under("youtube.com")], params: &["search_query"], pages: &["/results"], ..SITE },
    Engine { name: "tiktok", hosts: &[Under("tiktok.com")], ..SITE },
    Engine { name: "x", hosts: &[Under("x.com"), Under("twitter.com")], ..SITE },
    Engine { name: "reddit", hosts: &[Under("reddit.com")], pages: &["/search", "*/search"], ..SITE },
    Engine { name: "pinterest", hosts: &[AnySuffix("pinterest", &["", "www"])], ..SITE },
    Engine {
        name: "amazon",
        hosts: &[AnySuffix("amazon", &["", "www", "smile"])],
        params: &["k", "field-keywords"],
        pages: &["/s", "*/s"],
        ..SITE
    },
    Engine {
        name: "wikipedia",
        hosts: &[Under("wikipedia.org")],
        params: &["search"],
        pages: &["/w/index.php", "/wiki/special:search"],
        suggestions: &["/w/api.php", "/w/rest.php"],
        ..SITE
    },
    Engine { name: "chatgpt", hosts: &[Under("chatgpt.com"), Under("chat.openai.com")], ..ASSISTANT },
    Engine { name: "claude", hosts: &[Under("claude.ai")], ..ASSISTANT },
    Engine { name: "copilot", hosts: &[Under("copilot.microsoft.com")], ..ASSISTANT },
    Engine { name: "gemini", hosts: &[Under("gemini.google.com")], ..ASSISTANT },
    Engine { name: "grok", hosts: &[Under("grok.com")], ..ASSISTANT },
    Engine { name: "deepseek", hosts: &[Under("chat.deepseek.com")], ..ASSISTANT },
    Engine { name: "perplexity", hosts: &[Under("perplexity.ai")], ..ASSISTANT },
];

/// What a request is to its engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked<'a> {
    /// No search: a picture, a home page, a click on a result.
    Nothing,
    /// Sent by the page itself while someone types.
    Suggestion,
    /// A results page whose term can't be seen.
    Page,
    /// A search; the term as it stands in the query.
    Term(&'a [u8]),
}

/// The engine of a clean host, given its registrable domain.
pub fn engine_of(host: &[u8], domain: Option<&[u8]>) -> Option<u8> {
    let number = ENGINES.iter().position(|engine| engine.hosts.iter().any(|rule| rule.covers(host, domain)))?;
    u8::try_from(number).ok()
}

impl HostRule {
    fn covers(&self, host: &[u8], domain: Option<&[u8]>) -> bool {
        match self {
            Under(name) => is_under(host, name.as_bytes()),
            AnySuffix(name, below) => {
                let Some(domain) = domain else { return false };
                let label = domain.split(|byte| *byte == b'.').next().unwrap_or_default();
                label == name.as_bytes()
                    && host.strip_suffix(domain).is_some_and(|before| {
                        let before = before.strip_suffix(b".").unwrap_or(before);
                        below.iter().any(|wanted| wanted.as_bytes() == before)
                    })
            }
        }
    }
}

/// Whether a host is this name or below it.
pub(crate) fn is_under(host: &[u8], name: &[u8]) -> bool {
    host.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with(b"."))
}

/// Whether a path is this page or below it, whatever the case.
fn is_page(path: &[u8], page: &str) -> bool {
    let path = path.strip_suffix(b"/").unwrap_or(path);
    if let Some(ending) = page.strip_prefix('*') {
        return path.len() >= ending.len() && path[path.len() - ending.len()..].eq_ignore_ascii_case(ending.as_bytes());
    }
    path.len() >= page.len()
        && path[..page.len()].eq_ignore_ascii_case(page.as_bytes())
        && path.get(page.len()).is_none_or(|byte| *byte == b'/')
}

impl Engine {
    /// Reads a request to one of the engine's hosts. An empty path means that only the host was seen.
    pub fn read<'a>(&self, path: &[u8], query: &'a [u8]) -> Asked<'a> {
        if path.is_empty() && query.is_empty() {
            return if self.whole_host { Asked::Page } else { Asked::Nothing };
        }
        let is_any = |pages: &[&str]| pages.iter().any(|page| is_page(path, page));
        if is_any(self.suggestions) {
            return Asked::Suggestion;
        }
        if is_any(self.not_searches) {
            return Asked::Nothing;
        }
        let on_page = is_any(self.pages);
        if !on_page && self.pages_only {
            return Asked::Nothing;
        }
        for param in self.params {
            if let Some(value) = parameter(query, param.as_bytes()) {
                return Asked::Term(value);
            }
        }
        if on_page { Asked::Page } else { Asked::Nothing }
    }
}

/// The first value of a parameter that holds anything.
fn parameter<'a>(query: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut from = 0;
    while from < query.len() {
        let end = memchr::memchr(b'&', &query[from..]).map_or(query.len(), |at| from + at);
        let pair = &query[from..end];
        // A log that went through a web page may hold `&amp;`.
        let pair = pair.strip_prefix(b"amp;").unwrap_or(pair);
        if let Some(value) = pair.strip_prefix(name).and_then(|rest| rest.strip_prefix(b"="))
            && value.iter().any(|byte| *byte != b'+')
        {
            return Some(value);
        }
        from = end + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalise::term::normalise_term;
    use crate::normalise::url;
    use proptest::prelude::*;

    fn ask(text: &str) -> (Option<&'static str>, String) {
        let parts = url::split(text.as_bytes());
        let Some(number) = engine_of(parts.host, url::registrable_domain(parts.host)) else { return (None, String::new()) };
        let engine = &ENGINES[usize::from(number)];
        let what = match engine.read(parts.path, parts.query) {
            Asked::Nothing => String::from("(nothing)"),
            Asked::Suggestion => String::from("(suggestion)"),
            Asked::Page => String::from("(page)"),
            Asked::Term(raw) => {
                let mut term = String::new();
                normalise_term(raw, &mut term);
                term
            }
        };
        (Some(engine.name), what)
    }

    #[test]
    fn searches_are_read() {
        for (url, engine, what) in [
            ("https://www.google.com/search?q=blue+whales&oq=blue", Some("google"), "blue whales"),
            ("https://www.google.co.uk/search?client=x&q=River%20Severn&sourceid=y", Some("google"), "river severn"),
            ("https://google.de/search?as_q=wal", Some("google"), "wal"),
            ("https://images.google.com/images?q=otters", Some("google"), "otters"),
            ("https://scholar.google.com/scholar?q=tides", Some("google"), "tides"),
            ("https://forcesafesearch.google.com/search?q=tides&safe=active", Some("google"), "tides"),
            ("https://www.google.com/complete/search?q=blu", Some("google"), "(suggestion)"),
            ("https://www.google.com/gen_204?q=blu", Some("google"), "(suggestion)"),
            ("https://www.google.com/url?q=https://maps.example/", Some("google"), "(nothing)"),
            ("https://www.google.com/", Some("google"), "(nothing)"),
            ("https://www.google.com/search?hl=en", Some("google"), "(page)"),
            ("https://www.google.com/search?q=&oq=tid", Some("google"), "tid"),
            ("www.google.com:443", Some("google"), "(page)"),
            ("https://docs.google.com/search?q=x", None, ""),
            ("https://google.evil.example/search?q=x", None, ""),
            ("https://notgoogle.com/search?q=x", None, ""),
            ("https://www.bing.com/search?q=volcano&form=QBLH", Some("bing"), "volcano"),
            ("https://www.bing.com/images/search?q=volcano", Some("bing"), "volcano"),
            ("https://www.bing.com/search?Q=volcano", Some("bing"), "volcano"),
            ("https://www.bing.com/AS/Suggestions?qry=v&q=v", Some("bing"), "(suggestion)"),
            ("https://strict.bing.com/search?q=volcano", Some("bing"), "volcano"),
            ("https://uk.search.yahoo.com/search?p=tides&fr=x", Some("yahoo"), "tides"),
            ("https://images.search.yahoo.com/search/images?va=tides", Some("yahoo"), "tides"),
            ("https://duckduckgo.com/?q=tides&t=h_", Some("duckduckgo"), "tides"),
            ("https://duckduckgo.com/ac/?q=ti", Some("duckduckgo"), "(suggestion)"),
            ("https://www.ecosia.org/search?q=trees", Some("ecosia"), "trees"),
            ("https://search.brave.com/search?q=trees", Some("brave"), "trees"),
            ("https://www.qwant.com/?q=trees", Some("qwant"), "trees"),
            ("https://www.swiggle.org.uk/search?q=romans", Some("swiggle"), "romans"),
            ("https://www.startpage.com/do/search?query=romans", Some("startpage"), "romans"),
            ("https://www.startpage.com/sp/search", Some("startpage"), "(page)"),
            ("https://swisscows.com/en/web?query=romans", Some("swisscows"), "romans"),
            ("https://www.ask.com/web?q=romans", Some("ask"), "romans"),
            ("https://search.aol.co.uk/aol/search?q=romans", Some("aol"), "romans"),
            ("https://yandex.com/search/?text=romans", Some("yandex"), "romans"),
            ("https://www.baidu.com/s?wd=romans", Some("baidu"), "romans"),
            ("https://www.youtube.com/results?search_query=how+to+juggle", Some("youtube"), "how to juggle"),
            ("https://www.youtube.com/watch?v=abc&search_query=x", Some("youtube"), "(nothing)"),
            ("www.youtube.com:443", Some("youtube"), "(nothing)"),
            ("https://www.kiddle.co/s.php?q=otters", Some("kiddle"), "otters"),
            ("https://www.tiktok.com/search?q=dance", Some("tiktok"), "dance"),
            ("https://x.com/search?q=dance", Some("x"), "dance"),
            ("https://www.reddit.com/r/otters/search/?q=dance", Some("reddit"), "dance"),
            ("https://www.amazon.co.uk/s?k=football+boots", Some("amazon"), "football boots"),
            ("https://en.wikipedia.org/w/index.php?search=Bronze+Age", Some("wikipedia"), "bronze age"),
            ("https://en.wikipedia.org/w/api.php?action=opensearch&search=Bro", Some("wikipedia"), "(suggestion)"),
            ("https://chatgpt.com/?q=explain+tides", Some("chatgpt"), "explain tides"),
            ("https://gemini.google.com/app", Some("gemini"), "(nothing)"),
            ("https://www.perplexity.ai/search?q=tides", Some("perplexity"), "tides"),
            ("https://maps.example/search?q=x", None, ""),
        ] {
            assert_eq!(ask(url), (engine, what.to_owned()), "{url}");
        }
    }

    proptest! {
        #![proptest_config(crate::properties::cases(256))]

        #[test]
        fn any_engine_reads_any_request(engine in 0..ENGINES.len(), path in "(/[ -~]{0,30})?", query in "[ -~]{0,60}") {
            ENGINES[engine].read(path.as_bytes(), query.as_bytes());
        }
    }
}
