//! Reads the header of a saved query's file: comment lines `-- key: value`, each checked, with the line of what is wrong.

use super::parameter::{Kind, Parameter};
use super::{Chart, Role, SavedQuery};

/// What is wrong with a file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub line: usize,
    pub reason: String,
}

/// One `-- key: value` of a header, continued by lines that begin with `--   `.
struct Field<'a> {
    line: usize,
    key: &'a str,
    value: String,
}

const KEYS: &str = "id, title, explanation, limits, audience, parameter, chart, terms, most_days or version";

fn fields(text: &str) -> Result<Vec<Field<'_>>, Wrong> {
    let mut fields: Vec<Field<'_>> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let Some(comment) = line.strip_prefix("--") else { break };
        let line = at + 1;
        if let (Some(more), Some(field)) = (comment.strip_prefix("   "), fields.last_mut()) {
            field.value.push(' ');
            field.value.push_str(more.trim());
            continue;
        }
        let (key, value) = comment.trim().split_once(':').ok_or_else(|| Wrong {
            line,
            reason: format!(
                "found {:?}; a line of the header is `-- key: value`, or begins with three blanks after `--` to go on",
                comment.trim()
            ),
        })?;
        fields.push(Field { line, key: key.trim(), value: value.trim().to_string() });
    }
    Ok(fields)
}

fn chart(text: &str) -> Option<Chart> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let own = |word: &&str| (*word).to_string();
    Some(match words.as_slice() {
        ["none"] => Chart::None,
        ["bars", label, value] => Chart::Bars { label: own(label), value: own(value) },
        ["line", x, value] => Chart::Line { x: own(x), value: own(value), series: None, before: None },
        ["line", x, value, series] => Chart::Line { x: own(x), value: own(value), series: Some(own(series)), before: None },
        ["line", x, value, series, before] => {
            Chart::Line { x: own(x), value: own(value), series: Some(own(series)), before: Some(own(before)) }
        }
        ["timeline", time] => Chart::Timeline { time: own(time) },
        ["heat", row, column, value] => Chart::Heat { row: own(row), column: own(column), value: own(value) },
        _ => return None,
    })
}

/// `name | type | default | what it is`.
fn parameter(field: &Field<'_>) -> Result<Parameter, Wrong> {
    let wrong = |reason: String| Wrong { line: field.line, reason };
    let parts: Vec<&str> = field.value.split('|').map(str::trim).collect();
    let [name, kind, default, label] = parts.as_slice() else {
        return Err(wrong(format!(
            "found {:?}; a parameter is `name | type | default | what it is`, with - where there is no default",
            field.value
        )));
    };
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') || *name == "school" {
        return Err(wrong(format!(
            "parameter name {name:?}; use small letters, digits and _, and not school, which every query has"
        )));
    }
    let kind = Kind::parse(kind).ok_or_else(|| wrong(format!("parameter {name}: unknown type {kind:?}; use {}", Kind::WORDS)))?;
    if label.is_empty() {
        return Err(wrong(format!("parameter {name} has no words that say what it is")));
    }
    let default = (*default != "-").then(|| (*default).to_string());
    Ok(Parameter { name: (*name).to_string(), kind, default, label: (*label).to_string() })
}

/// The query of a file.
pub(super) fn parse(stem: &str, text: &str) -> Result<SavedQuery, Wrong> {
    let fields = fields(text)?;
    if fields.is_empty() {
        return Err(Wrong {
            line: 1,
            reason: "the header is missing: the file begins with comment lines `-- id: ...`, `-- title: ...` and so on".into(),
        });
    }
    let last = fields.last().map_or(1, |field| field.line);
    let wrong = |line: usize, reason: String| Err(Wrong { line, reason });
    let mut parameters: Vec<Parameter> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for field in &fields {
        match field.key {
            "parameter" => {
                let parameter = parameter(field)?;
                if parameters.iter().any(|known| known.name == parameter.name) {
                    return wrong(field.line, format!("parameter {} stands twice", parameter.name));
                }
                parameters.push(parameter);
                continue;
            }
            "id" | "title" | "explanation" | "limits" | "audience" | "chart" | "terms" | "most_days" | "version" => {}
            other => return wrong(field.line, format!("unknown key {other:?}; use {KEYS}")),
        }
        if seen.contains(&field.key) {
            return wrong(field.line, format!("{} stands twice", field.key));
        }
        seen.push(field.key);
        if field.value.is_empty() {
            return wrong(field.line, format!("{} is empty", field.key));
        }
    }
    let optional = |key: &str| fields.iter().find(|field| field.key == key);
    let required =
        |key: &str| optional(key).ok_or_else(|| Wrong { line: last, reason: format!("the header lacks `-- {key}: ...`") });
    let whole = |field: &Field<'_>| {
        field.value.parse::<u32>().map_err(|_| Wrong {
            line: field.line,
            reason: format!("{}: found {:?}; use a whole number", field.key, field.value),
        })
    };
    let id = required("id")?;
    if id.value != stem {
        return wrong(id.line, format!("id is {:?}; use the file's name, {stem:?}", id.value));
    }
    let audience = required("audience")?;
    let mut roles = Vec::new();
    for word in audience.value.split(',').map(str::trim) {
        match Role::parse(word) {
            Some(role) => roles.push(role),
            None => {
                return wrong(
                    audience.line,
                    format!("audience: found {word:?}; use dsl, head, governor, technician or administrator"),
                );
            }
        }
    }
    let needs_reason = match optional("terms") {
        None => false,
        Some(field) if field.value == "no" => false,
        Some(field) if field.value == "yes" => {
            if roles != [Role::Dsl] {
                return wrong(
                    field.line,
                    "terms: a query that shows what was typed is for the safeguarding lead alone: audience: dsl".into(),
                );
            }
            true
        }
        Some(field) => return wrong(field.line, format!("terms: found {:?}; use yes or no", field.value)),
    };
    let hint = required("chart")?;
    let Some(chart) = chart(&hint.value) else {
        return wrong(
            hint.line,
            format!(
                "chart: found {:?}; use none, bars LABEL VALUE, line X VALUE [SERIES [BEFORE]], timeline TIME or heat ROW COLUMN VALUE, with names of columns",
                hint.value
            ),
        );
    };
    let query = SavedQuery {
        id: stem.to_string(),
        title: required("title")?.value.clone(),
        explanation: required("explanation")?.value.clone(),
        limits: required("limits")?.value.clone(),
        audience: roles,
        parameters,
        chart,
        needs_reason,
        most_days: optional("most_days").map(whole).transpose()?,
        version: whole(required("version")?)?,
        file: None,
        sql: text.to_string(),
    };
    let mut known = vec!["school".to_string()];
    known.extend(query.parameters.iter().flat_map(Parameter::bound_names));
    for name in query.placeholders() {
        if !known.iter().any(|known| known == name) {
            let line = text.lines().position(|line| line.contains(&format!("${name}"))).map_or(last, |at| at + 1);
            return wrong(line, format!("${name} is no parameter; there are ${}", known.join(", $")));
        }
    }
    if !query.placeholders().contains(&"school") {
        return wrong(last + 1, "the text never names $school; every query is of one school".into());
    }
    super::own::governed(&query)?;
    Ok(query)
}
