//! What `[[fetch]]` takes and refuses, with the mend.

use super::super::{Estate, EstateError};
use super::*;

fn load(fetch: &str) -> Result<Vec<Fetch>, String> {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    std::fs::write(
        home.join("schools.csv"),
        "school_id,name,urn,phase,nation,timezone,governing_body,trust,authority,opens,closes\nash,Ash Lane,,primary,england,Europe/London,,,,,\n",
    )
    .unwrap();
    let text = format!(
        "[[source]]\nid = \"cloud\"\nschool = \"ash\"\ninbox = \"inbox/cloud\"\n\n[[source]]\nid = \"elsewhere\"\nschool = \"ash\"\ninbox = \"/var/log/squid\"\n\n[[fetch]]\n{fetch}\n"
    );
    std::fs::write(home.join("weir.toml"), text).unwrap();
    Estate::load(&home.join("weir.toml")).map(|estate| estate.fetches).map_err(|error| match error {
        EstateError::Refused { problems } => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        other => other.to_string(),
    })
}

#[test]
fn places_as_vendors_leave_them_are_taken() {
    let umbrella = load(
        "source = \"cloud\"\nfrom = \"s3://managed-example\"\nprefix = \"/1234567_ab/dnslogs/{year}-{month}-{day}/\"\nregion = \"eu-west-1\"\ndays = 7",
    )
    .unwrap();
    assert_eq!(umbrella[0].prefix, "1234567_ab/dnslogs/{year}-{month}-{day}/");
    assert_eq!(umbrella[0].days, 7);
    assert_eq!(umbrella[0].from, FetchFrom::S3 { bucket: "managed-example".into(), endpoint: None, region: "eu-west-1".into() });
    let logpush = load(
        "source = \"cloud\"\nfrom = \"s3://logs\"\nendpoint = \"https://account.r2.example/\"\nprefix = \"{year}{month}{day}/\"",
    )
    .unwrap();
    assert!(
        matches!(&logpush[0].from, FetchFrom::S3 { endpoint: Some(endpoint), .. } if endpoint == "https://account.r2.example")
    );
    let zscaler =
        load("source = \"cloud\"\nfrom = \"sftp://weir@files.example.org:2222/exports\"\nprefix = \"web-{year}\"").unwrap();
    let FetchFrom::Sftp { host, port, user, folder, known_hosts } = &zscaler[0].from else { panic!("{zscaler:?}") };
    assert_eq!((host.as_str(), *port, user.as_str(), folder.as_str()), ("files.example.org", 2222, "weir", "/exports"));
    assert!(known_hosts.ends_with("fetch/known_hosts"));
}

#[test]
fn what_could_lead_elsewhere_is_refused_with_the_mend() {
    let table = [
        ("source = \"other\"\nfrom = \"s3://logs\"", "use cloud"),
        ("source = \"elsewhere\"\nfrom = \"s3://logs\"", "needs an inbox in this folder"),
        ("source = \"cloud\"\nfrom = \"file:///etc/passwd\"", "use sftp:// or s3://"),
        ("source = \"cloud\"\nfrom = \"http://logs.example/\"", "use sftp:// or s3://"),
        ("source = \"cloud\"\nfrom = \"sftp://weir:secret@files.example/\"", "no password may stand in weir.toml"),
        ("source = \"cloud\"\nfrom = \"sftp://files.example/\"", "sftp://ACCOUNT@HOST/FOLDER"),
        ("source = \"cloud\"\nfrom = \"sftp://-oProxyCommand=x@files.example/\"", "sftp://ACCOUNT@HOST/FOLDER"),
        ("source = \"cloud\"\nfrom = \"sftp://weir@169.254.169.254/\"", "metadata"),
        ("source = \"cloud\"\nfrom = \"s3://logs\"\nendpoint = \"https://169.254.169.254\"", "metadata"),
        ("source = \"cloud\"\nfrom = \"s3://logs\"\nendpoint = \"https://[fe80::1]\"", "metadata"),
        ("source = \"cloud\"\nfrom = \"s3://logs\"\nendpoint = \"https://[::ffff:169.254.169.254]\"", "metadata"),
        (
            "source = \"cloud\"\nfrom = \"s3://logs\"\nendpoint = \"http://files.example\"",
            "plain http:// is for a server on this machine",
        ),
        ("source = \"cloud\"\nfrom = \"s3://logs\"\nprefix = \"../{day}\"", "no \"..\""),
        ("source = \"cloud\"\nfrom = \"s3://logs\"\nprefix = \"{hour}/\"", "fetch.prefix"),
        ("source = \"cloud\"\nfrom = \"s3://logs\"\ndays = 0", "use 1 to 31"),
        ("source = \"cloud\"\nfrom = \"s3://logs\"\nsecret = \"x\"", "unknown key"),
    ];
    for (text, wanted) in table {
        let found = load(text).expect_err(text);
        assert!(found.contains(wanted), "{text}\n{found}");
        assert!(!found.contains("secret@"), "{found}");
    }
    let allowed = load("source = \"cloud\"\nfrom = \"sftp://weir@169.254.7.7/\"\nallow_link_local = true").unwrap();
    assert!(allowed[0].allow_link_local);
}
