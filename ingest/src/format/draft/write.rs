//! Writes a proposed format file: what was guessed, what is left to ask, and invented samples of the same shape.

use std::fmt::Write;

use super::apart::{Decoder, FieldOf, Sheet};
use super::guess::Guess;
use super::invent::{Invention, Moment};
use super::vocabulary::Vocabulary;

/// One invented line: what stands in each field, and the row it must give.
struct Line {
    cells: Vec<String>,
    row: Vec<(&'static str, String)>,
}

/// What the whole file needs.
struct Page<'p> {
    sheet: &'p Sheet,
    guess: &'p Guess,
    invention: &'p Invention,
    /// The name of each field as it may stand in the file; none for those that stay out.
    names: Vec<Option<String>>,
    text: String,
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// The format file.
pub(super) fn written(id: &str, sheet: &Sheet, guess: &Guess, vocabulary: &Vocabulary, invention: &Invention) -> String {
    let known = |at: usize| {
        guess.action == Some(at)
            || guess.columns.iter().any(|(_, field)| *field == at)
            || guess.time.as_ref().is_some_and(|time| time.fields.contains(&at))
    };
    let names = sheet.fields.iter().enumerate().map(|(at, field)| {
        // Of a table the heading names every column; of pairs those that nobody asks for can stay out.
        let is_kept = known(at) || matches!(sheet.decoder, Decoder::Csv | Decoder::W3c);
        (is_kept && sheet.may_name(field, vocabulary)).then(|| field.name.clone())
    });
    let names = names.collect();
    let mut page = Page { sheet, guess, invention, names, text: String::new() };
    page.about(id);
    page.decoding();
    page.time();
    page.columns();
    page.unknown(vocabulary);
    page.samples();
    page.text
}

impl Page<'_> {
    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn ask(&mut self, question: &str) {
        self.line(&format!("# question: {question}"));
    }

    fn name(&self, at: usize) -> Option<&str> {
        self.names.get(at).and_then(Option::as_deref)
    }

    fn about(&mut self, id: &str) {
        self.line("# Proposed by `weir formats new` from a sample, of which no value stands here. Answer each question, delete its line,");
        self.line(
            "# and run `weir formats test` on this file. docs/new-format.md goes through it, docs/formats.md explains every key.",
        );
        self.line(&format!("id = {}", quoted(id)));
        self.ask("what do people call this log, who makes the product, and which versions of it write so?");
        self.line("title = \"Unnamed filter log\"\nvendor = \"Unknown\"\nproduct = \"\"\nversion = 1");
        self.ask("where does the vendor describe it?");
        self.line("url = \"https://example.org/\"");
        self.ask("is it a filter, a firewall, a dns service or a monitor of devices?");
        self.line("layer = \"filter\"\nevidence = \"inferred\"");
        let actions: Vec<&str> = self.guess.verdicts.iter().map(|(_, action)| *action).collect();
        if actions.is_empty() {
            // Asked with the column.
        } else if !actions.contains(&"allowed") {
            self.ask("the sample holds nothing that was let through. If the product writes refusals alone, put logs = \"blocked\" here");
        } else if !actions.contains(&"blocked") {
            self.ask("the sample holds no refusal. What does one look like? Add its word under [table.verdict]");
        }
        self.line("");
    }

