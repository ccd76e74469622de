//! The vendor's categories in a stored row that no map knows; what a person needs to add them to a map.

use crate::engine::vendor_of;
use crate::format::Format;
use crate::normalise::Reference;

/// Of the vendor's words in a row's `vendor_category`, those that neither the map of its format's vendor nor the common one knows.
/// Without the format, the common map alone is asked.
pub fn unmapped_names(reference: &Reference, format: Option<&Format>, vendor_category: &str) -> Vec<String> {
    let vendor = format.and_then(|format| vendor_of(reference, format));
    let mut names = Vec::new();
    reference.taxonomies.map(vendor.as_deref(), vendor_category, "", &mut |name| names.push(name.to_owned()));
    names
}

/// The file of taxonomies/ that a format's categories are looked up in, if there is one.
pub fn map_of(reference: &Reference, format: &Format) -> Option<String> {
    vendor_of(reference, format)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Catalogue;

    #[test]
    fn names_that_no_map_knows() {
        let reference = Reference::embedded().unwrap();
        let format = Catalogue::embedded().get("fortigate").unwrap();
        let table: &[(&str, &[&str])] = &[
            ("Gambling", &[]),
            ("Gambling; Otters and Weirs", &["Otters and Weirs"]),
            ("Otters; Herons", &["Otters", "Herons"]),
            ("", &[]),
        ];
        for (words, wanted) in table {
            assert_eq!(unmapped_names(&reference, Some(&format), words), *wanted, "{words}");
        }
        assert_eq!(map_of(&reference, &format).as_deref(), Some("fortigate"));
    }
}
