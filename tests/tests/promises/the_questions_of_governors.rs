//! Each of the fifteen questions that governors ask is answered from the overview in at most three clicks, in a real browser.

use weir_tests::browser::Browser;

/// A question, what is clicked on the way from the school's page, and what then stands there: one of these.
type Asked = (&'static str, &'static [&'static str], &'static [&'static str]);

const REVIEW: &str = "The annual review";

/// The first fourteen are a governor's own school; how it compares is for whoever sees the other schools, too.
const QUESTIONS: [Asked; 14] = [
    ("Who is responsible?", &[REVIEW, "Who is responsible"], &["Senior leader", "People must add"]),
    (
        "When was the last review, and what happened since?",
        &[REVIEW, "What should have started a review"],
        &["No review of an earlier year was signed here.", "The last signed review is that of"],
    ),
    (
        "Are all devices, sites, groups and lines covered?",
        &[REVIEW, "How complete the logs are", "Days with logs"],
        &["Days with logs"],
    ),
    ("Are the lists of illegal content on?", &[REVIEW, "Illegal content"], &["Internet Watch Foundation", "IWF"]),
    ("What is blocked, for whom and why?", &[REVIEW, "What is blocked and why", "Share blocked"], &["Share blocked"]),
    ("Is too much blocked?", &[REVIEW, "Over-blocking and changes", "Over-blocking"], &["Over-blocking"]),
    (
        "What are pupils reaching for, and is it rising?",
        &["What are pupils reaching for?"],
        &["in every 100 pupils", "can\u{2019}t say yet"],
    ),
    (
        "Do alerts reach the safeguarding lead?",
        &[REVIEW, "Monitoring and response"],
        &["Alerts about fewer than 5 people, perhaps none.", "raised from the logs"],
    ),
    ("Can pupils get round it?", &[REVIEW, "Ways round the filter", "Ways round the filter"], &["Ways round the filter"]),
    ("Whom do we protect, and who is at greater risk?", &[REVIEW, "Our pupils and their risks"], &["on roll"]),
    ("Is artificial intelligence in use, and assessed?", &[REVIEW, "Artificial intelligence"], &["New AI tools"]),
    ("Are staff trained, and people told?", &[REVIEW, "Policies and training"], &["Self-reported", "People must add"]),
    ("What do we not see?", &[REVIEW, "Limits and gaps"], &["Phones on mobile data"]),
    ("What is next?", &[REVIEW, "Limits and gaps"], &["For each gap an owner and a date", "What people stated"]),
];

/// Goes where a link leads that a reader sees, by its words.
fn click(browser: &mut Browser, words: &str) {
    let find = format!(
        "(() => {{ const seen = [...document.querySelectorAll('a')].filter(a => a.offsetParent !== null && a.textContent.includes({words:?})); \
         const here = location.hash ? document.querySelector(location.hash)?.closest('section') : null; \
         const found = seen.find(a => here && here.contains(a)) ?? seen[0]; return found ? found.href : ''; }})()"
    );
    let link = browser.value(&find).as_str().unwrap_or_default().to_owned();
    assert!(!link.is_empty(), "no link {words:?} on {}", browser.address());
    let page = |address: &str| address.split('#').next().unwrap_or_default().to_owned();
    let here = browser.address();
    match link.split_once('#') {
        Some((to, place)) if page(&here) == to => drop(browser.value(&format!("location.hash = {place:?}"))),
        _ => browser.open(&link),
    }
}

/// What stands where the reader has come to: the part of the page that the address names, or all of it.
fn read(browser: &mut Browser) -> String {
    let read = "(() => { const place = location.hash ? document.querySelector(location.hash) : null; \
                const part = place?.closest('section') ?? document.querySelector('main'); return part.innerText; })()";
    browser.value(read).as_str().unwrap_or_default().to_owned()
}

fn sign_in(browser: &mut Browser, port: u16, printed: &[String], role: &str) {
    let email = format!("{role}@weir-demo.example");
    let line = printed.iter().find(|line| line.contains(&email)).expect("a sign-in");
    let is_password = |cell: &&str| cell.len() == 19 && cell.matches('-').count() == 3;
    let password = line.split(['│', '┆', '|']).map(str::trim).find(is_password).expect("a password");
    browser.open(&format!("http://localhost:{port}/sign-in"));
    browser.send(&[("email", &email), ("password", password)], "Sign in");
}

/// On the demo, with its people as they were printed; leaves the browser signed in as an officer.
pub(crate) fn check(browser: &mut Browser, port: u16, printed: &[String]) {
    sign_in(browser, port, printed, "governor");
    // A governor of one school comes to all schools they see, and from there to theirs.
    let school = "[...document.querySelectorAll('.school a')].map(a => a.href).find(href => href.includes('/school/'))";
    let overview = browser.value(school).as_str().expect("a school").to_owned();
    for (question, clicks, answers) in QUESTIONS {
        assert!(clicks.len() <= 3, "{question}");
        browser.open(&overview);
        for words in clicks {
            click(browser, words);
        }
        let text = read(browser);
        assert!(answers.iter().any(|answer| text.contains(answer)), "{question}\n{}\n{text}", browser.address());
    }
    browser.send(&[], "Sign out");
    sign_in(browser, port, printed, "officer");
    let overview = browser.value(school).as_str().expect("a school").to_owned();
    browser.open(&overview);
    for words in ["All schools", "Tideway Learning Trust"] {
        click(browser, words);
    }
    let text = read(browser);
    assert!(text.contains("Which schools") || text.contains("side by side") || text.contains("Days with logs"), "{text}");
    assert_eq!(browser.complaints(), [] as [String; 0]);
}
