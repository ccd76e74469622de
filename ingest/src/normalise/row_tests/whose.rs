//! Whose a row is: people, devices, schools.

use super::*;

#[test]
fn people_devices_and_shared_sign_ins() {
    let mut normaliser = normaliser(context());
    let mut batch = EventBatch::default();
    let pupil = key_for(Named::Person, "default", "y9-fern").to_string();
    let machine = key_for(Named::Device, "", "pc-014").to_string();
    let laptop = key_for(Named::Device, "", "laptop").to_string();
    for (user, group, device, want) in [
        ("y9-fern@oak.example", "", "", [pupil.as_str(), "pupil", "9", ""]),
        ("CN=Y9-Fern,OU=x", "", "LAPTOP", [pupil.as_str(), "pupil", "9", laptop.as_str()]),
        ("kiosk", "", "laptop", ["", "shared", "", laptop.as_str()]),
        ("PC-014$", "", "", ["", "device", "", machine.as_str()]),
        ("PC-014$", "", "laptop", ["", "device", "", laptop.as_str()]),
        ("-", "Visitors", "-", ["", "guest", "", ""]),
        ("", "", "", ["", "unknown", "", ""]),
        ("10.1.2.3", "", "", ["", "unknown", "", ""]),
    ] {
        let line = decoded(Some(Action::Allowed), &[(Field::User, user), (Field::UserGroup, group), (Field::Device, device)]);
        push(&mut normaliser, &line, &mut batch);
        let row = batch.len() - 1;
        let got =
            [dict(&batch.user_key, row), dict(&batch.user_type, row), dict(&batch.year_group, row), dict(&batch.device_key, row)];
        assert_eq!(got, want, "{user} {group} {device}");
        let clear = normaliser.user_in_clear(&line).map(|name| name.reveal_in_clear().to_owned());
        assert_eq!(clear.is_some(), !matches!(user, "" | "-" | "10.1.2.3"));
    }
}

#[test]
fn a_shared_box_finds_its_schools_or_quarantines() {
    let rule = |pattern: &str, school: &str| SchoolRule {
        on: SchoolRuleOn::SrcIp,
        pattern: pattern.to_owned(),
        school: SchoolId::parse(school).unwrap(),
    };
    let map = SchoolOf::Map(vec![rule("10.1.0.0/16", "oak"), rule("10.2.0.0/16", "elm")]);
    let mut normaliser = normaliser(FileContext { school: map, ..context() });
    let mut batch = EventBatch::default();
    for (address, want) in [("10.2.0.9", "elm"), ("10.1.0.9", "oak"), ("10.2.0.9", "elm")] {
        push(&mut normaliser, &decoded(Some(Action::Allowed), &[(Field::SrcIp, address)]), &mut batch);
        assert_eq!(dict(&batch.school_id, batch.len() - 1), want);
    }
    let stray = decoded(Some(Action::Allowed), &[(Field::SrcIp, "10.3.0.9")]);
    assert_eq!(push(&mut normaliser, &stray, &mut batch), Pushed::Quarantined("no_school"));
    assert_eq!(push(&mut normaliser, &stray, &mut batch), Pushed::Quarantined("no_school"));
    assert_eq!(batch.len(), 3);
}

#[test]
fn of_a_line_without_a_school_only_what_a_rule_could_go_by_is_told() {
    type Case<'c> = (&'c [(Field, &'c str)], Option<&'c str>);
    let normaliser = normaliser(context());
    let table: &[Case<'_>] = &[
        (&[(Field::SrcIp, "10.3.7.19")], Some(r#"{"src_ip":"10.3.7.0/24"}"#)),
        (&[(Field::SrcIp, "::ffff:10.3.7.19")], Some(r#"{"src_ip":"10.3.7.0/24"}"#)),
        (&[(Field::SrcIp, "2001:db8:7:1:aa:bb:cc:dd")], Some(r#"{"src_ip":"2001:db8:7::/48"}"#)),
        (
            &[(Field::UserGroup, "Year 9"), (Field::Profile, "Pupils"), (Field::Site, "Elm")],
            Some(r#"{"group":"Year 9","profile":"Pupils","site":"Elm"}"#),
        ),
        // A group that is the person's own name tells who it was.
        (
            &[(Field::User, "ELM\\y9-fern"), (Field::UserGroup, "CN=Y9-Fern,OU=Pupils"), (Field::Profile, "Pupils")],
            Some(r#"{"profile":"Pupils"}"#),
        ),
        (&[(Field::SrcIp, "pc-014.elm.example"), (Field::UserGroup, "-"), (Field::Host, "maps.example")], None),
    ];
    for (fields, wanted) in table {
        let told = normaliser.unclaimed(&decoded(Some(Action::Allowed), fields));
        assert_eq!(told.as_deref(), *wanted, "{fields:?}");
    }
}
