//! policy.csv for the pages: read as every command reads it, and written whole or not at all, with the file of before beside it.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use weir_dashboard::{PolicyCategory, PolicyFile, PolicyRefused, PolicyStands};
use weir_ingest::normalise::Reference;
use weir_lake::clock;
use weir_lake::estate::{Estate, PolicyRow};
use weir_lake::ids::SchoolId;
use weir_lake::storage::write_file;
use weir_register::records::PolicyLine;

/// The columns that a row is written to, in the order of a new file.
const COLUMNS: [&str; 7] = ["school_id", "profile_or_user_type", "category", "expected", "reason", "from", "to"];

/// What the second column may be called as well.
const WHO: [&str; 5] = ["profile_or_user_type", "profile", "user_type", "profile_or_type", "who"];

/// The policy of the estate of a weir.toml.
pub struct EstatePolicy {
    weir_toml: PathBuf,
}

impl EstatePolicy {
    pub fn new(weir_toml: PathBuf) -> Self {
        Self { weir_toml }
    }

    fn estate(&self) -> Result<Estate, PolicyRefused> {
        Estate::load(&self.weir_toml).map_err(failed)
    }
}

fn failed(error: impl std::fmt::Display) -> PolicyRefused {
    PolicyRefused::Failed(error.to_string())
}

fn stands(row: &PolicyRow) -> PolicyStands {
    PolicyStands {
        is_for_all: row.school_id.is_none(),
        who: row.profile_or_user_type.clone().unwrap_or_else(|| "*".into()),
        category: row.category.clone(),
        expected: row.expected.as_str(),
        reason: row.reason.clone(),
        from: row.from,
        to: row.to,
    }
}

impl PolicyFile for EstatePolicy {
    fn rows(&self, school: &SchoolId) -> Result<Vec<PolicyStands>, PolicyRefused> {
        Ok(self.estate()?.policy_of(school).map(stands).collect())
    }

    fn categories(&self) -> Result<Vec<PolicyCategory>, PolicyRefused> {
        let reference = Reference::of_estate(&self.estate()?).map_err(failed)?;
        let of = |id: &str| PolicyCategory { id: id.to_owned(), words: id.replace('_', " ") };
        Ok(reference.taxonomies.categories().iter().map(|category| of(&category.id)).collect())
    }

    fn write(&self, school: &SchoolId, rows: &[PolicyLine]) -> Result<(), PolicyRefused> {
        let estate = self.estate()?;
        let path = estate.home.join("policy.csv");
        // One writer at a time; the lock goes with the process.
        let lock =
            File::options().create(true).truncate(false).write(true).open(estate.home.join("policy.lock")).map_err(failed)?;
        lock.lock().map_err(failed)?;
        let before = match fs::read(&path) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        let text = before.as_deref().map_or(Ok(""), std::str::from_utf8).map_err(|_| {
            PolicyRefused::Said("policy.csv is not UTF-8: save it as CSV in UTF-8 first. Nothing was written.".into())
        })?;
        let estate = self.estate()?;
        let standing: Vec<PolicyStands> = estate.policy_of(school).filter(|row| row.school_id.is_some()).map(stands).collect();
        let new: Vec<&PolicyLine> = rows.iter().filter(|row| !standing.iter().any(|known| is_same(known, row))).collect();
        if new.is_empty() {
            return Ok(());
        }
        let after = with_rows(text, school, &new)?;
        if let Some(before) = &before {
            let stamp = clock::machine_now().strftime("%Y%m%dT%H%M%S%6fZ").to_string().replace('.', "");
            write_file(&estate.home.join(format!("policy.csv.before-{stamp}")), before).map_err(failed)?;
        }
        write_file(&path, after.as_bytes()).map_err(failed)?;
        // Read back as every command reads it; what they would refuse is not left there.
        let refused = match Estate::load(&self.weir_toml) {
            Ok(estate) if new.iter().all(|row| estate.policy_of(school).any(|known| is_same(&stands(known), row))) => {
                return Ok(());
            }
            Ok(_) => "the rows did not come back as they were written".to_owned(),
            Err(error) => error.to_string(),
        };
        put_back(&path, before.as_deref())?;
        Err(PolicyRefused::Said(format!("policy.csv would not be read any more, so it stands as before: {refused}")))
    }
}

fn put_back(path: &Path, before: Option<&[u8]>) -> Result<(), PolicyRefused> {
    match before {
        Some(bytes) => write_file(path, bytes).map_err(failed),
        None => fs::remove_file(path).map_err(failed),
    }
}

fn is_same(known: &PolicyStands, row: &PolicyLine) -> bool {
    (known.who.as_str(), known.category.as_str(), known.expected, known.reason.as_str(), known.from, known.to)
        == (row.who.as_str(), row.category.as_str(), row.expected.as_str(), row.reason.as_str(), Some(row.from), row.to)
}

