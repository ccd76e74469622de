//! Every fuzz target on seeded mutations: some seconds as a rule, minutes with `WEIR_LONG` (`tests/run --long`).

use super::mutate::Mutator;
use super::*;

/// Cases of a target; of the costly one a twentieth. The long form takes some five minutes on two busy cores.
fn cases(target: &str) -> u64 {
    let most = if std::env::var_os("WEIR_LONG").is_some() { 3_000_000 } else { 10_000 };
    if target == "read" { most / 20 } else { most }
}

fn run(name: &str) {
    let (_, body) = TARGETS.into_iter().find(|(target, _)| *target == name).unwrap();
    let seeds = seeds(name);
    assert!(!seeds.is_empty());
    seeds.iter().for_each(|seed| body(seed));
    for case in 0..cases(name) {
        let input = Mutator::new(case).input(&seeds);
        if std::panic::catch_unwind(|| body(&input)).is_err() {
            panic!("target {name}, case {case}: {:?}", String::from_utf8_lossy(&input));
        }
    }
}

#[test]
fn kv_on_mutated_lines() {
    run("kv");
}

#[test]
fn csv_on_mutated_lines() {
    run("csv");
}

#[test]
fn json_on_mutated_lines() {
    run("json");
}

#[test]
fn cef_on_mutated_lines() {
    run("cef");
}

#[test]
fn leef_on_mutated_lines() {
    run("leef");
}

#[test]
fn w3c_on_mutated_lines() {
    run("w3c");
}

#[test]
fn pattern_on_mutated_lines() {
    run("pattern");
}

#[test]
fn syslog_on_mutated_lines() {
    run("syslog");
}

#[test]
fn open_on_mutated_files() {
    run("open");
}

#[test]
fn read_on_mutated_files() {
    run("read");
}

#[test]
fn seeds_of_every_format_are_read_as_it() {
    for (at, format) in CATALOGUE.iter().enumerate() {
        assert_eq!(format_of(at + 1).map(|found| found.id()), Some(format.id()));
    }
    // A body that reads nothing would hold whatever it is given.
    let told = seeds("read")
        .iter()
        .filter_map(|seed| read_counted(seed[0].into(), 0, &seed[2..]))
        .fold(0, |sum, told| sum + told.events);
    assert!(told > 2 * CATALOGUE.len() as u64, "{told} events");
}

#[test]
fn an_input_follows_from_its_seed() {
    let seeds = seeds("kv");
    let of = |seed| Mutator::new(seed).input(&seeds);
    assert_eq!(of(7), of(7));
    assert!((0..100).map(of).collect::<std::collections::BTreeSet<_>>().len() > 90);
}
