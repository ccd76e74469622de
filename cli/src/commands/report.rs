//! `weir report`: the annual review as it was signed, a draft of one that is not, or a document made again from its bundle alone.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use weir_dashboard::{EngineFigures, GOVERNORS, review_for};
use weir_lake::estate::{AcademicYear, Estate};
use weir_lake::ids::SchoolId;
use weir_pack::bundle::{Audience, Bundle, digest};
use weir_pack::{Kind, Limits};
use weir_query::engine::EngineOptions;
use weir_register::records::{Frozen, Review, Revision};
use weir_register::{Act, Action, Actor, Register};

use crate::Ended;

/// The annual review of a school as a file
#[derive(Args)]
#[command(after_help = "Examples:
  weir report oakfield 2025-26 --out review.pdf              as it was signed; a draft where nobody has
  weir report oakfield 2025-26 --out review.xlsx --revision 1
  weir report oakfield 2025-26 --out bundle.json             everything the documents are made from
  weir report --rebuild bundle.json --out review.pdf         on any machine, without an estate
  weir report oakfield 2025-26 --audience public --out summary.pdf

The ending chooses the form: .pdf, .xlsx, .html, .zip (every table as CSV) or .json.
A signed review comes out byte for byte as it was stored, whatever has been deleted since. --rebuild
makes the same bytes from the bundle alone, under the version of Weir that froze it; where there is an
estate that holds the review, it says whether they equal what is stored. Exit status 1: they don't.
Governors sign the review for governors alone. The copy for the safeguarding lead and the head (dsl) hides no small
number, and says so on every page; the public summary has final figures of the whole school, 0 to 9 people as one mark.")]
pub struct Report {
    /// A school of schools.csv
    #[arg(value_name = "SCHOOL", required_unless_present = "rebuild", requires = "year")]
    school: Option<String>,
    /// A school year, such as 2025-26
    #[arg(value_name = "YEAR")]
    year: Option<String>,
    /// The file to write; one that is there is replaced
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Which signed revision; the newest without it
    #[arg(long, value_name = "N", conflicts_with = "rebuild")]
    revision: Option<u32>,
    /// For whom: what is hidden, and what is left out
    #[arg(long, value_enum, default_value_t = Reader::Governors, conflicts_with_all = ["rebuild", "revision"])]
    audience: Reader,
    /// Make the file from a bundle and nothing else
    #[arg(long, value_name = "BUNDLE.json", conflicts_with = "school")]
    rebuild: Option<PathBuf>,
}

/// For whom a review is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Reader {
    /// Governors: as it is signed
    Governors,
    /// The safeguarding lead and the head: nothing is hidden
    Dsl,
    /// Anyone: a summary
    Public,
}

impl Reader {
    fn audience(self) -> Audience {
        match self {
            Self::Governors => Audience::Governors,
            Self::Dsl => Audience::Safeguarding,
            Self::Public => Audience::Public,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Governors => "governors",
            Self::Dsl => "dsl",
            Self::Public => "public",
        }
    }
}

/// What the ending of a file asks for.
#[derive(Debug, Clone, Copy)]
enum Form {
    Bundle,
    Document(Kind),
}

impl Form {
    fn of(path: &Path) -> anyhow::Result<Self> {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
        if ending == "json" {
            return Ok(Self::Bundle);
        }
        let kind = Kind::ALL.into_iter().find(|kind| kind.extension() == ending);
        kind.map(Self::Document)
            .with_context(|| format!("--out {}: use an ending of .pdf, .xlsx, .html, .zip or .json", path.display()))
    }
}

impl Report {
    pub fn run(self, config: Option<&Path>) -> anyhow::Result<Ended> {
        let form = Form::of(&self.out)?;
        if let Some(bundle) = &self.rebuild {
            return self.rebuild(bundle, form, config);
        }
        let estate = super::estate::load(config)?;
        let (school, year) = self.of(&estate)?;
        super::runtime()?.block_on(async {
            let register = Register::of_estate(&estate).await?;
            let ended = self.report(&estate, &register, &school, year, form).await;
            register.close().await;
            ended
        })
    }

    fn of(&self, estate: &Estate) -> anyhow::Result<(SchoolId, AcademicYear)> {
        let (Some(school), Some(year)) = (&self.school, &self.year) else { anyhow::bail!("SCHOOL and YEAR are needed") };
        let school = SchoolId::parse(school)?;
        anyhow::ensure!(
            estate.schools.contains_key(&school),
            "SCHOOL: found {:?}; there are: {}",
            school.as_str(),
            estate.schools.keys().map(SchoolId::as_str).collect::<Vec<_>>().join(", ")
        );
        let year = AcademicYear::parse(year).with_context(|| format!("YEAR: found {year:?}; use the form 2026-27"))?;
        Ok((school, year))
    }

