//! The shipped maps, and what is made of several categories on a row.

use super::*;

fn shipped() -> Taxonomies {
    Taxonomies::new(crate::embedded::TAXONOMIES).unwrap()
}

fn map(taxonomies: &Taxonomies, vendor: Option<&str>, names: &str, ids: &str) -> (String, u8, Vec<String>) {
    let mut unmapped = Vec::new();
    let mapped = taxonomies.map(vendor, names, ids, &mut |name| unmapped.push(name.to_owned()));
    let (id, severity) = mapped
        .map_or((String::new(), 0), |mapped| (taxonomies.categories()[usize::from(mapped.category)].id.clone(), mapped.severity));
    (id, severity, unmapped)
}

/// Ids, themes, areas and severities as the field's table has them.
#[test]
fn our_categories_are_all_there() {
    let wanted = [
        ("csam", "illegal", "content", 4),
        ("terrorism", "extremism", "content", 3),
        ("illegal_other", "illegal", "content", 4),
        ("pornography", "sexual_content", "content", 3),
        ("nudity", "sexual_content", "content", 2),
        ("adult_mature", "sexual_content", "content", 1),
        ("self_harm", "self_harm", "content", 3),
        ("suicide", "suicide", "content", 3),
        ("eating_disorder", "eating_disorder", "content", 3),
        ("drugs", "drugs", "content", 3),
        ("alcohol_tobacco_vaping", "drugs", "content", 2),
        ("extremism", "extremism", "content", 3),
        ("hate", "hate", "content", 3),
        ("violence", "violence_weapons", "content", 3),
        ("weapons", "violence_weapons", "content", 3),
        ("criminal_skills", "", "conduct", 2),
        ("gambling", "gambling", "commerce", 2),
        ("malware", "", "commerce", 1),
        ("phishing_fraud", "scams", "commerce", 2),
        ("hacking", "hacking_piracy", "conduct", 2),
        ("circumvention", "circumvention", "conduct", 2),
        ("encrypted_dns", "circumvention", "conduct", 1),
        ("remote_access", "circumvention", "conduct", 1),
        ("new_domain", "", "commerce", 1),
        ("piracy", "hacking_piracy", "conduct", 1),
        ("misinformation", "misinformation", "content", 1),
        ("profanity", "", "content", 1),
        ("dating", "grooming", "contact", 2),
        ("stranger_chat", "grooming", "contact", 3),
        ("messaging", "", "contact", 0),
        ("social_media", "", "contact", 0),
        ("forums_blogs", "", "contact", 0),
        ("ai_assistant", "", "content", 0),
        ("ai_companion", "ai_harm", "contact", 2),
        ("ai_undress", "ai_harm", "conduct", 4),
        ("cheating", "", "conduct", 1),
        ("crypto_trading", "", "commerce", 1),
        ("sex_education", "", "", 0),
        ("health", "", "", 0),
        ("help_lines", "help_seeking", "", 0),
        ("identity_support", "", "", 0),
        ("games", "", "", 0),
        ("media_shopping_files", "", "", 0),
        ("search", "", "", 0),
        ("education", "", "", 0),
        ("adv", "", "", 0),
        ("infra", "", "", 0),
        ("general", "", "", 0),
        ("uncategorised", "", "", 0),
    ];
    let taxonomies = shipped();
    let found: Vec<_> = taxonomies
        .categories()
        .iter()
        .map(|category| {
            (
                category.id.as_str(),
                category.theme.map_or("", Theme::as_str),
                category.risk_area.map_or("", RiskArea::as_str),
                category.severity,
            )
        })
        .collect();
    assert_eq!(found, wanted);
}

#[test]
fn expectations_start_as_the_table_says() {
    let taxonomies = shipped();
    for (id, want) in [
        ("csam", "block block block"),
        ("adult_mature", "block block block*"),
        ("weapons", "block block allow"),
        ("new_domain", "block block warn"),
        ("misinformation", "block warn allow"),
        ("social_media", "block block* allow"),
        ("ai_assistant", "block warn* allow"),
        ("games", "block* block* allow"),
        ("sex_education", "allow* allow allow"),
        ("uncategorised", "allow* allow* allow"),
    ] {
        let category = &taxonomies.categories()[usize::from(taxonomies.number(id).unwrap())];
        let show = |e: Expectation| format!("{}{}", e.expected, if e.school_decides { "*" } else { "" });
        let got = [category.primary, category.secondary, category.staff].map(show).join(" ");
        assert_eq!(got, want, "{id}");
    }
}

