//! The schools of a trust, authority or governing body: coverage first, then a funnel or small pictures; never a league table.

use askama::Template;

use super::{Choice, Frame};
use crate::chart::{Size, Svg, coverage_bar, funnel, small, tone_shape};
use crate::view::{Group, GroupFigure, Member, Place, Shown, Tone};
use crate::words;

/// The page.
#[derive(Debug, Template)]
#[template(path = "group.html")]
pub(crate) struct GroupPage {
    pub(crate) frame: Frame,
    pub(crate) name: String,
    pub(crate) base: String,
    pub(crate) lede: Vec<String>,
    pub(crate) thin: Vec<MemberRow>,
    pub(crate) enough: Vec<MemberRow>,
    pub(crate) enough_words: String,
    pub(crate) figure: Option<Compared>,
    pub(crate) figures: Vec<FigureLink>,
    pub(crate) choices: Vec<Choice>,
}

/// A school and its logs.
#[derive(Debug)]
pub(crate) struct MemberRow {
    pub(crate) link: Option<String>,
    pub(crate) name: String,
    pub(crate) phase: String,
    pub(crate) bar: Svg,
    pub(crate) logs: String,
    pub(crate) identified: String,
    pub(crate) class: &'static str,
    pub(crate) shape: Svg,
    pub(crate) can_compare: &'static str,
}

/// The figure being compared.
#[derive(Debug)]
pub(crate) struct Compared {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) period: String,
    pub(crate) unit: String,
    pub(crate) together: Option<String>,
    pub(crate) funnel: Option<Funnel>,
    pub(crate) why_no_funnel: String,
    pub(crate) pictures: Vec<Picture>,
    pub(crate) without: String,
    pub(crate) labels: Vec<String>,
    pub(crate) rows: Vec<(String, Vec<String>)>,
}

/// A funnel, in words, drawn and as a table.
#[derive(Debug)]
pub(crate) struct Funnel {
    pub(crate) summary: String,
    pub(crate) wide: Svg,
    pub(crate) narrow: Svg,
    pub(crate) rows: Vec<FunnelRow>,
    pub(crate) inside: String,
    pub(crate) not_placed: Vec<String>,
}

/// A named school of the funnel.
#[derive(Debug)]
pub(crate) struct FunnelRow {
    pub(crate) name: String,
    pub(crate) ratio: String,
    pub(crate) limits: String,
    pub(crate) place: &'static str,
}

/// A school's small picture.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) name: String,
    pub(crate) drawing: Svg,
}

/// Another figure of the group.
#[derive(Debug)]
pub(crate) struct FigureLink {
    pub(crate) link: String,
    pub(crate) title: String,
    pub(crate) is_this: bool,
    pub(crate) has_funnel: bool,
}

impl GroupPage {
    /// The page, about the figure asked for or the first that has most to say; none where that figure is not here.
    pub(crate) fn new(group: &Group, figure: Option<&str>, school: Option<&str>) -> Option<Self> {
        let base = format!("/group/{}/{}", group.link.slug, group.year);
        let own = school.and_then(|id| group.members.iter().position(|member| member.id.as_str() == id));
        let chosen = match figure {
            Some(id) => Some(group.figures.iter().find(|figure| figure.id == id)?),
            // Ways round the filter say most of the filter and least of a child.
            None => group
                .figures
                .iter()
                .max_by_key(|figure| (!figure.funnel.is_empty(), figure.id == "circumvention_rate", shown_cells(figure))),
        };
        let (enough, thin): (Vec<&Member>, Vec<&Member>) = group.members.iter().partition(|member| member.can_compare);
        let rows = |members: &[&Member]| members.iter().map(|member| MemberRow::new(member, group)).collect::<Vec<_>>();
        let mut by_name: Vec<&Member> = group.members.iter().collect();
        by_name.sort_by(|a, b| a.name.cmp(&b.name));
        Some(Self {
            frame: Frame {
                as_of: group.as_of,
                ..Frame::plain(&format!("{}, {}", group.link.name, words::year_words(group.year)))
            },
            name: group.link.name.clone(),
            lede: lede(group),
            enough_words: match enough.len() as u32 {
                1 => "The school that logs enough".into(),
                many => format!("The {} that log enough", words::plural(many, "school")),
            },
            thin: rows(&thin),
            enough: rows(&enough),
            figure: chosen.map(|figure| Compared::new(group, figure, own)),
            figures: group
                .figures
                .iter()
                .map(|figure| FigureLink {
                    link: format!("{base}?figure={}", figure.id),
                    title: figure.title.clone(),
                    is_this: chosen.is_some_and(|chosen| chosen.id == figure.id),
                    has_funnel: !figure.funnel.is_empty(),
                })
                .collect(),
            choices: by_name
                .into_iter()
                .map(|member| Choice {
                    value: member.id.to_string(),
                    words: member.name.clone(),
                    chosen: school == Some(member.id.as_str()),
                })
                .collect(),
            base,
        })
    }
}

fn shown_cells(figure: &GroupFigure) -> usize {
    figure.series.iter().flatten().filter(|point| point.number().is_some()).count()
}

fn lede(group: &Group) -> Vec<String> {
    let schools = group.members.len() as u32;
    let thin = group.members.iter().filter(|member| !member.can_compare).count() as u32;
    let mut parts = vec![format!("{}, {}.", words::plural(schools, "school"), words::year_words(group.year))];
    parts.push(match thin {
        0 => "All of them log enough to be set side by side.".into(),
        1 => "Talk first to the one whose logs are too thin: about it nothing can be judged yet.".into(),
        thin => format!("Talk first to the {thin} whose logs are too thin: about them nothing can be judged yet."),
    });
    parts
}

