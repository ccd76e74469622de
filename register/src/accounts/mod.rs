//! People: their accounts, the roles they hold from one day to another, and everything by which they show who they are.

mod elsewhere;
mod guesses;
mod letter_links;
mod links;
pub mod password;
mod people;
mod reseal;
mod seal;
mod second_step;
mod sessions;
mod sign_in;
mod tokens;

use std::sync::Arc;

use jiff::civil::Date;
use sqlx::{Row as _, SqliteConnection};
use weir_lake::clock;
use weir_lake::estate::Estate;
use weir_lake::vault::Vault;
use zeroize::Zeroizing;

use crate::{AccountId, Actor, Place, Register, RegisterError, Role};

pub use elsewhere::{Came, Elsewhere, IdentityClaim};
pub use letter_links::{LETTER_LINK_MICROS, LetterLink};
pub use links::{Link, LinkFor};
pub use people::NewAccount;
pub use reseal::Resealed;
pub use second_step::qr;
pub use sessions::{ABSOLUTE_MICROS, IDLE_MICROS, OpenSession, Session, SessionToken, Stage};
pub use sign_in::SecondStepSetUp;
pub use tokens::{TOKEN_DAYS, Token, TokenLine};

/// Passwords hashed at a time: each takes a core and 19 MiB.
const HASHING: usize = 2;

/// Why an account's matter was refused. The words are for pages; those about signing in don't say whether there is such an account.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// The register failed.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// Address or password, code or recovery code are not right. Which is not said.
    #[error("that is not right")]
    Wrong,
    /// Too many guesses.
    #[error("too many wrong tries; wait 15 minutes, or ask an administrator for a new link")]
    Wait,
    /// The link is used, expired, or never was.
    #[error("this link has been used or has expired; ask for a new one")]
    LinkGone,
    /// Who holds such a role shows a second step, and no letter is one.
    #[error("your role asks for a password and a second step: sign in with those")]
    NotByLetter,
    /// The password is too weak.
    #[error("{}", .0.words())]
    Weak(password::Weak),
    /// No address.
    #[error("use an e-mail address such as name@school.example")]
    Email,
    /// No name.
    #[error("a name of 1 to 100 characters is needed")]
    Name,
    /// Another account has this address.
    #[error("there is an account with this address already")]
    Taken,
    /// A role ends before it begins.
    #[error("the last day is before the first")]
    Days,
    /// A token without a label.
    #[error("a label of 1 to 60 characters is needed")]
    Label,
    /// Too many tokens.
    #[error("there are ten tokens already; revoke one that is not used")]
    ManyTokens,
    /// No such account, role or session.
    #[error("there is no such account")]
    NoSuch,
    /// Nobody would be left to give accounts.
    #[error("nobody else could give accounts any more; make somebody else an administrator of all schools first")]
    LastAdministrator,
}

impl From<sqlx::Error> for AccountError {
    fn from(error: sqlx::Error) -> Self {
        Self::Register(error.into())
    }
}

/// A role somebody holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its number.
    pub id: i64,
    /// The role.
    pub role: Role,
    /// For which schools.
    pub place: Place,
    /// First day.
    pub from: Date,
    /// Last day; none is open.
    pub to: Option<Date>,
    /// The issuer whose groups gave it; none was given by a person.
    pub given_by: Option<String>,
}

impl Held {
    /// Whether it holds on a day.
    pub fn is_on(&self, day: Date) -> bool {
        self.from <= day && self.to.is_none_or(|to| day <= to)
    }
}

/// Somebody's account. It has no way to the password or the second step.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// What they sign in with.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Whether they have set a password.
    pub has_password: bool,
    /// Whether they have set up a second step.
    pub has_second_step: bool,
    /// Whether the account is closed.
    pub is_closed: bool,
    /// When they signed in last, microseconds.
    pub last_sign_in: Option<i64>,
    /// Roles, past and future ones included.
    pub roles: Vec<Held>,
}

/// People's names and addresses stay out of logs.
impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Account({})", self.id)
    }
}

impl Account {
    /// The roles held on a day; none of a closed account.
    pub fn roles_on(&self, day: Date) -> impl Iterator<Item = &Held> {
        self.roles.iter().filter(move |held| !self.is_closed && held.is_on(day))
    }

    /// Whether a second step is asked of them that day.
    pub fn needs_second_step(&self, day: Date) -> bool {
        self.roles_on(day).any(|held| held.role.needs_second_step())
    }

    /// Whether a link in a letter signs them in that day: governors, unless they hold a role besides that needs a second step.
    pub fn signs_in_by_letter(&self, day: Date) -> bool {
        self.roles_on(day).any(|held| held.role.signs_in_by_letter()) && !self.needs_second_step(day)
    }

    /// As the one who does something, under a role.
    pub fn actor(&self, role: Option<Role>) -> Actor {
        Actor::Account { id: self.id, role }
    }
}

/// The accounts of a register. Cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    register: Register,
    /// The first seals, the others open what was sealed before.
    keys: Arc<Vec<Zeroizing<[u8; 32]>>>,
    hashing: Arc<tokio::sync::Semaphore>,
    now: Arc<dyn Fn() -> i64 + Send + Sync>,
}