/// The file with rows under its headings, before all others: of two that fit, the first wins. Comments and all else stay as they are.
fn with_rows(text: &str, school: &SchoolId, rows: &[&PolicyLine]) -> Result<String, PolicyRefused> {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut lines: Vec<&str> = text.lines().collect();
    let is_heading = |line: &&str| !line.trim().is_empty() && !line.trim_start_matches('\u{feff}').starts_with('#');
    let heading = lines.iter().position(is_heading);
    let header = COLUMNS.join(",");
    let at = heading.unwrap_or_else(|| {
        lines.push(&header);
        lines.len() - 1
    });
    let heads: Vec<String> =
        lines[at].trim_start_matches('\u{feff}').split(',').map(|head| head.trim().trim_matches('"').to_lowercase()).collect();
    let place = |column: &str| {
        let is_it = |head: &String| head == column || column == COLUMNS[1] && WHO.contains(&head.as_str());
        heads.iter().position(is_it)
    };
    if let Some(missing) = COLUMNS.iter().find(|column| place(column).is_none()) {
        return Err(PolicyRefused::Said(format!(
            "policy.csv has no column {missing}, so nothing was written; add it to the headings first."
        )));
    }
    let mut out: Vec<String> = lines.iter().take(at + 1).map(|line| (*line).to_owned()).collect();
    for row in rows {
        let mut cells = vec![String::new(); heads.len()];
        let values = [
            school.to_string(),
            row.who.clone(),
            row.category.clone(),
            row.expected.clone(),
            row.reason.clone(),
            row.from.to_string(),
            row.to.map(|to| to.to_string()).unwrap_or_default(),
        ];
        for (column, value) in COLUMNS.iter().zip(values) {
            if let Some(cell) = place(column).and_then(|at| cells.get_mut(at)) {
                *cell = quoted(&value);
            }
        }
        out.push(cells.join(","));
    }
    out.extend(lines.iter().skip(at + 1).map(|line| (*line).to_owned()));
    Ok(out.join(end) + end)
}

/// A cell as CSV writes it.
fn quoted(value: &str) -> String {
    if value.contains([',', '"']) || value.starts_with('#') || value.trim() != value {
        format!("\"{}\"", value.replace('"', "\"\""))
    } else {
        value.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use tempfile::TempDir;

    use super::*;

    const POLICY: &str = "# what is blocked\nschool_id,profile,category,expected,reason,from,to\n\n# the school's\noak,staff,games,block,\"No, thank you\",,\n*,,games,warn,Clubs,,\n";

    fn oak() -> SchoolId {
        SchoolId::parse("oak").unwrap()
    }

    fn home(policy: Option<&str>) -> (TempDir, EstatePolicy) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("weir.toml"), "").unwrap();
        fs::write(folder.path().join("schools.csv"), "school_id,name,phase,nation\noak,Oak,primary,\nelm,Elm,primary,\n")
            .unwrap();
        if let Some(policy) = policy {
            fs::write(folder.path().join("policy.csv"), policy).unwrap();
        }
        let policy = EstatePolicy::new(folder.path().join("weir.toml"));
        (folder, policy)
    }

    fn line(reason: &str) -> PolicyLine {
        PolicyLine {
            who: "staff".into(),
            category: "games".into(),
            expected: "allow".into(),
            reason: reason.into(),
            from: date(2026, 11, 23),
            to: Some(date(2027, 7, 20)),
        }
    }

    fn backups(folder: &TempDir) -> Vec<PathBuf> {
        let all = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        all.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("policy.csv.before-")).collect()
    }

    #[test]
    fn a_row_is_written_first_once_and_the_file_of_before_is_kept() {
        let (folder, policy) = home(Some(POLICY));
        // A reason with everything that CSV has to be careful of.
        let row = line("Used in \"lessons\", daily");
        policy.write(&oak(), std::slice::from_ref(&row)).unwrap();
        let text = fs::read_to_string(folder.path().join("policy.csv")).unwrap();
        let wanted = POLICY.replacen(
            "from,to\n",
            "from,to\noak,staff,games,allow,\"Used in \"\"lessons\"\", daily\",2026-11-23,2027-07-20\n",
            1,
        );
        assert_eq!(text, wanted);
        let rows = policy.rows(&oak()).unwrap();
        assert_eq!(
            (rows[0].reason.as_str(), rows[0].to, rows[1].reason.as_str()),
            (row.reason.as_str(), row.to, "No, thank you")
        );
        assert_eq!(rows.iter().map(|row| row.is_for_all).collect::<Vec<_>>(), [false, false, true]);
        let estate = policy.estate().unwrap();
        let expected = |day| estate.expected(&oak(), None, "staff", "games", day).unwrap().expected.as_str();
        // The day before the change figures say what they said.
        assert_eq!((expected(date(2026, 11, 22)), expected(date(2026, 11, 23))), ("block", "allow"));
        let [kept] = <[PathBuf; 1]>::try_from(backups(&folder)).unwrap();
        assert_eq!(fs::read_to_string(kept).unwrap(), POLICY);
        policy.write(&oak(), &[row]).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("policy.csv")).unwrap(), wanted, "not twice");
        assert_eq!(backups(&folder).len(), 1);
    }

    #[test]
    fn a_file_is_made_where_there_is_none_and_one_that_would_not_be_read_stands_as_before() {
        let (folder, policy) = home(None);
        policy.write(&oak(), &[line("Lessons.")]).unwrap();
        let text = fs::read_to_string(folder.path().join("policy.csv")).unwrap();
        assert_eq!(text, format!("{}\noak,staff,games,allow,Lessons.,2026-11-23,2027-07-20\n", COLUMNS.join(",")));
        // What no command would read is refused with its line and column, and is not left there.
        let odd = PolicyLine { expected: "sometimes".into(), ..line("Odd.") };
        let refused = policy.write(&oak(), &[odd]).unwrap_err().to_string();
        assert!(
            refused.contains("policy.csv line 2, column expected: found \"sometimes\"; use block, warn or allow"),
            "{refused}"
        );
        assert_eq!(fs::read_to_string(folder.path().join("policy.csv")).unwrap(), text);
        let (folder, policy) = home(Some("school_id,who,category,expected\n"));
        let refused = policy.write(&oak(), &[line("x")]).unwrap_err().to_string();
        assert!(refused.contains("no column reason"), "{refused}");
        assert!(backups(&folder).is_empty());
    }
}
