//! The estate's own files beside the logs: weir.toml and the CSV files, as a school's technician would keep them.

use std::path::Path;

use crate::calendar::{self, CLOSURES, HOLIDAYS};
use crate::category::Category;
use crate::days::{Day, day, iso};
use crate::line::Action;
use crate::people::{Kind, People};
use crate::policy;
use crate::schools::{LoginForm, Phase, SCHOOLS, School, SignIn, TRUST_FIREWALL};
use crate::vendor::Format;
use crate::{Error, write_file};

/// Appends formatted text; `write!` would give a result that cannot be an error.
macro_rules! add {
    ($text:ident, $($format:tt)*) => {
        $text.push_str(&format!($($format)*))
    };
}

/// Appends one formatted row.
macro_rules! row {
    ($text:ident, $($format:tt)*) => {
        add!($text, "{}\n", format_args!($($format)*))
    };
}

/// Writes every estate file.
pub(crate) fn write(home: &Path, people: &[People]) -> Result<(), Error> {
    write_file(&home.join("weir.toml"), weir_toml().as_bytes())?;
    write_file(&home.join("schools.csv"), schools_csv().as_bytes())?;
    write_file(&home.join("rolls.csv"), rolls_csv(people).as_bytes())?;
    write_file(&home.join("calendar.csv"), calendar_csv().as_bytes())?;
    write_file(&home.join("groups.csv"), groups_csv().as_bytes())?;
    write_file(&home.join("roster.csv"), roster_csv(people).as_bytes())?;
    write_file(&home.join("policy.csv"), policy_csv().as_bytes())
}

fn layer(format: Format) -> &'static str {
    if format == Format::UmbrellaDns { "dns" } else { "filter" }
}

fn weir_toml() -> String {
    let mut text = String::from(
        "# Sample estate: invented schools, people and traffic.\n\
         lake = \"lake\"            # folder, relative to this file\n\
         vault = \"vault\"\n\n\
         [user_domains]\n\"oakfield.example\" = \"oakfield\"\n",
    );
    for school in &SCHOOLS {
        let (id, format) = (school.source, school.format.id());
        add!(
            text,
            "\n[[source]]\nid = \"{id}\"\nschool = \"{}\"\nformat = \"{format}\"\ninbox = \"inbox/{id}\"\ntz = \"Europe/London\"\nlayer = \"{}\"\nlogs_allowed = true\n",
            school.id,
            layer(school.format)
        );
    }
    let id = TRUST_FIREWALL.source;
    add!(
        text,
        "\n# One firewall in front of two schools' own filters: the address says which school.\n[[source]]\nid = \"{id}\"\nlayer = \"firewall\"\nformat = \"{}\"\ninbox = \"inbox/{id}\"\ntz = \"Europe/London\"\nlogs_allowed = true\n",
        TRUST_FIREWALL.format.id()
    );
    for school in SCHOOLS.iter().filter(|school| TRUST_FIREWALL.schools.contains(&school.id)) {
        let [first, second] = school.network;
        add!(text, "[[source.school_map]]\nsrc_ip = \"{first}.{second}.0.0/16\"\nschool = \"{}\"\n", school.id);
    }
    text
}

fn schools_csv() -> String {
    let mut text = String::from("school_id,name,urn,phase,nation,timezone,governing_body,trust,authority,opens,closes\n");
    for school in &SCHOOLS {
        let School { id, name, urn, phase, nation, governing_body, trust, authority, .. } = school;
        row!(text, "{id},{name},{urn},{},{nation},Europe/London,{governing_body},{trust},{authority},,", phase.as_str());
    }
    text
}

fn rolls_csv(people: &[People]) -> String {
    let mut text = String::from("school_id,academic_year,year_group,pupils\n");
    for (school, people) in SCHOOLS.iter().zip(people) {
        // The small and the special school give one figure for the whole school, as many do.
        if matches!(school.phase, Phase::Special) || school.sign_in == SignIn::Nobody {
            for year in [2025, 2026] {
                row!(text, "{},{},*,{}", school.id, calendar::academic_year(year), people.roll(year));
            }
            continue;
        }
        for (year, group, pupils) in &people.rolls {
            row!(text, "{},{},{group},{pupils}", school.id, calendar::academic_year(*year));
        }
    }
    text
}

fn calendar_csv() -> String {
    let mut text = String::from("school_id,start,end,kind,label\n");
    let mut row = |school: &str, start: Day, end: Day, kind: &str, label: &str| {
        row!(text, "{school},{},{},{kind},{label}", iso(start), iso(end));
    };
    for block in calendar::blocks("england") {
        row("*", block.start, block.end, "half_term_block", block.label);
    }
    for (holiday, label) in HOLIDAYS {
        row("*", holiday, holiday, "holiday", label);
    }
    for school in &SCHOOLS {
        if school.nation == "wales" {
            for block in calendar::blocks(school.nation) {
                row(school.id, block.start, block.end, "half_term_block", block.label);
            }
        }
        for &inset in calendar::insets(school.nation) {
            row(school.id, inset, inset, "inset", "Staff training");
        }
    }
    for (school, start, end, label) in CLOSURES {
        row(school, start, end, "closure", label);
    }
    text
}

