//! Signing in: password, then a code; and what a signed-in person may change about either.

use std::net::IpAddr;

use sqlx::Row as _;
use zeroize::Zeroizing;

use super::guesses::{self, Guess, Guessed};
use super::people::end_sessions;
use super::sessions::{Shown, insert_session, session_hash};
use super::{Account, AccountError, Accounts, Session, SessionToken, Stage, password, seal, second_step};
use crate::store::Writing;
use crate::{AccountId, Act, Action, Actor};

/// What somebody needs to set up their app.
#[derive(Clone)]
pub struct SecondStepSetUp {
    /// The secret, to type.
    pub typed: Zeroizing<String>,
    /// The secret, as the link of a QR picture.
    pub link: Zeroizing<String>,
}

impl Accounts {
    /// Signs in by password, as far as that goes. The account that was typed may not exist; nothing says so, nor takes less time.
    pub async fn sign_in(
        &self,
        email: &str,
        password: &str,
        address: IpAddr,
        came_with: Option<&str>,
    ) -> Result<(SessionToken, Stage), AccountError> {
        let email: String = email.trim().chars().take(254).collect();
        let guessed = [Guessed::Account(&email), Guessed::Address(address)];
        let found = sqlx::query("SELECT id, password FROM accounts WHERE email = ? AND closed_at IS NULL")
            .bind(&email)
            .fetch_optional(self.register.readers())
            .await?;
        let (id, hash) = match &found {
            Some(row) => (Some(AccountId(row.try_get("id")?)), row.try_get::<Option<String>, _>("password")?),
            None => (None, None),
        };
        self.guess(&guessed, Action::SignIn, id).await?;
        let is_right = {
            let (password, hash) = (Zeroizing::new(password.to_owned()), hash.clone());
            self.hashing(move || password::is_right(&password, hash.as_deref())).await?
        };
        let Some(id) = id.filter(|_| is_right) else {
            self.refuse(Action::SignIn, id).await?;
            return Err(AccountError::Wrong);
        };
        let account = self.get(id).await?.ok_or(AccountError::Wrong)?;
        let stage = match (account.has_second_step, account.needs_second_step(self.today())) {
            (true, _) => Stage::Code,
            (false, true) => Stage::Enrol,
            (false, false) => Stage::Full,
        };
        let act = Act::new(account.actor(None), Action::SignIn).on("account", id).with("stage", stage.word());
        let mut writing = self.register.begin(act).await?;
        // The password may have been changed, or the account closed, while this one was compared.
        let same: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM accounts WHERE id = ? AND password IS ? AND closed_at IS NULL AND (second_step IS NOT NULL) = ?)",
        )
        .bind(id.0)
        .bind(&hash)
        .bind(account.has_second_step)
        .fetch_one(writing.connection())
        .await?;
        if !same {
            return Err(AccountError::Wrong);
        }
        guesses::right(writing.connection(), &guessed).await?;
        let token = self.step_up(&mut writing, id, stage, Shown::Here, session_hash(came_with)).await?;
        let _receipt = writing.commit().await?;
        Ok((token, stage))
    }

    /// The second step: a code of the app, or a recovery code, which is used up.
    pub async fn enter_code(&self, session: &Session, code: &str, address: IpAddr) -> Result<SessionToken, AccountError> {
        if session.stage != Stage::Code {
            return Err(AccountError::NoSuch);
        }
        let id = session.account.id;
        let guessed = [Guessed::Code(id), Guessed::Address(address)];
        let is_digits = code.chars().filter(|c| !c.is_whitespace()).count() <= 6;
        let action = if is_digits { Action::SignIn } else { Action::UseRecoveryCode };
        self.guess(&guessed, action, Some(id)).await?;
        let act = Act::new(session.account.actor(None), action).on("account", id).with("stage", Stage::Full.word());
        let mut writing = self.register.begin(act).await?;
        self.still_holds(&mut writing, session).await?;
        let is_right = if is_digits {
            self.take_code(&mut writing, id, code).await?
        } else {
            let taken = sqlx::query("DELETE FROM recovery_codes WHERE account = ? AND hash = ?")
                .bind(id.0)
                .bind(second_step::code_hash(code).as_slice())
                .execute(writing.connection())
                .await?;
            taken.rows_affected() == 1
        };
        if !is_right {
            drop(writing);
            self.refuse(action, Some(id)).await?;
            return Err(AccountError::Wrong);
        }
        guesses::right(writing.connection(), &guessed).await?;
        let token = self.step_up(&mut writing, id, Stage::Full, Shown::Here, Some(session.hash)).await?;
        let _receipt = writing.commit().await?;
        Ok(token)
    }

    /// What the person's app needs. The secret stays with the session until a code shows that the app has it; asked again, it is the
    /// same one.
    pub async fn begin_second_step(&self, session: &Session) -> Result<SecondStepSetUp, AccountError> {
        self.may_set_up(session)?;
        let id = session.account.id;
        let sealed: Option<Vec<u8>> = sqlx::query_scalar("SELECT secret FROM sessions WHERE hash = ?")
            .bind(session.hash.as_slice())
            .fetch_optional(self.register.readers())
            .await?
            .ok_or(AccountError::NoSuch)?;
        let secret = match sealed {
            Some(sealed) => seal::open(&self.keys, id, &sealed)?,
            None => {
                let secret = second_step::new_secret()?;
                let mut writing = self.register.begin_without_act().await?;
                sqlx::query("UPDATE sessions SET secret = ? WHERE hash = ?")
                    .bind(seal::seal(&self.keys, id, &secret)?)
                    .bind(session.hash.as_slice())
                    .execute(&mut *writing)
                    .await?;
                writing.commit().await?;
                secret
            }
        };
        let (typed, link) = second_step::for_app(&secret, &session.account.email)?;
        Ok(SecondStepSetUp { typed: typed.into(), link: link.into() })
    }

    /// Sets the second step up with a first code; gives recovery codes, to be shown this once, and the session that is now signed in.
    /// Every other session ends.
    pub async fn finish_second_step(
        &self,
        session: &Session,
        code: &str,
        address: IpAddr,
    ) -> Result<(SessionToken, Vec<String>), AccountError> {
        self.may_set_up(session)?;
        let id = session.account.id;
        let guessed = [Guessed::Code(id), Guessed::Address(address)];
        self.guess(&guessed, Action::SetSecondStep, Some(id)).await?;
        let mut writing =
            self.register.begin(Act::new(session.account.actor(None), Action::SetSecondStep).on("account", id)).await?;
        self.still_holds(&mut writing, session).await?;
        let sealed: Option<Vec<u8>> = sqlx::query_scalar("SELECT secret FROM sessions WHERE hash = ?")
            .bind(session.hash.as_slice())
            .fetch_one(writing.connection())
            .await?;
        let sealed = sealed.ok_or(AccountError::NoSuch)?;
        let secret = seal::open(&self.keys, id, &sealed)?;
        let Some(step) = second_step::step_of(&secret, code, self.now_seconds(), 0)? else {
            drop(writing);
            self.refuse(Action::SetSecondStep, Some(id)).await?;
            return Err(AccountError::Wrong);
        };
        sqlx::query("UPDATE accounts SET second_step = ?, second_step_used = ? WHERE id = ?")
            .bind(sealed)
            .bind(i64::try_from(step).unwrap_or(i64::MAX))
            .bind(id.0)
            .execute(writing.connection())
            .await?;
        let codes = replace_codes(&mut writing, id).await?;
        guesses::right(writing.connection(), &guessed).await?;
        end_sessions(&mut writing, id).await?;
        let token = self.step_up(&mut writing, id, Stage::Full, Shown::Here, Some(session.hash)).await?;
        let _receipt = writing.commit().await?;
        Ok((token, codes))
    }

    /// Changes the password; the old one is asked for, so that an unlocked computer is not enough. Every other session ends.
    pub async fn change_password(
        &self,
        session: &Session,
        old: &str,
        new: &str,
        names: &[&str],
        address: IpAddr,
    ) -> Result<SessionToken, AccountError> {
        let account = self.with_password(session, old, Action::SetPassword, address).await?;
        let mut own: Vec<&str> = names.to_vec();
        own.extend([account.name.as_str(), account.email.as_str()]);
        password::check(new, &own).map_err(AccountError::Weak)?;
        let hash = self.hash(new).await?;
        let act = Act::new(account.actor(None), Action::SetPassword).on("account", account.id);
        let mut writing = self.register.begin(act).await?;
        self.still_holds(&mut writing, session).await?;
        super::links::set_password(&mut writing, account.id, &hash).await?;
        let token = self.step_up(&mut writing, account.id, Stage::Full, session.shown, Some(session.hash)).await?;
        let _receipt = writing.commit().await?;
        Ok(token)
    }

    /// New recovery codes in place of the old ones, to be shown this once.
    pub async fn new_recovery_codes(
        &self,
        session: &Session,
        password: &str,
        address: IpAddr,
    ) -> Result<Vec<String>, AccountError> {
        let account = self.with_password(session, password, Action::MakeRecoveryCodes, address).await?;
        if !account.has_second_step {
            return Err(AccountError::NoSuch);
        }
        let act = Act::new(account.actor(None), Action::MakeRecoveryCodes).on("account", account.id);
        let mut writing = self.register.begin(act).await?;
        self.still_holds(&mut writing, session).await?;
        let codes = replace_codes(&mut writing, account.id).await?;
        let _receipt = writing.commit().await?;
        Ok(codes)
    }

    /// How many recovery codes somebody has left.
    pub async fn recovery_codes_left(&self, id: AccountId) -> Result<u32, AccountError> {
        Ok(sqlx::query_scalar("SELECT count(*) FROM recovery_codes WHERE account = ?")
            .bind(id.0)
            .fetch_one(self.register.readers())
            .await?)
    }

    /// Whether the password of somebody signed in is right; guesses count.
    pub(super) async fn with_password<'a>(
        &self,
        session: &'a Session,
        password: &str,
        action: Action,
        address: IpAddr,
    ) -> Result<&'a Account, AccountError> {
        let account = &session.account;
        if session.stage != Stage::Full {
            return Err(AccountError::NoSuch);
        }
        let guessed = [Guessed::Account(&account.email), Guessed::Address(address)];
        self.guess(&guessed, action, Some(account.id)).await?;
        let hash: Option<String> = sqlx::query_scalar("SELECT password FROM accounts WHERE id = ?")
            .bind(account.id.0)
            .fetch_one(self.register.readers())
            .await?;
        let password = Zeroizing::new(password.to_owned());
        if !self.hashing(move || password::is_right(&password, hash.as_deref())).await? {
            self.refuse(action, Some(account.id)).await?;
            return Err(AccountError::Wrong);
        }
        let mut counts = self.register.begin_without_act().await?;
        guesses::right(&mut counts, &guessed).await?;
        counts.commit().await?;
        Ok(account)
    }

    fn may_set_up(&self, session: &Session) -> Result<(), AccountError> {
        // Who has a second step shows it before they could set up another; a lost one is an administrator's matter.
        if session.account.has_second_step || session.stage == Stage::Code { Err(AccountError::NoSuch) } else { Ok(()) }
    }

    /// Counts a guess before it is looked at.
    async fn guess(&self, guessed: &[Guessed<'_>], action: Action, id: Option<AccountId>) -> Result<(), AccountError> {
        let mut counts = self.register.begin_without_act().await?;
        let guess = guesses::count(&mut counts, guessed, self.now()).await?;
        counts.commit().await?;
        match guess {
            Guess::Allowed => Ok(()),
            Guess::Refused => Err(AccountError::Wait),
            Guess::FirstRefused => {
                let _receipt = self.register.audit(refused(action, id).with("too-many-tries", true)).await?;
                Err(AccountError::Wait)
            }
        }
    }

    async fn refuse(&self, action: Action, id: Option<AccountId>) -> Result<(), AccountError> {
        let _receipt = self.register.audit(refused(action, id)).await?;
        Ok(())
    }

    /// Whether the code is right and new; notes its step, so that it works once.
    async fn take_code(&self, writing: &mut Writing, id: AccountId, code: &str) -> Result<bool, AccountError> {
        let row = sqlx::query("SELECT second_step, second_step_used FROM accounts WHERE id = ?")
            .bind(id.0)
            .fetch_one(writing.connection())
            .await?;
        let Some(sealed) = row.try_get::<Option<Vec<u8>>, _>("second_step")? else { return Ok(false) };
        let used: i64 = row.try_get("second_step_used")?;
        let secret = seal::open(&self.keys, id, &sealed)?;
        let Some(step) = second_step::step_of(&secret, code, self.now_seconds(), u64::try_from(used).unwrap_or(0))? else {
            return Ok(false);
        };
        sqlx::query("UPDATE accounts SET second_step_used = ? WHERE id = ?")
            .bind(i64::try_from(step).unwrap_or(i64::MAX))
            .bind(id.0)
            .execute(writing.connection())
            .await?;
        Ok(true)
    }

    /// Whether the session is there still: it may have been ended elsewhere meanwhile.
    pub(super) async fn still_holds(&self, writing: &mut Writing, session: &Session) -> Result<(), AccountError> {
        let holds: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM sessions s JOIN accounts a ON a.id = s.account WHERE s.hash = ? AND a.closed_at IS NULL)",
        )
        .bind(session.hash.as_slice())
        .fetch_one(writing.connection())
        .await?;
        if holds { Ok(()) } else { Err(AccountError::NoSuch) }
    }

    /// A new session at a stage, in place of the one before.
    pub(super) async fn step_up(
        &self,
        writing: &mut Writing,
        id: AccountId,
        stage: Stage,
        shown: Shown,
        before: Option<[u8; 32]>,
    ) -> Result<SessionToken, AccountError> {
        let now = self.now();
        if stage == Stage::Full {
            sqlx::query("UPDATE accounts SET last_sign_in = ? WHERE id = ?")
                .bind(now)
                .bind(id.0)
                .execute(writing.connection())
                .await?;
        }
        insert_session(writing, id, stage, shown, now, before).await
    }

    fn now_seconds(&self) -> u64 {
        u64::try_from(self.now() / 1_000_000).unwrap_or(0)
    }
}

fn refused(action: Action, id: Option<AccountId>) -> Act {
    let act = Act::new(Actor::Nobody, action).refused();
    match id {
        Some(id) => act.on("account", id),
        None => act,
    }
}

async fn replace_codes(writing: &mut Writing, id: AccountId) -> Result<Vec<String>, AccountError> {
    sqlx::query("DELETE FROM recovery_codes WHERE account = ?").bind(id.0).execute(writing.connection()).await?;
    let codes = second_step::new_codes()?;
    for code in &codes {
        sqlx::query("INSERT INTO recovery_codes (account, hash) VALUES (?, ?)")
            .bind(id.0)
            .bind(second_step::code_hash(code).as_slice())
            .execute(writing.connection())
            .await?;
    }
    Ok(codes)
}
