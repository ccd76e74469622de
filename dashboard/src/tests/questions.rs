//! Questions to the head from a figure, and governors' visits, through the pages: who reads, writes, answers, and what the review says.

use axum::http::StatusCode;
use weir_register::Role;

use super::house::House;
use super::markup::check;

const BASE: &str = "/school/oakfield";
const FIGURE: &str = "/school/oakfield/2025-26/figure/theme_rate:violence_weapons";

#[tokio::test]
async fn a_question_keeps_the_figure_it_is_about_until_the_head_answers() {
    let house = House::new().await;
    let mut governor = house.signed_in(Role::Governor, "school:oakfield").await;
    let mut head = house.signed_in(Role::Leader, "school:oakfield").await;
    let page = governor.get(&format!("{BASE}/questions")).await;
    check("questions", &page.body);
    assert!(page.body.contains("Nobody has asked anything here yet.") && page.body.contains("What belongs here"));

    // From the card and from the figure's own page; the head has no such link.
    let ask = format!("{FIGURE}/ask");
    for path in ["/school/oakfield/2025-26", FIGURE] {
        let page = governor.get(path).await;
        check(path, &page.body);
        assert!(page.body.contains(&format!("<a href=\"{ask}\"")) || page.body.contains(&format!("href=\"{ask}\">")), "{path}");
        assert!(!head.get(path).await.body.contains(&ask), "{path}");
    }
    let form = governor.get(&ask).await;
    check(&ask, &form.body);
    // The invented estate's figure of Spring 2 is 3.1.
    assert!(
        form.body.contains("Spring 2, 2025 to 2026: 3.1 in every 100 pupils, in a school week (higher than usual)"),
        "{}",
        form.body
    );
    let empty = governor.post(&ask, &[("text", " ")]).await;
    check(&ask, &empty.body);
    assert!(empty.body.contains("<a href=\"#text\">Write your question.</a>"));
    let long = "x".repeat(1001);
    let kept = governor.post(&ask, &[("text", &long)]).await;
    assert!(kept.body.contains("Use at most 1,000 characters.") && kept.body.contains(&long));
    // What a browser sends beside the text counts for nothing: the figure is read anew.
    let done = governor.post(&ask, &[("text", "What did <you> find?"), ("value", "99"), ("title", "Other")]).await;
    assert_eq!((done.status, done.header("location")), (StatusCode::SEE_OTHER, "/school/oakfield/questions"));
    assert_eq!(governor.post(&format!("{BASE}/2025-26/figure/none/ask"), &[("text", "x")]).await.status, StatusCode::NOT_FOUND);

    // It waits for the head on the first page, and is answered with name and day.
    assert!(head.get("/today").await.body.contains("1 question of governors to answer, the oldest of 23 November 2026"));
    let list = head.get(&format!("{BASE}/questions")).await;
    check("questions", &list.body);
    assert!(list.body.contains("0 questions answered, 1 open.") && list.body.contains("What did &#60;you&#62; find?"));
    assert!(list.body.contains("3.1 in every 100 pupils") && !list.body.contains("Other"));
    let one = format!("{BASE}/questions/1");
    assert!(!governor.get(&one).await.body.contains("/answer\""));
    assert_eq!(governor.post(&format!("{one}/answer"), &[("text", "mine")]).await.status, StatusCode::FORBIDDEN);
    let page = head.post(&format!("{one}/answer"), &[("text", "")]).await;
    check(&one, &page.body);
    assert!(page.body.contains("<a href=\"#text\">Write an answer.</a>"));
    for text in ["It was a lesson.", "It was a lesson about history."] {
        assert_eq!(head.post(&format!("{one}/answer"), &[("text", text)]).await.status, StatusCode::SEE_OTHER);
    }
    let page = governor.get(&one).await;
    check(&one, &page.body);
    assert!(page.body.contains("Answered by leader Beispiel, head or senior leader, 23 November 2026"));
    assert!(page.body.contains("Before that, by") && page.body.contains("It was a lesson."));
    assert!(!head.get("/today").await.body.contains("of governors to answer"));
    // What is answered is not taken back.
    assert_eq!(governor.post(&format!("{one}/withdraw"), &[]).await.status, StatusCode::NOT_FOUND);
    let csv = head.get(&format!("{BASE}/questions/list.csv")).await.body;
    assert!(csv.contains("oakfield,1,theme_rate:violence_weapons,Violence and weapons,2025-26,Spring 2,"), "{csv}");
    assert!(csv.contains(",It was a lesson about history.,leader Beispiel,2026-11-23,answered\r\n"), "{csv}");
    assert_eq!(house.accounts.register().verify_audit(None).await.unwrap().findings, []);
}

