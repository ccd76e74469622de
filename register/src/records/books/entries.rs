//! The entries of a book: recorded, changed by one that replaces another, withdrawn. Nothing that was written goes.

use std::collections::BTreeMap;

use jiff::civil::Date;
use sqlx::{Row as _, SqliteConnection};
use weir_lake::ids::SchoolId;

use super::{Book, BookField, Holds, Spans};
use crate::records::typed::{LONGEST, LONGEST_NAME, line, needed, prose};
use crate::records::{By, Fault, RecordError};
use crate::{Register, RegisterError};

/// Most people of a school that a field may count.
const MOST_PEOPLE: u32 = 100_000;

/// Most entries taken at once from a file.
const MOST_AT_ONCE: usize = 500;

/// An entry to be recorded: what was typed, by field. Days are as the register holds them, `2026-09-01`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewEntry {
    /// What was typed.
    pub values: BTreeMap<&'static str, String>,
    /// The entry whose place it takes.
    pub replaces: Option<i64>,
}

impl NewEntry {
    fn typed(&self, field: &BookField) -> String {
        let text = self.values.get(field.name).map_or("", String::as_str);
        if field.holds == Holds::Text { prose(text) } else { line(text) }
    }

    fn day(&self, book: &Book, name: &str) -> Option<Date> {
        book.field(name).and_then(|field| self.typed(field).parse().ok())
    }

    /// What is wrong with it, on this day.
    pub fn faults(&self, book: &Book, today: Date) -> Vec<Fault> {
        let mut faults = Vec::new();
        for field in book.fields {
            let text = self.typed(field);
            if text.is_empty() {
                if field.is_needed {
                    faults.push(Fault::at(field.name, missing(field.holds)));
                }
                continue;
            }
            let fault = match field.holds {
                Holds::Line => (text.chars().count() > LONGEST_NAME).then_some("Use at most 100 characters."),
                Holds::Text => (text.chars().count() > LONGEST).then_some("Use at most 1,000 characters."),
                Holds::Day | Holds::Due => text.parse::<Date>().is_err().then_some("Use a day such as 1 9 2026 or 2026-09-01."),
                Holds::OneOf(words) => (!words.iter().any(|(word, _)| *word == text)).then_some("Choose one of the list."),
                Holds::People => (!text.parse::<u32>().is_ok_and(|count| count <= MOST_PEOPLE)).then_some("Use a whole number."),
            };
            faults.extend(fault.map(|words| Fault::at(field.name, words)));
        }
        let mut at = |name: &'static str, words| {
            if !faults.iter().any(|fault| fault.field == name) {
                faults.push(Fault::at(name, words));
            }
        };
        match book.spans {
            Spans::On(on) if self.day(book, on).is_some_and(|day| day > today) => {
                at(on, "This day is still to come. Record it once it has happened.");
            }
            Spans::From(from, until) if self.day(book, until).is_some_and(|end| Some(end) < self.day(book, from)) => {
                at(until, "This day is before the first.");
            }
            _ => {}
        }
        // Where both are counted, those who took part are some of all.
        for (field, whole) in book.fields.iter().filter_map(|field| Some((field, book.whole_of(field)?))) {
            let count = |field: &BookField| self.typed(field).parse::<u32>().ok();
            if let (Some(some), Some(all)) = (count(field), count(whole))
                && some > all
            {
                at(field.name, "These are more than there were.");
            }
        }
        faults
    }
}

const fn missing(holds: Holds) -> &'static str {
    match holds {
        Holds::OneOf(_) => "Choose one of the list.",
        Holds::Day | Holds::Due => "Give a day.",
        Holds::People => "Give a number.",
        Holds::Line | Holds::Text => "Fill this in.",
    }
}

/// An entry as it stands in the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub id: i64,
    /// The entry whose place it took.
    pub replaces: Option<i64>,
    /// The entry that took its place.
    pub replaced_by: Option<i64>,
    /// What it says, by field.
    pub values: BTreeMap<String, String>,
    /// Who recorded it.
    pub recorded_by: String,
    /// When, microseconds.
    pub recorded_at: i64,
    /// Why it counts no longer.
    pub withdrawn: Option<String>,
}

impl Entry {
    /// What a field says; empty where it says nothing.
    pub fn value(&self, field: &str) -> &str {
        self.values.get(field).map_or("", String::as_str)
    }

    /// The day in a field.
    pub fn day(&self, field: &str) -> Option<Date> {
        self.value(field).parse().ok()
    }

    /// Whether it counts: the newest of its line, and not withdrawn.
    pub fn counts(&self) -> bool {
        self.replaced_by.is_none() && self.withdrawn.is_none()
    }

