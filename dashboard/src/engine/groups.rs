//! A group's schools, from the engine's comparison to the values of a page.

use weir_lake::estate::AcademicYear;
use weir_lake::ids::SchoolId;
use weir_query::compare::{Comparison, GroupRef, Place as Engine};
use weir_query::state::Unit;

use super::words::{shown, unit_of};
use crate::view::{AsOf, Coverage, Group, GroupFigure, GroupLink, Member, Place, Spot};

/// A group for links.
pub(super) fn link(group: &GroupRef) -> GroupLink {
    let kind = match group.kind {
        "governing_body" => "governing body",
        "trust" => "trust",
        "authority" => "authority",
        _ => "all schools",
    };
    let name = if group.name.is_empty() { String::from("All schools") } else { group.name.clone() };
    let members = group.members.iter().filter_map(|school| SchoolId::parse(school).ok()).collect();
    GroupLink { slug: group.slug.clone(), name, kind, schools: group.schools, members }
}

fn place(place: Engine) -> Place {
    match place {
        Engine::Inside => Place::Inside,
        Engine::Above => Place::Above,
        Engine::FarAbove => Place::FarAbove,
        Engine::Below => Place::Below,
        Engine::FarBelow => Place::FarBelow,
        Engine::TooFew => Place::TooFew,
        Engine::Coverage => Place::Coverage,
        Engine::Alone => Place::Alone,
    }
}

/// The page; none where an id is not one.
pub(super) fn group(found: &Comparison, year: AcademicYear) -> Option<Group> {
    let members: Option<Vec<Member>> = found
        .members
        .iter()
        .map(|member| {
            Some(Member {
                id: SchoolId::parse(&member.school.school_id).ok()?,
                name: member.school.name.clone(),
                phase: member.school.phase.replace('_', "-"),
                coverage: Coverage { with_logs: member.days_with_logs, school_days: member.school_days },
                identified: member.identified_percent.value().map(|percent| percent.round() as u32),
                can_compare: member.can_compare,
                has_page: true,
            })
        })
        .collect();
    Some(Group {
        link: link(&found.group),
        year,
        period: found.period.clone(),
        members: members?,
        figures: found
            .figures
            .iter()
            .map(|figure| GroupFigure {
                id: figure.id.clone(),
                title: figure.title.clone(),
                unit: unit_of(Unit::PupilsPer100Week),
                together: shown(figure.together, false),
                labels: figure.series.first().into_iter().flatten().map(|(label, _)| label.clone()).collect(),
                series: figure
                    .series
                    .iter()
                    .map(|points| points.iter().map(|(_, point)| shown(*point, false)).collect())
                    .collect(),
                places: figure.places.iter().map(|one| place(*one)).collect(),
                funnel: figure
                    .funnel
                    .iter()
                    .flatten()
                    .map(|placed| Spot {
                        member: placed.member,
                        expected: placed.expected,
                        ratio: placed.ratio,
                        limits: placed.limits95,
                    })
                    .collect(),
                tau2: figure.tau2,
            })
            .collect(),
        as_of: Some(AsOf { last_day: found.as_of, lake_version: found.lake_version }),
    })
}
