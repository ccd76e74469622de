//! The texts of a bundle that every document must hold, and how documents are read back.

use weir_pack::bundle::{Bundle, Cell, Table};

/// All of them, as they were typed. What is only heard (the words of a chart) and what is only a name for programs is left out.
pub fn of(bundle: &Bundle) -> Vec<String> {
    let mut texts = vec![bundle.title.clone(), bundle.body.name.clone(), bundle.year.clone()];
    texts.extend([&bundle.lead, &bundle.unseen, &bundle.questions].into_iter().flatten().cloned());
    for finding in &bundle.findings {
        texts.extend([finding.heading.clone(), finding.text.clone()]);
        texts.extend(finding.ask.clone());
    }
    for section in &bundle.sections {
        texts.extend(section.heading.clone());
        for block in &section.blocks {
            texts.extend([block.title.clone(), block.asks.clone()]);
            for figure in &block.figures {
                texts.extend([figure.title.clone(), figure.value.clone(), figure.meaning.clone()]);
                texts.extend([&figure.comparison, &figure.coverage, &figure.ask].into_iter().flatten().cloned());
                figure.table.iter().for_each(|table| add_table(&mut texts, table));
            }
            block.tables.iter().for_each(|table| add_table(&mut texts, table));
            block.notes.iter().for_each(|note| texts.extend([note.text.clone(), note.by.clone()]));
            block.missing.iter().for_each(|missing| texts.extend([missing.what.clone(), missing.who.clone()]));
        }
    }
    for action in &bundle.actions {
        texts.extend([action.what.clone(), action.owner.clone(), action.state.clone()]);
        texts.extend(action.carried_from.clone());
    }
    bundle.signatures.iter().for_each(|signature| texts.extend([signature.name.clone(), signature.role.clone()]));
    bundle.differences.iter().for_each(|change| texts.extend([change.what.clone(), change.was.clone(), change.is.clone()]));
    bundle.appendices.iter().for_each(|table| add_table(&mut texts, table));
    for definition in &bundle.definitions {
        let said =
            [&definition.title, &definition.unit, &definition.counts, &definition.of, &definition.leaves_out, &definition.caveat];
        texts.extend(said.into_iter().cloned());
    }
    bundle.glossary.iter().for_each(|term| texts.extend([term.word.clone(), term.meaning.clone()]));
    texts.retain(|text| !text.is_empty());
    texts.sort();
    texts.dedup();
    texts
}

fn add_table(texts: &mut Vec<String>, table: &Table) {
    texts.push(table.title.clone());
    texts.extend(table.columns.iter().map(|column| column.title.clone()));
    for cell in table.rows.iter().flatten() {
        if let Cell::Text(text) | Cell::Mark(text) = cell {
            texts.push(text.clone());
        }
    }
}

/// Without what breaks lines.
pub fn without_breaks(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '\u{200b}' | '\u{ad}')).collect()
}

/// Without the lines at the head and foot of pages, which may stand between two halves of a text.
pub fn without_furniture(read: &str) -> String {
    let is_furniture = |line: &str| {
        line.starts_with("Digest begins ")
            || (line.starts_with("page ") && line.contains(" of "))
            || line.contains(" revision ") && line.contains(" · ")
    };
    read.replace('\u{c}', "\n").lines().filter(|line| !is_furniture(line)).collect::<Vec<_>>().join("\n")
}

/// The strings of a workbook.
pub fn shared_strings(xml: &str) -> Vec<String> {
    xml.split("<si>")
        .skip(1)
        .map(|item| {
            let text = item.split("<t").nth(1).unwrap().split_once('>').unwrap().1.split("</t>").next().unwrap();
            unescaped(text)
        })
        .collect()
}

/// Whether a text stands in a workbook as a part of a longer one: a title's own line, a block's number before its title.
pub fn is_composed(text: &str, strings: &[String]) -> bool {
    strings.iter().any(|string| string.contains(text))
}

/// Whether a text is of the document and no table: titles of tables, blocks and the document itself.
pub fn is_document_furniture(bundle: &Bundle, text: &str) -> bool {
    let tables = bundle
        .sections
        .iter()
        .flat_map(|section| &section.blocks)
        .flat_map(|block| block.figures.iter().filter_map(|figure| figure.table.as_ref()).chain(&block.tables));
    tables.chain(&bundle.appendices).any(|table| table.title == text)
        || bundle.sections.iter().flat_map(|section| &section.blocks).any(|block| block.title == text || block.asks == text)
}

/// Whether a page shows a value in two parts, the number large.
pub fn is_split(text: &str, read: &str) -> bool {
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',' | '%'))).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    read.contains(&format!("{number}</strong>{unit}"))
}

/// Without the escapes of HTML and XML.
pub fn unescaped(text: &str) -> String {
    let named = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&#39;", "'"),
        ("&#34;", "\""),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ];
    named.iter().fold(text.to_owned(), |text, (escape, c)| text.replace(escape, c))
}