    /// Whether it holds on some day from `first` to `last`, both included.
    pub fn is_within(&self, book: &Book, first: Date, last: Date) -> bool {
        match book.spans {
            Spans::On(on) => self.day(on).is_some_and(|day| first <= day && day <= last),
            Spans::From(from, until) => {
                self.day(from).is_none_or(|day| day <= last) && self.day(until).is_none_or(|day| day >= first)
            }
        }
    }

    /// The first day that something of it was due and is past; none where nothing is, or it holds no longer.
    pub fn overdue(&self, book: &Book, today: Date) -> Option<(&'static BookField, Date)> {
        let is_over = matches!(book.spans, Spans::From(_, until) if self.day(until).is_some_and(|day| day < today));
        if !self.counts() || is_over || self.day("answered_on").is_some() {
            return None;
        }
        let due = book.fields.iter().filter(|field| field.holds == Holds::Due);
        due.filter_map(|field| Some((field, self.day(field.name)?))).filter(|(_, day)| *day < today).min_by_key(|(_, day)| *day)
    }
}

/// The entries of a book at a school, newest first by the day they are about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BookPages {
    /// All of them, replaced and withdrawn ones included.
    pub entries: Vec<Entry>,
}

impl BookPages {
    /// An entry.
    pub fn entry(&self, id: i64) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id == id)
    }

    /// Those that count.
    pub fn counting(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.counts())
    }

    /// What stood in an entry's place before, newest first.
    pub fn before(&self, entry: &Entry) -> Vec<&Entry> {
        let mut earlier = Vec::new();
        let mut next = entry.replaces;
        while let Some(found) = next.and_then(|id| self.entry(id)) {
            earlier.push(found);
            next = found.replaces;
        }
        earlier
    }
}

impl Register {
    /// The entries of a book at a school.
    pub async fn book(&self, school: &SchoolId, book: &Book) -> Result<BookPages, RegisterError> {
        let mut reading = self.readers().begin().await?;
        read(&mut reading, school, book).await
    }

    /// The entries of every book at a school, by book; a book without any is not there.
    pub async fn books(&self, school: &SchoolId) -> Result<BTreeMap<&'static str, BookPages>, RegisterError> {
        let mut reading = self.readers().begin().await?;
        read_all(&mut reading, school, None).await
    }

    /// Records an entry, in the place of another where it names one; gives its number.
    pub async fn record_entry(
        &self,
        by: By,
        school: &SchoolId,
        book: &Book,
        new: &NewEntry,
        now: i64,
        today: Date,
    ) -> Result<i64, RecordError> {
        let faults = new.faults(book, today);
        if !faults.is_empty() {
            return Err(RecordError::Wrong(faults));
        }
        let act = by.records(school).with("book", book.id).with("change", new.replaces.is_some());
        let mut writing = self.begin(act).await?;
        if let Some(old) = new.replaces {
            let pages = read(writing.connection(), school, book).await?;
            if !pages.entry(old).is_some_and(Entry::counts) {
                return Err(RecordError::NoSuch);
            }
        }
        let id = insert(writing.connection(), by, school, book, new, now).await?;
        writing.act().set_object("entry", id);
        let _receipt = writing.commit().await?;
        Ok(id)
    }

    /// Records many entries at once, all of them or none; gives how many.
    ///
    /// # Errors
    /// The first that is wrong, with its place in `new`.
    pub async fn record_entries(
        &self,
        by: By,
        school: &SchoolId,
        book: &Book,
        new: &[NewEntry],
        now: i64,
        today: Date,
    ) -> Result<usize, (usize, RecordError)> {
        if new.len() > MOST_AT_ONCE {
            return Err((MOST_AT_ONCE, RecordError::Wrong(vec![Fault::at("rows", "Give at most 500 rows at once.")])));
        }
        for (at, entry) in new.iter().enumerate() {
            let faults = entry.faults(book, today);
            if !faults.is_empty() {
                return Err((at, RecordError::Wrong(faults)));
            }
        }
        let begun = self.begin(by.records(school).with("book", book.id).with("entries", new.len() as u64)).await;
        let mut writing = begun.map_err(|error| (0, error.into()))?;
        for (at, entry) in new.iter().enumerate() {
            insert(writing.connection(), by, school, book, entry, now).await.map_err(|error| (at, error.into()))?;
        }
        let _receipt = writing.commit().await.map_err(|error| (0, error.into()))?;
        Ok(new.len())
    }

    /// Takes an entry that was recorded by mistake out of what counts. It stays in the list, with the reason.
    pub async fn withdraw_entry(
        &self,
        by: By,
        school: &SchoolId,
        book: &Book,
        id: i64,
        why: &str,
        now: i64,
    ) -> Result<(), RecordError> {
        let why = needed("why", why, "Say what was wrong with it.")?;
        let mut writing = self.begin(by.records(school).with("book", book.id).on("entry", id).with("withdrawn", true)).await?;
        let changed = sqlx::query(
            "UPDATE entries SET withdrawn_at = ?1, withdrawn_why = ?2, withdrawn_by = ?3
             WHERE id = ?4 AND school = ?5 AND book = ?6 AND withdrawn_at IS NULL
               AND NOT EXISTS (SELECT 1 FROM entries AS newer WHERE newer.replaces = ?4)",
        )
        .bind(now)
        .bind(&why)
        .bind(by.id.0)
        .bind(id)
        .bind(school.as_str())
        .bind(book.id)
        .execute(writing.connection())
        .await?;
        if changed.rows_affected() == 0 {
            return Err(RecordError::NoSuch);
        }
        let _receipt = writing.commit().await?;
        Ok(())
    }
}

