//! The PDF: set by typst from the document as data, in fonts that come with Weir, for PDF/A-2a and PDF/UA-1.
//!
//! Nothing of a bundle is ever read as markup: the template gets it as JSON and prints strings. The typesetter sees three files, these fonts,
//! and neither clock nor network nor disk.

use std::sync::{Condvar, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use typst::diag::{FileError, FileResult, SourceDiagnostic, SourceResult, Warned};
use typst::foundations::{Bytes, Datetime, Output, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Feature, Library, LibraryExt, World};
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

use crate::error::PackError;
use crate::glyphs::Glyphs;
use crate::{Limits, view};

/// The templates, and the name of the data beside them.
const FILES: [(&str, &str); 5] = [
    ("main.typ", include_str!("../template/main.typ")),
    ("blocks.typ", include_str!("../template/blocks.typ")),
    ("charts.typ", include_str!("../template/charts.typ")),
    ("parts.typ", include_str!("../template/parts.typ")),
    ("tables.typ", include_str!("../template/tables.typ")),
];
const DATA: &str = "document.json";

/// Typesetters at a time, those included whose caller gave up: each takes a core and some hundred megabytes.
const MOST_RUNNING: usize = 2;

/// Deeply nested layout recurses; this is what the main thread of a program has.
const STACK: usize = 8 << 20;

static RUNNING: Mutex<usize> = Mutex::new(0);
static DONE: Condvar = Condvar::new();

/// Counts a typesetter for as long as it runs.
struct Turn;

impl Turn {
    /// Waits for a turn until the time is over.
    fn take(time: Duration) -> Result<Turn, PackError> {
        let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut running, waited) =
            DONE.wait_timeout_while(running, time, |running| *running >= MOST_RUNNING).unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(PackError::Busy { most: MOST_RUNNING });
        }
        *running += 1;
        Ok(Turn)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        DONE.notify_one();
    }
}

/// The PDF's bytes. Set on a thread of its own; when the time is over the caller gets an error, and the thread, which can't be stopped, is left
/// to end by itself.
pub(crate) fn write(mut document: view::Document, frozen_at: Timestamp, limits: Limits) -> Result<Vec<u8>, PackError> {
    let turn = Turn::take(limits.time)?;
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::Builder::new().name("weir-pdf".into()).stack_size(STACK).spawn(move || {
        let made = set(&mut document, frozen_at, limits.pages);
        typst::comemo::evict(0);
        drop(turn);
        // The caller may have given up.
        sender.send(made).ok();
    })?;
    match receiver.recv_timeout(limits.time) {
        Ok(made) => made,
        Err(mpsc::RecvTimeoutError::Timeout) => Err(PackError::TooLong { seconds: limits.time.as_secs() }),
        Err(mpsc::RecvTimeoutError::Disconnected) => Err(PackError::Typesetting("the typesetter broke off".into())),
    }
}

fn set(document: &mut view::Document, frozen_at: Timestamp, most_pages: usize) -> Result<Vec<u8>, PackError> {
    let glyphs = Glyphs::get();
    let mut value = serde_json::to_value(&*document).map_err(crate::BundleError::Json)?;
    let has_numbered = glyphs.number_missing(&mut value);
    if let Some(fields) = value.as_object_mut() {
        fields.insert("has_numbered_characters".into(), has_numbered.into());
    }
    let world = Sheet::new(glyphs, serde_json::to_vec(&value).map_err(crate::BundleError::Json)?)?;
    let Warned { output, warnings } = compile_for(&world, typst_pdf::pdf);
    let paged = output.map_err(|errors| refused(&errors))?;
    if let Some(warning) = warnings.first() {
        return Err(PackError::Typesetting(format!("warning: {}", warning.message)));
    }
    let options = PdfOptions {
        ident: Smart::Custom(document.digest.clone()),
        creator: Smart::Custom(Some(format!("Weir {}", crate::VERSION))),
        timestamp: Some(typst_pdf::Timestamp::new_utc(moment(frozen_at)?)),
        page_ranges: None,
        standards: PdfStandards::new(&[PdfStandard::A_2a, PdfStandard::Ua_1])
            .map_err(|error| PackError::Typesetting(error.message().to_string()))?,
        tagged: true,
        pretty: false,
    };
    let pages = paged.pages().len();
    if pages > most_pages {
        return Err(PackError::TooManyPages { pages, most: most_pages });
    }
    typst_pdf::pdf(&paged, &options).map_err(|errors| refused(&errors))
}

/// Compiles to what an exporter takes; its type is public, its crate is not.
fn compile_for<D: Output>(world: &dyn World, _: fn(&D, &PdfOptions) -> SourceResult<Vec<u8>>) -> Warned<SourceResult<D>> {
    typst::compile(world)
}

fn moment(at: Timestamp) -> Result<Datetime, PackError> {
    let at = at.to_zoned(TimeZone::UTC);
    let part = |part: i8| part.unsigned_abs();
    Datetime::from_ymd_hms(
        at.year().into(),
        part(at.month()),
        part(at.day()),
        part(at.hour()),
        part(at.minute()),
        part(at.second()),
    )
    .ok_or_else(|| PackError::Typesetting("a time that no calendar has".into()))
}

fn refused(errors: &[SourceDiagnostic]) -> PackError {
    PackError::Typesetting(errors.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join("; "))
}

/// What the typesetter sees.
struct Sheet {
    library: LazyHash<Library>,
    glyphs: &'static Glyphs,
    sources: Vec<Source>,
    data: (FileId, Bytes),
}

impl Sheet {
    fn new(glyphs: &'static Glyphs, data: Vec<u8>) -> Result<Sheet, PackError> {
        // Header cells of rows are said to be such only with this.
        let features = [Feature::A11yExtras].into_iter().collect();
        let sources =
            FILES.iter().map(|(name, text)| Ok(Source::new(id(name)?, (*text).to_owned()))).collect::<Result<_, PackError>>()?;
        Ok(Sheet {
            library: LazyHash::new(Library::builder().with_features(features).build()),
            glyphs,
            sources,
            data: (id(DATA)?, Bytes::new(data)),
        })
    }
}

fn id(name: &str) -> Result<FileId, PackError> {
    let path = VirtualPath::new(name).map_err(|_| PackError::Typesetting(format!("the template's name {name:?}")))?;
    Ok(RootedPath::new(VirtualRoot::Project, path).intern())
}

impl World for Sheet {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.glyphs.book
    }

    fn main(&self) -> FileId {
        self.sources[0].id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        self.sources.iter().find(|source| source.id() == id).cloned().ok_or(FileError::AccessDenied)
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == self.data.0 { Ok(self.data.1.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.glyphs.fonts.get(index).cloned()
    }

    /// No clock: a document's days are its bundle's.
    fn today(&self, _: Option<typst::foundations::Duration>) -> Option<Datetime> {
        None
    }
}