/// First and last day of an academic year for rows that hold for one year.
fn year_bounds(year: i32) -> (String, String) {
    (iso(day(year, 9, 1)), iso(day(year + 1, 8, 31)))
}

/// Whether the filter writes a directory group on its lines.
fn has_groups(format: Format) -> bool {
    matches!(format, Format::Fortigate | Format::FortigateCef | Format::Sophos | Format::Proxysg)
}

fn groups_csv() -> String {
    let mut text = String::from("school_id,match,pattern,user_type,year_group,boarder,from,to\n");
    for school in &SCHOOLS {
        let id = school.id;
        if school.sign_in == SignIn::Nobody {
            continue;
        }
        let groups = has_groups(school.format);
        if school.sign_in == SignIn::Own {
            let years = school.phase.years();
            for year in [2025, 2026] {
                let (from, to) = year_bounds(year);
                for (place, name) in years.iter().enumerate() {
                    let entry = year - place as i32;
                    if groups {
                        row!(text, "{id},group,Intake {entry},pupil,{name},no,{from},{to}");
                    } else {
                        row!(text, "{id},user,{:02}*,pupil,{name},no,{from},{to}", entry % 100);
                    }
                }
            }
        }
        if groups {
            row!(text, "{id},group,Staff,staff,,no,,");
            row!(text, "{id},group,Shared,shared,,no,,");
            row!(text, "{id},group,Guests,guest,,no,,");
        }
        row!(text, "{id},user,class-*,shared,,no,,");
        row!(text, "{id},user,library-*,shared,,no,,");
        row!(text, "{id},user,guest-*,guest,,no,,");
        row!(text, "{id},user,*.*,staff,,no,,");
    }
    for on in ["profile", "group"] {
        row!(text, "*,{on},Staff,staff,,no,,");
        row!(text, "*,{on},Guests,guest,,no,,");
    }
    text
}

/// A log-in as the estate's files write it: with the mail domain where the log has one, without a Windows domain.
fn in_files(school: &School, plain: &str, written: &str) -> String {
    match school.login {
        LoginForm::Mail(_) => written.to_owned(),
        LoginForm::Plain | LoginForm::Domain(_) => plain.to_owned(),
    }
}

/// People with two log-ins, and sign-ins of many.
fn roster_csv(people: &[People]) -> String {
    let mut text = String::from("school_id,person,logins,user_type,year_group,from,to\n");
    for (school, people) in SCHOOLS.iter().zip(people) {
        for person in &people.all {
            match (&person.second, person.kind) {
                (Some((plain, written)), _) => {
                    for year in [2025, 2026] {
                        if let Some(group) = People::year_group(school, person, year) {
                            let (from, to) = year_bounds(year);
                            let first = in_files(school, &person.login, &person.written);
                            let second = in_files(school, plain, written);
                            row!(text, "{},{},{first};{second},pupil,{group},{from},{to}", school.id, person.name);
                        }
                    }
                }
                (None, Kind::Shared) => {
                    let login = in_files(school, &person.login, &person.written);
                    row!(text, "{},{},{login},shared,,,", school.id, person.name);
                }
                _ => {}
            }
        }
    }
    text
}

/// A CSV cell; quoted where it holds a comma.
fn cell(text: &str) -> String {
    if text.contains(',') { format!("\"{text}\"") } else { text.to_owned() }
}

const fn word(action: Action) -> &'static str {
    match action {
        Action::Blocked => "block",
        Action::Warned => "warn",
        Action::Allowed | Action::Overridden => "allow",
    }
}

/// Categories a school decides for itself, with the reason for each answer.
const DECIDED: [(Category, &str, &str); 8] = [
    (Category::Circumvention, "Ways round the filter", "Ways round the filter"),
    (Category::Games, "Lessons come first", "Used in lessons"),
    (Category::SocialMedia, "Under 13s have no accounts; phones stay away", "Used for the school's own pages"),
    (Category::Messaging, "Contact with strangers", "Used for work"),
    (Category::AiAssistant, "Under the age the products allow", "Allowed after the assessment of September 2025"),
    (Category::Streaming, "A reminder before watching", "Used in lessons"),
    (Category::SexEducation, "Taught with the school's own materials", "Part of the curriculum"),
    (Category::Health, "Never blocked", "Health and help must be in reach"),
];

fn policy_csv() -> String {
    let mut text = String::from("school_id,profile_or_user_type,category,expected,reason,from,to\n");
    for (category, reason) in policy::ALWAYS {
        row!(text, "*,*,{},block,{},,", category.canonical(), cell(reason));
    }
    for category in [Category::Education, Category::Search, Category::HelpLine] {
        row!(text, "*,*,{},allow,Teaching and help must be in reach,,", category.canonical());
    }
    for school in &SCHOOLS {
        for (category, when_stopped, when_allowed) in DECIDED {
            // The first row that matches wins: staff, then everyone else, shared sign-ins and guests included.
            for (who, kind) in [("staff", Kind::Staff), ("*", Kind::Pupil)] {
                let expected = policy::expected(school, kind, category);
                let reason = if expected == Action::Allowed { when_allowed } else { when_stopped };
                row!(text, "{},{who},{},{},{},,", school.id, category.canonical(), word(expected), cell(reason));
            }
        }
    }
    text
}
