//! What a format can give, as its columns and rules say; a line may still leave any of it empty.

use super::Format;
use super::spec::ColumnSpec;

/// What people ask of a source first, and the columns of which any gives it.
const ASKED: [(&str, &[&str]); 5] = [
    ("user", &["user"]),
    ("category", &["vendor_category", "vendor_category_id", "concern"]),
    // A term is taken from the address of a search where no column has it.
    ("search term", &["search_term", "query", "url"]),
    ("path", &["path", "url"]),
    ("device", &["device"]),
];

impl Format {
    /// Of user, category, search term, path and device, what a line of this format may hold.
    pub fn gives_what(&self) -> Vec<&'static str> {
        let columns = &self.spec.columns;
        let given = ASKED.iter().filter(|(_, any)| any.iter().any(|column| columns.contains_key(*column)));
        given.map(|(what, _)| *what).collect()
    }

    /// Which rows there are: `all` requests; `blocked`, refusals alone, of which no share can be made; `changes` of administrators;
    /// `findings` of a device monitor.
    pub fn logs(&self) -> &'static str {
        match self.layer() {
            "monitor" => "findings",
            _ if !self.decides() => "changes",
            _ if self.spec.logs == "blocked" => "blocked",
            _ => "all",
        }
    }

    /// Whether any line can be a decision on a request.
    fn decides(&self) -> bool {
        let by_column = self.spec.columns.get("action").is_some_and(|sources| {
            sources.as_slice().iter().any(|source| match source {
                ColumnSpec::From(_) => true,
                ColumnSpec::Full(full) => full.from.is_some() || full.value.is_some(),
            })
        });
        by_column || self.spec.when.iter().any(|rule| rule.action.is_some())
    }
}

#[cfg(test)]
mod tests {
    use crate::decoded::Field;
    use crate::format::Catalogue;

    #[test]
    fn what_formats_give() {
        let catalogue = Catalogue::embedded();
        let table: &[(&str, &str, &[&str])] = &[
            ("squid", "all", &["user", "search term", "path"]),
            ("umbrella-audit", "changes", &[]),
            ("pfsense", "blocked", &["category"]),
            ("defender-csv", "blocked", &["user", "search term", "path", "device"]),
            ("senso", "findings", &["user", "category", "search term", "path", "device"]),
        ];
        for (id, logs, gives) in table {
            let format = catalogue.get(id).unwrap();
            assert_eq!((format.logs(), format.gives_what().as_slice()), (*logs, *gives), "{id}");
        }
    }

    /// Columns that repeat stand in groups of their own in a plan; they are given all the same.
    #[test]
    fn a_column_that_repeats_is_given() {
        let catalogue = Catalogue::embedded();
        let table = [
            ("fortigate-cef", Field::VendorCategoryId, true),
            ("squid", Field::VendorCategoryId, false),
            ("squid", Field::User, true),
            ("squid", Field::SrcIp, true),
            ("squid", Field::Url, true),
        ];
        for (id, field, wanted) in table {
            assert_eq!(catalogue.get(id).unwrap().gives(field), wanted, "{id} {field:?}");
        }
    }

    /// What a format's notes say of its denominator, its key says too.
    #[test]
    fn notes_and_the_key_agree() {
        for format in Catalogue::embedded().all().unwrap() {
            let notes = format.spec.notes.replace('\n', " ");
            let says =
                ["no share of blocked requests", "such a source has no denominator"].iter().any(|words| notes.contains(words));
            assert_eq!(says, format.spec.logs == "blocked", "{}", format.id());
        }
    }
}
