//! What policy expects of a category, for whom and on which day: most specific school first, then file order.

use jiff::civil::Date;

use super::{Estate, PolicyRow, is_valid_on};
use crate::ids::SchoolId;

impl PolicyRow {
    /// Whether the row speaks of this profile or user type; a row for `*` speaks of all.
    pub(crate) fn covers(&self, profile: Option<&str>, user_type: &str) -> bool {
        match &self.profile_or_user_type {
            None => true,
            Some(who) => {
                who.eq_ignore_ascii_case(user_type) || profile.is_some_and(|profile| who.to_lowercase() == profile.to_lowercase())
            }
        }
    }
}

impl Estate {
    /// The policy rows of a school in the order they are asked: its own in file order, then those of every school.
    pub fn policy_of<'e>(&'e self, school: &'e SchoolId) -> impl Iterator<Item = &'e PolicyRow> {
        let own = self.policy.iter().filter(move |row| row.school_id.as_ref() == Some(school));
        own.chain(self.policy.iter().filter(|row| row.school_id.is_none()))
    }

    /// The row that says what is expected of a category for a profile and user type on a day; none where policy is silent.
    pub fn expected<'e>(
        &'e self,
        school: &'e SchoolId,
        profile: Option<&str>,
        user_type: &str,
        category: &str,
        date: Date,
    ) -> Option<&'e PolicyRow> {
        self.policy_of(school)
            .find(|row| row.category == category && is_valid_on(date, row.from, row.to) && row.covers(profile, user_type))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Expected;
    use super::*;

    #[test]
    fn a_schools_own_row_comes_first_then_file_order() {
        let oak = SchoolId::parse("oak").unwrap();
        let row = |school: Option<&SchoolId>, who: Option<&str>, expected, from: Option<&str>| PolicyRow {
            school_id: school.cloned(),
            profile_or_user_type: who.map(str::to_owned),
            category: "games".into(),
            expected,
            reason: "invented".into(),
            from: from.map(|date| date.parse().unwrap()),
            to: None,
        };
        let estate = Estate {
            policy: vec![
                row(None, Some("staff"), Expected::Allow, None),
                row(None, None, Expected::Block, None),
                row(Some(&oak), Some("Sixth Form"), Expected::Warn, Some("2026-09-01")),
            ],
            ..Estate::default()
        };
        let elm = SchoolId::parse("elm").unwrap();
        let table = [
            (&oak, Some("sixth form"), "pupil", "2026-09-01", Expected::Warn),
            (&oak, Some("sixth form"), "pupil", "2026-08-31", Expected::Block),
            (&oak, None, "staff", "2026-09-01", Expected::Allow),
            (&elm, Some("Sixth Form"), "pupil", "2026-09-01", Expected::Block),
        ];
        for (school, profile, user_type, date, wanted) in table {
            let found = estate.expected(school, profile, user_type, "games", date.parse().unwrap());
            assert_eq!(found.map(|row| row.expected), Some(wanted), "{school} {profile:?} {user_type} {date}");
        }
        assert!(estate.expected(&oak, None, "pupil", "gambling", "2026-09-01".parse().unwrap()).is_none());
    }
}
