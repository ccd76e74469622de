//! Books: recorded, pasted, changed and withdrawn through the pages, and what governors and the review see of them.

use axum::http::StatusCode;
use weir_register::Role;

use super::house::House;
use super::markup::check;

const BASE: &str = "/school/oakfield/records";

#[tokio::test]
async fn an_entry_from_the_empty_page_to_its_withdrawal() {
    let house = House::new().await;
    let mut head = house.signed_in(Role::Leader, "school:oakfield").await;
    let page = head.get(BASE).await;
    check(BASE, &page.body);
    assert!(page.body.contains("14 of 14 lists are empty.") && page.body.contains("nothing recorded"));
    for book in weir_register::records::Book::ALL {
        for address in [String::new(), "/add".into(), "/paste".into()] {
            let address = format!("{BASE}/{}{address}", book.id);
            let page = head.get(&address).await;
            assert_eq!(page.status, StatusCode::OK, "{address}");
            check(&address, &page.body);
        }
    }
    assert_eq!(head.get(&format!("{BASE}/sweets")).await.status, StatusCode::NOT_FOUND);

    // What is wrong leads to its field, and what was typed stays.
    let list = format!("{BASE}/training");
    let typed = [("what", "<Reporting>"), ("whom", "staff"), ("on", "31 2 2026"), ("came", "40"), ("of", "12")];
    let page = head.post(&format!("{list}/add"), &typed).await;
    check("add", &page.body);
    assert!(page.body.contains("<li><a href=\"#on\">Use a day such as 1 9 2026 or 2026-09-01.</a></li>"));
    assert!(page.body.contains("<li><a href=\"#came\">These are more than there were.</a></li>"));
    assert!(page.body.contains("value=\"&#60;Reporting&#62;\"") && page.body.contains("<option value=\"staff\" selected>"));

    let typed =
        [("what", "Reporting"), ("whom", "staff"), ("on", "2 9 2026"), ("came", "3"), ("of", "12"), ("again", "1 10 2026")];
    let done = head.post(&format!("{list}/add"), &typed).await;
    assert_eq!(done.header("location"), format!("{list}/1"));
    let page = head.get(&format!("{list}/1")).await;
    check("entry", &page.body);
    assert!(page.body.contains("2 September 2026") && page.body.contains("Overdue"));

    let mut changed = typed;
    changed[3] = ("came", "4");
    let done = head.post(&format!("{list}/1/change"), &changed).await;
    assert_eq!(done.header("location"), format!("{list}/2"));
    let page = head.get(&format!("{list}/2")).await;
    check("entry", &page.body);
    assert!(page.body.contains("What stood here before"));
    assert_eq!(head.post(&format!("{list}/1/change"), &changed).await.status, StatusCode::NOT_FOUND, "replaced already");

    // A governor reads days and choices, and of few people that they are few.
    let mut governor = house.signed_in(Role::Governor, "school:oakfield").await;
    let page = governor.get(&list).await;
    check(&list, &page.body);
    assert!(page.body.contains("fewer than 5, perhaps none") && !page.body.contains("<dd>4</dd>"));
    for address in ["/add", "/paste", "/list.csv", "/2", "/2/change"] {
        assert_eq!(governor.get(&format!("{list}{address}")).await.status, StatusCode::FORBIDDEN, "{address}");
    }

    let done = head.post(&format!("{list}/2/withdraw"), &[("why", "")]).await;
    check("entry", &done.body);
    assert!(done.body.contains("Say what was wrong with it."));
    assert_eq!(head.post(&format!("{list}/2/withdraw"), &[("why", "never held")]).await.status, StatusCode::SEE_OTHER);
    assert!(head.get(&list).await.body.contains("None of these."));
    assert_eq!(house.accounts.register().verify_audit(None).await.unwrap().findings, []);
}

#[tokio::test]
async fn rows_are_pasted_all_or_none_and_come_back_as_they_were() {
    let house = House::new().await;
    let mut head = house.signed_in(Role::Leader, "school:oakfield").await;
    let list = format!("{BASE}/policies");
    let wrong = "kind,agreed_on,again\nonline_safety,2025-10-01,2026-10-01\ncooking,2025-10-01,2026-10-01\n";
    let page = head.post(&format!("{list}/paste"), &[("rows", wrong)]).await;
    check("paste", &page.body);
    assert!(page.body.contains("Row 3. kind: use one of safeguarding, online_safety") && page.body.contains("cooking,2025"));
    assert!(head.get(&list).await.body.contains("What belongs here"), "nothing was recorded");
    let right = "Policy\tIts name here\tAgreed on\tDue again by\nonline safety\t=Safe online\t1/10/2025\t1/10/2026\n";
    assert_eq!(head.post(&format!("{list}/paste"), &[("rows", right)]).await.status, StatusCode::SEE_OTHER);
    let csv = head.get(&format!("{list}/list.csv")).await.body;
    let mut lines = csv.lines();
    assert!(lines.next().unwrap().starts_with("school_id,entry,kind,name,version,agreed_on,"));
    assert!(lines.next().unwrap().contains(",online_safety,'=Safe online,,2025-10-01,"), "{csv}");
    // What was downloaded can be pasted again.
    assert_eq!(head.post(&format!("{list}/paste"), &[("rows", &csv)]).await.status, StatusCode::SEE_OTHER);
    assert!(head.get(&list).await.body.contains("2 entries, 2 overdue."));
}