#[tokio::test]
async fn a_question_is_withdrawn_by_whoever_asked_and_hidden_numbers_stay_hidden() {
    let house = House::new().await;
    let mut governor = house.signed_in(Role::Governor, "school:oakfield").await;
    let mut officer = house.signed_in(Role::Officer, "school:oakfield").await;
    let ask = format!("{BASE}/2025-26/figure/theme_rate:self_harm/ask");
    assert!(governor.get(&ask).await.body.contains("fewer than 5, perhaps none"));
    governor.post(&ask, &[("text", "one")]).await;
    officer.post(&format!("{BASE}/questions/ask"), &[("text", "two")]).await;
    for page in [governor.get(&format!("{BASE}/questions")).await, governor.get(&format!("{BASE}/questions/list.csv")).await] {
        assert!(page.body.contains("fewer than 5, perhaps none"), "{}", page.body);
    }
    assert_eq!(officer.post(&format!("{BASE}/questions/1/withdraw"), &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(governor.post(&format!("{BASE}/questions/1/withdraw"), &[]).await.status, StatusCode::SEE_OTHER);
    let page = governor.get(&format!("{BASE}/questions")).await.body;
    assert!(page.contains("1 open.") && !page.contains("Question 1<"), "{page}");
    let mut head = house.signed_in(Role::Leader, "school:oakfield").await;
    assert_eq!(head.post(&format!("{BASE}/questions/1/answer"), &[("text", "late")]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_review_counts_questions_and_lists_visits_and_open_ones_carry_over() {
    let house = House::new().await;
    let mut governor = house.signed_in(Role::Governor, "school:oakfield").await;
    governor.post(&format!("{BASE}/questions/ask"), &[("text", "secretwording")]).await;
    let rows = "kind,on,who,seen,asked,answered,next,next_on\nvisit,2026-11-20,Two governors,the grid of checks,why,because,test tablets,2027-01-15\n";
    assert_eq!(governor.post(&format!("{BASE}/visits/paste"), &[("rows", rows)]).await.status, StatusCode::SEE_OTHER);
    let csv = governor.get(&format!("{BASE}/visits/list.csv")).await.body;
    assert!(csv.contains(",visit,2026-11-20,Two governors,the grid of checks,why,because,test tablets,2027-01-15,"), "{csv}");
    let this = governor.get(&format!("{BASE}/2026-27/review")).await.body;
    check("review", &this);
    assert!(this.contains("1 question put to the head: 0 answered, 1 open."));
    assert!(
        this.contains("Visit to the school. On: 20 November 2026; who was there: Two governors")
            && !this.contains("the grid of checks")
    );
    assert!(!this.contains("secretwording"));
    let next = governor.get(&format!("{BASE}/2027-28/review")).await.body;
    assert!(next.contains("1 question of an earlier year still open.") && !next.contains("Visit to the school."));
}

#[tokio::test]
async fn visits_are_the_governors_own() {
    let house = House::new().await;
    let mut governor = house.signed_in(Role::Governor, "school:oakfield").await;
    let mut head = house.signed_in(Role::Leader, "school:oakfield").await;
    let list = format!("{BASE}/visits");
    for path in ["", "/add", "/paste"] {
        let page = governor.get(&format!("{list}{path}")).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        check(path, &page.body);
    }
    let visit =
        [("kind", "visit"), ("on", "20 11 2026"), ("who", "Two governors"), ("seen", "The room"), ("next_on", "21 11 2026")];
    let wrong = governor.post(&format!("{list}/add"), &[("kind", "picnic"), ("on", "24 11 2026"), ("who", "")]).await;
    check("add", &wrong.body);
    for field in ["kind", "on", "who"] {
        assert_eq!(wrong.body.matches(&format!("<a href=\"#{field}\">")).count(), 1, "{field}");
    }
    assert_eq!(governor.post(&format!("{list}/add"), &visit).await.header("location"), format!("{list}/1"));
    let read = head.get(&list).await;
    check(&list, &read.body);
    assert!(read.body.contains("The room") && read.body.contains("Overdue") && !read.body.contains("/visits/add"));
    // Whoever writes the school's lists does not come to this one through them.
    assert_eq!(head.get(&format!("{BASE}/records/visits/add")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(head.post(&format!("{BASE}/records/visits/add"), &visit).await.status, StatusCode::NOT_FOUND);
    assert_eq!(head.post(&format!("{list}/1/withdraw"), &[("why", "no")]).await.status, StatusCode::FORBIDDEN);
    let page = head.get(&format!("{list}/1")).await;
    check("entry", &page.body);
    assert!(page.body.contains("The room") && !page.body.contains("<form class"));
    assert_eq!(governor.post(&format!("{list}/1/withdraw"), &[("why", "twice")]).await.status, StatusCode::SEE_OTHER);
}
