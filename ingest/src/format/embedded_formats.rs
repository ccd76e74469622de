//! Every embedded format passes its own samples, and every format claims only its own.

use super::Catalogue;

#[test]
fn every_format_passes_its_samples() {
    let catalogue = Catalogue::embedded();
    let mut failures = Vec::new();
    for id in catalogue.ids() {
        match catalogue.get(id) {
            Err(error) => failures.push(error.to_string()),
            Ok(format) => {
                assert_eq!(format.id(), id, "the file name is the id");
                for check in format.check().checks {
                    for step in check.differences {
                        failures.push(format!(
                            "{id} line {} {}: {} wanted {:?} got {:?}",
                            check.line, check.what, step.field, step.wanted, step.got
                        ));
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_sample_is_detected_as_its_format() {
    let catalogue = Catalogue::embedded();
    let mut failures = Vec::new();
    for format in catalogue.all().unwrap() {
        // All samples with the same header make a file.
        let mut files: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
        for (header, line) in format.sample_lines() {
            match files.iter_mut().find(|(known, _)| *known == header) {
                Some((_, lines)) => lines.push(line),
                None => files.push((header, vec![line])),
            }
        }
        for (header, lines) in files {
            let text = header.into_iter().chain(lines).collect::<Vec<_>>().join("\n");
            let detection = catalogue.detect(text.as_bytes()).unwrap();
            let found = detection.format.as_ref().map(|f| f.id().to_string());
            if found.as_deref() != Some(format.id()) {
                failures.push(format!("{}: found {found:?} among {:?}", format.id(), detection.candidates));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn samples_cover_each_action_word() {
    let catalogue = Catalogue::embedded();
    for format in catalogue.all().unwrap() {
        let (samples, rejects) = format.explain().samples;
        assert!(samples >= 2 && rejects >= 1, "{} has {samples} samples and {rejects} rejects", format.id());
    }
}
