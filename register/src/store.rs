//! The open register: one connection that writes, others that only read, and no write without its audit row.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Sqlite, SqliteConnection, Transaction};
use weir_lake::estate::Estate;

use crate::audit::{self, Act, Receipt};
use crate::{RegisterError, file, migrations};

/// How long a writer waits for another process before it says so.
const BUSY: Duration = Duration::from_secs(10);

/// Connections that read. Reads are short; more would only hold more memory.
const READERS: u32 = 4;

/// The register. Cheap to clone.
#[derive(Clone)]
pub struct Register {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl std::fmt::Debug for Register {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Register")
    }
}

impl Register {
    /// Opens an estate's register, and makes it where there is none.
    pub async fn of_estate(estate: &Estate) -> Result<Self, RegisterError> {
        refuse_inside_lake(estate)?;
        Self::open(&estate.register_path).await
    }

    /// Opens an estate's register; one that is not there is an error, for commands that only look.
    pub async fn of_estate_existing(estate: &Estate) -> Result<Self, RegisterError> {
        refuse_inside_lake(estate)?;
        let path = &estate.register_path;
        match path.try_exists() {
            Ok(true) => Self::open(path).await,
            Ok(false) => Err(RegisterError::Missing { path: path.clone() }),
            Err(error) => Err(RegisterError::io(path, error)),
        }
    }

    /// Opens the register of a file, and makes it where there is none. Refuses one that other accounts of the machine can read.
    pub async fn open(path: &Path) -> Result<Self, RegisterError> {
        file::make_folder_of(path)?;
        {
            let _lock = file::lock(path)?;
            let is_new = file::make(path)?;
            file::check_private(path)?;
            // The journal's kind stays with the file and is set here alone: changing it can't wait for other processes.
            let mut maker = options(path).journal_mode(SqliteJournalMode::Wal).connect().await?;
            migrations::run(&mut maker, path, is_new).await?;
            maker.close().await?;
        }
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(BUSY)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options(path))
            .await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(BUSY)
            .connect_with(options(path).pragma("query_only", "ON"))
            .await?;
        Ok(Self { writer, readers })
    }

    /// Begins a write: the only way to a connection that writes. Nothing stands until [`Writing::commit`], which adds the act's
    /// audit row; dropped before that, it leaves no trace. Waits up to ten seconds for another writer.
    pub async fn begin(&self, act: Act) -> Result<Writing, RegisterError> {
        act.check()?;
        let transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        Ok(Writing { transaction, act })
    }

    /// Writes an audit row for something that writes nothing else: a reveal, an export, a refusal. It is on disk when this returns.
    pub async fn audit(&self, act: Act) -> Result<Receipt, RegisterError> {
        self.begin(act).await?.commit().await
    }

    /// Begins a write that is no act of anybody: when a session was last seen, the counts that slow guessing down, and which letter is on
    /// its way or has to wait. Nothing else.
    pub(crate) async fn begin_without_act(&self) -> Result<Transaction<'static, Sqlite>, RegisterError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// A connection pool that can only read.
    pub(crate) fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    /// Brings SQLite's journal into the file and empties it: deleted rows are overwritten in the file, but an old journal would keep
    /// them. Busy while somebody reads what is older.
    pub async fn fold_in(&self) -> Result<(), RegisterError> {
        let mut connection = self.writer.acquire().await?;
        let (busy, _, _): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *connection).await?;
        if busy == 0 { Ok(()) } else { Err(RegisterError::Busy) }
    }

    /// Waits until every connection is closed. Without it they close by themselves a little later.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// A write under way, in one transaction with its audit row.
#[derive(Debug)]
pub struct Writing {
    transaction: Transaction<'static, Sqlite>,
    act: Act,
}

impl Writing {
    /// The connection, within the transaction.
    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }

    /// The act, for what is known only now: the number of a new row, how many were changed.
    pub fn act(&mut self) -> &mut Act {
        &mut self.act
    }

    /// Adds the audit row and makes both durable.
    pub async fn commit(mut self) -> Result<Receipt, RegisterError> {
        self.act.check()?;
        let receipt = audit::append(&mut self.transaction, self.act).await?;
        self.transaction.commit().await?;
        Ok(receipt)
    }
}

fn refuse_inside_lake(estate: &Estate) -> Result<(), RegisterError> {
    if weir_lake::estate::is_inside(&estate.register_path, &estate.lake_root) {
        return Err(RegisterError::InsideLake { register: estate.register_path.clone(), lake: estate.lake_root.clone() });
    }
    Ok(())
}

pub(crate) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        // FULL: an acknowledged row outlives a power cut.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY)
        // What is deleted, a session or a person who left, is overwritten.
        .pragma("secure_delete", "ON")
        .pragma("recursive_triggers", "ON")
        .pragma("trusted_schema", "OFF")
        .disable_statement_logging()
}
