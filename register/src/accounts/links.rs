//! One-time links: for the first account of all, for a new person's password, and for a forgotten one.

use std::fmt;

use sqlx::Row as _;
use zeroize::Zeroizing;

use super::people::{end_sessions, insert_account, insert_role};
use super::tokens::end_tokens;
use super::{Account, AccountError, Accounts, kept, password, read_account, to_hex};
use crate::error::random;
use crate::store::Writing;
use crate::{AccountId, Act, Action, Actor, Place, RegisterError, Role};

const USE: &str = "weir 2026-11-22 one-time link";

/// How long a link may be used: long enough for somebody who works two days a week.
pub(crate) const LINK_MICROS: i64 = 72 * 3600 * 1_000_000;

/// The secret part of a one-time link. Only its hash is kept, so it can be shown once and never again.
pub struct Link(Zeroizing<String>);

impl Link {
    /// The path of the page it opens.
    pub fn path(&self) -> String {
        format!("/link/{}", self.0.as_str())
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link")
    }
}

/// What a link is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkFor {
    /// The first account of all, an administrator's.
    First,
    /// Somebody's password.
    Account(Account),
}

impl Accounts {
    /// A new link for the first account of all, where there is none; earlier ones no longer work.
    pub async fn first_link(&self, actor: Actor) -> Result<Option<Link>, AccountError> {
        if !self.is_empty().await? {
            return Ok(None);
        }
        let mut writing = self.register.begin(Act::new(actor, Action::MakeLink).with("first", true)).await?;
        let link = insert_link(&mut writing, None, false, self.now()).await?;
        let _receipt = writing.commit().await?;
        Ok(Some(link))
    }

    /// A new link for somebody who forgot their password; earlier ones no longer work. The old password works until the link is
    /// used. With `forgets`, using it also takes the second step away, for somebody who lost their phone and their recovery codes.
    pub async fn make_link(&self, actor: Actor, id: AccountId, forgets: bool) -> Result<Link, AccountError> {
        let act = Act::new(actor, Action::MakeLink).on("account", id).with("forgets-second-step", forgets);
        let mut writing = self.register.begin(act).await?;
        let account =
            read_account(writing.connection(), id).await?.filter(|account| !account.is_closed).ok_or(AccountError::NoSuch)?;
        let link = insert_link(&mut writing, Some(account.id), forgets, self.now()).await?;
        let _receipt = writing.commit().await?;
        Ok(link)
    }

    /// What a link is for, without using it: whatever looks at links in mail before people do must not spend it.
    pub async fn link(&self, secret: &str) -> Result<LinkFor, AccountError> {
        let hash = kept(USE, secret).ok_or(AccountError::LinkGone)?;
        let row = sqlx::query("SELECT account FROM links WHERE hash = ? AND expires > ?")
            .bind(hash.as_slice())
            .bind(self.now())
            .fetch_optional(self.register.readers())
            .await?
            .ok_or(AccountError::LinkGone)?;
        match row.try_get::<Option<i64>, _>("account")? {
            Some(id) => Ok(LinkFor::Account(self.get(AccountId(id)).await?.ok_or(AccountError::LinkGone)?)),
            None if self.is_empty().await? => Ok(LinkFor::First),
            None => Err(AccountError::LinkGone),
        }
    }

    /// Uses a link to set somebody's password; every session of theirs ends, and they sign in with it.
    pub async fn set_password_by_link(&self, secret: &str, password: &str, names: &[&str]) -> Result<AccountId, AccountError> {
        let LinkFor::Account(account) = self.link(secret).await? else { return Err(AccountError::LinkGone) };
        let mut own: Vec<&str> = names.to_vec();
        own.extend([account.name.as_str(), account.email.as_str()]);
        password::check(password, &own).map_err(AccountError::Weak)?;
        let hash = self.hash(password).await?;
        let act = Act::new(account.actor(None), Action::UseLink).on("account", account.id);
        let mut writing = self.register.begin(act).await?;
        let forgets = self.spend(&mut writing, secret).await?;
        set_password(&mut writing, account.id, &hash).await?;
        end_tokens(&mut writing, account.id, self.now()).await?;
        if forgets {
            sqlx::query("UPDATE accounts SET second_step = NULL WHERE id = ?")
                .bind(account.id.0)
                .execute(writing.connection())
                .await?;
            sqlx::query("DELETE FROM recovery_codes WHERE account = ?").bind(account.id.0).execute(writing.connection()).await?;
            writing.act().set("second-step-removed", true);
        }
        let _receipt = writing.commit().await?;
        Ok(account.id)
    }

