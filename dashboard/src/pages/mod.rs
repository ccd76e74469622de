//! The pages: what each template is given, made from the values of [`crate::view`] and nothing else.

mod figure;
mod group;
mod overview;
mod review;
mod school;
mod unclaimed;

use askama::Template;
use axum::response::Html;
use weir_lake::estate::AcademicYear;

pub(crate) use figure::FigurePage;
pub(crate) use group::GroupPage;
pub(crate) use overview::OverviewPage;
pub(crate) use review::{BlockView, ReviewPage, Rights, review_questions};
pub(crate) use school::{Card, SchoolPage};
pub(crate) use unclaimed::UnclaimedPage;

use crate::error::PageError;
use crate::gate::{Reader, Viewer};
use crate::view::{AsOf, Method, Missing, SchoolRef};
use crate::words;

/// Writes a page.
pub(crate) fn html(page: &impl Template) -> Result<Html<String>, PageError> {
    Ok(Html(page.render()?))
}

/// What surrounds every page.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frame {
    /// Stands in the browser's tab, before the product's name.
    pub(crate) title: String,
    /// Which entry of the navigation is this page: `schools`, `method`, `people`, `account`, `register`, `today`, `feeds`, `saved`, `ask`,
    /// `protection`, `audit`, `in` (the way in) or none.
    pub(crate) section: &'static str,
    /// Where the style sheet lies.
    pub(crate) style: String,
    /// The pickers; empty where there is nothing to pick.
    pub(crate) picker: Option<Picker>,
    /// From what the page was made.
    pub(crate) as_of: Option<AsOf>,
}

impl Frame {
    /// A frame without pickers.
    pub(crate) fn plain(title: &str) -> Self {
        Self { title: title.into(), style: crate::assets::style_path(), ..Self::default() }
    }

    /// Whoever reads the page, where there is sign-in.
    #[expect(clippy::unused_self, reason = "templates ask the frame")]
    pub(crate) fn reader(&self) -> Option<Reader> {
        Reader::of_this()
    }

    /// Whether the navigation leads to figures.
    pub(crate) fn shows_figures(&self) -> bool {
        match Viewer::of_this() {
            Some(Viewer::Person(_)) => self.reader().is_some_and(|reader| reader.is_in && reader.figures),
            Some(Viewer::Nobody { .. }) => false,
            Some(Viewer::Anyone) | None => true,
        }
    }

    /// Whether the page may hold marks in place of numbers, which its foot then explains.
    pub(crate) fn has_marks(&self) -> bool {
        !matches!(self.section, "in" | "account" | "people" | "register" | "today" | "feeds" | "saved" | "ask")
    }

    /// Whether the foot leads to what a technician looks after.
    pub(crate) fn shows_feeds(&self) -> bool {
        match Viewer::of_this() {
            Some(Viewer::Person(_)) => self.reader().is_some_and(|reader| reader.is_in && reader.feeds),
            Some(Viewer::Nobody { .. }) => false,
            Some(Viewer::Anyone) | None => true,
        }
    }

    /// Whether the navigation leads to alerts.
    pub(crate) fn shows_alerts(&self) -> bool {
        self.reader().is_some_and(|reader| reader.is_in && reader.alerts)
    }

    /// Whether the navigation leads to saved questions.
    pub(crate) fn shows_questions(&self) -> bool {
        self.reader().is_some_and(|reader| reader.is_in && reader.questions)
    }

    /// Whether the navigation leads to feeds: where somebody signed in looks after them.
    pub(crate) fn leads_to_feeds(&self) -> bool {
        self.reader().is_some_and(|reader| reader.is_in && reader.feeds)
    }

    /// Whether the navigation leads to what staff ask for: only where it leads to no figures.
    pub(crate) fn asks(&self) -> bool {
        self.reader().is_some_and(|reader| reader.is_in && reader.asks && !reader.figures)
    }

    /// Whether the navigation leads to what is kept about people.
    pub(crate) fn shows_protection(&self) -> bool {
        self.reader().is_some_and(|reader| reader.is_in && reader.protection)
    }

    /// Whether the navigation leads to the audit trail.
    pub(crate) fn shows_audit(&self) -> bool {
        self.reader().is_some_and(|reader| reader.is_in && reader.audit)
    }

    /// Whether the navigation leads to people's accounts.
    pub(crate) fn shows_people(&self) -> bool {
        self.reader().is_some_and(|reader| reader.is_in && reader.people)
    }

    /// What the foot of the page says of its making.
    pub(crate) fn made_from(&self) -> Option<String> {
        self.as_of.map(|as_of| match as_of.last_day {
            Some(day) => {
                format!("Figures as of {}, the last day with logs. Lake version {}.", words::day(day), as_of.lake_version)
            }
            None => format!("No logs have been read yet. Lake version {}.", as_of.lake_version),
        })
    }
}

