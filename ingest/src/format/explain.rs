//! What a format does, in facts for `weir formats show`.

use super::Format;
use super::spec::{ColumnSpec, Texts};

/// Facts about a format, ready to be shown.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// Facts by name: id, title, vendor, product, version, url, layer, evidence, decoder, frame, notes, export and the
    /// product's own settings.
    pub facts: Vec<(&'static str, String)>,
    /// How the time is read, in order of trust.
    pub time: Vec<String>,
    /// Canonical column and the fields it comes from.
    pub columns: Vec<(String, String)>,
    /// Vendor's words and what they mean, of the action tables.
    pub actions: Vec<(String, String)>,
    /// Rules in order, as written.
    pub rules: Vec<(String, String)>,
    /// Number of samples and rejects.
    pub samples: (usize, usize),
}

fn listed(texts: &Texts) -> String {
    texts.as_slice().join(", ")
}

impl Format {
    /// What this format does.
    pub fn explain(&self) -> Explanation {
        let spec = &self.spec;
        let mut facts = vec![
            ("id", spec.id.clone()),
            ("title", spec.title.clone()),
            ("vendor", spec.vendor.clone()),
            ("product", spec.product.clone()),
            ("version", spec.version.to_string()),
            ("url", spec.url.clone()),
            ("layer", spec.layer.clone()),
            ("evidence", spec.evidence.clone()),
            ("decoder", spec.decode.clone()),
            ("frame", spec.frame.clone().unwrap_or_default()),
            ("notes", spec.notes.clone()),
            ("export", spec.export.clone()),
            ("log names", spec.mends.identity.clone().unwrap_or_default()),
            ("log paths", spec.mends.decryption.clone().unwrap_or_default()),
            ("log allowed", spec.mends.allowed.clone().unwrap_or_default()),
            ("log searches", spec.mends.search.clone().unwrap_or_default()),
        ];
        facts.retain(|(_, value)| !value.is_empty());
        let time = spec.time.as_slice().iter().map(|form| {
            let how = match (&form.epoch, &form.layout) {
                (Some(unit), _) => format!("epoch {unit}"),
                (_, Some(layouts)) => listed(layouts),
                _ => String::new(),
            };
            let zone = match (&form.zone, &form.zone_from) {
                (Some(zone), _) => format!(", zone {zone}"),
                (_, Some(field)) => format!(", zone from {field}"),
                _ => String::new(),
            };
            format!("{}: {how}{zone}", listed(&form.from))
        });
        let columns = spec.columns.iter().map(|(name, sources)| {
            let from = sources.as_slice().iter().map(|source| match source {
                ColumnSpec::From(field) => field.clone(),
                ColumnSpec::Full(full) => match (&full.from, &full.value) {
                    (Some(fields), _) => listed(fields),
                    (_, Some(value)) => format!("always {value:?}"),
                    _ => String::new(),
                },
            });
            (name.clone(), from.collect::<Vec<_>>().join(", else "))
        });
        let action_tables =
            spec.columns.get("action").into_iter().flat_map(|sources| sources.as_slice()).filter_map(|s| match s {
                ColumnSpec::Full(full) => full.table.as_ref(),
                ColumnSpec::From(_) => None,
            });
        let actions =
            action_tables.filter_map(|name| spec.table.get(name)).flatten().map(|(word, action)| (word.clone(), action.clone()));
        let rules = spec.when.iter().map(|when| {
            let conditions: Vec<String> = when.if_.iter().map(|(field, test)| format!("{field} {}", written(test))).collect();
            let parts = [
                when.event.as_ref().map(|kind| format!("event {kind}")),
                when.admin.as_ref().map(|operation| format!("admin_event {operation}")),
                when.ignored.as_ref().map(|reason| format!("ignored {reason}")),
                when.quarantined.as_ref().map(|reason| format!("quarantined {reason}")),
                when.action.as_ref().map(|action| format!("action {action}")),
            ];
            (conditions.join(" and "), parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
        });
        Explanation {
            facts,
            time: time.collect(),
            columns: columns.collect(),
            actions: actions.collect(),
            rules: rules.collect(),
            samples: (spec.sample.len(), spec.reject.len()),
        }
    }
}

fn written(test: &super::spec::TestSpec) -> String {
    use super::spec::TestSpec;
    let says = match test {
        TestSpec::Is(texts) => return format!("is {}", texts.as_slice().join(" or ")),
        TestSpec::Says(says) => says,
    };
    let mut parts = Vec::new();
    for (word, texts) in [
        ("is", &says.is),
        ("is not", &says.not),
        ("starts with", &says.starts),
        ("ends with", &says.ends),
        ("contains", &says.contains),
    ] {
        if let Some(texts) = texts {
            parts.push(format!("{word} {}", texts.as_slice().join(" or ")));
        }
    }
    parts.extend(says.present.map(|is| if is { "is there".to_string() } else { "is not there".to_string() }));
    parts.extend(says.address.map(|is| if is { "is an address".to_string() } else { "is no address".to_string() }));
    parts.extend(says.at_least.map(|n| format!("is at least {n}")));
    parts.extend(says.below.map(|n| format!("is below {n}")));
    parts.join(" and ")
}
