//! What a page owes to everyone who reads it: no rule of WCAG 2.2 A and AA broken that a program can check, nothing lost on a small
//! screen or in large type, every control reached by keyboard, with its focus to be seen.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::browser::Browser;

/// The rules of axe-core that stand for WCAG 2.2, levels A and AA.
const RULES: &str = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa']";

/// The narrowest screen on which nothing may need scrolling sideways (WCAG 1.4.10).
const NARROW: u32 = 320;

/// axe-core's text, from the file that `WEIR_AXE` names; none where there is none.
pub fn axe() -> Option<String> {
    let path = std::env::var_os("WEIR_AXE").map(PathBuf::from).filter(|path| path.is_file())?;
    Some(std::fs::read_to_string(path).expect("axe-core is text"))
}

/// What axe-core finds, each as rule, selector and why.
fn broken_rules(browser: &mut Browser, axe: &str, only: &str) -> Vec<String> {
    // By the debugger's protocol, which the page's policy does not bind: the pages themselves let no script run.
    browser.run(&format!("if (!window.axe) {{ {axe} }}"));
    let run = format!(
        "axe.run(document, {{runOnly: {only}, resultTypes: ['violations']}}).then(found => found.violations.flatMap(rule => \
         rule.nodes.map(node => rule.id + ' at ' + node.target.join(' ') + ': ' + \
         [...node.any, ...node.all, ...node.none].map(check => check.message).join('; '))))"
    );
    words(&browser.value(&run))
}

fn words(list: &Value) -> Vec<String> {
    list.as_array().expect("a list").iter().map(|word| word.as_str().expect("a text").to_owned()).collect()
}

/// Elements whose edge lies outside the page's width, the innermost of each branch, unless a box of their own scrolls them.
const TOO_WIDE: &str = "(() => {
    const root = document.documentElement, width = root.clientWidth;
    if (root.scrollWidth <= width) return [];
    const sticks_out = e => e.getBoundingClientRect().right > width + 1 && e.getBoundingClientRect().width > 0;
    const is_held = e => { for (let p = e.parentElement; p; p = p.parentElement) if (getComputedStyle(p).overflowX !== 'visible') return true; };
    const all = [...document.querySelectorAll('body *')].filter(e => sticks_out(e) && !is_held(e));
    const found = all.filter(e => !all.some(other => other !== e && e.contains(other))).slice(0, 3);
    return found.length ? found.map(e => e.tagName + '.' + e.className + ' ' + e.textContent.trim().slice(0, 40)) : ['the page itself'];
})()";

/// Pieces of text that lie over one another, and boxes that cut their text off. Charts are pictures, with a table beside them.
const CUT_OR_OVERLAID: &str = "(() => {
    const found = [], pieces = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node; (node = walk.nextNode()); ) {
        const holder = node.parentElement;
        if (!node.data.trim() || holder.closest('svg, option, .skip') || !holder.checkVisibility({visibilityProperty: true})) continue;
        let hidden = false;
        for (let e = holder; e; e = e.parentElement) {
            const style = getComputedStyle(e);
            if (e.clientWidth <= 1 && style.overflow !== 'visible' || style.clipPath !== 'none') hidden = true;
            if (['hidden', 'clip'].includes(style.overflowX) && e.clientWidth > 1 && e.scrollWidth > e.clientWidth + 1 ||
                ['hidden', 'clip'].includes(style.overflowY) && e.clientHeight > 1 && e.scrollHeight > e.clientHeight + 1) {
                if (e !== document.documentElement && e !== document.body) found.push('cut off: ' + e.tagName + '.' + e.className);
            }
        }
        if (hidden) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        for (const box of range.getClientRects()) {
            // Half the line above and below belongs to nobody.
            const slack = box.height / 4;
            if (box.width > 2) pieces.push({node, top: box.top + slack, bottom: box.bottom - slack, left: box.left + 1, right: box.right - 1});
        }
    }
    pieces.sort((a, b) => a.top - b.top);
    for (let i = 0; i < pieces.length; i++) {
        for (let j = i + 1; j < pieces.length && pieces[j].top < pieces[i].bottom; j++) {
            const [a, b] = [pieces[i], pieces[j]];
            if (a.node !== b.node && a.left < b.right && b.left < a.right && found.length < 5)
                found.push('over one another: ' + a.node.data.trim().slice(0, 40) + ' / ' + b.node.data.trim().slice(0, 40));
        }
    }
    return [...new Set(found)];
})()";