    fn decoding(&mut self) {
        let sheet = self.sheet;
        self.line(&format!("decode = \"{}\"", sheet.decoder.name()));
        if sheet.frame.is_some() {
            self.line("frame = \"syslog\"");
        }
        let usual = match sheet.decoder {
            Decoder::Csv => ',',
            Decoder::Kv | Decoder::W3c => ' ',
            _ => sheet.delimiter,
        };
        if sheet.delimiter != usual {
            self.line(&format!("delimiter = {}", quoted(&sheet.delimiter.to_string())));
        }
        if sheet.decoder == Decoder::Csv && sheet.is_numbered {
            self.ask("the file has no header, so its columns have numbers here. What does the product call them?");
            let names: Vec<String> = self.names.iter().flatten().map(|name| quoted(name)).collect();
            self.line(&format!("fields = [{}]", names.join(", ")));
        } else if sheet.decoder == Decoder::Csv {
            self.line("header = true");
        }
        if sheet.before_header > 0 {
            let lines = if sheet.before_header == 1 {
                "a line stands".to_owned()
            } else {
                format!("{} lines stand", sheet.before_header)
            };
            self.ask(&format!(
                "{lines} before the header. If it is a remark, give what it begins with, and no name: comment = [\"Report for\"]"
            ));
        }
        // Lines of another kind that lack what was asked for are not of this format.
        let site = self.guess.columns.iter().find(|(column, _)| matches!(*column, "url" | "host"));
        if let Some((_, at)) = site
            && sheet.fields.get(*at).is_some_and(|field| field.values.iter().all(|value| !value.is_empty() && value != "-"))
            && let Some(name) = self.name(*at)
        {
            let line = format!("require = [{}]", quoted(name));
            self.line(&line);
        }
        if sheet
            .fields
            .iter()
            .any(|field| ["type", "subtype", "eventtype", "logtype"].contains(&super::vocabulary::plain(&field.name).as_str()))
        {
            self.ask("there may be lines of several kinds. Those that are no decision on a request need a [[when]] that leaves them out");
        }
        self.line("");
    }

    fn time(&mut self) {
        self.line("[time]");
        let Some(time) = &self.guess.time else {
            if self.sheet.frame.is_some() {
                self.line("from = \"syslog.time\"\nlayout = [\"%b %d %H:%M:%S%f\", \"rfc3339\"]\n");
            } else {
                self.ask("which field holds the time, and how is it written?");
                self.line("from = \"?\"\nlayout = \"%d/%m/%Y %H:%M:%S\"\n");
            }
            return;
        };
        let names: Vec<String> = time.fields.iter().filter_map(|at| self.name(*at)).map(quoted).collect();
        let from = if names.len() == 1 { names.concat() } else { format!("[{}]", names.join(", ")) };
        self.line(&format!("from = {from}"));
        match time.layouts.as_slice() {
            [] => self.line(&format!("epoch = \"{}\"", time.epoch)),
            layouts => {
                if time.is_ambiguous {
                    self.ask(
                        "does the day come before the month? In the sample both orders can be read; look at a row after the 12th",
                    );
                }
                let written: Vec<String> = layouts.iter().map(|layout| quoted(layout)).collect();
                let written = if written.len() == 1 { written.concat() } else { format!("[{}]", written.join(", ")) };
                self.line(&format!("layout = {written}"));
                if time.is_utc {
                    self.line("zone = \"UTC\"");
                } else if layouts.iter().any(|layout| *layout != "rfc3339" && !layout.contains("%z")) {
                    self.ask("are the times local? If they are UTC, put zone = \"UTC\" here; compare a row with the clock");
                }
            }
        }
        self.line("");
    }

    fn columns(&mut self) {
        self.line("[columns]");
        let guess = self.guess;
        let has = |wanted: &str| guess.columns.iter().any(|(column, _)| *column == wanted);
        if !has("user") {
            self.ask("no field is known to hold the person's log-in. Is there one? user = \"...\"");
        }
        if !has("url") && !has("host") {
            self.ask("no field is known to hold the address or host asked for. Which is it? url = \"...\" or host = \"...\"");
        }
        for (column, at) in &guess.columns {
            let Some(name) = self.name(*at).map(quoted) else { continue };
            let line = match (*column, guess.category_split) {
                ("vendor_category", Some(mark)) => {
                    if mark == ',' {
                        self.ask("does a comma part two categories here? If it belongs to their names, leave split out");
                    }
                    format!("vendor_category = {{ from = {name}, split = \"{mark}\" }}")
                }
                ("user", _) if !guess.nobody.is_empty() => {
                    let words: Vec<String> = guess.nobody.iter().map(|word| quoted(word)).collect();
                    format!("user = {{ from = {name}, null = [\"-\", {}] }}", words.join(", "))
                }
                _ => format!("{column} = {name}"),
            };
            self.line(&line);
        }
        let Some(action) = guess.action.and_then(|at| self.name(at)).map(quoted) else {
            self.ask("no field is known to say what was decided. Which is it? action = { from = \"...\", table = \"verdict\" }");
            self.line("");
            return;
        };
        self.line(&format!("action = {{ from = {action}, table = \"verdict\" }}\n\n[table.verdict]"));
        if !guess.unknown_verdicts.is_empty() {
            self.ask(&format!(
                "words of this field that are not known: {}; `weir formats new` shows them. Give each its line: \"the word\" = \"blocked\"",
                guess.unknown_verdicts.len()
            ));
        }
        for (word, action) in &guess.verdicts {
            let line = format!("{} = \"{action}\"", quoted(word));
            self.line(&line);
        }
        self.line("");
    }

