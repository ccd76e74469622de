//! What invented people recorded at the demo's first school, so that its register and its annual review are not empty.

use jiff::ToSpan as _;
use jiff::civil::Date;
use weir_lake::ids::SchoolId;
use weir_register::accounts::Accounts;
use weir_register::records::{Book, By, Device, NewCheck, NewEntry, NewSpot, Test, UserGroup, View};

/// An entry: its book, and its fields; a value that begins with `-` or `+` and a digit is a day so many days from today.
type Said = (&'static str, &'static [(&'static str, &'static str)]);

const ENTRIES: &[Said] = &[
    (
        "responsible",
        &[("duty", "governor"), ("name", "Demo Governor"), ("since", "-420"), ("trained_on", "-300"), ("train_again", "+65")],
    ),
    (
        "responsible",
        &[("duty", "senior_leader"), ("name", "Demo Head"), ("since", "-800"), ("trained_on", "-75"), ("train_again", "+290")],
    ),
    ("responsible", &[("duty", "dsl"), ("name", "Demo Lead"), ("since", "-800"), ("trained_on", "-500"), ("train_again", "-10")]),
    ("responsible", &[("duty", "it"), ("name", "Demo Technician"), ("since", "-200"), ("reach", "the office")]),
    (
        "provision",
        &[
            ("product", "Invented Filter"),
            ("kind", "filter"),
            ("provider", "Example Networks"),
            ("version", "5"),
            ("covers", "all school devices, at school"),
            ("iwf", "yes"),
            ("ctiru", "yes"),
            ("locked", "unknown"),
            ("stated_on", "-90"),
            ("accredited_until", "+200"),
            ("contract_until", "+250"),
            ("since", "-700"),
        ],
    ),
    (
        "risk-profile",
        &[
            ("on", "-60"),
            ("send", "41"),
            ("eal", "28"),
            ("own_devices", "no"),
            ("at_home", "yes"),
            ("ai", "one assistant, staff only"),
            ("again", "+300"),
        ],
    ),
    (
        "assessments",
        &[
            ("what", "An assistant for lesson plans"),
            ("kind", "ai"),
            ("on", "-120"),
            ("by", "Demo Lead"),
            ("came_to", "limits"),
            ("for_whom", "staff only"),
            ("again", "+240"),
        ],
    ),
    (
        "tickets",
        &[
            ("what", "Log stopped for two school days"),
            ("on", "-30"),
            ("with", "Example Networks"),
            ("ticket", "EX-104"),
            ("by", "-9"),
        ],
    ),
    (
        "learning",
        &[
            ("what", "A lesson on ways round the filter for every tutor group"),
            ("place", "teaching"),
            ("because", "circumvention"),
            ("on", "-25"),
        ],
    ),
    ("data-protection", &[("kind", "dpia"), ("on", "-200"), ("place", "school office"), ("again", "+165")]),
    ("data-protection", &[("kind", "notice_parents"), ("on", "-80"), ("place", "school website")]),
    ("policies", &[("kind", "online_safety"), ("agreed_on", "-400"), ("by", "full governing body"), ("again", "-35")]),
    ("policies", &[("kind", "safeguarding"), ("agreed_on", "-70"), ("by", "full governing body"), ("again", "+295")]),
    (
        "training",
        &[
            ("what", "How to report what the filter missed"),
            ("whom", "staff"),
            ("on", "-80"),
            ("came", "31"),
            ("of", "38"),
            ("by", "Demo Lead"),
            ("again", "+285"),
        ],
    ),
    (
        "surveys",
        &[("whom", "pupils"), ("on", "-150"), ("asked", "210"), ("answered", "174"), ("found", "most know whom to tell")],
    ),
    ("agreements", &[("whom", "pupils"), ("version", "4"), ("on", "-70"), ("signed", "180"), ("of", "214"), ("again", "+295")]),
    ("teaching", &[("about", "online_safety"), ("years", "all years"), ("on", "-65"), ("how", "a unit of four lessons")]),
];

/// Records them, as the person of these accounts.
pub(super) async fn record(accounts: &Accounts, school: &SchoolId, by: By) -> anyhow::Result<()> {
    let (register, today, now) = (accounts.register(), accounts.today(), accounts.now());
    for (id, fields) in ENTRIES {
        let Some(book) = Book::of(id) else { continue };
        let values = fields.iter().filter(|(name, _)| book.field(name).is_some());
        let entry = NewEntry(values.map(|(name, value)| (*name, value_of(value, today))).collect());
        register.record_entry(by, school, book, None, &entry, now, today).await?;
    }
    let tests = [Test::AbuseImages, Test::Terrorism, Test::Adult];
    for (device, group) in [(Device::Tablet, UserGroup::Pupils), (Device::Laptop, UserGroup::Staff)] {
        let plan = NewSpot {
            site: "Main building".into(),
            device: Some(device),
            group: Some(group),
            tests: tests.to_vec(),
            every_days: 50,
        };
        let spot = register.plan_checks(by, school, &plan, today).await?;
        let is_pupils = group == UserGroup::Pupils;
        let check = NewCheck {
            spot: Some(spot),
            day: day_of(if is_pupils { -12 } else { -90 }, today),
            done_by: "Demo Technician".into(),
            view: Some(if is_pupils { View::Both } else { View::Technical }),
            results: tests.iter().map(|test| (*test, !(is_pupils && *test == Test::Adult))).collect(),
            found: if is_pupils { "the provider's test page for adult content opened".into() } else { String::new() },
            action: if is_pupils { "ask the provider".into() } else { String::new() },
            owner: if is_pupils { "Demo Technician".into() } else { String::new() },
            due: is_pupils.then(|| day_of(9, today)),
        };
        register.record_check(by, school, &check, now, today).await?;
    }
    Ok(())
}

fn day_of(days: i32, today: Date) -> Date {
    today.checked_add(i64::from(days).days()).unwrap_or(today)
}

fn value_of(value: &str, today: Date) -> String {
    match value.strip_prefix(['+', '-']).and_then(|_| value.parse().ok()) {
        Some(days) => day_of(days, today).to_string(),
        None => value.to_owned(),
    }
}
