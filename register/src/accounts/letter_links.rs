//! Signing in by a link in a letter: for governors, who come a few times a year and never see a child.
//!
//! Whoever asks learns nothing: not whether there is such an account, nor whether a letter was written. The link is made when the letter
//! goes, so that it lies in no outbox; it is kept as a hash, works once and for a quarter of an hour.

use std::fmt;
use std::net::IpAddr;

use sqlx::Row as _;
use zeroize::Zeroizing;

use super::guesses::{self, Guess, Guessed};
use super::sessions::{Shown, session_hash};
use super::{Account, AccountError, Accounts, SessionToken, Stage, kept, read_account, to_hex};
use crate::error::random;
use crate::outbox::{LetterKind, NewLetter};
use crate::{AccountId, Act, Action, Actor};

const USE: &str = "weir 2026-11-23 link in a letter";

/// How long the link works once the letter is sent.
pub const LETTER_LINK_MICROS: i64 = 15 * 60 * 1_000_000;

/// The secret part of the link.
pub struct LetterLink(Zeroizing<String>);

impl LetterLink {
    /// The path of the page it opens.
    pub fn path(&self) -> String {
        format!("/sign-in/letter/{}", self.0.as_str())
    }
}

impl fmt::Debug for LetterLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LetterLink")
    }
}

impl Accounts {
    /// Asks for a letter with a link. Says whether one was written, for whoever sends it and for nobody else: to the one who asked, the
    /// answer is always the same.
    pub async fn ask_for_letter(&self, email: &str, address: IpAddr) -> Result<bool, AccountError> {
        let email: String = email.trim().chars().take(254).collect();
        let found = self.with_email(&email).await?;
        let id = found.as_ref().map(|account| account.id);
        let guessed = [Guessed::LetterTo(&email), Guessed::LetterFrom(address)];
        let mut counts = self.register.begin_without_act().await?;
        let guess = guesses::count(&mut counts, &guessed, self.now()).await?;
        counts.commit().await?;
        let refused = Act::new(Actor::Nobody, Action::MakeLink).refused().with("letter", true);
        let refused = match id {
            Some(id) => refused.on("account", id),
            None => refused,
        };
        match (guess, found) {
            (Guess::Refused, _) => Ok(false),
            (Guess::FirstRefused, _) => {
                let _receipt = self.register.audit(refused.with("too-many-tries", true)).await?;
                Ok(false)
            }
            (Guess::Allowed, Some(account)) if account.signs_in_by_letter(self.today()) => {
                let letter = NewLetter {
                    account: account.id,
                    kind: LetterKind::SignInLink,
                    school: None,
                    about: self.now().to_string(),
                    items: 1,
                    urgent: true,
                };
                Ok(self.register.write_letter(Actor::Nobody, &letter, self.now()).await?)
            }
            // A row here as there, so that both take as long.
            (Guess::Allowed, _) => {
                let _receipt = self.register.audit(refused).await?;
                Ok(false)
            }
        }
    }

    /// The link itself, for the letter that is being sent; earlier ones no longer work.
    pub async fn make_letter_link(&self, actor: Actor, id: AccountId) -> Result<LetterLink, AccountError> {
        let act = Act::new(actor, Action::MakeLink).on("account", id).with("letter", true);
        let mut writing = self.register.begin(act).await?;
        let account = read_account(writing.connection(), id).await?.ok_or(AccountError::NoSuch)?;
        if !account.signs_in_by_letter(self.today()) {
            return Err(AccountError::NotByLetter);
        }
        let link = LetterLink(to_hex(&random()?));
        let hash = kept(USE, &link.0).ok_or(AccountError::LinkGone)?;
        sqlx::query("DELETE FROM letter_links WHERE account = ? OR expires <= ?")
            .bind(id.0)
            .bind(self.now())
            .execute(writing.connection())
            .await?;
        sqlx::query("INSERT INTO letter_links (hash, account, expires) VALUES (?, ?, ?)")
            .bind(hash.as_slice())
            .bind(id.0)
            .bind(self.now() + LETTER_LINK_MICROS)
            .execute(writing.connection())
            .await?;
        let _receipt = writing.commit().await?;
        Ok(link)
    }

    /// Whose link it is, without using it: mail programs open links before people do.
    pub async fn letter_link(&self, secret: &str) -> Result<Account, AccountError> {
        let hash = kept(USE, secret).ok_or(AccountError::LinkGone)?;
        let row = sqlx::query("SELECT account FROM letter_links WHERE hash = ? AND expires > ?")
            .bind(hash.as_slice())
            .bind(self.now())
            .fetch_optional(self.register.readers())
            .await?
            .ok_or(AccountError::LinkGone)?;
        let account = self.get(AccountId(row.try_get("account")?)).await?;
        account.filter(|account| !account.is_closed).ok_or(AccountError::LinkGone)
    }

    /// Signs in by the link, once. Who set up a second step shows it still.
    pub async fn sign_in_by_letter(&self, secret: &str, came_with: Option<&str>) -> Result<(SessionToken, Stage), AccountError> {
        let hash = kept(USE, secret).ok_or(AccountError::LinkGone)?;
        let account = self.letter_link(secret).await?;
        let stage = if account.has_second_step { Stage::Code } else { Stage::Full };
        let act = Act::new(account.actor(None), Action::SignIn)
            .on("account", account.id)
            .with("stage", stage.word())
            .with("letter", true);
        let mut writing = self.register.begin(act).await?;
        let taken = sqlx::query("DELETE FROM letter_links WHERE hash = ? AND expires > ?")
            .bind(hash.as_slice())
            .bind(self.now())
            .execute(writing.connection())
            .await?;
        if taken.rows_affected() != 1 {
            return Err(AccountError::LinkGone);
        }
        // As it is now: a role may have been given, or a second step set up, since the letter went.
        let now = read_account(writing.connection(), account.id).await?.filter(|now| !now.is_closed);
        let now = now.ok_or(AccountError::LinkGone)?;
        if !now.signs_in_by_letter(self.today()) {
            drop(writing);
            let act = Act::new(Actor::Nobody, Action::SignIn).refused().on("account", account.id).with("letter", true);
            let _receipt = self.register.audit(act).await?;
            return Err(AccountError::NotByLetter);
        }
        if now.has_second_step != account.has_second_step {
            return Err(AccountError::LinkGone);
        }
        let token = self.step_up(&mut writing, account.id, stage, Shown::Here, session_hash(came_with)).await?;
        let _receipt = writing.commit().await?;
        Ok((token, stage))
    }
}
