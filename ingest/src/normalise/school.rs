//! Numbers the schools of a source, and finds the one of a line.

use weir_lake::estate::{SchoolMap, SchoolOf, Site};
use weir_lake::ids::SchoolId;

use crate::decoded::{Decoded, Field};

/// The school or schools of a source, arranged once a file.
pub(crate) struct Schools {
    schools: Vec<SchoolId>,
    map: Option<SchoolMap>,
}

impl Schools {
    pub(crate) fn new(school: &SchoolOf) -> Self {
        match school {
            SchoolOf::One(school) => Self { schools: vec![school.clone()], map: None },
            SchoolOf::Map(rules) => {
                let mut schools: Vec<SchoolId> = rules.iter().map(|rule| rule.school.clone()).collect();
                schools.sort();
                schools.dedup();
                Self { schools, map: Some(SchoolMap::new(rules)) }
            }
        }
    }

    /// All of them, in the order they are numbered.
    pub(crate) fn all(&self) -> &[SchoolId] {
        &self.schools
    }

    /// Whether every line is the same school's.
    pub(crate) fn is_one(&self) -> bool {
        self.map.is_none()
    }

    /// The number of the line's school.
    pub(crate) fn find(&self, decoded: &Decoded) -> Option<usize> {
        let Some(map) = &self.map else { return Some(0) };
        let text = |field| String::from_utf8_lossy(decoded.text(field));
        let (src_ip, group, profile, site) =
            (text(Field::SrcIp), text(Field::UserGroup), text(Field::Profile), text(Field::Site));
        let found = map.school_of(&Site { src_ip: &src_ip, group: &group, profile: &profile, site: &site })?;
        self.schools.iter().position(|school| school == found)
    }
}