impl std::fmt::Debug for Accounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Accounts")
    }
}

impl Accounts {
    /// The accounts of a register; what must be read again is sealed with a key of the vault.
    pub fn new(register: Register, vault: &Vault) -> Self {
        // Not `WEIR_NOW`: sessions, links and codes end by the machine's own time, whatever day the pages are shown for.
        Self::with_clock(register, vault, Arc::new(|| clock::machine_now().as_microsecond()))
    }

    /// As [`Accounts::new`], with a clock that tests can turn.
    pub fn with_clock(register: Register, vault: &Vault, now: Arc<dyn Fn() -> i64 + Send + Sync>) -> Self {
        Self { register, keys: Arc::new(vault.secret_keys()), hashing: Arc::new(tokio::sync::Semaphore::new(HASHING)), now }
    }

    /// The accounts of an estate; register and vault are made where there are none.
    pub async fn of_estate(estate: &Estate) -> Result<Self, RegisterError> {
        let vault =
            Vault::open(&estate.vault_root, &estate.lake_root).map_err(|error| RegisterError::Vault(error.to_string()))?;
        Ok(Self::new(Register::of_estate(estate).await?, &vault))
    }

    /// The register.
    pub fn register(&self) -> &Register {
        &self.register
    }

    /// Now, microseconds.
    pub fn now(&self) -> i64 {
        (self.now)()
    }

    /// Today, where no school's zone decides.
    pub fn today(&self) -> Date {
        let zone = clock::zone(clock::DEFAULT_ZONE).unwrap_or(jiff::tz::TimeZone::UTC);
        jiff::Timestamp::from_microsecond(self.now()).map_or_else(|_| clock::today_here(), |now| now.to_zoned(zone).date())
    }

    /// Hashes or compares a password away from the threads that answer pages.
    async fn hashing<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, RegisterError> {
        let _permit = self.hashing.acquire().await.map_err(|_| RegisterError::Busy)?;
        tokio::task::spawn_blocking(work).await.map_err(|_| RegisterError::Busy)
    }
}

/// An account and its roles.
async fn read_account(connection: &mut SqliteConnection, id: AccountId) -> Result<Option<Account>, RegisterError> {
    Ok(read_accounts(connection, Some(id)).await?.pop())
}

/// Accounts by name, one or all.
async fn read_accounts(connection: &mut SqliteConnection, only: Option<AccountId>) -> Result<Vec<Account>, RegisterError> {
    let rows = sqlx::query(
        "SELECT id, email, name, password IS NOT NULL AS has_password, second_step IS NOT NULL AS has_second_step,
                closed_at IS NOT NULL AS is_closed, last_sign_in
         FROM accounts WHERE ?1 IS NULL OR id = ?1 ORDER BY name COLLATE NOCASE, id",
    )
    .bind(only.map(|id| id.0))
    .fetch_all(&mut *connection)
    .await?;
    let held = sqlx::query(
        "SELECT id, account, role, place, from_day, to_day, given_by FROM account_roles WHERE ?1 IS NULL OR account = ?1 ORDER BY from_day, id",
    )
    .bind(only.map(|id| id.0))
    .fetch_all(connection)
    .await?;
    let mut accounts = Vec::with_capacity(rows.len());
    for row in rows {
        accounts.push(Account {
            id: AccountId(row.try_get("id")?),
            email: row.try_get("email")?,
            name: row.try_get("name")?,
            has_password: row.try_get("has_password")?,
            has_second_step: row.try_get("has_second_step")?,
            is_closed: row.try_get("is_closed")?,
            last_sign_in: row.try_get("last_sign_in")?,
            roles: Vec::new(),
        });
    }
    for row in held {
        let account = AccountId(row.try_get("account")?);
        let role: String = row.try_get("role")?;
        let place: String = row.try_get("place")?;
        let from: String = row.try_get("from_day")?;
        let to: Option<String> = row.try_get("to_day")?;
        let held = Held {
            id: row.try_get("id")?,
            role: Role::parse(&role).ok_or(RegisterError::Damaged("a role it does not know"))?,
            place: Place::parse(&place).ok_or(RegisterError::Damaged("a role for a place it can't read"))?,
            from: from.parse().map_err(|_| RegisterError::Damaged("a role from a day it can't read"))?,
            given_by: row.try_get("given_by")?,
            to: to.map(|to| to.parse()).transpose().map_err(|_| RegisterError::Damaged("a role to a day it can't read"))?,
        };
        if let Some(account) = accounts.iter_mut().find(|other| other.id == account) {
            account.roles.push(held);
        }
    }
    Ok(accounts)
}

/// Hex of random bytes that go into a cookie or an address.
fn to_hex(bytes: &[u8; 32]) -> Zeroizing<String> {
    Zeroizing::new(blake3::Hash::from_bytes(*bytes).to_hex().to_string())
}

/// What is kept of a secret that comes back from a browser: nothing it could be made from. The use is part of it, so that a link is
/// no session.
fn kept(of: &str, secret: &str) -> Option<[u8; 32]> {
    let bytes = blake3::Hash::from_hex(secret).ok()?;
    Some(blake3::derive_key(of, bytes.as_bytes()))
}
