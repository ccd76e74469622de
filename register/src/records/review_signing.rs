//! Signing a review in turn, and freezing it: what is signed stands still from the first signature, and for good after the last.

use sqlx::{Row as _, SqliteConnection};
use weir_lake::estate::AcademicYear;
use weir_lake::ids::SchoolId;

use super::reviews::{ReviewState, Revision, must_be, name_of, read_review};
use super::typed::{LONGEST, must, needed, prose};
use super::words::lists;
use super::{By, Fault, RecordError};
use crate::store::Writing;
use crate::{AccountId, Act, Action, Actor, Register, RegisterError, Role};

lists! {
    /// Where somebody signs.
    Seat {
        /// The safeguarding lead, who prepared it.
        Safeguarding = "safeguarding", "safeguarding lead";
        /// IT support, who prepared it.
        Systems = "systems", "IT support";
        /// The head or a senior leader.
        Head = "head", "head or senior leader";
        /// A governor or trustee, last.
        Governor = "governor", "governor or trustee";
    }
}

impl Seat {
    /// Where somebody of a role signs; none for roles that don't.
    pub const fn of(role: Role) -> Option<Self> {
        match role {
            Role::Dsl => Some(Self::Safeguarding),
            Role::Technician => Some(Self::Systems),
            Role::Leader => Some(Self::Head),
            Role::Governor | Role::Chair => Some(Self::Governor),
            Role::Staff | Role::DataProtection | Role::Officer | Role::Auditor | Role::Administrator => None,
        }
    }

    /// Who signs before.
    pub const fn after(self) -> &'static [Self] {
        match self {
            Self::Safeguarding | Self::Systems => &[],
            Self::Head => &[Self::Safeguarding, Self::Systems],
            Self::Governor => &[Self::Head],
        }
    }
}

/// A signature, or why a seat stays empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Where.
    pub seat: Seat,
    /// Whose account.
    pub account: AccountId,
    /// The name, as it was that day.
    pub name: String,
    /// When, microseconds.
    pub at: i64,
    /// Why nobody signs here: then name and account are the head's, who says so.
    pub why_not: Option<String>,
}

/// A signing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    id: i64,
    /// What is signed: the bytes of a bundle without signatures.
    pub bundle: Vec<u8>,
    /// Their digest.
    pub digest: String,
    /// Who began it.
    pub begun_by: String,
    /// When.
    pub begun_at: i64,
    /// Who broke it off, when and why.
    pub broken_off: Option<(String, i64, String)>,
    /// Signatures, in the order of [`Seat::ALL`].
    pub signatures: Vec<Signature>,
}

impl Round {
    /// What stands in a seat.
    pub fn signature(&self, seat: Seat) -> Option<&Signature> {
        self.signatures.iter().find(|signature| signature.seat == seat)
    }

    /// Whether somebody signed already.
    pub fn has_signed(&self, account: AccountId) -> bool {
        self.signatures.iter().any(|signature| signature.account == account && signature.why_not.is_none())
    }

    /// Whether it is a seat's turn.
    pub fn is_turn_of(&self, seat: Seat) -> bool {
        self.signature(seat).is_none() && seat.after().iter().all(|before| self.signature(*before).is_some())
    }

    /// Whether a seat's signature is the last.
    pub fn is_last(&self, seat: Seat) -> bool {
        Seat::ALL.iter().all(|other| *other == seat || self.signature(*other).is_some())
    }
}

/// A frozen revision, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// The bundle's bytes.
    pub bundle: Vec<u8>,
    /// Their digest.
    pub digest: String,
    /// The version of Weir that made the files.
    pub weir: String,
    /// When, microseconds.
    pub at: i64,
    /// Its files: audience, form and digest.
    pub files: Vec<(String, String, String)>,
}

/// A file of a frozen revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrozenFile {
    /// For whom.
    pub audience: String,
    /// pdf, xlsx, html or csv.
    pub form: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What the last signature freezes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToFreeze {
    /// The bundle with every signature.
    pub bundle: Vec<u8>,
    /// The version of Weir that made the files.
    pub weir: String,
    /// Its files.
    pub files: Vec<FrozenFile>,
}

fn signs(by: By, school: &SchoolId) -> Act {
    Act::new(Actor::Account { id: by.id, role: Some(by.role) }, Action::Sign).at(school)
}

