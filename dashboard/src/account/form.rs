//! Forms: what was typed, what is wrong with it, and the page that shows both.

use jiff::civil::Date;
use weir_register::accounts::AccountError;
use weir_register::records::Fault;

use crate::error::PageError;

/// What is wrong with a form: each with the field it is about.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wrong(pub(crate) Vec<(&'static str, String)>);

impl Wrong {
    /// One thing.
    pub(crate) fn one(field: &'static str, words: impl Into<String>) -> Self {
        Self(vec![(field, words.into())])
    }

    /// What is said beside a field.
    pub(crate) fn of(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| *own == field).map(|(_, words)| words.as_str())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds what else is wrong; of a field that is there already, nothing.
    pub(crate) fn and(&mut self, faults: Vec<Fault>) {
        for fault in faults {
            if self.of(fault.field).is_none() {
                self.0.push((fault.field, fault.words.to_owned()));
            }
        }
    }
}

/// A field, and which refusals are about it.
pub(crate) type About = (&'static str, fn(&AccountError) -> bool);

/// What an account's matter was refused for, as words at a field; the register's own failures are a page of their own.
pub(crate) fn wrong(error: AccountError, wrong: (&'static str, &str), others: &[About]) -> Result<Wrong, PageError> {
    match error {
        AccountError::Register(error) => Err(error.into()),
        AccountError::NoSuch => Err(PageError::NotFound),
        AccountError::Wrong => Ok(Wrong::one(wrong.0, wrong.1)),
        error => {
            let field = others.iter().find(|(_, is_it)| is_it(&error)).map_or(wrong.0, |(field, _)| *field);
            Ok(Wrong::one(field, sentence(&error.to_string())))
        }
    }
}

/// Errors begin small and end without a stop; on a page they are sentences.
fn sentence(words: &str) -> String {
    let words = crate::words::capital(words);
    if words.ends_with('.') { words } else { format!("{words}.") }
}

/// A day as a date field gives it or as people type it: year, month, day, or day, month, year.
pub(crate) fn typed_day(text: &str) -> Option<Date> {
    let parts: Vec<i16> =
        text.split(['-', '/', '.', ' ']).filter(|part| !part.is_empty()).map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [a, b, c] = parts.as_slice() else { return None };
    let (year, day) = if *a > 31 { (*a, *c) } else { (*c, *a) };
    let date = Date::new(year, i8::try_from(*b).ok()?, i8::try_from(day).ok()?).ok()?;
    (2000..=2100).contains(&year).then_some(date)
}