    fn unknown(&mut self, vocabulary: &Vocabulary) {
        let guess = self.guess;
        let taken: Vec<usize> = guess
            .columns
            .iter()
            .map(|(_, at)| *at)
            .chain(guess.action)
            .chain(guess.time.iter().flat_map(|time| time.fields.clone()))
            .collect();
        let mut hidden = 0;
        let mut asked = false;
        for (at, field) in self.sheet.fields.iter().enumerate().filter(|(at, _)| !taken.contains(at)) {
            if field.name.is_empty() {
                continue;
            }
            if self.sheet.may_name(field, vocabulary) && !(self.sheet.is_numbered && guess.columns.is_empty() && at > 40) {
                self.ask(&format!("is {} of use? It is read by no column yet", quoted(&field.name)));
                asked = true;
            } else {
                hidden += 1;
            }
        }
        if hidden > 0 {
            self.ask(&format!(
                "fields not known, and not named here because they do not stand in most lines: {hidden}; `weir formats new` shows them. Is one of use?"
            ));
        }
        if asked || hidden > 0 {
            self.line("");
        }
    }

    fn samples(&mut self) {
        let actions = self.guess.verdicts.clone();
        let mut lines: Vec<Line> = Vec::new();
        for n in 0..actions.len().max(2) {
            let word = actions.get(n % actions.len().max(1)).map(|(word, action)| (word.as_str(), *action));
            lines.push(self.invented(word, n == 1));
        }
        for line in &lines {
            self.line("[[sample]]");
            self.header();
            let text = self.joined(&line.cells);
            self.line(&format!("line = {}", quoted(&text)));
            let row: Vec<String> = line.row.iter().map(|(column, value)| format!("{column} = {}", quoted(value))).collect();
            self.line(&format!("row = {{ {} }}\n", row.join(", ")));
        }
        if !actions.is_empty() {
            let word = self.invention.no_verdict();
            let line = self.invented(Some((&word, "")), false);
            self.line("[[reject]]");
            self.header();
            let text = self.joined(&line.cells);
            self.line(&format!("line = {}\nreason = \"unknown_action\"", quoted(&text)));
        }
    }

    fn header(&mut self) {
        let names: Vec<String> = self.names.iter().map(|name| name.clone().unwrap_or_default()).collect();
        match self.sheet.decoder {
            Decoder::Csv if !self.sheet.is_numbered => {
                let header = self.joined(&names);
                self.line(&format!("header = {}", quoted(&header)));
            }
            Decoder::W3c => {
                let names: Vec<&str> =
                    names.iter().map(|name| if name.is_empty() { "x-unknown" } else { name.as_str() }).collect();
                let header = format!("#Fields: {}", names.join(" "));
                self.line(&format!("header = {}", quoted(&header)));
            }
            _ => {}
        }
    }