    /// Uses a link to set a password of 78 random bits, for invented people; gives it.
    pub async fn set_random_password(&self, link: &Link) -> Result<String, AccountError> {
        let password = super::second_step::new_code()?;
        self.set_password_by_link(&link.0, &password, &[]).await?;
        Ok(password)
    }

    /// Uses the first link: makes the first account, an administrator of all schools.
    pub async fn set_up(
        &self,
        secret: &str,
        email: &str,
        name: &str,
        password: &str,
        names: &[&str],
    ) -> Result<AccountId, AccountError> {
        if self.link(secret).await? != LinkFor::First {
            return Err(AccountError::LinkGone);
        }
        let mut own: Vec<&str> = names.to_vec();
        own.extend([name, email]);
        password::check(password, &own).map_err(AccountError::Weak)?;
        let hash = self.hash(password).await?;
        let mut writing = self.register.begin(Act::new(Actor::Nobody, Action::SetUp)).await?;
        let any: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM accounts)").fetch_one(writing.connection()).await?;
        if any {
            return Err(AccountError::LinkGone);
        }
        self.spend(&mut writing, secret).await?;
        let id = insert_account(&mut writing, email, name, self.now()).await?;
        insert_role(&mut writing, id, Role::Administrator, &Place::Everywhere, self.today(), None).await?;
        set_password(&mut writing, id, &hash).await?;
        writing.act().set_object("account", id);
        let _receipt = writing.commit().await?;
        Ok(id)
    }

    /// Takes the link out, once; says whether it takes the second step with it.
    async fn spend(&self, writing: &mut Writing, secret: &str) -> Result<bool, AccountError> {
        let hash = kept(USE, secret).ok_or(AccountError::LinkGone)?;
        let forgets: Option<bool> = sqlx::query_scalar("DELETE FROM links WHERE hash = ? AND expires > ? RETURNING forgets")
            .bind(hash.as_slice())
            .bind(self.now())
            .fetch_optional(writing.connection())
            .await?;
        forgets.ok_or(AccountError::LinkGone)
    }

    pub(super) async fn hash(&self, password: &str) -> Result<String, RegisterError> {
        let password = Zeroizing::new(password.to_owned());
        self.hashing(move || password::hash(&password)).await?
    }
}

/// A new link in place of every earlier one for the same account, expired ones swept out.
pub(super) async fn insert_link(
    writing: &mut Writing,
    account: Option<AccountId>,
    forgets: bool,
    now: i64,
) -> Result<Link, AccountError> {
    let link = Link(to_hex(&random()?));
    let hash = kept(USE, &link.0).ok_or(AccountError::LinkGone)?;
    let account = account.map(|id| id.0);
    sqlx::query("DELETE FROM links WHERE account IS ? OR expires <= ?")
        .bind(account)
        .bind(now)
        .execute(writing.connection())
        .await?;
    sqlx::query("INSERT INTO links (hash, account, forgets, expires) VALUES (?, ?, ?, ?)")
        .bind(hash.as_slice())
        .bind(account)
        .bind(forgets)
        .bind(now + LINK_MICROS)
        .execute(writing.connection())
        .await?;
    Ok(link)
}

/// Sets a password and ends every session.
pub(super) async fn set_password(writing: &mut Writing, id: AccountId, hash: &str) -> Result<(), AccountError> {
    sqlx::query("UPDATE accounts SET password = ? WHERE id = ?").bind(hash).bind(id.0).execute(writing.connection()).await?;
    end_sessions(writing, id).await?;
    Ok(())
}
