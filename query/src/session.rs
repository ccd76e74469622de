//! What a signed-in reader asks: only questions, over tables in which private visits, illegal addresses and what was typed are hidden.
//!
//! Hidden here and not in each query, because a school may write queries of its own.

use std::collections::BTreeMap;

use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::Statement as Sql;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use weir_lake::ids::SchoolId;
use weir_lake::schema::Table;

use crate::error::QueryError;

/// Longest text of a question. Long enough for any report; a text of megabytes only wants to exhaust the planner.
const MOST_LETTERS: usize = 16 * 1024;

/// Operators, joins and commas of a question. A chain of thousands is a tree as deep, and the planner walks trees by calling itself:
/// 4,000 end the process. The longest shipped query has some 200.
const MOST_STEPS: usize = 400;

/// Rows of an answer: more than a sheet holds is no answer for a person, and they are held in memory.
pub(crate) const MOST_ROWS: usize = 1_000_000;

/// Functions whose answer can be far larger than the memory that is counted, or that tell of files.
const REFUSED_FUNCTIONS: [&str; 33] = [
    "repeat",
    "lpad",
    "rpad",
    "replace",
    "regexp_replace",
    "overlay",
    "translate",
    "array_repeat",
    "list_repeat",
    "array_resize",
    "list_resize",
    "array_replace",
    "array_replace_n",
    "array_replace_all",
    "list_replace",
    "list_replace_n",
    "list_replace_all",
    "generate_series",
    "range",
    "gen_series",
    "factorial",
    "array_concat",
    "array_cat",
    "list_concat",
    "list_cat",
    "array_transform",
    "arrow_cast",
    "arrow_try_cast",
    "arrow_metadata",
    "input_file_name",
    "file_row_index",
    "version",
    "with_metadata",
];

/// Tables without a school: they say nothing of any.
pub(crate) const OF_NO_SCHOOL: [&str; 6] = ["categories", "themes", "lexicon_since", "retention", "clock", "register_trail"];

/// Allowed visits to these are nobody's business unless a child may be in danger: help lines, health, sex education, identity.
const PRIVATE: &str = "'help_lines', 'health', 'sex_education', 'identity_support'";

/// Categories whose addresses are never printed: looking at them can be a crime.
const ILLEGAL: &str = "'csam', 'terrorism', 'illegal_other', 'ai_undress'";

/// Refuses what is no single question.
pub(crate) fn only_a_question(context: &SessionContext, text: &str) -> Result<(), QueryError> {
    if text.len() > MOST_LETTERS {
        return Err(QueryError::Refused(format!("a text of {} letters; a question has {MOST_LETTERS} at most", text.len())));
    }
    let steps = steps(text);
    if steps > MOST_STEPS {
        return Err(QueryError::Refused(format!("{steps} operators, joins and commas; a question has {MOST_STEPS} at most")));
    }
    let state = context.state();
    let dialect = state.config().options().sql_parser.dialect;
    let statement = state.sql_to_statement(text, &dialect)?;
    let what = match &statement {
        Statement::Statement(statement) if matches!(**statement, Sql::Query(_)) => return Ok(()),
        Statement::CopyTo(_) => "COPY".to_string(),
        Statement::CreateExternalTable(_) => "CREATE EXTERNAL TABLE".to_string(),
        Statement::Explain(_) => "EXPLAIN".to_string(),
        Statement::Reset(_) => "RESET".to_string(),
        Statement::Statement(statement) => statement.to_string().split_whitespace().next().unwrap_or("this").to_uppercase(),
    };
    Err(QueryError::Refused(format!("{what}; only a question is answered here: one SELECT, which may begin with WITH")))
}

/// What makes a plan deeper.
fn steps(text: &str) -> usize {
    // What can't be cut into words is refused by the parser, in its own.
    let Ok(tokens) = Tokenizer::new(&GenericDialect {}, text).tokenize() else { return 0 };
    let chains = |token: &Token| match token {
        Token::Word(word) => {
            matches!(
                word.keyword,
                Keyword::AND
                    | Keyword::OR
                    | Keyword::NOT
                    | Keyword::UNION
                    | Keyword::EXCEPT
                    | Keyword::INTERSECT
                    | Keyword::JOIN
                    | Keyword::IS
                    | Keyword::LIKE
                    | Keyword::IN
            )
        }
        Token::Number(..) | Token::SingleQuotedString(_) | Token::Whitespace(_) => false,
        Token::LParen | Token::RParen | Token::Period | Token::Placeholder(_) | Token::SemiColon | Token::EOF => false,
        _ => true,
    };
    tokens.iter().filter(|token| chains(token)).count()
}

/// Words for what the planner refuses, where its own would send someone looking for a slip of the pen.
pub(crate) fn in_words(error: QueryError) -> QueryError {
    let QueryError::Sql(text) = &error else { return error };
    let lower = text.to_lowercase();
    for function in REFUSED_FUNCTIONS {
        if lower.contains(&format!("'{function}'")) && lower.contains("function") {
            return QueryError::Refused(format!("the function {function}, whose answer can be larger than any memory"));
        }
    }
    if lower.contains("recursive cte") {
        return QueryError::Refused("WITH RECURSIVE, which need not end".into());
    }
    if lower.contains("single sql statement") {
        return QueryError::Refused("several statements; ask one question at a time".into());
    }
    error
}