impl MemberRow {
    fn new(member: &Member, group: &Group) -> Self {
        let few_days = f64::from(member.coverage.with_logs) < 0.9 * f64::from(member.coverage.school_days);
        let can_compare = match member {
            _ if member.can_compare => "can be compared",
            _ if member.coverage.with_logs == 0 => "can\u{2019}t say yet: no logs",
            _ if few_days => "can\u{2019}t say yet: logs on under 90% of school days",
            Member { identified: None, .. } => "can\u{2019}t say yet: not known whose requests they are",
            _ => "can\u{2019}t say yet: under half of the requests are tied to one person",
        };
        let tone = if member.can_compare { Tone::Quiet } else { Tone::Notice };
        Self {
            link: member.has_page.then(|| format!("/school/{}/{}", member.id, group.year)),
            name: member.name.clone(),
            phase: words::capital(&member.phase),
            bar: coverage_bar(member.coverage),
            logs: words::days_of(member.coverage),
            identified: member.identified.map_or_else(
                || "Not known how many requests are tied to one person.".into(),
                |percent| format!("{percent} of every 100 requests are tied to one person."),
            ),
            class: tone.class(),
            shape: tone_shape(tone),
            can_compare,
        }
    }
}

impl Compared {
    fn new(group: &Group, figure: &GroupFigure, own: Option<usize>) -> Self {
        let mut order: Vec<usize> = (0..group.members.len()).collect();
        order.sort_by(|a, b| group.members[*a].name.cmp(&group.members[*b].name));
        let largest = figure.series.iter().flatten().filter_map(|point| point.number()).fold(0.0, f64::max);
        let with_pictures = figure.funnel.is_empty();
        let series = |at: &usize| figure.series.get(*at).map_or(&[][..], Vec::as_slice);
        let has_number = |at: &&usize| series(at).iter().any(|point| point.number().is_some());
        let without: Vec<&str> =
            order.iter().filter(|at| with_pictures && !has_number(at)).map(|at| group.members[*at].name.as_str()).collect();
        let pictures = order.iter().filter(|at| with_pictures && has_number(at)).map(|at| {
            let name = group.members[*at].name.clone();
            let title = format!("{}, {}", figure.title, name);
            Picture { drawing: small(&format!("small-{at}"), &title, &figure.labels, series(at), largest, &figure.unit), name }
        });
        Self {
            id: figure.id.clone(),
            title: figure.title.clone(),
            period: match group.period.as_deref() {
                Some("Year") => "the whole year".into(),
                Some(period) => period.into(),
                None => "nothing published yet".into(),
            },
            unit: figure.unit.words.clone(),
            together: match figure.together {
                Shown::Number(_) | Shown::Hidden => Some(words::spoken(figure.together, &figure.unit)),
                _ => None,
            },
            funnel: (!with_pictures).then(|| Funnel::new(group, figure, own)),
            why_no_funnel: "Fewer than 10 schools can be set side by side here. With so few nobody can say what is ordinary, so \
                            each school stands beside itself: its own half-terms, all on one scale."
                .into(),
            pictures: pictures.collect(),
            without: words::listed(&without),
            labels: figure.labels.clone(),
            rows: order
                .iter()
                .map(|at| {
                    let cells = series(at).iter().map(|point| words::cell(*point, &figure.unit)).collect();
                    (group.members[*at].name.clone(), cells)
                })
                .collect(),
        }
    }
}

impl Funnel {
    fn new(group: &Group, figure: &GroupFigure, own: Option<usize>) -> Self {
        let place = |member: usize| figure.places.get(member).copied().unwrap_or(Place::TooFew);
        let mut named: Vec<_> =
            figure.funnel.iter().filter(|spot| place(spot.member).is_outside() || own == Some(spot.member)).collect();
        // By name: an order by how far they are out would be a league table of those who are.
        named.sort_by(|a, b| group.members[a.member].name.cmp(&group.members[b.member].name));
        let outside = named.iter().filter(|spot| place(spot.member).is_outside()).count() as u32;
        let placed = figure.funnel.len() as u32;
        let summary = match outside {
            0 => format!(
                "None of the {placed} schools that can be placed is outside what chance and ordinary differences explain."
            ),
            1 => format!("1 of the {placed} schools that can be placed is outside what chance and ordinary differences explain."),
            _ => format!(
                "{outside} of the {placed} schools that can be placed are outside what chance and ordinary differences explain."
            ),
        };
        let not_placed = [Place::Coverage, Place::TooFew, Place::Alone].into_iter().filter_map(|why| {
            let schools = figure.places.iter().filter(|place| **place == why).count() as u32;
            (schools > 0).then(|| format!("{} {}.", words::plural(schools, "school"), why.words()))
        });
        Self {
            summary,
            wide: funnel(group, figure, own, Size::Wide),
            narrow: funnel(group, figure, own, Size::Narrow),
            inside: words::plural(placed - named.len() as u32, if named.is_empty() { "school" } else { "other school" }),
            not_placed: not_placed.collect(),
            rows: named
                .into_iter()
                .map(|spot| FunnelRow {
                    name: group.members[spot.member].name.clone(),
                    ratio: format!("{} times", words::number(spot.ratio, 1)),
                    limits: format!("{} to {} times", words::number(spot.limits.0, 1), words::number(spot.limits.1, 1)),
                    place: place(spot.member).words(),
                })
                .collect(),
        }
    }
}