#[test]
fn vendors_words_are_mapped() {
    let taxonomies = shipped();
    for (vendor, names, ids, want, severity) in [
        ("fortigate", "Gambling", "11", "gambling", 2),
        ("fortigate", "", "83", "csam", 4),
        ("fortigate", "Proxy Avoidance", "59", "circumvention", 2),
        ("fortigate", "Information Technology", "52", "general", 0),
        ("fortigate", "Our own list", "140", "", 0),
        ("paloalto", "adult,high-risk", "", "pornography", 3),
        ("paloalto", "online-gambling", "", "gambling", 2),
        ("paloalto", "low-risk", "", "", 0),
        ("paloalto", "computer-and-internet-info,low-risk", "", "general", 0),
        ("umbrella", "Business Services; Pornography; Software/Technology", "", "pornography", 3),
        ("umbrella", "Chat,Photo Sharing,Social Networking", "", "messaging", 0),
        ("umbrella", "Extreme", "", "violence", 2),
        ("umbrella", "Internet Watch Foundation", "", "csam", 4),
        ("sophos", "Pro-Suicide & Self-Harm", "", "suicide", 2),
        ("sophos", "Search Engines", "", "search", 0),
        ("sonicwall", "Hacking/Proxy Avoidance Systems", "28", "hacking", 2),
        ("sonicwall", "", "1", "hate", 2),
        ("zscaler", "MILITANCY_HATE_AND_EXTREMISM", "", "hate", 2),
        ("zscaler", "Web Search", "", "search", 0),
        ("cloudflare", "", "157", "hate", 2),
        ("cloudflare", "", "133; 100", "pornography", 3),
        ("lightspeed", "", "118", "dating", 2),
        ("bluecoat", "Pornography", "", "pornography", 3),
        ("bluecoat", "Adult/Mature Content", "", "pornography", 2),
        ("untangle", "", "27", "gambling", 2),
        ("watchguard", "Militancy and Extremist", "", "extremism", 3),
        ("juniper", "Enhanced_Militancy_and_Extremist", "", "extremism", 3),
        ("juniper", "Enhanced_Intolerance", "", "hate", 3),
        ("checkpoint", "Hate / Racism; High Risk", "", "hate", 3),
        ("checkpoint", "Very Low Risk", "", "", 0),
        ("sophos-utm", "Dating/Social Networking", "178", "dating", 2),
        ("sophos-utm", "Illegal UK", "", "csam", 4),
        ("cisco-ftd", "Terrorism and Violent Extremism", "", "extremism", 2),
        ("cisco-ftd", "DNS Phishing", "", "phishing_fraud", 2),
        ("cyren", "Hate & Intolerance", "", "hate", 3),
        ("bluecoat", "Gore/Extreme", "", "violence", 2),
        ("e2guardian", "porn", "", "pornography", 3),
        ("squidguard", "strict_redirector", "", "circumvention", 2),
        ("smoothwall", "Radicalisation", "", "extremism", 3),
        ("cisco", "gamb", "", "gambling", 2),
        ("cisco", "Illegal Drugs", "", "drugs", 3),
        ("cloudflare", "Militancy, Hate & Extremism", "", "hate", 2),
        ("cloudflare", "Travel; Anonymizer", "", "circumvention", 2),
        ("skyhigh", "P2P/File Sharing", "", "piracy", 1),
        ("netskope", "Adult Content - Pornography; All Internet", "", "pornography", 3),
        ("iboss", "Porn/Nudity", "", "pornography", 2),
        ("netsweeper", "Substance Abuse", "", "drugs", 2),
        ("lightspeed", "violence.extremism", "", "extremism", 3),
        ("securly", "Network Misuse", "", "circumvention", 2),
        // a vendor without a file, or whose file lacks the name: common names
        ("larkfilter", "Social Networking", "", "social_media", 0),
        ("fortigate", "Vaping", "", "alcohol_tobacco_vaping", 2),
    ] {
        let (id, found, unmapped) = map(&taxonomies, Some(vendor), names, ids);
        assert_eq!((id.as_str(), found), (want, severity), "{vendor}: {names} {ids}");
        assert_eq!(unmapped.is_empty(), names != "Our own list", "{vendor}: {names} {ids}");
    }
    assert_eq!(map(&taxonomies, None, "gambling;Weapons", "").0, "weapons");
    assert_eq!(map(&taxonomies, None, "Moon cheese; Games", ""), ("games".into(), 0, vec!["Moon cheese".into()]));
    assert_eq!(map(&taxonomies, None, "", ""), (String::new(), 0, vec![]));
    // the id tells what the name did not; where neither does, the name is reported
    assert_eq!(map(&taxonomies, Some("fortigate"), "Moon cheese", "11"), ("gambling".into(), 2, vec![]));
    assert_eq!(map(&taxonomies, Some("fortigate"), "Moon cheese", "140"), (String::new(), 0, vec!["Moon cheese".into()]));
    assert_eq!(map(&taxonomies, Some("fortigate"), "", "140"), (String::new(), 0, vec!["140".into()]));
    // equally severe: the one earlier in our table
    assert_eq!(map(&taxonomies, None, "Weapons; Drugs", "").0, "drugs");
    assert_eq!(map(&taxonomies, None, "Drugs; Weapons", "").0, "drugs");
}