/// Notes each control that has had the focus, and whether one could see that it had. Of a group of radio buttons one stands for all, as
/// arrow keys go through the rest.
const WATCH_FOCUS: &str = "(() => {
    const name = e => e.type === 'radio' ? 'radio ' + e.name : e;
    const controls = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex=\"0\"]')]
        .filter(e => !e.disabled && e.checkVisibility({visibilityProperty: true}));
    window.weirWanted = new Map(controls.map(e => [name(e), e]));
    window.weirUnseen = new Set();
    addEventListener('focusin', event => {
        const e = event.target, style = getComputedStyle(e), box = e.getBoundingClientRect();
        window.weirWanted.delete(name(e));
        const is_seen = (parseFloat(style.outlineWidth) >= 2 && style.outlineStyle !== 'none' || style.boxShadow !== 'none') && box.width > 1;
        if (!is_seen) window.weirUnseen.add(e.tagName + '.' + e.className + ' ' + (e.id || e.textContent.trim().slice(0, 40)));
    });
    document.activeElement?.blur();
    return window.weirWanted.size;
})()";

/// What was never reached, or was reached unseen.
const AFTER_TABS: &str = "[...window.weirWanted.values()].map(e => 'not reached by Tab: ' + e.tagName + ' ' + (e.id || e.textContent.trim().slice(0, 40)))
    .concat([...window.weirUnseen].map(e => 'focus not seen: ' + e))";

/// What is wrong with the page that the browser shows, a sentence each.
pub fn wrongs(browser: &mut Browser, axe: &str) -> Vec<String> {
    let mut wrongs = broken_rules(browser, axe, &format!("{{type: 'tag', values: {RULES}}}"));
    browser.prefer("prefers-color-scheme", "dark");
    let dark = broken_rules(browser, axe, "{type: 'rule', values: ['color-contrast']}");
    wrongs.extend(dark.into_iter().map(|wrong| format!("in the dark: {wrong}")));
    browser.prefer("prefers-color-scheme", "");
    browser.set_width(NARROW);
    wrongs.extend(words(&browser.value(TOO_WIDE)).into_iter().map(|wrong| format!("wider than {NARROW} pixels: {wrong}")));
    wrongs.extend(words(&browser.value(CUT_OR_OVERLAID)).into_iter().map(|wrong| format!("at {NARROW} pixels: {wrong}")));
    browser.set_width(0);
    let size = "parseFloat(getComputedStyle(document.querySelector('main')).fontSize)";
    let before = browser.value(size).as_f64().expect("a size");
    browser.value("document.documentElement.style.fontSize = '200%'");
    let after = browser.value(size).as_f64().expect("a size");
    if after < before * 1.99 {
        wrongs.push(format!("text asked to be twice as large went from {before} to {after} pixels"));
    }
    for script in [TOO_WIDE, CUT_OR_OVERLAID] {
        wrongs.extend(words(&browser.value(script)).into_iter().map(|wrong| format!("with text at 200 %: {wrong}")));
    }
    browser.value("document.documentElement.style.fontSize = ''");
    wrongs
}

/// What of the page the keyboard does not reach, or reaches unseen.
pub fn wrongs_by_keyboard(browser: &mut Browser) -> Vec<String> {
    let controls = browser.value(WATCH_FOCUS).as_u64().expect("a number");
    // The main part and boxes that scroll may take the focus, too.
    for _ in 0..controls + 12 {
        browser.press("Tab", 9);
    }
    words(&browser.value(AFTER_TABS))
}

/// Which elements with which classes a page is made of: pages of one address that are made alike need looking at once.
pub fn made_of(browser: &mut Browser) -> String {
    let kinds = "[...new Set([...document.querySelectorAll('body *')].map(e => e.tagName + '.' + (e.className.baseVal ?? e.className)))].sort().join(' ')";
    browser.value(kinds).as_str().expect("a text").to_owned()
}

/// The addresses that a page of this site leads to.
pub fn ways_on(browser: &mut Browser) -> Vec<String> {
    let links = "[...document.querySelectorAll('a[href]')].filter(a => a.origin === location.origin && !a.hasAttribute('download')) \
                 .map(a => a.pathname + a.search)";
    words(&browser.value(links))
}

/// How many forms of the page ask for something to be typed or chosen that nothing stands in yet.
pub fn empty_forms(browser: &mut Browser) -> usize {
    let forms = format!("({EMPTY_FORMS}).length");
    browser.value(&forms).as_u64().expect("a number") as usize
}

const EMPTY_FORMS: &str = "[...document.querySelectorAll('main form[method=post]')].filter(form => \
     [...form.elements].some(e => e.matches('input[type=text], input:not([type]), input[type=password], input[type=email], textarea') && !e.value \
     || e.type === 'radio' && !form.elements[e.name].value || e.matches('select') && !e.value))";

/// Sends one of the page's empty forms as it is, and waits for the page that says what is missing.
pub fn send_empty_form(browser: &mut Browser, which: usize) {
    browser.leave(&format!(
        "(form => {{ form.noValidate = true; form.querySelector('button').click(); }})(({EMPTY_FORMS})[{which}])"
    ));
}

/// A list for an assertion's message.
pub fn listed(wrongs: &[String]) -> String {
    json!(wrongs).as_array().into_iter().flatten().map(|wrong| format!("\n{}", wrong.as_str().unwrap_or_default())).collect()
}