impl Register {
    /// Begins the signing: from now on nobody writes, and the digest of these bytes is what is signed. Every part must be ready.
    pub async fn begin_signing(
        &self,
        by: By,
        school: &SchoolId,
        year: AcademicYear,
        bundle: &[u8],
        now: i64,
    ) -> Result<(), RecordError> {
        let mut writing = self.begin(by.records(school).with("signing", true)).await?;
        let (_, revision) = must_be(&mut writing, school, year, ReviewState::Writing).await?;
        if !revision.is_prepared() {
            return Err(RecordError::Wrong(vec![Fault::at("parts", "Not every part is ready.")]));
        }
        sqlx::query("INSERT INTO review_rounds (revision, bundle, digest, begun_by, begun_at) VALUES (?, ?, ?, ?, ?)")
            .bind(revision.id)
            .bind(bundle)
            .bind(blake3::hash(bundle).to_hex().to_string())
            .bind(by.id.0)
            .bind(now)
            .execute(writing.connection())
            .await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Breaks a signing off, so that the review can be written to again. Signatures given so far count for nothing.
    pub async fn break_off_signing(
        &self,
        by: By,
        school: &SchoolId,
        year: AcademicYear,
        why: &str,
        now: i64,
    ) -> Result<(), RecordError> {
        let why = needed("why", why, "Say what must change before you sign.")?;
        let mut writing = self.begin(by.records(school).with("signing", false)).await?;
        let (_, revision) = must_be(&mut writing, school, year, ReviewState::Signing).await?;
        let round = revision.round().ok_or(RecordError::NoSuch)?;
        sqlx::query("UPDATE review_rounds SET ended_at = ?, ended_why = ?, ended_by = ? WHERE id = ?")
            .bind(now)
            .bind(&why)
            .bind(by.id.0)
            .bind(round.id)
            .execute(writing.connection())
            .await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Signs what has this digest, in turn and once. The last signature freezes the revision in the same step, and so needs the bytes.
    pub async fn sign_review(
        &self,
        by: By,
        school: &SchoolId,
        year: AcademicYear,
        digest: &str,
        freezes: Option<&ToFreeze>,
        now: i64,
    ) -> Result<(), RecordError> {
        let act = signs(by, school);
        let mut writing = self.begin(act.clone()).await?;
        let (_, revision) = must_be(&mut writing, school, year, ReviewState::Signing).await?;
        let round = revision.round().ok_or(RecordError::NoSuch)?;
        let words = match Seat::of(by.role) {
            None => Some("Your role signs no review."),
            Some(_) if round.has_signed(by.id) => Some("You have signed already. Somebody else signs next."),
            Some(seat) if round.signature(seat).is_some() => Some("Somebody has signed here already."),
            Some(seat) if !round.is_turn_of(seat) => {
                Some("It is not your turn yet: those who prepared it sign first, then the head, a governor last.")
            }
            Some(_) if round.digest != digest => Some("This is not what is being signed. Open the page again and read it anew."),
            Some(_) => None,
        };
        let (None, Some(seat)) = (words, Seat::of(by.role)) else {
            drop(writing);
            let _receipt = self.audit(act.refused()).await?;
            return Err(RecordError::Wrong(vec![Fault::at("sign", words.unwrap_or("Your role signs no review."))]));
        };
        if round.is_last(seat) != freezes.is_some() {
            return Err(RecordError::Wrong(vec![Fault::at("sign", "Somebody else signed meanwhile. Open the page again.")]));
        }
        let name = name_of(writing.connection(), by.id).await?;
        add_signature(&mut writing, round.id, seat, by.id, &name, None, now).await?;
        if let Some(freezes) = freezes {
            freeze(&mut writing, &revision, round.id, freezes, now).await?;
            writing.act().set("frozen", revision.number);
        }
        writing.act().set("seat", seat.word());
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Says why nobody signs in a seat of those who prepared the review. Only the head does.
    pub async fn leave_seat_empty(
        &self,
        by: By,
        school: &SchoolId,
        year: AcademicYear,
        seat: Option<Seat>,
        why: &str,
        now: i64,
    ) -> Result<(), RecordError> {
        let act = signs(by, school);
        let mut writing = self.begin(act.clone()).await?;
        let (_, revision) = must_be(&mut writing, school, year, ReviewState::Signing).await?;
        let round = revision.round().ok_or(RecordError::NoSuch)?;
        if by.role != Role::Leader {
            drop(writing);
            let _receipt = self.audit(act.refused()).await?;
            return Err(RecordError::Wrong(vec![Fault::at("seat", "Only the head says why nobody signs.")]));
        }
        let (mut faults, why) = (Vec::new(), prose(why));
        let seat = seat.filter(|seat| matches!(seat, Seat::Safeguarding | Seat::Systems) && round.signature(*seat).is_none());
        if seat.is_none() {
            faults.push(Fault::at("seat", "Choose whose signature is missing."));
        }
        let missing = Fault::at("seat_why", "Say why nobody signs here.");
        must(&mut faults, &why, LONGEST, Some(missing), Fault::at("seat_why", "Use at most 1,000 characters."));
        let (Some(seat), true) = (seat, faults.is_empty()) else { return Err(RecordError::Wrong(faults)) };
        let name = name_of(writing.connection(), by.id).await?;
        add_signature(&mut writing, round.id, seat, by.id, &name, Some(&why), now).await?;
        writing.act().set("empty", seat.word());
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// The stored bytes of a file of a frozen revision.
    pub async fn frozen_file(
        &self,
        school: &SchoolId,
        year: AcademicYear,
        number: u32,
        audience: &str,
        form: &str,
    ) -> Result<Option<Vec<u8>>, RegisterError> {
        let mut connection = self.readers().acquire().await?;
        let Some(review) = read_review(&mut connection, school, year).await? else { return Ok(None) };
        let Some(revision) = review.revisions.iter().find(|revision| revision.number == number) else { return Ok(None) };
        Ok(sqlx::query_scalar("SELECT bytes FROM review_files WHERE revision = ? AND audience = ? AND form = ?")
            .bind(revision.id)
            .bind(audience)
            .bind(form)
            .fetch_optional(&mut *connection)
            .await?)
    }
}

async fn add_signature(
    writing: &mut Writing,
    round: i64,
    seat: Seat,
    account: AccountId,
    name: &str,
    why_not: Option<&str>,
    now: i64,
) -> Result<(), RegisterError> {
    sqlx::query("INSERT INTO review_signatures (round, seat, account, name, at, why_not) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(round)
        .bind(seat.word())
        .bind(account.0)
        .bind(name)
        .bind(now)
        .bind(why_not)
        .execute(writing.connection())
        .await?;
    Ok(())
}

async fn freeze(writing: &mut Writing, revision: &Revision, round: i64, it: &ToFreeze, now: i64) -> Result<(), RegisterError> {
    let digest = |bytes: &[u8]| blake3::hash(bytes).to_hex().to_string();
    sqlx::query("INSERT INTO review_frozen (revision, round, bundle, digest, weir, at) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(revision.id)
        .bind(round)
        .bind(it.bundle.as_slice())
        .bind(digest(&it.bundle))
        .bind(&it.weir)
        .bind(now)
        .execute(writing.connection())
        .await?;
    for file in &it.files {
        sqlx::query("INSERT INTO review_files (revision, audience, form, bytes, digest) VALUES (?, ?, ?, ?, ?)")
            .bind(revision.id)
            .bind(&file.audience)
            .bind(&file.form)
            .bind(file.bytes.as_slice())
            .bind(digest(&file.bytes))
            .execute(writing.connection())
            .await?;
    }
    Ok(())
}

pub(super) async fn read_rounds(connection: &mut SqliteConnection, revision: i64) -> Result<Vec<Round>, RegisterError> {
    let rows = sqlx::query(
        "SELECT review_rounds.*, beginner.name AS beginner, ender.name AS ender FROM review_rounds
                JOIN accounts AS beginner ON beginner.id = begun_by LEFT JOIN accounts AS ender ON ender.id = ended_by
         WHERE revision = ? ORDER BY review_rounds.id",
    )
    .bind(revision)
    .fetch_all(&mut *connection)
    .await?;
    let mut rounds = Vec::with_capacity(rows.len());
    for row in rows {
        let id = row.try_get("id")?;
        let (ender, ended_at, why): (Option<String>, Option<i64>, Option<String>) =
            (row.try_get("ender")?, row.try_get("ended_at")?, row.try_get("ended_why")?);
        rounds.push(Round {
            id,
            bundle: row.try_get("bundle")?,
            digest: row.try_get("digest")?,
            begun_by: row.try_get("beginner")?,
            begun_at: row.try_get("begun_at")?,
            broken_off: ender.zip(ended_at).zip(why).map(|((by, at), why)| (by, at, why)),
            signatures: read_signatures(connection, id).await?,
        });
    }
    Ok(rounds)
}

async fn read_signatures(connection: &mut SqliteConnection, round: i64) -> Result<Vec<Signature>, RegisterError> {
    let rows = sqlx::query("SELECT seat, account, name, at, why_not FROM review_signatures WHERE round = ?")
        .bind(round)
        .fetch_all(connection)
        .await?;
    let mut signatures = Vec::with_capacity(rows.len());
    for row in rows {
        let seat = Seat::parse(row.try_get("seat")?).ok_or(RegisterError::Damaged("a word that it does not know"))?;
        signatures.push(Signature {
            seat,
            account: AccountId(row.try_get("account")?),
            name: row.try_get("name")?,
            at: row.try_get("at")?,
            why_not: row.try_get("why_not")?,
        });
    }
    signatures.sort_by_key(|signature| signature.seat);
    Ok(signatures)
}

pub(super) async fn read_frozen(connection: &mut SqliteConnection, revision: i64) -> Result<Option<Frozen>, RegisterError> {
    let row = sqlx::query("SELECT bundle, digest, weir, at FROM review_frozen WHERE revision = ?")
        .bind(revision)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let files = sqlx::query("SELECT audience, form, digest FROM review_files WHERE revision = ? ORDER BY audience, form")
        .bind(revision)
        .fetch_all(connection)
        .await?;
    let files = files.into_iter().map(|row| Ok((row.try_get("audience")?, row.try_get("form")?, row.try_get("digest")?)));
    Ok(Some(Frozen {
        bundle: row.try_get("bundle")?,
        digest: row.try_get("digest")?,
        weir: row.try_get("weir")?,
        at: row.try_get("at")?,
        files: files.collect::<Result<_, sqlx::Error>>()?,
    }))
}