/// The line that the parser names.
pub(crate) fn line_of(error: &QueryError) -> Option<usize> {
    let text = error.to_string();
    text.split_once("Line: ")?.1.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The settings of such a context.
pub(crate) fn settings(config: SessionConfig) -> SessionConfig {
    let mut config = config.with_information_schema(false);
    config.options_mut().execution.enable_recursive_ctes = false;
    // Where in the text the planner found something wrong.
    config.options_mut().sql_parser.collect_spans = true;
    config
}

/// Takes away what could exhaust the machine or tell of its files. The context's views, already planned, keep what they use.
pub(crate) fn restrict(context: &SessionContext) {
    for function in REFUSED_FUNCTIONS {
        context.deregister_udf(function);
        context.deregister_udtf(function);
    }
}

/// The tables in which something is hidden, as SQL over the tables as they are.
pub(crate) fn views(has_reason: bool, zones: &BTreeMap<SchoolId, String>) -> Vec<(&'static str, String)> {
    vec![
        ("events", events(has_reason, zones)),
        ("pupil_days", pupil_days()),
        ("receipts", without(Table::Receipts, "path", "split_part(r.path, '/', -1)")),
        ("quarantine", without(Table::Quarantine, "raw", "CAST(NULL AS BYTEA)")),
    ]
}

fn names(table: Table) -> Vec<String> {
    table.scan_schema().fields().iter().map(|field| field.name().clone()).collect()
}

fn without(table: Table, column: &str, instead: &str) -> String {
    let columns: Vec<String> = names(table)
        .iter()
        .map(|name| if name == column { format!("{instead} AS {name}") } else { format!("r.{name}") })
        .collect();
    format!("SELECT {} FROM {} r", columns.join(", "), table.name())
}

/// The school's local time: an estate has one zone, nearly always.
fn local_time(zones: &BTreeMap<SchoolId, String>) -> String {
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-' | b'+'));
    let of = |zone: &str| format!("to_local_time(arrow_cast(e.event_time, 'Timestamp(Microsecond, Some(\"{zone}\"))'))");
    let usual = weir_lake::clock::DEFAULT_ZONE;
    let others: Vec<String> = zones
        .iter()
        .filter(|(_, zone)| zone.as_str() != usual && plain(zone))
        .map(|(school, zone)| format!("WHEN e.school_id = '{}' THEN {}", school.as_str(), of(zone)))
        .collect();
    if others.is_empty() { of(usual) } else { format!("CASE {} ELSE {} END", others.join(" "), of(usual)) }
}

fn events(has_reason: bool, zones: &BTreeMap<SchoolId, String>) -> String {
    let columns: Vec<String> = names(Table::Events)
        .iter()
        .map(|name| match name.as_str() {
            "host" | "domain" => format!(
                "CASE WHEN m.is_private THEN 'private support site' WHEN m.is_illegal THEN 'address not shown' ELSE m.{name} END AS {name}"
            ),
            "url_path" | "url_query" if has_reason => {
                format!("CASE WHEN m.is_private OR m.is_illegal THEN NULL ELSE m.{name} END AS {name}")
            }
            "url_path" | "url_query" => {
                format!("CASE WHEN m.is_private OR m.is_illegal OR m.{name} IS NULL THEN NULL ELSE '[hidden]' END AS {name}")
            }
            "search_term" if !has_reason => format!("CASE WHEN m.{name} IS NULL THEN NULL ELSE '[hidden]' END AS {name}"),
            "category" => format!("CASE WHEN m.is_private THEN 'private_support' ELSE m.{name} END AS {name}"),
            "theme" | "risk_area" | "other_themes" | "vendor_category" | "rule" | "app" => {
                format!("CASE WHEN m.is_private THEN NULL ELSE m.{name} END AS {name}")
            }
            "help_seeking" => format!("m.{name} AND NOT m.is_private AS {name}"),
            // A page of a help line loads from elsewhere, and says so there.
            "referrer_domain" => format!("CAST(NULL AS VARCHAR) AS {name}"),
            _ => format!("m.{name}"),
        })
        .collect();
    format!(
        "WITH urgent AS (
             SELECT DISTINCT u.school_id, u.event_date, u.user_key
             FROM events u WHERE u.concern_severity = 4 AND u.user_key IS NOT NULL
         ),
         marked AS (
             SELECT e.*, {} AS local_time,
                    coalesce(e.category IN ({ILLEGAL}) OR e.theme = 'illegal', false) AS is_illegal,
                    coalesce(e.category IN ({PRIVATE}) AND e.action IN ('allowed', 'overridden'), false) AND u.user_key IS NULL AS is_private
             FROM events e
             LEFT JOIN urgent u ON u.school_id = e.school_id AND u.event_date = e.event_date AND u.user_key = e.user_key
         )
         SELECT {}, m.local_time FROM marked m",
        local_time(zones),
        columns.join(", ")
    )
}

/// Nobody can be listed for having looked for help, unless a child may be in danger.
fn pupil_days() -> String {
    let columns: Vec<String> = names(Table::PupilDays)
        .iter()
        .map(|name| match name.as_str() {
            "user_key" | "first_time" | "last_time" => {
                format!("CASE WHEN p.topic = 'help_seeking' AND u.user_key IS NULL THEN NULL ELSE p.{name} END AS {name}")
            }
            _ => format!("p.{name}"),
        })
        .collect();
    format!(
        "WITH urgent AS (
             SELECT DISTINCT u.school_id, u.event_date, u.user_key FROM pupil_days u WHERE u.search_severity = 4
         )
         SELECT {} FROM pupil_days p
         LEFT JOIN urgent u ON u.school_id = p.school_id AND u.event_date = p.event_date AND u.user_key = p.user_key",
        columns.join(", ")
    )
}
