//! Lists that are pasted, sorted and paged, and the policy: asked for by one, agreed by another, written to policy.csv.

use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use weir_lake::ids::SchoolId;
use weir_register::Role;
use weir_register::records::PolicyLine;

use super::house::House;
use super::markup::check;
use crate::{PolicyCategory, PolicyFile, PolicyRefused, PolicyStands};

const BASE: &str = "/school/oakfield";

/// A policy in memory.
#[derive(Clone, Default)]
pub(super) struct Invented(pub(super) Arc<Mutex<Vec<PolicyLine>>>);

impl PolicyFile for Invented {
    fn rows(&self, _: &SchoolId) -> Result<Vec<PolicyStands>, PolicyRefused> {
        let own = self.0.lock().unwrap().clone().into_iter().map(|line| PolicyStands {
            is_for_all: false,
            who: line.who,
            category: line.category,
            expected: if line.expected == "block" { "block" } else { "allow" },
            reason: line.reason,
            from: Some(line.from),
            to: line.to,
        });
        let all = PolicyStands {
            is_for_all: true,
            who: "*".into(),
            category: "games".into(),
            expected: "block",
            reason: "Kept for clubs <b>".into(),
            from: None,
            to: None,
        };
        Ok(own.chain([all]).collect())
    }

    fn categories(&self) -> Result<Vec<PolicyCategory>, PolicyRefused> {
        Ok(["games", "gambling"].map(|id| PolicyCategory { id: id.into(), words: id.into() }).to_vec())
    }

    fn write(&self, _: &SchoolId, rows: &[PolicyLine]) -> Result<(), PolicyRefused> {
        if rows.iter().any(|row| row.reason.contains("unwritable")) {
            return Err(PolicyRefused::Said("policy.csv stands as before.".into()));
        }
        self.0.lock().unwrap().extend_from_slice(rows);
        Ok(())
    }
}

