use tempfile::TempDir;

use super::super::{CalendarKind, Engine, Layer, SchoolOf, UserType};
use super::*;

const SCHOOLS: &str = "school_id,name,phase,nation\n# three invented schools\noak,Oak,primary,\nelm,Elm,secondary,wales\nash,Ash,special,scotland\n";

const TRUST: &str = r#"
lake = "data/lake"
vault = "secrets"
keep_allowed_queries = true
[hours]
elm = "07:30-18:00"
[user_domains]
sch.example = "default"
"Staff.example" = "staff"
[[source]]
id = "oak-filter"
school = "oak"
format = "squid"
inbox = "in/oak"
[[source]]
id = "trust-firewall"
layer = "firewall"
tz = "UTC"
logs_allowed = false
school_map = [{ src_ip = "10.1.0.0/16", school = "elm" }, { group = "Ash*", school = "ash" }]
"#;

fn write(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn refusals(files: &[(&str, &str)]) -> Vec<String> {
    let folder = write(files);
    match Estate::load(&folder.path().join("weir.toml")) {
        Ok(_) => Vec::new(),
        Err(error) => {
            assert_eq!(error.to_string().lines().count(), error.problems().len(), "{error}");
            error.problems().iter().map(ToString::to_string).collect()
        }
    }
}

/// A trust of three schools with every file.
pub(crate) fn trust() -> (TempDir, Estate) {
    let folder = write(&[
        ("weir.toml", TRUST),
        ("schools.csv", SCHOOLS),
        ("rolls.csv", "school_id,academic_year,year_group,pupils\noak,2026-27,*,412\nelm,2026-27,7,180\nelm,2026-27,8,175\n"),
        (
            "calendar.csv",
            "school_id,start,end,kind,label\n*,2026-09-01,2026-10-23,half_term_block,Autumn 1\n*,02/11/2026,18/12/2026,half_term_block,Autumn 2\n\
             oak,2026-09-01,2026-09-02,inset,Training\nelm,2026-08-31,2026-10-16,half_term_block,Autumn 1\nelm,2026-08-31,2026-08-31,holiday,Summer\n",
        ),
        (
            "groups.csv",
            "school_id,match,pattern,user_type,year_group,boarder,from,to\n*,group,Pupils,pupil,,no,,\nelm,group,Staff,staff,,,,\n",
        ),
        (
            "policy.csv",
            "school_id,profile_or_user_type,category,expected,reason,from,to\n*,*,gambling,block,\"Unlawful, for children\",,\n\
             oak,staff,games,allow,Used in lessons,2026-09-01,\n*,,games,block,Kept for clubs,,\n",
        ),
        ("roster.csv", "person,log-ins,user_type,year_group,from,to\nFern Example,fern9;fexample,pupil,9,,\n"),
    ]);
    let estate = Estate::load(&folder.path().join("weir.toml")).unwrap();
    (folder, estate)
}

#[test]
fn every_file_becomes_checked_values() {
    let (folder, estate) = trust();
    assert_eq!(estate.lake_root, folder.path().join("data/lake"));
    assert_eq!(estate.vault_root, folder.path().join("secrets"));
    assert_eq!(estate.register_path, folder.path().join("register.sqlite"));
    assert!(estate.keep_allowed_queries && estate.missing.is_empty() && estate.engine == Engine::Local);
    assert_eq!(estate.user_domains.get("sch.example").map(String::as_str), Some("default"));
    assert_eq!(estate.user_domains.get("staff.example").map(String::as_str), Some("staff"));
    let sources: Vec<_> = estate.sources.values().collect();
    assert_eq!(sources[0].tz, "Europe/London");
    assert_eq!((sources[0].layer, sources[1].layer), (Layer::Filter, Layer::Firewall));
    assert_eq!(sources[0].inbox.as_deref(), Some(folder.path().join("in/oak").as_path()));
    assert!(sources[0].logs_allowed && !sources[1].logs_allowed);
    assert!(matches!(&sources[1].school, SchoolOf::Map(rules) if rules.len() == 2));
    let elm = SchoolId::parse("elm").unwrap();
    assert_eq!(estate.schools[&elm].nation, "wales");
    assert_eq!(estate.pupils(&elm, super::super::AcademicYear(2026)), Some(355));
    assert_eq!(estate.pupils(&elm, super::super::AcademicYear(2025)), None);
    assert_eq!(estate.calendar[1].start.to_string(), "2026-11-02");
    assert_eq!(estate.calendar[2].kind, CalendarKind::Inset);
    assert_eq!(estate.groups[0].user_type, UserType::Pupil);
    assert_eq!(estate.policy[0].reason, "Unlawful, for children");
    assert_eq!(estate.roster.rows.len(), 1);
    assert!(!format!("{estate:?}").contains("fern9"), "no name prints");

    let below = folder.path().join("in/oak/deep");
    std::fs::create_dir_all(&below).unwrap();
    assert_eq!(Estate::find(&below).unwrap(), folder.path().join("weir.toml"));
}

#[test]
fn only_schools_are_needed() {
    let folder = write(&[("weir.toml", ""), ("schools.csv", SCHOOLS)]);
    let estate = Estate::load(&folder.path().join("weir.toml")).unwrap();
    assert_eq!(estate.missing, ["rolls.csv", "calendar.csv", "groups.csv", "policy.csv"]);
    assert_eq!(estate.calendar_state(&SchoolId::parse("oak").unwrap()), CalendarState::None);
    assert!(matches!(Estate::load(&folder.path().join("other.toml")), Err(EstateError::NotFound { .. })));
}

#[test]
fn the_pages_may_be_reached_through_a_proxy() {
    let text =
        "[serve]\nurl = \"https://weir.oak.example\"\ntrusted_proxies = [\"192.0.2.1\", \"::1\"]\nlisten = \"192.0.2.10\"\n";
    let folder = write(&[("weir.toml", text), ("schools.csv", SCHOOLS)]);
    let serving = Estate::load(&folder.path().join("weir.toml")).unwrap().serving;
    assert_eq!(serving.url.as_deref(), Some("https://weir.oak.example"));
    assert_eq!(serving.listen, Some("192.0.2.10".parse().unwrap()));
    assert_eq!(serving.trusted_proxies, ["192.0.2.1".parse::<std::net::IpAddr>().unwrap(), "::1".parse().unwrap()]);
}

#[test]
fn the_pages_may_speak_tls_themselves() {
    let text = "[serve]\nurl = \"https://weir.oak.example:8600\"\nlisten = \"0.0.0.0\"\ncertificate = \"tls/pages.pem\"\n\
                key = \"tls/pages.key\"\nmetrics = \"127.0.0.1:9601\"\n";
    let folder = write(&[("weir.toml", text), ("schools.csv", SCHOOLS)]);
    let serving = Estate::load(&folder.path().join("weir.toml")).unwrap().serving;
    let tls = serving.tls.unwrap();
    assert!(tls.certificate.ends_with("tls/pages.pem") && tls.key.ends_with("tls/pages.key"));
    assert_eq!(serving.metrics, Some("127.0.0.1:9601".parse().unwrap()));
    assert!(serving.trusted_proxies.is_empty());
}

#[test]
fn all_faults_of_all_files_are_told_at_once() {
    let found = refusals(&[
        (
            "weir.toml",
            "vault = \"lake/vault\"\n[[source]]\nid = \"f\"\nschool = \"birch\"\nlayer = \"proxy\"\ntz = \"Europe/Lodnon\"\n",
        ),
        ("schools.csv", SCHOOLS),
        ("rolls.csv", "school_id,academic_year,year_group,pupils\noak,2026,*,many\noak,2026-27,*,1\noak,2026-27,*,2\n"),
        (
            "calendar.csv",
            "school_id,start,end,kind,label\noak,2026-09-01,2026-10-23,half-term,\n*,2026-09-01,2026-10-23,half_term_block,A\n\n\
             # note\n*,2026-10-23,2026-10-30,half_term_block,B\nash,2026-10-23,2026-09-30,holiday,\n",
        ),
        ("groups.csv", "school_id,match,pattern,user_type\n*,ou,x,pupil\nfir,user,secretname,pupl\n"),
        ("policy.csv", "school_id,profile_or_user_type,category,expected,reason,from,to\n*,,games,deny,,2026-09-01,2026-08-31\n"),
        ("roster.csv", "person,logins,user_type\nFern Example,;,visitor\n"),
    ]);
    let wanted = [
        r#"weir.toml, key vault: lies inside the lake; names and keys must stay outside it: choose another folder, for example vault = "vault" beside lake = "lake""#,
        r#"weir.toml line 6, key source f.tz: found "Europe/Lodnon"; use a zone such as Europe/London or UTC"#,
        r#"weir.toml line 5, key source f.layer: found "proxy"; use filter, firewall, dns or monitor"#,
        r#"weir.toml line 4, key source f.school: found "birch"; use ash, elm or oak"#,
        r#"rolls.csv line 2, column academic_year: found "2026"; use a year such as 2026-27"#,
        r#"rolls.csv line 2, column pupils: found "many"; use a whole number"#,
        r#"rolls.csv line 4, column year_group: found the same school, year and group as on line 3; keep one"#,
        r#"calendar.csv line 2, column kind: found "half-term"; use half_term_block, holiday, inset or closure"#,
        r#"calendar.csv line 7, column end: found "2026-09-30"; use a date not before start (2026-10-23)"#,
        r#"calendar.csv line 6, column start: this half_term_block of * overlaps the one on line 3; change one of the two"#,
        r#"groups.csv line 2, column match: found "ou"; use group, profile or user"#,
        r#"groups.csv line 3, column school_id: found "fir"; use *, ash, elm or oak"#,
        r#"groups.csv line 3, column user_type: found "pupl"; use pupil, staff, guest, shared, device or unknown"#,
        r#"policy.csv line 2, column expected: found "deny"; use block, warn or allow"#,
        r#"policy.csv line 2, column reason: found nothing; say why in a few words; the review prints it"#,
        r#"policy.csv line 2, column to: found "2026-08-31"; use a date not before from (2026-09-01)"#,
        r#"roster.csv line 2, column logins: found a value that is not accepted; give at least one log-in, several with ; between them"#,
        r#"roster.csv line 2, column user_type: found "visitor"; use pupil, staff, guest, shared, device or unknown"#,
    ];
    assert_eq!(found, wanted.map(|line| line.replacen("weir.toml,", "weir.toml", 1)));
    assert!(!found.join("\n").contains("secretname") && !found.join("\n").contains("Fern"));
}

#[test]
fn weir_toml_is_refused_with_line_and_accepted_keys() {
    let table: &[(&str, &[&str])] = &[
        (
            "lakes = \"x\"\n",
            &[
                "weir.toml line 1: found the unknown key `lakes`; use `lake`, `vault`, `register`, `formats`, `keep_allowed_queries`, `retention`, `hours`, `user_domains`, `mail`, `backup`, `engine`, `serve`, `sign_in`, `listen`, `watch`, `keep_free`, `source`",
            ],
        ),
        ("\nlake = \n", &["weir.toml line 2: "]),
        (
            "[[source]]\nid = \"a\"\nscool = \"oak\"\n",
            &[
                "weir.toml line 3: found the unknown key `scool`; use `id`, `school`, `school_map`, `format`, `inbox`, `tz`, `layer`, `logs_allowed`, `keep_flows`, `from`, `tail`",
            ],
        ),
        ("[[source]]\nid = \"a\"\n", &["weir.toml line 2, key source a.school: give either school or school_map"]),
        (
            "register = \"lake/register.sqlite\"\n",
            &[
                "weir.toml key register: lies inside the lake; people's accounts must stay outside it: choose another place, for example register = \"register.sqlite\"",
            ],
        ),
        (
            "[serve]\nlisten = \"192.0.2.10\"\n",
            &[
                "weir.toml line 2, key serve.listen: can be reached from other machines; give url as well, and certificate and key or trusted_proxies, so that people come through TLS",
            ],
        ),
        (
            "[serve]\nurl = \"https://weir.oak.example\"\n",
            &[
                "weir.toml line 2, key serve.url: needs TLS: certificate and key of your own, or trusted_proxies where a proxy speaks it",
            ],
        ),
        (
            "[serve]\ncertificate = \"a.pem\"\nkey = \"lake/a.key\"\nmetrics = \"0.0.0.0:9601\"\n",
            &[
                "weir.toml line 3, key serve.key: lies inside the lake, which others may read; put it elsewhere",
                "weir.toml line 4, key serve.metrics: found \"0.0.0.0:9601\"; use an address of this machine and a port, for example \"127.0.0.1:9601\"",
                "weir.toml line 2, key serve.certificate: needs url, the name that the certificate is for, for example https://weir.school.example",
            ],
        ),
        (
            "[serve]\nurl = \"https://weir.oak.example\"\nkey = \"a.key\"\ntrusted_proxies = [\"192.0.2.1\"]\n",
            &["weir.toml line 3, key serve.key: needs certificate, the file it belongs to"],
        ),
        (
            "[serve]\nurl = \"http://weir.oak.example\"\ntrusted_proxies = [\"192.0.2.1\", \"proxy\"]\n",
            &[
                "weir.toml line 3, key serve.trusted_proxies: found \"proxy\"; use an address such as 192.0.2.10",
                "weir.toml line 2, key serve.url: found \"http://weir.oak.example\"; use https:// and a host in lower case, for example https://weir.school.example",
            ],
        ),
        (
            "[[source]]\nid = \"a\"\nschool = \"oak\"\n[[source]]\nid = \"a\"\nschool = \"oak\"\n",
            &["weir.toml line 5, key source.id: found \"a\" again, first on line 2; keep one"],
        ),
        (
            "[[source]]\nid = \"a\"\nschool_map = [\n{ src_ip = \"10.0.0.0/99\", school = \"oak\" },\n{ group = \"x\", site = \"y\", school = \"oak\" }]\n",
            &[
                "weir.toml line 4, key source a.school_map.src_ip: found \"10.0.0.0/99\"; use an address range such as 10.20.0.0/16 or 2001:db8::/48",
                "weir.toml line 5, key source a.school_map: give exactly one of src_ip, group, profile or site",
            ],
        ),
        ("[retention]\nraw_days = 400\n", &["weir.toml line 2, key retention.raw_days: found 400; use 30 to 365"]),
        (
            "[hours]\noak = \"8-16\"\n",
            &["weir.toml line 2, key hours.oak: found \"8-16\"; use two times such as \"08:00-16:00\""],
        ),
        ("[hours]\nfir = \"08:00-16:00\"\n", &["weir.toml line 2, key hours: found \"fir\"; use default, ash, elm or oak"]),
        ("[user_domains]\nx = 3\n", &["weir.toml key user_domains.x: found 3; use a realm in quotes, for example \"default\""]),
        ("[engine]\nkind = \"spark\"\n", &["weir.toml line 2, key engine.kind: found \"spark\"; use local or ballista"]),
    ];
    for (text, wanted) in table {
        let found = refusals(&[("weir.toml", text), ("schools.csv", SCHOOLS)]);
        assert_eq!(found.len(), wanted.len(), "{text}: {found:?}");
        for (found, wanted) in found.iter().zip(*wanted) {
            assert!(found == wanted || wanted.ends_with(": ") && found.starts_with(wanted), "{text}: {found}");
        }
    }
}

#[test]
fn a_vault_inside_the_lake_is_seen_through_dots_and_links() {
    for (lake, vault, wanted) in [
        ("lake", "vault", false),
        ("lake", "lake", true),
        ("lake", "x/../lake/v", true),
        (".", "vault", true),
        ("lake", "lake-vault", false),
    ] {
        let folder = write(&[("weir.toml", &format!("lake = {lake:?}\nvault = {vault:?}\n")), ("schools.csv", SCHOOLS)]);
        std::fs::create_dir_all(folder.path().join("x")).unwrap();
        assert_eq!(Estate::load(&folder.path().join("weir.toml")).is_err(), wanted, "{lake} {vault}");
    }
}

#[test]
fn a_calendar_warns_thirty_days_before_its_end() {
    let day = |text: &str| text.parse::<Date>().unwrap();
    let ends = CalendarState::Ends(day("2027-07-21"));
    for (today, wanted) in [
        ("2027-06-20", None),
        ("2027-06-21", Some("the calendar ends on 2027-07-21; add the next half-terms to calendar.csv")),
        ("2027-07-21", Some("the calendar ends on 2027-07-21; add the next half-terms to calendar.csv")),
        ("2027-07-22", Some("the calendar ended on 2027-07-21; add the next half-terms to calendar.csv")),
    ] {
        assert_eq!(ends.warning(day(today)).as_deref(), wanted, "{today}");
    }
    assert!(CalendarState::None.warning(day("2027-06-20")).is_some_and(|text| text.starts_with("no term dates")));
}
