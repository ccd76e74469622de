//! Signing in at a provider the estate trusts: whose account it is, which roles come with their groups there, and whether a second step is
//! still to be shown.
//!
//! Nobody gets an account this way: an administrator adds people. Who somebody is there (issuer and subject) is joined with their account
//! once: where the provider vouches for the address, at the first sign-in; otherwise an administrator says that it is they.

use jiff::ToSpan as _;
use jiff::civil::Date;
use sqlx::Row as _;

use super::people::{end_sessions, insert_role};
use super::sessions::{Shown, session_hash};
use super::{Account, AccountError, Accounts, Held, SessionToken, Stage, read_account};
use crate::error::random;
use crate::store::Writing;
use crate::{AccountId, Act, Action, Actor, Place, RegisterError, Role};

/// A role that came with a group holds so long after the last sign-in there: nobody tells us when somebody leaves a group.
const GROUP_ROLE_DAYS: i64 = 30;

/// How long an administrator may take to say who somebody is.
const CLAIM_MICROS: i64 = 72 * 3600 * 1_000_000;

/// What a provider said of somebody, checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// Who says so.
    pub issuer: String,
    /// Who they are there; it never changes.
    pub subject: String,
    /// Their address there.
    pub email: Option<String>,
    /// Whether the provider vouches that the address is theirs.
    pub vouched: bool,
    /// Whether they showed a second step there.
    pub second_step: bool,
    /// The roles of their groups.
    pub roles: Vec<(Role, Place)>,
}

/// What came of it.
#[derive(Debug)]
pub enum Came {
    /// Signed in, as far as that goes.
    In(SessionToken, Stage),
    /// Not joined with an account here. The number is to be told to an administrator, who sees the same one where there is such an account.
    Unknown {
        /// Six digits.
        number: String,
    },
}

/// Somebody who came through a provider, and waits for an administrator to say that it is they.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityClaim {
    /// Its number here.
    pub id: i64,
    /// Through which provider.
    pub issuer: String,
    /// What they see on their page.
    pub number: String,
    /// When they came last, microseconds.
    pub asked_at: i64,
}

/// Whose it is.
enum Found {
    Account { id: AccountId, is_new: bool },
    Ask(AccountId),
    Nobody,
}