/// School and year pickers: a plain form that asks for `/go`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Picker {
    /// Schools by name.
    pub(crate) schools: Vec<Choice>,
    /// Years, newest first.
    pub(crate) years: Vec<Choice>,
    /// The figure to keep when school or year changes.
    pub(crate) figure: Option<String>,
}

/// An entry of a picker.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) words: String,
    pub(crate) chosen: bool,
}

impl Picker {
    /// Pickers with this school and year chosen.
    pub(crate) fn new(schools: &[SchoolRef], school: &SchoolRef, year: AcademicYear, figure: Option<&str>) -> Self {
        let years = if school.years.contains(&year) {
            school.years.clone()
        } else {
            // A year asked for by address but not on offer is still the one being shown.
            let mut years = school.years.clone();
            years.push(year);
            years.sort_by(|a, b| b.cmp(a));
            years
        };
        Self {
            schools: schools
                .iter()
                .map(|other| Choice { value: other.id.to_string(), words: other.name.clone(), chosen: other.id == school.id })
                .collect(),
            years: years
                .into_iter()
                .map(|other| Choice { value: other.to_string(), words: words::year_words(other), chosen: other == year })
                .collect(),
            figure: figure.map(String::from),
        }
    }
}

/// Something that is lacking, and the next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NextStep {
    pub(crate) title: String,
    pub(crate) lines: Vec<String>,
    pub(crate) example: Option<String>,
}

impl NextStep {
    /// What to do about a lack.
    pub(crate) fn of(missing: &Missing, school: &SchoolRef, year: AcademicYear) -> Self {
        let id = &school.id;
        let first = year.0;
        let second = i32::from(year.0) + 1;
        match missing {
            Missing::NoLake => Self {
                title: "No logs have been read yet".into(),
                lines: vec![
                    "Ask whoever looks after the filter to export its log and read it in. Nothing can be said before that.".into(),
                    "The command reads a file or a whole folder, and can be run again: no line is counted twice.".into(),
                ],
                example: Some(format!("weir ingest --school {id} --format auto FOLDER")),
            },
            Missing::NoCalendar => Self {
                title: format!("Term dates for {} are missing", words::year_words(year)),
                lines: vec![
                    "Without term dates Weir can't tell a quiet day from a holiday, so it gives no rates.".into(),
                    "Add the school's half-terms, holidays and training days to calendar.csv, one row each:".into(),
                ],
                example: Some(format!(
                    "school_id,start,end,kind,label\n{id},{first}-09-01,{first}-10-24,half_term_block,Autumn 1\n{id},{first}-11-03,{first}-12-19,half_term_block,Autumn 2\n{id},{second}-01-05,{second}-02-13,half_term_block,Spring 1"
                )),
            },
            Missing::NoRoll => Self {
                title: format!("The number of pupils for {} is missing", words::year_words(year)),
                lines: vec![
                    "Figures \"in every 100 pupils\" need it. Add the school's roll to rolls.csv:".into(),
                ],
                example: Some(format!("school_id,academic_year,year_group,pupils\n{id},{},*,378", year)),
            },
            Missing::NoRows(newest) => Self {
                title: format!("No logs for {}", words::year_words(year)),
                lines: match newest {
                    Some(day) => vec![
                        format!("The newest log of this school is of {}. Choose another year above, or read in more exports.", words::day(*day)),
                        "No logs is not the same as nothing stopped: about this year nothing can be said.".into(),
                    ],
                    None => vec![
                        "No log of this school has been read. Check that its source names this school, and that its export reaches the inbox.".into(),
                        "No logs is not the same as nothing stopped: about this school nothing can be said.".into(),
                    ],
                },
                example: Some(format!("weir ingest --school {id} --format auto FOLDER")),
            },
        }
    }
}

/// A page that says what went wrong.
#[derive(Debug, Template)]
#[template(path = "error.html")]
pub(crate) struct ErrorPage {
    pub(crate) frame: Frame,
    pub(crate) title: String,
    pub(crate) lines: Vec<String>,
    pub(crate) with_way_back: bool,
}

/// How every figure is made.
#[derive(Debug, Template)]
#[template(path = "method.html")]
pub(crate) struct MethodPage {
    pub(crate) frame: Frame,
    pub(crate) methods: Vec<Method>,
}

impl MethodPage {
    /// The page.
    pub(crate) fn new(methods: Vec<Method>) -> Self {
        Self { frame: Frame { section: "method", ..Frame::plain("How are the figures made?") }, methods }
    }
}