#[tokio::test]
async fn checks_are_pasted_all_or_none_sorted_and_paged() {
    let house = House::new().await;
    let mut technician = house.signed_in(Role::Technician, "school:oakfield").await;
    let list = format!("{BASE}/checks");
    let plan = [("site", "Main"), ("device", "tablet"), ("group", "staff"), ("every", "50"), ("test-adult", "yes")];
    assert_eq!(technician.post(&format!("{list}/plan"), &plan).await.status, StatusCode::SEE_OTHER);
    let paste = format!("{list}/paste");
    check(&paste, &technician.get(&paste).await.body);
    let head = "day,site,device,user_group,passed,failed,done_by,view,found,action,owner,due\n";
    let good = "2026-11-20,main,tablet,staff,adult; safe_search,,Quill,technical,,,,\n";
    for (row, words) in [
        ("2026-11-20,Main,toaster,staff,adult,,Q,technical,,,,\n", "Row 3. device: use one of "),
        ("2026-11-20,Annexe,tablet,staff,adult,,Q,technical,,,,\n", "Row 3. site: no place of this site"),
        ("2026-11-20,Main,tablet,staff,adult; adult,,Q,technical,,,,\n", "Row 3. passed: adult stands twice."),
        ("2026-11-20,Main,tablet,staff,adult; cooking,,Q,technical,,,,\n", "Row 3. passed: use one of "),
        ("20 20 2026,Main,tablet,staff,adult,,Q,technical,,,,\n", "Row 3. day: use a day such as"),
        ("2026-11-24,Main,tablet,staff,adult,,Q,technical,,,,\n", "Row 3. day: This day is still to come."),
        ("2026-11-20,Main,tablet,staff,,adult,Q,technical,,,,\n", "Row 3. found: Something failed"),
    ] {
        let page = technician.post(&paste, &[("rows", &format!("{head}{good}{row}"))]).await;
        check(&paste, &page.body);
        assert!(page.body.contains(words) && page.body.contains("href=\"#rows\""), "{words}: {}", page.body);
        assert!(page.body.contains("Quill"), "what was typed stays");
        assert!(technician.get(&format!("{list}/list.csv")).await.body.lines().count() == 1, "none is recorded: {words}");
    }
    let many: String = (0..60)
        .map(|at| format!("2026-{:02}-{:02},Main,Tablet,Staff,adult,,Q{at},technical,,,,\n", 9 + at / 30, 1 + at % 28))
        .collect();
    assert_eq!(technician.post(&paste, &[("rows", &format!("{head}{many}"))]).await.status, StatusCode::SEE_OTHER);
    let page = technician.get(&list).await;
    check(&list, &page.body);
    assert!(page.body.contains("newest first, 1 to 50 of 60") && page.body.contains("28 October 2026"));
    let second = technician.get(&format!("{list}?show=all&sort=newest&page=2")).await;
    check(&list, &second.body);
    assert!(second.body.contains("51 to 60 of 60") && !second.body.contains("28 October 2026"));
    let oldest = technician.get(&format!("{list}?sort=oldest")).await.body;
    assert!(oldest.contains("oldest first, 1 to 50 of 60") && oldest.contains(">1 September 2026<"));
    // What was downloaded can be pasted again.
    let csv = technician.get(&format!("{list}/list.csv")).await.body;
    assert_eq!(csv.lines().count(), 61);
    assert_eq!(technician.post(&paste, &[("rows", &csv)]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(technician.get(&format!("{list}/list.csv")).await.body.lines().count(), 121);
    assert_eq!(house.accounts.register().verify_audit(None).await.unwrap().findings, []);
}

#[tokio::test]
async fn requests_are_pasted_in_ones_own_name_and_decided_by_nobody_else_s_word() {
    let house = House::new().await;
    let mut technician = house.signed_in(Role::Technician, "school:oakfield").await;
    let paste = format!("{BASE}/changes/paste");
    check(&paste, &technician.get(&paste).await.body);
    let rows = "kind\twhat\tuser_group\treason\trisk\tfrom\tuntil\tdecision\nunblock\tb.example\tall pupils\tmaths\t\t\t\tapproved\nsite blocked by mistake\ta.example\tstaff\tart\t\t2026-12-01\t\t\n";
    assert_eq!(technician.post(&paste, &[("rows", rows)]).await.status, StatusCode::SEE_OTHER);
    let list = technician.get(&format!("{BASE}/changes?sort=what")).await;
    check("changes", &list.body);
    assert!(list.body.find("a.example").unwrap() < list.body.find("b.example").unwrap());
    assert!(list.body.contains("2 changes waiting for a decision"), "what was decided elsewhere is not taken in");
    let bad = "kind,what,user_group,reason,from\nunblock,c.example,staff,art,2026-11-22\n";
    let page = technician.post(&paste, &[("rows", bad)]).await;
    assert!(page.body.contains("Row 2. from: This day is over."));
}

#[tokio::test]
async fn the_policy_is_asked_for_by_one_agreed_by_another_and_written_by_neither_alone() {
    let (house, file) = House::with_policy().await;
    let mut technician = house.signed_in(Role::Technician, "school:oakfield").await;
    let mut head = house.signed_in(Role::Leader, "school:oakfield").await;
    let mut governor = house.signed_in(Role::Governor, "school:oakfield").await;
    let page = governor.get(&format!("{BASE}/policy")).await;
    check("policy", &page.body);
    assert!(page.body.contains("Kept for clubs &#60;b&#62;") && !page.body.contains("/policy/ask"));
    let ask = format!("{BASE}/policy/ask");
    check(&ask, &technician.get(&ask).await.body);
    let page = technician
        .post(&ask, &[("category", "cooking"), ("expected", ""), ("reason", ""), ("from", "1 11 2026"), ("to", "x")])
        .await;
    check(&ask, &page.body);
    for field in ["category", "expected", "reason", "from", "to"] {
        assert_eq!(page.body.matches(&format!("<a href=\"#{field}\">")).count(), 1, "{field}");
    }
    let typed = [
        ("category", "games"),
        ("expected", "allow"),
        ("who", "Staff"),
        ("reason", "Used in lessons."),
        ("from", ""),
        ("to", ""),
    ];
    let one = technician.post(&ask, &typed).await.header("location").to_owned();
    assert_eq!(one, format!("{BASE}/changes/1"));
    let write = format!("{one}/write");
    assert_eq!(technician.post(&write, &[]).await.status, StatusCode::NOT_FOUND, "nobody has agreed");
    let decided = head.post(&format!("{one}/decide"), &[("decision", "approved"), ("why", "Agreed.")]).await;
    assert_eq!(decided.status, StatusCode::SEE_OTHER);
    let page = head.get(&one).await;
    check(&one, &page.body);
    assert!(page.body.contains("You agreed to this, so somebody else writes it."));
    let page = head.post(&write, &[]).await;
    check(&one, &page.body);
    assert!(page.body.contains("Whoever approved a change does not make it") && file.0.lock().unwrap().is_empty());
    let page = technician.get(&one).await;
    check(&one, &page.body);
    assert!(page.body.contains("games, staff: allow, from 23 November 2026. Used in lessons."));
    assert_eq!(technician.post(&write, &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(technician.post(&write, &[]).await.status, StatusCode::NOT_FOUND, "once");
    assert_eq!(
        file.0.lock().unwrap().iter().map(|row| (row.who.as_str(), row.category.as_str())).collect::<Vec<_>>(),
        [("staff", "games")]
    );
    let page = governor.get(&format!("{BASE}/policy")).await;
    check("policy", &page.body);
    assert!(page.body.contains("Used in lessons.") && page.body.contains("this school"));
    let csv = governor.get(&format!("{BASE}/policy/list.csv")).await.body;
    assert!(csv.contains("oakfield,staff,games,allow,Used in lessons.,2026-11-23,\r\n*,*,games,block,"), "{csv}");
    assert_eq!(house.accounts.register().verify_audit(None).await.unwrap().findings, []);
}

#[tokio::test]
async fn rows_of_the_policy_are_pasted_with_line_and_column_of_what_is_wrong() {
    let (house, file) = House::with_policy().await;
    let mut technician = house.signed_in(Role::Technician, "school:oakfield").await;
    let mut lead = house.signed_in(Role::Dsl, "school:oakfield").await;
    let paste = format!("{BASE}/policy/paste");
    check(&paste, &technician.get(&paste).await.body);
    let head = "school_id,profile,category,expected,reason,from,to\n";
    for (row, words) in [
        ("*,,games,block,x,,\n", "Row 2. school_id: use oakfield, or leave it out"),
        ("oakfield,,cooking,block,x,,\n", "Row 2. category: use one of games, gambling."),
        ("oakfield,,games,deny,x,,\n", "Row 2. expected: Use block, warn or allow."),
        ("oakfield,,games,block,,,\n", "Row 2. reason: Say why on one line"),
        ("oakfield,,games,block,x,2026-11-01,\n", "Row 2. from: This day is over"),
        ("oakfield,,games,block,x,,2026-11-01\n", "Row 2. to: The last day is before the first."),
        ("oakfield,,games,block,x,soon,\n", "Row 2. from: use a day such as"),
    ] {
        let page = technician.post(&paste, &[("reason", "as agreed"), ("rows", &format!("{head}{row}"))]).await;
        check(&paste, &page.body);
        assert!(page.body.contains(words) && page.body.contains("as agreed"), "{words}: {}", page.body);
    }
    let rows = format!("{head},pupil,games,block,Kept for clubs.,,\noakfield,,gambling,warn,unwritable,,2027-07-20\n");
    let one = technician.post(&paste, &[("reason", "as agreed"), ("rows", &rows)]).await.header("location").to_owned();
    assert!(technician.get(&one).await.body.contains("2 rows of policy.csv"));
    lead.post(&format!("{one}/decide"), &[("decision", "approved"), ("why", "Agreed.")]).await;
    // A file that can't be written leaves the change as it was, and says so.
    let page = technician.post(&format!("{one}/write"), &[]).await;
    check(&one, &page.body);
    assert!(page.body.contains("<a href=\"#policy\">policy.csv stands as before.</a>") && file.0.lock().unwrap().is_empty());
    assert!(technician.get(&one).await.body.contains("Approved, not made yet"));
}
