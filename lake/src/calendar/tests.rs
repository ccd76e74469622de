use super::*;
use crate::estate::{School, SchoolHours, six_half_terms};

fn id(text: &str) -> SchoolId {
    SchoolId::parse(text).unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn school(text: &str, nation: &str) -> School {
    School {
        school_id: id(text),
        name: text.into(),
        urn: None,
        phase: "primary".into(),
        nation: nation.into(),
        timezone: "Europe/London".into(),
        governing_body: None,
        trust: None,
        authority: None,
        opens: None,
        closes: None,
    }
}

fn row(school: Option<&str>, start: &str, end: &str, kind: CalendarKind, label: &str) -> CalendarRow {
    CalendarRow { school_id: school.map(id), start: day(start), end: day(end), kind, label: label.into() }
}

fn estate() -> Estate {
    use CalendarKind::{Closure, HalfTermBlock, Holiday, Inset};
    let schools = [school("oak", "england"), school("elm", "england"), school("ash", "scotland"), school("fir", "england")];
    let mut estate =
        Estate { schools: schools.into_iter().map(|school| (school.school_id.clone(), school)).collect(), ..Estate::default() };
    estate.calendar = vec![
        row(None, "2026-09-01", "2026-10-23", HalfTermBlock, "Autumn 1"),
        row(None, "2026-11-02", "2026-12-18", HalfTermBlock, "Autumn 2"),
        row(Some("oak"), "2026-09-01", "2026-09-02", Inset, "Training"),
        row(Some("elm"), "2026-08-27", "2026-10-16", HalfTermBlock, "Autumn 1"),
        row(None, "2026-08-31", "2026-08-31", Holiday, "Summer bank holiday"),
        row(Some("elm"), "2026-11-06", "2026-11-06", Closure, "Boiler"),
        row(Some("oak"), "2025-09-02", "2025-10-24", HalfTermBlock, "autumn 1"),
        row(Some("oak"), "2025-11-03", "2025-12-19", HalfTermBlock, "Second half-term"),
        row(Some("ash"), "2026-08-17", "2026-10-09", HalfTermBlock, "Term 1a"),
    ];
    estate.hours.by_school.insert(id("elm"), (Time::constant(7, 30, 0, 0), Time::constant(18, 0, 0, 0)));
    estate
}

#[test]
fn school_days_are_weekdays_of_a_half_term_without_holiday_inset_or_closure() {
    let calendar = Calendar::new(&estate());
    let table: &[(&str, &str, &str, u32)] = &[
        ("fir", "2026-09-01", "2026-10-23", 39),
        ("oak", "2026-09-01", "2026-10-23", 37),
        ("oak", "2026-11-02", "2026-12-18", 35),
        ("elm", "2026-11-02", "2026-12-18", 34),
        ("elm", "2026-08-24", "2026-10-23", 36),
        ("oak", "2026-10-24", "2026-11-01", 0),
        ("oak", "2026-09-03", "2026-09-02", 0),
        ("ash", "2026-08-17", "2026-10-09", 39),
    ];
    for (school, from, to, wanted) in table {
        assert_eq!(calendar.school_days(&id(school), day(from), day(to)), *wanted, "{school} {from} {to}");
        assert_eq!(calendar.school_dates(&id(school), day(from), day(to)).count() as u32, *wanted);
    }
    let half_terms = calendar.half_terms(&id("oak"), AcademicYear(2026));
    assert_eq!(
        half_terms.iter().map(|h| (h.label.as_str(), h.school_days)).collect::<Vec<_>>(),
        [("Autumn 1", 37), ("Autumn 2", 35)]
    );
    assert!((half_terms[0].school_weeks() - 7.4).abs() < 1e-12);
    for (date, wanted) in
        [("2026-09-02", false), ("2026-09-03", true), ("2026-09-05", false), ("2026-10-23", true), ("2026-10-26", false)]
    {
        assert_eq!(calendar.is_school_day(&id("oak"), day(date)), wanted, "{date}");
    }
}

#[test]
fn the_academic_year_is_the_half_terms_then_the_nations() {
    let calendar = Calendar::new(&estate());
    for (school, date, wanted) in [
        ("oak", "2026-08-31", "2025-26"),
        ("oak", "2026-09-01", "2026-27"),
        ("elm", "2026-08-27", "2026-27"),
        ("elm", "2026-08-26", "2025-26"),
        ("ash", "2026-08-14", "2025-26"),
        ("ash", "2026-08-15", "2026-27"),
        ("ash", "2027-06-25", "2026-27"),
        ("fir", "2099-12-31", "2099-00"),
    ] {
        assert_eq!(calendar.academic_year(&id(school), day(date)).to_string(), wanted, "{school} {date}");
    }
    for (text, wanted) in [
        ("2025-26", Some(2025)),
        ("2099-00", Some(2099)),
        ("2025-27", None),
        ("2025-2026", None),
        ("25-26", None),
        ("+025-26", None),
    ] {
        assert_eq!(AcademicYear::parse(text).map(|year| year.0), wanted, "{text}");
    }
}

#[test]
fn last_years_half_term_is_found_by_label_then_by_place() {
    let calendar = Calendar::new(&estate());
    let oak = id("oak");
    let found = |label: &str| {
        let half_term =
            calendar.half_terms(&oak, AcademicYear(2026)).into_iter().find(|half_term| half_term.label == label).unwrap();
        calendar.same_half_term_last_year(&oak, &half_term).map(|half_term| half_term.start.to_string())
    };
    assert_eq!(found("Autumn 1").as_deref(), Some("2025-09-02"));
    assert_eq!(found("Autumn 2").as_deref(), Some("2025-11-03"));
    let fir = calendar.half_term_of(&id("fir"), day("2026-09-20")).unwrap();
    assert_eq!(fir.number, 1);
    assert!(calendar.same_half_term_last_year(&id("fir"), &fir).is_none());
}

#[test]
fn school_hours_are_on_school_days_only_and_a_school_may_have_its_own() {
    let calendar = Calendar::new(&estate());
    for (school, local, wanted) in [
        ("oak", "2026-09-03T08:00:00", true),
        ("oak", "2026-09-03T07:59:59", false),
        ("oak", "2026-09-03T16:00:00", false),
        ("oak", "2026-09-03T15:59:59", true),
        ("oak", "2026-09-05T10:00:00", false),
        ("oak", "2026-09-02T10:00:00", false),
        ("elm", "2026-09-03T07:30:00", true),
        ("elm", "2026-09-03T17:59:59", true),
        ("nowhere", "2026-09-03T10:00:00", false),
    ] {
        assert_eq!(calendar.is_in_school_hours(&id(school), local.parse().unwrap()), wanted, "{school} {local}");
    }
}

#[test]
fn no_calendar_no_rates_and_an_end_is_known() {
    let mut estate = estate();
    assert_eq!(Calendar::new(&estate).state(&id("ash")), CalendarState::Ends(day("2026-12-18")));
    assert_eq!(estate.calendar_state(&id("oak")), CalendarState::Ends(day("2026-12-18")));
    estate.calendar.retain(|row| row.school_id.is_some());
    assert_eq!(Calendar::new(&estate).state(&id("fir")), CalendarState::None);
    assert_eq!(estate.calendar_state(&id("fir")), CalendarState::None);
}

#[test]
fn a_school_counts_no_day_before_it_opened_or_after_it_closed() {
    let mut estate = estate();
    let fir = estate.schools.get_mut(&id("fir")).unwrap();
    fir.opens = Some(day("2026-10-12"));
    fir.closes = Some(day("2026-11-06"));
    let calendar = Calendar::new(&estate);
    let counts: Vec<u32> =
        calendar.half_terms(&id("fir"), AcademicYear(2026)).iter().map(|half_term| half_term.school_days).collect();
    assert_eq!(counts, [10, 5]);
}

#[test]
fn weeks_are_named_by_their_monday() {
    for (date, wanted) in
        [("2026-11-02", "2026-11-02"), ("2026-11-08", "2026-11-02"), ("2026-11-09", "2026-11-09"), ("2027-01-01", "2026-12-28")]
    {
        assert_eq!(school_week_monday(day(date)).to_string(), wanted);
    }
    assert_eq!(epoch_day(day("1970-01-02")), 1);
    assert_eq!(epoch_day(day("1969-12-31")), -1);
    assert_eq!(epoch_day(day("2026-11-22")), 20_779);
    assert_eq!(date_of_epoch_day(20_779), day("2026-11-22"));
    assert_eq!(SchoolHours::default().default, (Time::constant(8, 0, 0, 0), Time::constant(16, 0, 0, 0)));
}

#[test]
fn a_year_of_six_half_terms_has_about_190_days() {
    let pairs = [
        ("2026-09-01", "2026-10-23"),
        ("2026-11-02", "2026-12-18"),
        ("2027-01-04", "2027-02-12"),
        ("2027-02-22", "2027-03-25"),
        ("2027-04-12", "2027-05-28"),
        ("2027-06-07", "2027-07-21"),
    ]
    .map(|(start, end)| (day(start), day(end)));
    let mut estate = estate();
    estate.calendar = six_half_terms(None, pairs).unwrap();
    for (date, label) in crate::estate::bank_holidays(2027, "england") {
        estate.calendar.push(CalendarRow { school_id: None, start: date, end: date, kind: CalendarKind::Holiday, label });
    }
    let calendar = Calendar::new(&estate);
    let days: Vec<u32> =
        calendar.half_terms(&id("oak"), AcademicYear(2026)).iter().map(|half_term| half_term.school_days).collect();
    // Counted on a paper calendar: 39, 35, 30, 24, 35 less 3 May, 33.
    assert_eq!(days, [39, 35, 30, 24, 34, 33]);
}
