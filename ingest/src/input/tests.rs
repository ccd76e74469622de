use super::*;
use std::io::{Read, Write};

const LOG: &str = "one\ntwo\nthree\n";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn utf16(text: &str, little: bool, mark: bool) -> Vec<u8> {
    let mark = if mark { "\u{feff}" } else { "" };
    let units = mark.encode_utf16().chain(text.encode_utf16());
    units.flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
}

fn read(name: &str, bytes: &[u8], limits: Limits) -> Result<String, InputError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let mut text = String::new();
    for input in find(&[path]) {
        let input = input?;
        let mut opened = open(&input, limits)?;
        let mut bytes = Vec::new();
        opened.reader.read_to_end(&mut bytes).map_err(|error| InputError::of(&input.label(), error))?;
        text.push_str(&String::from_utf8_lossy(&bytes));
    }
    Ok(text)
}

#[test]
fn the_same_text_comes_out_of_every_wrapping() {
    let two_members = [gzip(b"one\ntw"), gzip(b"o\nthree\n")].concat();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("plain.log", LOG.into()),
        ("named-wrongly.log", gzip(LOG.as_bytes())),
        ("members.gz", two_members),
        ("log.zst", zstd::stream::encode_all(LOG.as_bytes(), 3).unwrap()),
        ("twice.gz", gzip(&gzip(LOG.as_bytes()))),
        ("le.txt", utf16(LOG, true, true)),
        ("be.txt", utf16(LOG, false, true)),
        ("le-unmarked.txt", utf16(&LOG.repeat(3), true, false)),
        ("le.gz", gzip(&utf16(LOG, true, true))),
    ];
    for (name, bytes) in cases {
        let wanted = if name == "le-unmarked.txt" { LOG.repeat(3) } else { LOG.to_owned() };
        assert_eq!(read(name, &bytes, Limits::default()).unwrap(), wanted, "{name}");
    }
}

#[test]
fn what_is_no_text_is_refused() {
    let cut = |mut bytes: Vec<u8>, keep: usize| {
        bytes.truncate(keep);
        bytes
    };
    let long = "a line of a log, 1 2 3 4 5 6 7 8 9\n".repeat(2000);
    let gz = gzip(long.as_bytes());
    let zst = zstd::stream::encode_all(long.as_bytes(), 3).unwrap();
    let mut damaged = gz.clone();
    let crc = damaged.len() - 6;
    damaged[crc] ^= 0x55;
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty.log", vec![], "is empty"),
        ("empty.gz", gzip(b""), "is empty"),
        ("cut.gz", cut(gz.clone(), gz.len() - 20), "ends too early"),
        ("cut.zst", cut(zst.clone(), zst.len() - 6), "ends too early"),
        ("damaged.gz", damaged, "is damaged"),
        ("report.csv", b"%PDF-1.7 something".to_vec(), "found a PDF, not a text log; export the report as CSV instead"),
        ("screen.csv", b"\x89PNG\r\n\x1a\n0000".to_vec(), "export the report as CSV instead, one row a request"),
        ("screen.heic", b"\0\0\0\x24ftypheic\0\0\0\0".to_vec(), "found a picture"),
        ("report.xls", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec(), "save the sheet as CSV"),
        ("report.rtf", b"{\\rtf1\\ansi Blocked sites}".to_vec(), "export CSV from the filter"),
        ("report.csv", b"\xEF\xBB\xBF\r\n<!DOCTYPE html>\n<html><body>".to_vec(), "instead of saving its page"),
        ("noise.log", (0..4000u32).map(|at| (at % 23) as u8).collect(), "found binary data"),
    ];
    for (name, bytes, wanted) in cases {
        let error = read(name, &bytes, Limits::default()).unwrap_err().to_string();
        assert!(error.contains(wanted), "{name}: {error}");
    }
}

#[test]
fn a_bomb_is_refused_by_ratio_and_by_total() {
    let bomb = gzip(&vec![b'a'; 8 << 20]);
    let by_ratio = Limits { ratio: 100, ratio_from: 1 << 20, ..Limits::default() };
    assert!(matches!(read("bomb.gz", &bomb, by_ratio), Err(InputError::Bomb { .. })));
    let by_total = Limits { total: 1 << 20, ..Limits::default() };
    assert!(matches!(read("bomb.gz", &bomb, by_total), Err(InputError::Bomb { .. })));
    assert!(read("regular.gz", &bomb, Limits::default()).is_ok());
}

fn archive(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in entries {
        let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        writer.start_file(*name, options).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn each_member_of_a_zip_is_an_input() {
    let bytes = archive(&[("b.log", "two\n"), ("a.log", "one\n"), ("__MACOSX/._a.log", "x"), ("empty/.keep", "")]);
    assert_eq!(read("logs.zip", &bytes, Limits::default()).unwrap(), "one\ntwo\n");
    let mut damaged = bytes.clone();
    // The first byte of the first member's data: a local header of 30 bytes and its name come before it.
    damaged[30 + 5] ^= 0xFF;
    assert!(matches!(
        read("logs.zip", &damaged, Limits::default()),
        Err(InputError::Damaged { .. } | InputError::Truncated { .. })
    ));
    let open_document = archive(&[("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", "<x/>")]);
    assert!(read("logs.ods", &open_document, Limits::default()).unwrap_err().to_string().contains("save the sheet as CSV"));
    let workbook = archive(&[("[Content_Types].xml", "<Types/>"), ("xl/sheet1.xml", "<x/>")]);
    assert!(read("logs.xlsx", &workbook, Limits::default()).unwrap_err().to_string().contains("save the sheet as CSV"));
}

#[test]
fn folders_are_read_in_order_and_what_is_unfinished_is_left() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("b")).unwrap();
    for name in ["c.log", "a.log", "b/inner.log", ".hidden", "half.log.part"] {
        std::fs::write(folder.path().join(name), LOG).unwrap();
    }
    let twice = [folder.path().to_path_buf(), folder.path().join("a.log"), folder.path().join("missing.log")];
    let found = find(&twice);
    let names: Vec<_> = found
        .iter()
        .map(|input| match input {
            Ok(input) => input.path.strip_prefix(folder.path()).unwrap().display().to_string(),
            Err(error) => error.to_string().rsplit('/').next().unwrap().to_owned(),
        })
        .collect();
    assert_eq!(names, ["a.log", "b/inner.log", "c.log", "missing.log: there is no such file or folder; check the path"]);
}