impl Accounts {
    /// Signs in whoever a provider sent, if they have an account here.
    pub async fn sign_in_elsewhere(&self, who: &Elsewhere, came_with: Option<&str>) -> Result<Came, AccountError> {
        let id = match self.whose(who).await? {
            Found::Account { id, is_new } => {
                if is_new {
                    self.join(Actor::Nobody, id, &who.issuer, &who.subject, None).await?;
                }
                id
            }
            Found::Ask(id) => return self.ask_whether(id, who).await,
            Found::Nobody => {
                let act = Act::new(Actor::Nobody, Action::SignIn).refused().with("elsewhere", true);
                let _receipt = self.register.audit(act).await?;
                // As long a number as anybody's, so that nobody learns who has an account.
                return Ok(Came::Unknown { number: new_number()? });
            }
        };
        self.follow_groups(id, who).await?;
        let account = self.get(id).await?.filter(|account| !account.is_closed).ok_or(AccountError::NoSuch)?;
        let stage = match (who.second_step, account.has_second_step, account.needs_second_step(self.today())) {
            (true, _, _) => Stage::Full,
            (false, true, _) => Stage::Code,
            (false, false, true) => Stage::Enrol,
            (false, false, false) => Stage::Full,
        };
        let shown = if who.second_step { Shown::Elsewhere } else { Shown::Here };
        let act = Act::new(account.actor(None), Action::SignIn)
            .on("account", id)
            .with("stage", stage.word())
            .with("elsewhere", true)
            .with("second-step-elsewhere", who.second_step);
        let mut writing = self.register.begin(act).await?;
        // Somebody may have parted the two, closed the account or set up a second step meanwhile.
        let same: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM identities i JOIN accounts a ON a.id = i.account
             WHERE i.issuer = ? AND i.subject = ? AND a.id = ? AND a.closed_at IS NULL AND (a.second_step IS NOT NULL) = ?)",
        )
        .bind(&who.issuer)
        .bind(&who.subject)
        .bind(id.0)
        .bind(account.has_second_step)
        .fetch_one(writing.connection())
        .await?;
        if !same {
            return Err(AccountError::NoSuch);
        }
        let token = self.step_up(&mut writing, id, stage, shown, session_hash(came_with)).await?;
        let _receipt = writing.commit().await?;
        Ok(Came::In(token, stage))
    }

    async fn whose(&self, who: &Elsewhere) -> Result<Found, AccountError> {
        let row = sqlx::query(
            "SELECT a.id, a.closed_at IS NULL AS is_open FROM identities i JOIN accounts a ON a.id = i.account
             WHERE i.issuer = ? AND i.subject = ?",
        )
        .bind(&who.issuer)
        .bind(&who.subject)
        .fetch_optional(self.register.readers())
        .await?;
        if let Some(row) = row {
            let id = AccountId(row.try_get("id")?);
            return Ok(if row.try_get("is_open")? { Found::Account { id, is_new: false } } else { Found::Nobody });
        }
        let Some(email) = &who.email else { return Ok(Found::Nobody) };
        let Some(account) = self.with_email(email).await?.filter(|account| !account.is_closed) else { return Ok(Found::Nobody) };
        // An address that was given to another person there is not theirs here.
        let is_taken: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM identities WHERE account = ? AND issuer = ?)")
            .bind(account.id.0)
            .bind(&who.issuer)
            .fetch_one(self.register.readers())
            .await?;
        Ok(match (is_taken, who.vouched) {
            (true, _) => Found::Nobody,
            (false, true) => Found::Account { id: account.id, is_new: true },
            (false, false) => Found::Ask(account.id),
        })
    }

    /// Notes that somebody waits for an administrator.
    async fn ask_whether(&self, id: AccountId, who: &Elsewhere) -> Result<Came, AccountError> {
        let number = new_number()?;
        let act = Act::new(Actor::Nobody, Action::SignIn).refused().on("account", id).with("elsewhere", true);
        let mut writing = self.register.begin(act.with("waits-for-consent", true)).await?;
        sqlx::query("DELETE FROM identity_claims WHERE asked_at <= ?")
            .bind(self.now() - CLAIM_MICROS)
            .execute(writing.connection())
            .await?;
        sqlx::query(
            "INSERT INTO identity_claims (issuer, subject, account, number, asked_at) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (issuer, subject) DO UPDATE SET account = excluded.account, number = excluded.number, asked_at = excluded.asked_at",
        )
        .bind(&who.issuer)
        .bind(&who.subject)
        .bind(id.0)
        .bind(&number)
        .bind(self.now())
        .execute(writing.connection())
        .await?;
        let _receipt = writing.commit().await?;
        Ok(Came::Unknown { number })
    }

    /// Who waits for an administrator to say that they are this person.
    pub async fn identity_claims(&self, id: AccountId) -> Result<Vec<IdentityClaim>, AccountError> {
        let rows = sqlx::query(
            "SELECT id, issuer, number, asked_at FROM identity_claims WHERE account = ? AND asked_at > ? ORDER BY id",
        )
        .bind(id.0)
        .bind(self.now() - CLAIM_MICROS)
        .fetch_all(self.register.readers())
        .await?;
        let read = |row: &sqlx::sqlite::SqliteRow| {
            Ok(IdentityClaim {
                id: row.try_get("id")?,
                issuer: row.try_get("issuer")?,
                number: row.try_get("number")?,
                asked_at: row.try_get("asked_at")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// An administrator says whether it is they. Either way the matter is over.
    pub async fn answer_claim(&self, actor: Actor, id: AccountId, claim: i64, is_they: bool) -> Result<(), AccountError> {
        let row = sqlx::query("SELECT issuer, subject FROM identity_claims WHERE id = ? AND account = ? AND asked_at > ?")
            .bind(claim)
            .bind(id.0)
            .bind(self.now() - CLAIM_MICROS)
            .fetch_optional(self.register.readers())
            .await?
            .ok_or(AccountError::NoSuch)?;
        let (issuer, subject): (String, String) = (row.try_get("issuer")?, row.try_get("subject")?);
        if is_they {
            return self.join(actor, id, &issuer, &subject, Some(claim)).await;
        }
        let act = Act::new(actor, Action::JoinIdentity).refused().on("account", id);
        let mut writing = self.register.begin(act).await?;
        sqlx::query("DELETE FROM identity_claims WHERE id = ?").bind(claim).execute(writing.connection()).await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Through which providers somebody may sign in.
    pub async fn identities(&self, id: AccountId) -> Result<Vec<String>, AccountError> {
        Ok(sqlx::query_scalar("SELECT issuer FROM identities WHERE account = ? ORDER BY issuer")
            .bind(id.0)
            .fetch_all(self.register.readers())
            .await?)
    }

    /// Takes a provider away from somebody, with the roles that came from there and every session.
    pub async fn part(&self, actor: Actor, id: AccountId, issuer: &str) -> Result<(), AccountError> {
        let act = Act::new(actor, Action::JoinIdentity).on("account", id).with("joined", false);
        let mut writing = self.register.begin(act).await?;
        let parted = sqlx::query("DELETE FROM identities WHERE account = ? AND issuer = ?")
            .bind(id.0)
            .bind(issuer)
            .execute(writing.connection())
            .await?;
        if parted.rows_affected() == 0 {
            return Err(AccountError::NoSuch);
        }
        let account = read_account(writing.connection(), id).await?.ok_or(AccountError::NoSuch)?;
        for held in of_groups(&account, issuer, self.today()) {
            end(&mut writing, held, self.today()).await?;
        }
        end_sessions(&mut writing, id).await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }

    async fn join(
        &self,
        actor: Actor,
        id: AccountId,
        issuer: &str,
        subject: &str,
        claim: Option<i64>,
    ) -> Result<(), AccountError> {
        let by = match &actor {
            Actor::Account { id, .. } => Some(id.0),
            _ => None,
        };
        let act = Act::new(actor, Action::JoinIdentity).on("account", id).with("joined", true);
        let mut writing = self.register.begin(act).await?;
        // One of two that ask at once; and a claim that was answered in another window.
        let is_free: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM accounts WHERE id = ?1 AND closed_at IS NULL)
                AND NOT EXISTS (SELECT 1 FROM identities WHERE issuer = ?2 AND (subject = ?3 OR account = ?1))",
        )
        .bind(id.0)
        .bind(issuer)
        .bind(subject)
        .fetch_one(writing.connection())
        .await?;
        if !is_free {
            return Err(AccountError::NoSuch);
        }
        if let Some(claim) = claim {
            let taken = sqlx::query("DELETE FROM identity_claims WHERE id = ?").bind(claim).execute(writing.connection()).await?;
            if taken.rows_affected() == 0 {
                return Err(AccountError::NoSuch);
            }
        }
        sqlx::query("INSERT INTO identities (issuer, subject, account, bound_at, bound_by) VALUES (?, ?, ?, ?, ?)")
            .bind(issuer)
            .bind(subject)
            .bind(id.0)
            .bind(self.now())
            .bind(by)
            .execute(writing.connection())
            .await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Brings the roles that come with groups to what the groups are now, a row of the trail each. Roles that people gave stay as they are.
    async fn follow_groups(&self, id: AccountId, who: &Elsewhere) -> Result<(), AccountError> {
        let account = self.get(id).await?.ok_or(AccountError::NoSuch)?;
        let today = self.today();
        let until = today.checked_add(GROUP_ROLE_DAYS.days()).map_err(|_| AccountError::Days)?;
        let by_people = |role: Role, place: &Place| {
            account
                .roles_on(today)
                .any(|held| held.given_by.is_none() && held.role == role && held.place == *place && held.to.is_none())
        };
        for held in of_groups(&account, &who.issuer, today) {
            let stays = who.roles.iter().any(|(role, place)| *role == held.role && *place == held.place);
            if stays && held.to == Some(until) {
                continue;
            }
            let action = if stays { Action::GiveRole } else { Action::EndRole };
            let mut writing = self.register.begin(of_group(action, id, held.role, &held.place)).await?;
            if stays {
                sqlx::query("UPDATE account_roles SET to_day = ? WHERE id = ?")
                    .bind(until.to_string())
                    .bind(held.id)
                    .execute(writing.connection())
                    .await?;
            } else {
                end(&mut writing, held, today).await?;
                end_sessions(&mut writing, id).await?;
            }
            let _receipt = writing.commit().await?;
        }
        for (at, (role, place)) in who.roles.iter().enumerate() {
            let has = of_groups(&account, &who.issuer, today).any(|held| held.role == *role && held.place == *place);
            let is_first = !who.roles.iter().take(at).any(|(before, there)| before == role && there == place);
            // No group makes an administrator, whatever somebody wrote into the settings.
            if has || !is_first || by_people(*role, place) || *role == Role::Administrator {
                continue;
            }
            let mut writing = self.register.begin(of_group(Action::GiveRole, id, *role, place)).await?;
            insert_role(&mut writing, id, *role, place, today, Some(until)).await?;
            sqlx::query("UPDATE account_roles SET given_by = ? WHERE id = last_insert_rowid()")
                .bind(&who.issuer)
                .execute(writing.connection())
                .await?;
            let _receipt = writing.commit().await?;
        }
        Ok(())
    }
}

fn of_group(action: Action, id: AccountId, role: Role, place: &Place) -> Act {
    Act::new(Actor::Nobody, action).on("account", id).with("role", role).with("place", place.clone()).with("by-group", true)
}

/// Roles of today that came with groups there.
fn of_groups<'a>(account: &'a Account, issuer: &'a str, today: Date) -> impl Iterator<Item = &'a Held> {
    account.roles.iter().filter(move |held| held.given_by.as_deref() == Some(issuer) && held.is_on(today))
}

/// Ends a role: yesterday was its last day.
async fn end(writing: &mut Writing, held: &Held, today: Date) -> Result<(), AccountError> {
    match today.yesterday() {
        Ok(yesterday) if held.from <= yesterday => {
            sqlx::query("UPDATE account_roles SET to_day = ? WHERE id = ?")
                .bind(yesterday.to_string())
                .bind(held.id)
                .execute(writing.connection())
                .await?;
        }
        _ => {
            sqlx::query("DELETE FROM account_roles WHERE id = ?").bind(held.id).execute(writing.connection()).await?;
        }
    }
    Ok(())
}

/// Six digits, so that two people can compare what they see.
fn new_number() -> Result<String, RegisterError> {
    Ok(format!("{:06}", u64::from_be_bytes(random::<8>()?) % 1_000_000))
}
