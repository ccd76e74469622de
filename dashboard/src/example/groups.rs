//! Two invented groups: one of twelve schools with a funnel, one of six without.

use weir_lake::estate::AcademicYear;
use weir_lake::ids::SchoolId;

use super::year;
use crate::view::{AsOf, Coverage, Group, GroupFigure, GroupLink, Member, Place, Shown, Spot, Unit};

pub(super) fn links() -> Vec<GroupLink> {
    vec![
        GroupLink {
            slug: "larkwater-learning-trust".into(),
            name: "Larkwater Learning Trust".into(),
            kind: "trust",
            schools: 6,
            members: SchoolId::parse("oakfield").into_iter().collect(),
        },
        GroupLink { slug: "all".into(), name: "All schools".into(), kind: "all schools", schools: 12, members: Vec::new() },
    ]
}

/// Expected pupil-weeks, and observed over expected.
const TWELVE: [(&str, f64, f64, Place); 12] = [
    ("Ashdown Free School", 24.0, 1.1, Place::Inside),
    ("Birchwood Primary School", 31.0, 0.7, Place::Inside),
    ("Cobb Lane Primary School", 16.0, 0.86, Place::Inside),
    ("Dunmere Academy", 148.0, 1.9, Place::FarAbove),
    ("Eastgate Infants", 14.0, 0.56, Place::Inside),
    ("Fernhill School", 36.0, 0.83, Place::Inside),
    ("Greave Academy", 141.0, 1.6, Place::Above),
    ("Hartswell Primary School", 127.0, 0.48, Place::Below),
    ("Ivy Bank School", 47.0, 1.2, Place::Inside),
    ("Jubilee Primary School", 12.0, 0.93, Place::Inside),
    ("Kingsford High School", 155.0, 0.3, Place::FarBelow),
    ("Longmoor Primary School", 24.0, 0.85, Place::Inside),
];

fn member(at: usize, name: &str, has_page: bool) -> Option<Member> {
    let id = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect::<String>();
    let is_thin = at == 0;
    Some(Member {
        id: SchoolId::parse(if has_page { "oakfield" } else { &id }).ok()?,
        name: name.into(),
        phase: "primary".into(),
        coverage: Coverage { with_logs: if is_thin { 120 } else { 188 }, school_days: 190 },
        identified: (at != 1).then_some(91),
        can_compare: at > 1,
        has_page,
    })
}

pub(super) fn group(slug: &str, year: AcademicYear) -> Option<Group> {
    let link = links().into_iter().find(|link| link.slug == slug)?;
    let schools = if link.schools == 6 { &TWELVE[..6] } else { &TWELVE[..] };
    let figure = |id: &str, title: &str, with_funnel: bool| GroupFigure {
        id: id.into(),
        title: title.into(),
        unit: Unit { decimals: 1, sign: "", words: "in every 100 pupils, in a school week".into(), per_hundred_pupils: true },
        together: if with_funnel { Shown::Number(1.4) } else { Shown::Hidden },
        labels: ["Autumn 1", "Autumn 2", "Spring 1"].map(String::from).to_vec(),
        series: schools
            .iter()
            .enumerate()
            .map(|(at, (_, _, ratio, _))| match at {
                0 => vec![Shown::NotAvailable; 3],
                1 => vec![Shown::Hidden, Shown::Number(1.0), Shown::Hidden],
                _ => vec![Shown::Number(*ratio), Shown::Number(ratio * 1.2), Shown::Number(ratio * 0.9)],
            })
            .collect(),
        places: schools
            .iter()
            .enumerate()
            .map(|(at, (_, _, _, place))| match at {
                _ if !with_funnel && at > 1 => Place::Inside,
                _ if !with_funnel => Place::Coverage,
                _ => *place,
            })
            .collect(),
        funnel: if with_funnel {
            let spot = |(member, (_, expected, ratio, _)): (usize, &(&str, f64, f64, Place))| Spot {
                member,
                expected: *expected,
                ratio: *ratio,
                limits: (0.6, 1.5),
            };
            schools.iter().enumerate().map(spot).collect()
        } else {
            Vec::new()
        },
        tau2: 0.018,
    };
    let has_funnel = schools.len() > 9;
    Some(Group {
        link,
        year,
        period: Some("Year".into()),
        members: schools.iter().enumerate().filter_map(|(at, (name, ..))| member(at, name, at == 2)).collect(),
        figures: vec![
            figure("circumvention_rate", "Ways round the filter", has_funnel),
            figure("theme_rate:gambling", "Gambling", false),
        ],
        as_of: Some(AsOf { last_day: Some(year::last_day()), lake_version: 41 }),
    })
}
