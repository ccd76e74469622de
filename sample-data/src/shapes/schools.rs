//! Filters that schools' own vendors make: Lightspeed, Netsweeper, Securly. Their exports are known from the pages they are made on.

use crate::shape::{BASE, CSV, Is, Record, Shape, Tunnel, V, When};

pub(super) const SHAPES: [Shape; 5] = [
    Shape {
        id: "lightspeed-history",
        layout: CSV,
        words: &[("Gambling", "", "gambling"), ("Games", "", "games"), ("Clwb Brecwast", "", "")],
        join: ", ",
        rough: " ,\"|=\\",
        records: &[Record {
            weight: 1,
            kind: "web",
            verdicts: &[
                (Is::Allowed, &["Allowed"]),
                (Is::Blocked, &["Blocked"]),
                (Is::Blocked, &["Redirected"]),
                (Is::Quarantined("unknown_action"), &["Mislaid"]),
            ],
            fields: &[
                ("Time", V::Local("%m/%d/%Y %I:%M:%S %p")),
                ("URL", V::Url(Tunnel::Slash)),
                ("Action", V::Word(0)),
                ("Category", V::Category),
                (
                    "Reason",
                    V::If(
                        When::Refused,
                        &V::By(|case, row| {
                            let reason = case.first_category()?;
                            row.tell("rule", reason.clone());
                            Some(reason)
                        }),
                    ),
                ),
                ("User", V::User),
                ("IP Address", V::Client),
                ("Computer", V::Device),
                ("User Groups", V::Group),
            ],
        }],
        ..BASE
    },
    // Without a column of actions a duration is a visit, and a reason a block.
    Shape {
        id: "lightspeed-history",
        layout: CSV,
        records: &[Record {
            weight: 1,
            kind: "web",
            verdicts: &[(Is::Allowed, &["00:02:10", ""]), (Is::Blocked, &["", "Gambling"])],
            fields: &[
                ("Date/Time", V::Local("%Y-%m-%d %H:%M:%S")),
                ("URL", V::Url(Tunnel::Slash)),
                ("Visit Duration", V::Word(0)),
                (
                    "Reason",
                    V::By(|case, row| {
                        let reason = case.word(1);
                        if !reason.is_empty() {
                            row.tell("rule", reason);
                            row.tell("vendor_category", reason);
                            row.tell("category", "gambling");
                        }
                        Some(reason.to_owned())
                    }),
                ),
                ("IP Address", V::Client),
            ],
        }],
        ..BASE
    },
    Shape {
        id: "netsweeper",
        layout: CSV,
        words: &[
            ("Gambling", "12", "gambling"),
            ("Social Networking", "40", "social_media"),
            ("Games", "11", "games"),
            ("Clwb Brecwast", "97", ""),
        ],
        join: ",",
        rough: " ,\"|=\\",
        records: &[Record {
            weight: 1,
            kind: "web",
            verdicts: &[
                (Is::Allowed, &["Allowed"]),
                (Is::Allowed, &["Allow"]),
                (Is::Blocked, &["Denied"]),
                (Is::Blocked, &["Deny"]),
                (Is::Blocked, &["Block"]),
                (Is::Quarantined("unknown_action"), &["Mislaid"]),
            ],
            fields: &[
                ("Server", V::Lit("10.20.0.2")),
                ("Timestamp", V::Local("%Y-%m-%d %H:%M:%S")),
                ("URL", V::Url(Tunnel::Slash)),
                ("Client IP", V::Client),
                ("Client Name", V::User),
                ("Event Type", V::Word(0)),
                ("Event Data", V::Rule),
                ("Category Numbers", V::CategoryId),
                ("All Category Numbers", V::CategoryId),
                ("All Categories", V::Category),
                ("Destination IP", V::Server),
                ("HTTP Method", V::Verb),
                ("User Agent", V::Agent),
                ("Referrer", V::Referrer),
            ],
        }],
        ..BASE
    },
    Shape {
        id: "securly-activity",
        layout: CSV,
        file_head: &[("Report for,A. Patel", "comment"), ("Activities,400", "comment")],
        words: &[("Gambling", "", "gambling"), ("Social Networking", "", "social_media"), ("Clwb Brecwast", "", "")],
        join: ", ",
        rough: " ,\"|=\\",
        logins: &[crate::shape::Login::Upn],
        records: &[Record {
            weight: 1,
            kind: "web",
            verdicts: &[
                (Is::Allowed, &["Allowed"]),
                (Is::Blocked, &["Blocked"]),
                (Is::Quarantined("unknown_action"), &["Flagged"]),
            ],
            fields: &[
                ("URL", V::Url(Tunnel::Slash)),
                ("User", V::User),
                ("OU", V::Group),
                ("Source", V::Lit("Sites")),
                ("IP", V::Client),
                ("Action", V::Word(0)),
                ("Category", V::Category),
                ("Policy", V::Profile),
                ("Date/Time", V::Local("%b %-d, %Y %I:%M:%S %p")),
            ],
        }],
        ..BASE
    },
    Shape {
        id: "securly-activity",
        layout: CSV,
        rough: " ,",
        records: &[Record {
            weight: 1,
            kind: "web",
            verdicts: &[(Is::Allowed, &["Allowed"]), (Is::Blocked, &["Blocked"])],
            fields: &[
                ("URL", V::Url(Tunnel::Slash)),
                ("Who", V::If(When::User, &V::User)),
                ("Status", V::Word(0)),
                ("Policy", V::Profile),
                ("Date", V::Local("%m/%d/%Y")),
                ("Time", V::Local("%I:%M:%S %p")),
            ],
        }],
        ..BASE
    },
];