#[test]
fn formats_name_taxonomies_that_exist() {
    let taxonomies = shipped();
    let formats = crate::format::Catalogue::embedded().all().unwrap();
    let named: Vec<&str> = formats.iter().filter_map(|format| format.taxonomy()).collect();
    assert!(named.contains(&"fortigate"));
    for name in named {
        assert!(taxonomies.vendors().any(|known| known == name), "no taxonomies/{name}.csv");
    }
}

/// A category that joins gore, self-harm and suicide must never stand for self-harm alone.
#[test]
fn extreme_is_never_self_harm() {
    let taxonomies = shipped();
    for vendor in taxonomies.vendors() {
        let (id, severity, _) = map(&taxonomies, Some(vendor), "Extreme", "");
        assert_eq!((id.as_str(), severity), ("violence", 2), "{vendor}");
    }
}

#[test]
fn own_domains_join_the_vendors_word() {
    let taxonomies = shipped();
    for (host, vendor, want) in [
        ("www.childline.org.uk", "", "help_lines"),
        ("www.samaritans.org", "Suicide", "help_lines"),
        ("www.brook.org.uk", "Sexually Explicit", "sex_education"),
        ("chatgpt.com", "Information Technology", "ai_assistant"),
        ("chatgpt.com", "Malware", "malware"),
        ("beta.character.ai", "Chat", "ai_companion"),
        ("stats.g.doubleclick.net", "", "adv"),
        ("fe2.update.microsoft.com", "Information Technology", "infra"),
        ("www.microsoft.com", "Information Technology", "general"),
        ("gemini.google.com", "", "ai_assistant"),
        ("www.google.com", "", ""),
        ("notchatgpt.com", "", ""),
    ] {
        let mapped = taxonomies.map(None, vendor, "", &mut |name| panic!("{name}"));
        let joined = taxonomies.join(mapped, taxonomies.own(host));
        let id = joined.map_or("", |mapped| taxonomies.categories()[usize::from(mapped.category)].id.as_str());
        assert_eq!(id, want, "{host} {vendor}");
    }
}

#[test]
fn a_bad_file_is_refused_with_its_line() {
    let categories = "id,uksic,theme,risk_area,severity,primary,secondary,staff,since\ngames,-,-,-,0,allow,allow,allow,2020-21\n";
    for (stem, text, want) in [
        (
            "lark",
            "vendor_category,category,joins\nPlay,gams,\n",
            "taxonomies/lark.csv line 2, column category: found \"gams\"; use an id of categories.csv, or -",
        ),
        ("lark", "vendor_category,category,joins\nPlay,games,perhaps\n", "column joins"),
        ("lark", "vendor_category,category,joins\nPlay,games,\nPLAY,games,\n", "line 3, column vendor_category"),
        ("lark", "name,category\n", "column (header)"),
        ("domains", "domain,category\nHttps://x.example/,games\n", "column domain"),
        (
            "categories",
            "id,uksic,theme,risk_area,severity,primary,secondary,staff,since\nx,-,fun,-,0,allow,allow,allow,2020-21\n",
            "column theme",
        ),
        (
            "categories",
            "id,uksic,theme,risk_area,severity,primary,secondary,staff,since\nx,-,-,-,5,allow,allow,allow,2020-21\n",
            "column severity",
        ),
    ] {
        let files: Vec<(&str, &str)> =
            if stem == "categories" { vec![(stem, text)] } else { vec![("categories", categories), (stem, text)] };
        let error = Taxonomies::new(&files).unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
    }
}

#[test]
fn names_are_compared_by_letters_and_digits() {
    for (left, right) in [
        ("Hate & Racism", "hate-and-racism"),
        ("ADULT_THEMES", "Adult Themes"),
        ("Lingerie/Bikini", "LINGERIE_BIKINI"),
        ("Health and Wellness", "Health, Wellness"),
    ] {
        assert_eq!(name_key(left), name_key(right));
    }
    assert_ne!(name_key("Sandgames"), name_key("games"));
}
