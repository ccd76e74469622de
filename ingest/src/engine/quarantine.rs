//! Quarantined lines of one input until its id is known: in memory, and in a file of their own once they are many. They are sealed.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use weir_lake::lake::LakeError;

/// Bytes of lines held in memory by a worker.
const HELD_BYTES: usize = 16 << 20;

/// Different texts on unclaimed lines that are kept of one worker and input; a list of more is not read by anybody.
const UNCLAIMED_TEXTS: usize = 2000;

/// What the lake's vacuum knows for a file that a crash left.
const TEMPORARY: &str = ".tmp-";

/// A line that could not be read; `raw` is sealed.
pub(crate) struct QuarantinedLine {
    pub(crate) line_no: i64,
    pub(crate) reason: &'static str,
    /// What a rule could go by that finds the line's school, where none does.
    pub(crate) unclaimed: Option<Arc<str>>,
    pub(crate) raw: Vec<u8>,
}

/// The quarantined lines one worker found in one input.
#[derive(Default)]
pub(crate) struct Quarantine {
    held: Vec<QuarantinedLine>,
    bytes: usize,
    reasons: Vec<&'static str>,
    /// Each text once: they are as few as a trust's networks and groups.
    unclaimed: Vec<Arc<str>>,
    spilt: Option<Spilt>,
}

struct Spilt {
    path: PathBuf,
    file: BufWriter<File>,
    lines: u64,
}

impl Quarantine {
    /// The reason of the first line held.
    pub(crate) fn first_reason(&self) -> Option<&'static str> {
        self.reasons.first().copied().or_else(|| self.held.first().map(|line| line.reason))
    }

    /// A text that stands once for all lines that have it; none once there are too many to be of use to a person.
    pub(crate) fn one_text(&mut self, text: String) -> Option<Arc<str>> {
        if let Some(known) = self.unclaimed.iter().find(|known| ***known == *text) {
            return Some(Arc::clone(known));
        }
        let text = (self.unclaimed.len() < UNCLAIMED_TEXTS).then(|| Arc::from(text))?;
        self.unclaimed.push(Arc::clone(&text));
        Some(text)
    }

    pub(crate) fn push(&mut self, line: QuarantinedLine, folder: &Path, name: &str) -> Result<(), LakeError> {
        self.bytes += line.raw.len();
        self.held.push(line);
        if self.bytes > HELD_BYTES { self.spill(folder, name) } else { Ok(()) }
    }

    /// Hands over all lines, some tens of megabytes at a time.
    pub(crate) fn drain(mut self, mut each: impl FnMut(Vec<QuarantinedLine>) -> Result<(), LakeError>) -> Result<(), LakeError> {
        if let Some(spilt) = &mut self.spilt {
            let fault = |error| LakeError::io(&spilt.path, error);
            spilt.file.flush().map_err(fault)?;
            let mut file = spilt.file.get_ref();
            file.seek(SeekFrom::Start(0)).map_err(fault)?;
            let mut reader = BufReader::with_capacity(256 << 10, file);
            let (mut lines, mut bytes) = (Vec::new(), 0);
            for _ in 0..spilt.lines {
                let mut head = [0; 16];
                reader.read_exact(&mut head).map_err(fault)?;
                let [a, b, c, d, e, f, g, h, r, s, t, u, i, j, k, l] = head;
                let reason = self.reasons.get(usize::from(u16::from_le_bytes([r, s]))).copied().unwrap_or_default();
                // Counted from 1; 0 is none.
                let unclaimed = usize::from(u16::from_le_bytes([t, u])).checked_sub(1);
                let unclaimed = unclaimed.and_then(|at| self.unclaimed.get(at)).map(Arc::clone);
                let mut raw = vec![0; u32::from_le_bytes([i, j, k, l]) as usize];
                reader.read_exact(&mut raw).map_err(fault)?;
                bytes += raw.len();
                lines.push(QuarantinedLine { line_no: i64::from_le_bytes([a, b, c, d, e, f, g, h]), reason, unclaimed, raw });
                if bytes > HELD_BYTES {
                    each(std::mem::take(&mut lines))?;
                    bytes = 0;
                }
            }
            each(lines)?;
        }
        each(std::mem::take(&mut self.held))
    }

    fn spill(&mut self, folder: &Path, name: &str) -> Result<(), LakeError> {
        if self.spilt.is_none() {
            std::fs::create_dir_all(folder).map_err(|error| LakeError::io(folder, error))?;
            let path = folder.join(format!("{TEMPORARY}{name}"));
            let file = File::options().read(true).write(true).create(true).truncate(true).open(&path);
            let file = BufWriter::new(file.map_err(|error| LakeError::io(&path, error))?);
            self.spilt = Some(Spilt { path, file, lines: 0 });
        }
        let Some(spilt) = &mut self.spilt else { return Ok(()) };
        for line in self.held.drain(..) {
            let reason = self.reasons.iter().position(|known| *known == line.reason).unwrap_or_else(|| {
                self.reasons.push(line.reason);
                self.reasons.len() - 1
            });
            let unclaimed = line.unclaimed.and_then(|text| self.unclaimed.iter().position(|known| *known == text));
            let unclaimed = unclaimed.map_or(0, |at| at as u16 + 1);
            let written = spilt
                .file
                .write_all(&line.line_no.to_le_bytes())
                .and_then(|()| spilt.file.write_all(&(reason as u16).to_le_bytes()))
                .and_then(|()| spilt.file.write_all(&unclaimed.to_le_bytes()))
                .and_then(|()| spilt.file.write_all(&(line.raw.len() as u32).to_le_bytes()))
                .and_then(|()| spilt.file.write_all(&line.raw));
            written.map_err(|error| LakeError::io(&spilt.path, error))?;
            spilt.lines += 1;
        }
        self.bytes = 0;
        Ok(())
    }
}

impl Drop for Quarantine {
    fn drop(&mut self) {
        if let Some(spilt) = &self.spilt {
            // What cannot be removed now is vacuum's.
            drop(std::fs::remove_file(&spilt.path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_from_memory_and_from_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut quarantine = Quarantine::default();
        let reasons = ["bad_time", "unreadable"];
        for line_no in 0..100i64 {
            let unclaimed = (line_no % 3 > 0).then(|| quarantine.one_text(format!("range {}", line_no % 3)).unwrap());
            let raw = vec![line_no as u8; 400_000];
            let line = QuarantinedLine { line_no, reason: reasons[line_no as usize % 2], unclaimed, raw };
            quarantine.push(line, folder.path(), "q").unwrap();
        }
        assert!(quarantine.spilt.is_some() && !quarantine.held.is_empty());
        let mut numbers = Vec::new();
        quarantine
            .drain(|lines| {
                for line in lines {
                    assert_eq!(line.reason, reasons[line.line_no as usize % 2]);
                    let range = line.line_no % 3;
                    assert_eq!(line.unclaimed.as_deref(), (range > 0).then(|| format!("range {range}")).as_deref());
                    assert!(line.raw.len() == 400_000 && line.raw[9] == line.line_no as u8);
                    numbers.push(line.line_no);
                }
                Ok(())
            })
            .unwrap();
        assert!(numbers.iter().copied().eq(0..100));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
    }
}
