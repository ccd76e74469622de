//! Accounts as an administrator sees them: added, given roles, closed.

use jiff::civil::Date;

use super::links::insert_link;
use super::tokens::end_tokens;
use super::{Account, AccountError, Accounts, Link, read_account, read_accounts};
use crate::store::Writing;
use crate::{AccountId, Act, Action, Actor, Place, RegisterError, Role};

/// Most characters of a name or an address.
const LONGEST_NAME: usize = 100;
const LONGEST_EMAIL: usize = 254;

/// Somebody to be added.
#[derive(Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// What they sign in with.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Their first role.
    pub role: Role,
    /// For which schools.
    pub place: Place,
    /// First day.
    pub from: Date,
    /// Last day; none is open.
    pub to: Option<Date>,
}

impl Accounts {
    /// Everybody, by name.
    pub async fn list(&self) -> Result<Vec<Account>, RegisterError> {
        let mut connection = self.register.readers().acquire().await?;
        read_accounts(&mut connection, None).await
    }

    /// One account.
    pub async fn get(&self, id: AccountId) -> Result<Option<Account>, RegisterError> {
        let mut connection = self.register.readers().acquire().await?;
        read_account(&mut connection, id).await
    }

    /// The account with an address.
    pub async fn with_email(&self, email: &str) -> Result<Option<Account>, RegisterError> {
        let id: Option<i64> = sqlx::query_scalar("SELECT id FROM accounts WHERE email = ?")
            .bind(email.trim())
            .fetch_optional(self.register.readers())
            .await?;
        match id {
            Some(id) => self.get(AccountId(id)).await,
            None => Ok(None),
        }
    }

