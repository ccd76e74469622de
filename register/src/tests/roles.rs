use std::collections::{BTreeMap, BTreeSet};

use weir_lake::estate::School;
use weir_lake::ids::SchoolId;

use crate::{Ability, Access, Place, Reach, Role, may, roles_page};

fn id(text: &str) -> SchoolId {
    SchoolId::parse(text).unwrap()
}

/// Oak and elm belong to a trust, elm and ash to an authority.
fn schools() -> BTreeMap<SchoolId, School> {
    let school = |name: &str, trust: Option<&str>, authority: Option<&str>, board: Option<&str>| {
        let school = School {
            school_id: id(name),
            name: name.into(),
            urn: None,
            phase: "primary".into(),
            nation: "england".into(),
            timezone: "Europe/London".into(),
            governing_body: board.map(str::to_owned),
            trust: trust.map(str::to_owned),
            authority: authority.map(str::to_owned),
            opens: None,
            closes: None,
        };
        (school.school_id.clone(), school)
    };
    BTreeMap::from([
        school("oak", Some("Woodland"), None, Some("Oak board")),
        school("elm", Some("Woodland"), Some("Shire"), None),
        school("ash", None, Some("Shire"), None),
    ])
}

#[test]
fn governors_never_come_to_a_pupil_a_key_or_a_search() {
    for ability in Ability::ALL.into_iter().filter(|ability| ability.opens_names()) {
        assert!(!may(Role::Governor, ability), "{ability:?}");
    }
    for ability in [Ability::Feeds, Ability::WriteRegister, Ability::ReadAudit] {
        assert!(!may(Role::Governor, ability), "{ability:?}");
    }
    assert!(may(Role::Governor, Ability::Figures) && may(Role::Governor, Ability::Sign));
    assert!(
        !may(Role::Governor, Ability::ReadReveals) && may(Role::Chair, Ability::ReadReveals),
        "the chair reads the head's reveals"
    );
    for ability in
        [Ability::PupilDays, Ability::Searches, Ability::RevealPupil, Ability::RevealStaff, Ability::Watch, Ability::OpenLines]
    {
        assert!(!may(Role::Chair, ability), "{ability:?}");
    }
}

#[test]
fn a_role_that_comes_to_names_asks_for_a_second_step() {
    let asked: Vec<_> = Role::ALL.into_iter().filter(|role| role.needs_second_step()).collect();
    assert_eq!(asked, [Role::Chair, Role::Leader, Role::Dsl, Role::Technician, Role::DataProtection, Role::Administrator]);
}

#[test]
fn pupils_are_the_safeguarding_leads_matter_alone() {
    for role in Role::ALL {
        for ability in [Ability::PupilDays, Ability::Searches, Ability::RevealPupil] {
            assert_eq!(may(role, ability), role == Role::Dsl, "{role} {ability:?}");
        }
        for ability in [Ability::RevealStaff, Ability::HeadMatters] {
            let whose = if ability == Ability::RevealStaff { Role::Leader } else { Role::Chair };
            assert_eq!(may(role, ability), role == whose, "{role} {ability:?}");
        }
        assert_eq!(may(role, Ability::People), role == Role::Administrator, "{role}");
    }
}

#[test]
fn places_are_read_as_they_are_written() {
    for text in ["*", "school:oak", "trust:Woodland: Trust", "authority:Shire", "board:Oak board"] {
        assert_eq!(Place::parse(text).unwrap().to_string(), text);
    }
    for text in ["", "oak", "school:", "school:OAK!", "trust: ", "county:Shire", "**"] {
        assert_eq!(Place::parse(text), None, "{text}");
    }
}

#[test]
fn a_place_reaches_the_schools_of_today() {
    let schools = schools();
    let reach = |text: &str| match Place::parse(text).unwrap().reach(&schools) {
        Reach::Everywhere => vec!["*".to_owned()],
        Reach::Schools(schools) => schools.iter().map(SchoolId::to_string).collect(),
    };
    assert_eq!(reach("*"), ["*"]);
    assert_eq!(reach("school:oak"), ["oak"]);
    assert_eq!(reach("trust:Woodland"), ["elm", "oak"]);
    assert_eq!(reach("authority:Shire"), ["ash", "elm"]);
    assert_eq!(reach("board:Oak board"), ["oak"]);
    assert_eq!(reach("school:gone"), Vec::<String>::new());
    assert_eq!(reach("trust:woodland"), Vec::<String>::new());
}

#[test]
fn what_is_held_for_one_school_holds_for_no_other() {
    let held = [(Role::Governor, Place::parse("authority:Shire").unwrap()), (Role::Dsl, Place::parse("school:oak").unwrap())];
    let access = Access::new(held, &schools());
    assert_eq!(access.role_at(Ability::Figures, &id("ash")), Some(Role::Governor));
    assert_eq!(access.role_at(Ability::Figures, &id("oak")), Some(Role::Dsl));
    assert_eq!(access.role_at(Ability::PupilDays, &id("oak")), Some(Role::Dsl));
    assert_eq!(access.role_at(Ability::PupilDays, &id("elm")), None);
    assert_eq!(access.role_at(Ability::Figures, &id("unknown")), None);
    assert_eq!(access.role_for(Ability::PupilDays), Some(Role::Dsl));
    assert_eq!(access.role_for(Ability::People), None);
    assert!(access.needs_second_step());
    // A role at a school that is gone is a role nowhere.
    let gone = Access::new([(Role::Dsl, Place::parse("school:gone").unwrap())], &schools());
    assert_eq!(gone.role_for(Ability::Figures), None);
}

#[test]
fn a_reach_covers_what_lies_within_it() {
    let some = |names: &[&str]| Reach::Schools(names.iter().map(|name| id(name)).collect::<BTreeSet<_>>());
    assert!(Reach::Everywhere.covers(&Reach::Everywhere) && Reach::Everywhere.covers(&some(&[])));
    assert!(some(&["oak", "elm"]).covers(&some(&["elm"])));
    assert!(!some(&["oak"]).covers(&some(&["oak", "elm"])));
    assert!(!some(&["oak"]).covers(&Reach::Everywhere));
    assert!(!some(&["oak"]).covers(&some(&[])), "nobody knows what it will come to stand for");
}

#[test]
fn the_page_of_roles_is_up_to_date() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/roles.md");
    if std::env::var_os("WEIR_WRITE_DOCS").is_some() {
        std::fs::write(&path, roles_page()).unwrap();
    }
    let page = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert_eq!(page, roles_page(), "docs/roles.md is out of date: run the tests of weir-register with WEIR_WRITE_DOCS=1");
}