async fn insert(
    connection: &mut SqliteConnection,
    by: By,
    school: &SchoolId,
    book: &Book,
    new: &NewEntry,
    now: i64,
) -> Result<i64, sqlx::Error> {
    let added = sqlx::query("INSERT INTO entries (school, book, replaces, recorded_by, recorded_at) VALUES (?, ?, ?, ?, ?)")
        .bind(school.as_str())
        .bind(book.id)
        .bind(new.replaces)
        .bind(by.id.0)
        .bind(now)
        .execute(&mut *connection)
        .await?;
    let id = added.last_insert_rowid();
    for field in book.fields {
        let value = new.typed(field);
        if !value.is_empty() {
            sqlx::query("INSERT INTO entry_values (entry, field, value) VALUES (?, ?, ?)")
                .bind(id)
                .bind(field.name)
                .bind(value)
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(id)
}

async fn read(connection: &mut SqliteConnection, school: &SchoolId, book: &Book) -> Result<BookPages, RegisterError> {
    Ok(read_all(connection, school, Some(book)).await?.remove(book.id).unwrap_or_default())
}

/// The entries of one book, or of all, by book.
async fn read_all(
    connection: &mut SqliteConnection,
    school: &SchoolId,
    book: Option<&Book>,
) -> Result<BTreeMap<&'static str, BookPages>, RegisterError> {
    let only = book.map(|book| book.id);
    let rows = sqlx::query(
        "SELECT entries.id, entries.book, entries.replaces, newer.id AS replaced_by, accounts.name AS recorder, entries.recorded_at,
                entries.withdrawn_why
         FROM entries JOIN accounts ON accounts.id = entries.recorded_by
         LEFT JOIN entries AS newer ON newer.replaces = entries.id
         WHERE entries.school = ?1 AND (?2 IS NULL OR entries.book = ?2)",
    )
    .bind(school.as_str())
    .bind(only)
    .fetch_all(&mut *connection)
    .await?;
    let mut entries = BTreeMap::new();
    for row in rows {
        let id: i64 = row.try_get("id")?;
        let entry = Entry {
            id,
            replaces: row.try_get("replaces")?,
            replaced_by: row.try_get("replaced_by")?,
            values: BTreeMap::new(),
            recorded_by: row.try_get("recorder")?,
            recorded_at: row.try_get("recorded_at")?,
            withdrawn: row.try_get("withdrawn_why")?,
        };
        entries.insert(id, (row.try_get::<String, _>("book")?, entry));
    }
    let rows = sqlx::query(
        "SELECT entry, field, value FROM entry_values JOIN entries ON entries.id = entry
         WHERE school = ?1 AND (?2 IS NULL OR book = ?2)",
    )
    .bind(school.as_str())
    .bind(only)
    .fetch_all(connection)
    .await?;
    for row in rows {
        if let Some((_, entry)) = entries.get_mut(&row.try_get::<i64, _>("entry")?) {
            entry.values.insert(row.try_get("field")?, row.try_get("value")?);
        }
    }
    let mut books: BTreeMap<&'static str, BookPages> = BTreeMap::new();
    for (of, entry) in entries.into_values() {
        let book = Book::of(&of).ok_or(RegisterError::Damaged("a book that it does not know"))?;
        books.entry(book.id).or_default().entries.push(entry);
    }
    for (of, pages) in &mut books {
        if let Some(Spans::On(day) | Spans::From(day, _)) = Book::of(of).map(|book| book.spans) {
            pages.entries.sort_by(|a, b| b.value(day).cmp(a.value(day)).then(b.id.cmp(&a.id)));
        }
    }
    Ok(books)
}
