use super::*;

/// A session of a firewall, without a host: who, from where, how much. `ending` is the firewall's word for how it ended.
fn session(second: i64, ending: &str) -> String {
    format!(
        "type=\"traffic\" subtype=\"forward\" eventtime={} user=\"apatel\" srcip=10.20.30.41 dstip=192.0.2.13 dstport=443 \
         action=\"{ending}\" policyid=3 sentbyte=10 rcvdbyte=20\n",
        1_793_869_200_000_000_000 + second * 1_000_000_000
    )
}

fn read(home: &Home, keep_flows: bool) -> IngestReport {
    let text = session(0, "accept") + &session(1, "deny") + &session(2, "close") + &session(3, "accept");
    let path = home.file("sessions.log", text);
    let mut options = home.options();
    options.source.keep_flows = keep_flows;
    let format = FormatChoice::Id(FormatId::parse("fortigate").unwrap());
    let options = IngestOptions { settled: true, format, ..options };
    ingest_in_units(&home.estate, &home.lake, &home.vault, &home.catalogue, &[path], &options, 1 << 20).unwrap()
}

#[test]
fn sessions_without_a_host_are_kept_only_where_the_source_says_so() {
    let home = Home::new();
    let report = read(&home, false);
    assert_eq!((report.total.events, report.total.ignored["flow"]), (0, 4));
    assert!(home.rows(Table::Events, true).is_empty());

    let home = Home::new();
    let report = read(&home, true);
    assert_eq!(
        (report.total.lines, report.total.events, report.total.quarantined),
        (4, 4, 0),
        "no word for an ending is a fault"
    );
    assert_eq!(report.evidence.decisions, 0, "what a source gives is told by its decisions");
    let at = |column: &str| Table::Events.column_index(column).unwrap();
    let rows = home.rows(Table::Events, true);
    let cells: Vec<Vec<&str>> = rows.iter().map(|row| row.split('|').collect()).collect();
    let of = |column: &str| -> Vec<&str> { cells.iter().map(|row| row[at(column)]).collect() };
    assert_eq!(of("kind"), ["flow"; 4]);
    assert_eq!(of("action"), ["allowed", "blocked", "-", "allowed"]);
    assert_eq!(of("host"), ["-"; 4]);
    assert_eq!(of("bytes_in"), ["20"; 4]);
}