    /// A line of the same shape; the second one is of summer and of nobody.
    fn invented(&self, verdict: Option<(&str, &'static str)>, is_second: bool) -> Line {
        let (sheet, guess) = (self.sheet, self.guess);
        let mut row = Vec::new();
        let moment = guess.time.as_ref().map(|time| self.invention.moment(time, is_second));
        row.push(("event_time", moment.as_ref().map_or_else(|| "2026-11-05T09:14:02Z".to_owned(), |moment| moment.utc.clone())));
        let mut cells: Vec<String> = Vec::new();
        for (at, field) in sheet.fields.iter().enumerate() {
            let column = guess.columns.iter().find(|(_, taken)| *taken == at).map(|(column, _)| *column);
            let cell = match (self.time_part(&moment, at), column) {
                (Some(part), _) => part,
                (None, _) if guess.action == Some(at) => verdict.map(|(word, _)| word.to_owned()).unwrap_or_default(),
                (None, Some("user")) if is_second => {
                    row.push(("user", String::new()));
                    "-".to_owned()
                }
                (None, Some("vendor_category")) => {
                    let (value, shown) = self.categories(field);
                    row.push(("vendor_category", shown));
                    value
                }
                (None, Some(column)) => {
                    let value = self.invention.value(column, field);
                    row.push((column, value.clone()));
                    value
                }
                (None, None) => self.invention.value("", field),
            };
            cells.push(cell);
        }
        row.extend(verdict.map(|(_, action)| ("action", action.to_owned())));
        if let Some((_, value)) = row.iter_mut().find(|(column, _)| *column == "status") {
            *value = value.trim().to_owned();
        }
        Line { cells, row }
    }

    fn time_part(&self, moment: &Option<Moment>, at: usize) -> Option<String> {
        let place = self.guess.time.as_ref()?.fields.iter().position(|field| *field == at)?;
        moment.as_ref()?.parts.get(place).cloned()
    }

    /// Categories as a line writes them and as the row shows them.
    fn categories(&self, field: &FieldOf) -> (String, String) {
        let first = self.invention.value("vendor_category", field);
        match self.guess.category_split {
            Some(mark) => {
                let second = self.invention.second_category();
                (format!("{first}{mark}{second}"), format!("{first}; {second}"))
            }
            None => (first.clone(), first),
        }
    }

    /// The fields as one line of the log.
    fn joined(&self, cells: &[String]) -> String {
        let named = || {
            let fields = self.names.iter().zip(&self.sheet.fields).zip(cells);
            fields.filter_map(|((name, field), cell)| Some((name.as_deref()?, field, cell.as_str())))
        };
        let mut line = String::new();
        match self.sheet.frame {
            Some(true) => line.push_str("<134>Nov  5 09:14:02 gw1 filter: "),
            Some(false) => line.push_str("<134>Nov  5 09:14:02 gw1 "),
            None => {}
        }
        let delimiter = self.sheet.delimiter;
        match self.sheet.decoder {
            Decoder::Csv | Decoder::W3c => {
                let cells: Vec<String> = cells.iter().map(|cell| cell_of(cell, delimiter)).collect();
                line.push_str(&cells.join(&delimiter.to_string()));
            }
            Decoder::Json => line.push_str(&object(named())),
            Decoder::Kv => {
                let pairs: Vec<String> = named()
                    .map(|(name, field, cell)| {
                        let needs_marks = field.quoted || cell.contains(delimiter);
                        if needs_marks { format!("{name}=\"{cell}\"") } else { format!("{name}={cell}") }
                    })
                    .collect();
                line.push_str(&pairs.join(&delimiter.to_string()));
            }
            Decoder::Cef | Decoder::Leef => {
                let is_cef = self.sheet.decoder == Decoder::Cef;
                line.push_str(if is_cef { "CEF:0|Example|Filter|1|100|web|3|" } else { "LEEF:1.0|Example|Filter|1|100|" });
                let mut pairs = Vec::new();
                for (name, field, cell) in named() {
                    match (&field.labelled, name.strip_prefix("label.")) {
                        (Some(key), Some(label)) => pairs.push(format!("{key}Label={label} {key}={cell}")),
                        _ => pairs.push(format!("{name}={cell}")),
                    }
                }
                line.push_str(&pairs.join(if is_cef { " " } else { "\t" }));
            }
        }
        line
    }
}

fn cell_of(cell: &str, delimiter: char) -> String {
    if cell.contains([delimiter, '"']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

/// One object a line, with the objects inside it that paths name.
fn object<'c>(fields: impl Iterator<Item = (&'c str, &'c FieldOf, &'c str)>) -> String {
    use serde_json::{Map, Value};
    let mut whole = Map::new();
    for (path, field, cell) in fields {
        let mut parts: Vec<&str> = path.split('.').collect();
        let Some(last) = parts.pop() else { continue };
        let mut inner = &mut whole;
        for part in parts {
            let next = inner.entry(part).or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(next) = next else { return String::new() };
            inner = next;
        }
        let text = Value::String(cell.to_owned());
        let value = match last.strip_suffix("[]") {
            Some(_) => Value::Array(vec![text]),
            // Numbers and truths stand without marks.
            None if !field.quoted => serde_json::from_str(cell).unwrap_or(text),
            None => text,
        };
        inner.insert(last.trim_end_matches("[]").to_owned(), value);
    }
    let mut text = String::new();
    if write!(text, "{}", Value::Object(whole)).is_err() {
        text.clear();
    }
    text
}