    async fn report(
        &self,
        estate: &Estate,
        register: &Register,
        school: &SchoolId,
        year: AcademicYear,
        form: Form,
    ) -> anyhow::Result<Ended> {
        let review = register.review(school, year).await?;
        let chosen = match (&review, self.revision) {
            (Some(review), Some(number)) => frozen(review, number),
            (Some(review), None) => review.frozen(),
            (None, _) => None,
        };
        let act = Act::new(Actor::of_command(), Action::Export).at(school).on("review", year);
        let act = act.with("audience", self.audience.word());
        if let Some((revision, frozen)) = chosen.filter(|_| self.audience == Reader::Governors) {
            let bytes = match form {
                Form::Bundle => frozen.bundle.clone(),
                Form::Document(kind) => {
                    let stored = register.frozen_file(school, year, revision.number, GOVERNORS, kind.extension()).await?;
                    stored.context("this form was not stored when the review was signed")?
                }
            };
            let _receipt = register.audit(act.with("revision", revision.number)).await?;
            weir_lake::storage::write_file(&self.out, &bytes)?;
            println!("Wrote {}: revision {}, as it was signed and stored.", self.out.display(), revision.number);
            println!("Digest of the bundle: {}", frozen.digest);
            println!("Digest of the file:   {}", digest(&bytes));
            return Ok(Ended::Done);
        }
        if let Some(number) = self.revision {
            anyhow::bail!("no revision {number} of the review of {school} for {year} is signed");
        }
        let weir_toml = estate.home.join("weir.toml");
        let options = EngineOptions { meanings: super::meanings(estate)?, ..EngineOptions::default() };
        let figures = EngineFigures::new(move || Estate::load(&weir_toml), options);
        let bundle = review_for(&figures, register, &estate.schools, school, year, self.audience.audience()).await?;
        // Written down before it exists.
        let _receipt = register.audit(act.with("draft", true)).await?;
        let bytes = match form {
            Form::Bundle => bundle.to_json()?,
            Form::Document(kind) => weir_pack::write(&bundle, kind, Limits::default())?,
        };
        weir_lake::storage::write_file(&self.out, &bytes)?;
        let what = match self.audience {
            Reader::Governors => "a DRAFT. Nobody has signed this review, and its figures may still change.",
            Reader::Dsl => "it HOLDS SMALL NUMBERS. For the safeguarding lead and the head alone; it was not signed.",
            Reader::Public => "the summary for everyone. It was not signed; governors sign the review.",
        };
        println!("Wrote {}: {what}", self.out.display());
        println!("Digest of the bundle: {}", bundle.digest()?);
        Ok(Ended::Done)
    }

    fn rebuild(&self, path: &Path, form: Form, config: Option<&Path>) -> anyhow::Result<Ended> {
        let stored = std::fs::read(path).with_context(|| path.display().to_string())?;
        let bundle = Bundle::from_json(&stored).with_context(|| path.display().to_string())?;
        let bytes = match form {
            Form::Bundle => stored.clone(),
            Form::Document(kind) => weir_pack::rebuild(&stored, kind, Limits::default())?,
        };
        weir_lake::storage::write_file(&self.out, &bytes)?;
        println!(
            "Wrote {}: revision {} of the review of {}, {}.",
            self.out.display(),
            bundle.revision,
            bundle.body.name,
            bundle.year
        );
        println!("Digest of the bundle: {}", digest(&stored));
        println!("Digest of the file:   {}", digest(&bytes));
        // Without an estate that holds it there is nothing to compare with, and nothing is needed.
        match held(&bundle, config)? {
            None => {
                println!("No register here holds this review; compare the digest with the one printed in the signed document.");
                Ok(Ended::Done)
            }
            Some((of_bundle, files)) => {
                let is_same = of_bundle == digest(&stored)
                    && match form {
                        Form::Bundle => true,
                        Form::Document(kind) => {
                            files.iter().any(|(form, known)| form == kind.extension() && *known == digest(&bytes))
                        }
                    };
                println!(
                    "{}",
                    if is_same { "It equals what is stored." } else { "It is NOT what is stored under this revision." }
                );
                Ok(if is_same { Ended::Done } else { Ended::WithFindings })
            }
        }
    }
}

/// The digest of a bundle, and of each file made from it, by form.
type Digests = (String, Vec<(String, String)>);

/// The digests that a register here holds of the same review: its bundle's, and each file's by form.
fn held(bundle: &Bundle, config: Option<&Path>) -> anyhow::Result<Option<Digests>> {
    let estate = match super::estate::load(config) {
        Ok(estate) => estate,
        Err(error) if config.is_some() => return Err(error),
        Err(_) => return Ok(None),
    };
    let (Ok(school), Some(year)) = (SchoolId::parse(&bundle.body.id), AcademicYear::parse(&bundle.year)) else {
        return Ok(None);
    };
    super::runtime()?.block_on(async {
        let Ok(register) = Register::of_estate_existing(&estate).await else { return Ok(None) };
        let review = register.review(&school, year).await?;
        register.close().await;
        let found = review.as_ref().and_then(|review| frozen(review, bundle.revision));
        Ok(found.map(|(_, frozen)| {
            let own = frozen.files.iter().filter(|(audience, ..)| audience == GOVERNORS);
            (frozen.digest.clone(), own.map(|(_, form, digest)| (form.clone(), digest.clone())).collect())
        }))
    })
}

/// A frozen revision by its number.
fn frozen(review: &Review, number: u32) -> Option<(&Revision, &Frozen)> {
    let revision = review.revisions.iter().find(|revision| revision.number == number)?;
    Some((revision, revision.frozen.as_ref()?))
}