    /// Whether nobody has an account yet.
    pub async fn is_empty(&self) -> Result<bool, RegisterError> {
        let any: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM accounts)").fetch_one(self.register.readers()).await?;
        Ok(!any)
    }

    /// Adds somebody with a first role, and makes the link by which they set their password.
    pub async fn add(&self, actor: Actor, new: &NewAccount) -> Result<(AccountId, Link), AccountError> {
        let act = Act::new(actor, Action::AddAccount).with("role", new.role).with("place", new.place.clone());
        let mut writing = self.register.begin(act).await?;
        let id = insert_account(&mut writing, &new.email, &new.name, self.now()).await?;
        insert_role(&mut writing, id, new.role, &new.place, new.from, new.to).await?;
        let link = insert_link(&mut writing, Some(id), false, self.now()).await?;
        writing.act().set_object("account", id);
        let _receipt = writing.commit().await?;
        Ok((id, link))
    }

    /// Gives a role. Whoever gets it signs in anew.
    pub async fn give_role(
        &self,
        actor: Actor,
        id: AccountId,
        role: Role,
        place: &Place,
        from: Date,
        to: Option<Date>,
    ) -> Result<(), AccountError> {
        let act = Act::new(actor, Action::GiveRole).on("account", id).with("role", role).with("place", place.clone());
        let mut writing = self.register.begin(act).await?;
        read_account(writing.connection(), id).await?.ok_or(AccountError::NoSuch)?;
        insert_role(&mut writing, id, role, place, from, to).await?;
        end_sessions(&mut writing, id).await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Ends a role: yesterday was its last day. Whoever had it signs in anew.
    pub async fn end_role(&self, actor: Actor, id: AccountId, held: i64) -> Result<(), AccountError> {
        let mut writing = self.register.begin(Act::new(actor, Action::EndRole).on("account", id)).await?;
        let account = read_account(writing.connection(), id).await?.ok_or(AccountError::NoSuch)?;
        let held = account.roles.iter().find(|other| other.id == held).ok_or(AccountError::NoSuch)?;
        writing.act().set("role", held.role);
        writing.act().set("place", held.place.clone());
        let today = self.today();
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
        end_sessions(&mut writing, id).await?;
        self.somebody_gives_accounts(&mut writing).await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Closes an account: no sign-in, no session, no link.
    pub async fn close(&self, actor: Actor, id: AccountId) -> Result<(), AccountError> {
        let mut writing =
            self.register.begin(Act::new(actor, Action::CloseAccount).on("account", id).with("closed", true)).await?;
        let changed = sqlx::query("UPDATE accounts SET closed_at = ? WHERE id = ? AND closed_at IS NULL")
            .bind(self.now())
            .bind(id.0)
            .execute(writing.connection())
            .await?;
        if changed.rows_affected() == 0 {
            return Err(AccountError::NoSuch);
        }
        end_sessions(&mut writing, id).await?;
        sqlx::query("DELETE FROM links WHERE account = ?").bind(id.0).execute(writing.connection()).await?;
        sqlx::query("DELETE FROM letter_links WHERE account = ?").bind(id.0).execute(writing.connection()).await?;
        end_tokens(&mut writing, id, self.now()).await?;
        self.somebody_gives_accounts(&mut writing).await?;
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Opens a closed account again, with what roles it still holds.
    pub async fn reopen(&self, actor: Actor, id: AccountId) -> Result<(), AccountError> {
        let mut writing =
            self.register.begin(Act::new(actor, Action::CloseAccount).on("account", id).with("closed", false)).await?;
        let changed = sqlx::query("UPDATE accounts SET closed_at = NULL WHERE id = ? AND closed_at IS NOT NULL")
            .bind(id.0)
            .execute(writing.connection())
            .await?;
        if changed.rows_affected() == 0 {
            return Err(AccountError::NoSuch);
        }
        let _receipt = writing.commit().await?;
        Ok(())
    }

    /// Refuses to leave an estate without an administrator of all schools who can sign in.
    async fn somebody_gives_accounts(&self, writing: &mut Writing) -> Result<(), AccountError> {
        let today = self.today();
        let accounts = read_accounts(writing.connection(), None).await?;
        let gives = |account: &Account| {
            account.has_password
                && account
                    .roles_on(today)
                    .any(|held| held.role == Role::Administrator && held.place == Place::Everywhere && held.to.is_none())
        };
        if accounts.iter().any(gives) { Ok(()) } else { Err(AccountError::LastAdministrator) }
    }
}

/// Adds an account without a password.
pub(super) async fn insert_account(writing: &mut Writing, email: &str, name: &str, now: i64) -> Result<AccountId, AccountError> {
    let (email, name) = (checked_email(email)?, checked_name(name)?);
    let taken: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM accounts WHERE email = ?)")
        .bind(&email)
        .fetch_one(writing.connection())
        .await?;
    if taken {
        return Err(AccountError::Taken);
    }
    let added = sqlx::query("INSERT INTO accounts (email, name, made_at) VALUES (?, ?, ?)")
        .bind(&email)
        .bind(&name)
        .bind(now)
        .execute(writing.connection())
        .await?;
    Ok(AccountId(added.last_insert_rowid()))
}

pub(super) async fn insert_role(
    writing: &mut Writing,
    id: AccountId,
    role: Role,
    place: &Place,
    from: Date,
    to: Option<Date>,
) -> Result<(), AccountError> {
    if to.is_some_and(|to| to < from) {
        return Err(AccountError::Days);
    }
    sqlx::query("INSERT INTO account_roles (account, role, place, from_day, to_day) VALUES (?, ?, ?, ?, ?)")
        .bind(id.0)
        .bind(role.word())
        .bind(place.to_string())
        .bind(from.to_string())
        .bind(to.map(|to| to.to_string()))
        .execute(writing.connection())
        .await?;
    Ok(())
}

/// Ends every session of an account.
pub(super) async fn end_sessions(writing: &mut Writing, id: AccountId) -> Result<u64, AccountError> {
    Ok(sqlx::query("DELETE FROM sessions WHERE account = ?").bind(id.0).execute(writing.connection()).await?.rows_affected())
}

/// An address as far as it can be checked without writing to it: the link is handed over by a person.
fn checked_email(email: &str) -> Result<String, AccountError> {
    let email = email.trim();
    let is_plain = email.chars().all(|c| !c.is_control() && !c.is_whitespace() && !matches!(c, ':' | '<' | '>' | '"' | ','));
    match email.rsplit_once('@') {
        Some((before, after)) if !before.is_empty() && !after.is_empty() && is_plain && email.len() <= LONGEST_EMAIL => {
            Ok(email.to_owned())
        }
        _ => Err(AccountError::Email),
    }
}

fn checked_name(name: &str) -> Result<String, AccountError> {
    let name = name.trim();
    if (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        Ok(name.to_owned())
    } else {
        Err(AccountError::Name)
    }
}
