//! Pages read back as the plain writer's do, on random batches; statistics stand only where they may.

use arrow::array::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::prelude::*;

use super::*;
use crate::event_file::EventFileWriter;

/// A small generator of its own: proptest picks the seed and the shape, this fills 41 columns.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most.max(1)
    }
}

/// How a column looks: distinct values, and how many of ten rows have none.
#[derive(Debug, Clone, Copy)]
struct Shape {
    distinct: u64,
    missing: u64,
}

fn fill(column: &mut DictColumn, dice: &mut Dice, shape: Shape, rows: usize, name: &str) {
    // Values of earlier rows stay in the interner, as they do in a long run.
    column.strings.intern(b"left over from an earlier flush");
    for _ in 0..rows {
        let id = if dice.below(10) < shape.missing {
            NULL_ID
        } else {
            column.strings.intern(format!("{name}-é-{}", dice.below(shape.distinct)).as_bytes())
        };
        column.ids.push(id);
    }
}

fn filled(seed: u64, rows: usize, shape: Shape) -> EventBatch {
    let mut dice = Dice(seed);
    let mut batch = EventBatch::default();
    let always = Shape { missing: 0, ..shape };
    let mut time = 1_790_000_000_000_000i64;
    for row in 0..rows {
        time += dice.below(if row % 50 == 0 { 1 << 45 } else { 3 }) as i64;
        batch.event_time.push(time);
        batch.event_date.push(20_762);
        batch.line_no.push(dice.below(1 << 40) as i64 - 5);
        batch.tls_inspected.push(if dice.below(10) < shape.missing { 2 } else { dice.below(2) as u8 });
        batch.help_seeking.push(dice.below(9) == 0);
        batch.furniture.push(dice.below(2) == 0);
        for number in [&mut batch.bytes_in, &mut batch.bytes_out] {
            let value = dice.below(1 << 31) as i64 * if dice.below(40) == 0 { -(1 << 31) } else { 1 };
            number.push((dice.below(10) >= shape.missing).then_some(value));
        }
        for number in [&mut batch.status, &mut batch.concern_severity] {
            number.push((dice.below(10) >= shape.missing).then_some(dice.below(600) as i64 - 50));
        }
        for text in [&mut batch.url_path, &mut batch.url_query, &mut batch.search_term] {
            let value = format!("/{}/{}", "long".repeat(dice.below(6) as usize), dice.below(shape.distinct));
            text.push((dice.below(10) >= shape.missing).then_some(value.as_bytes()));
        }
        batch.other_themes.ids.push(match dice.below(if shape.missing == 10 { 1 } else { 4 }) {
            0 | 1 => NULL_ID,
            2 => batch.other_themes.strings.intern(b"gambling"),
            _ => batch.other_themes.strings.intern(b"gambling;hate;drugs"),
        });
    }
    // One school keeps any time order sorted.
    fill(&mut batch.school_id, &mut dice, Shape { distinct: 1, missing: 0 }, rows, "school");
    for (name, column) in [
        ("source", &mut batch.source_id),
        ("format", &mut batch.format_id),
        ("kind", &mut batch.kind),
        ("type", &mut batch.user_type),
        ("file", &mut batch.file_id),
    ] {
        fill(column, &mut dice, always, rows, name);
    }
    for (name, column) in [
        ("action", &mut batch.action),
        ("key", &mut batch.user_key),
        ("year", &mut batch.year_group),
        ("group", &mut batch.user_group),
        ("profile", &mut batch.profile),
        ("rule", &mut batch.rule),
        ("device", &mut batch.device_key),
        ("ip", &mut batch.src_ip),
        ("method", &mut batch.method),
        ("scheme", &mut batch.scheme),
        ("host", &mut batch.host),
        ("domain", &mut batch.domain),
        ("content", &mut batch.content_type),
        ("referrer", &mut batch.referrer_domain),
        ("app", &mut batch.app),
        ("vendor", &mut batch.vendor_category),
        ("category", &mut batch.category),
        ("theme", &mut batch.theme),
        ("risk", &mut batch.risk_area),
        ("engine", &mut batch.search_engine),
        ("concern", &mut batch.concern_id),
    ] {
        fill(column, &mut dice, shape, rows, name);
    }
    batch
}

fn read(root: &Path, file: &DataFile) -> RecordBatch {
    let path = root.join("events").join(&file.path);
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
    let batches: Vec<_> = reader.map(Result::unwrap).collect();
    arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap()
}

fn both_ways(batch: &EventBatch, groups: &[Vec<u32>]) -> (RecordBatch, RecordBatch, DataFile, DataFile) {
    let folder = tempfile::tempdir().unwrap();
    let mut plain = EventFileWriter::create(folder.path(), 20_762, "plain").unwrap();
    let mut pages = EventPagesWriter::create(folder.path(), 20_762, "pages").unwrap();
    for rows in groups {
        plain.append(batch, rows).unwrap();
        pages.append(batch, rows).unwrap();
    }
    let plain = plain.finish(&[]).unwrap();
    let pages = pages.finish(&[]).unwrap();
    (read(folder.path(), &plain), read(folder.path(), &pages), plain, pages)
}

proptest! {
    #![proptest_config(crate::properties::cases(48))]
    #[test]
    fn pages_read_back_as_the_plain_writers_do(
        seed in any::<u64>(),
        rows in 1usize..700,
        distinct in prop::sample::select(vec![1u64, 2, 3, 9, 300, 100_000]),
        missing in prop::sample::select(vec![0u64, 1, 5, 10]),
        skip in 1usize..4,
    ) {
        let batch = filled(seed, rows, Shape { distinct, missing });
        let all: Vec<u32> = (0..rows as u32).step_by(skip).collect();
        let (first, second) = all.split_at(all.len() / 2);
        let groups = vec![first.to_vec(), second.to_vec()];
        let (plain, pages, plain_file, pages_file) = both_ways(&batch, &groups);
        prop_assert_eq!(plain, pages);
        prop_assert_eq!(plain_file.rows, pages_file.rows);
        prop_assert_eq!(plain_file.statistics, pages_file.statistics);
    }
}

#[test]
fn a_full_row_group_of_many_values_reads_back() {
    let batch = filled(5, 40_000, Shape { distinct: 30_000, missing: 1 });
    let (plain, pages, ..) = both_ways(&batch, &[(0..40_000).collect()]);
    assert_eq!(plain, pages);
}

#[test]
fn statistics_stand_only_where_the_plain_writer_has_them() {
    let folder = tempfile::tempdir().unwrap();
    let batch = filled(9, 500, Shape { distinct: 20, missing: 1 });
    let mut pages = EventPagesWriter::create(folder.path(), 20_762, "pages").unwrap();
    pages.append(&batch, &(0..500).collect::<Vec<_>>()).unwrap();
    let file = pages.finish(&[]).unwrap();
    let footer = crate::data_file::read_footer(&folder.path().join("events").join(&file.path)).unwrap();
    for column in footer.row_group(0).columns() {
        let name = column.column_path().string();
        assert_eq!(column.statistics().is_some(), crate::schema::STATISTICS_COLUMNS.contains(&name.as_str()), "{name}");
        assert!(column.column_index_offset().is_none() && column.bloom_filter_offset().is_none(), "{name}");
    }
    assert_eq!(footer.row_group(0).sorting_columns().unwrap().len(), 2);
}
