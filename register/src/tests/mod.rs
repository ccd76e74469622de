mod accounts;
mod alerts;
mod audit;
mod backup;
mod books;
mod changes;
mod checks;
mod counted;
mod erasure;
mod incidents;
mod outbox;
mod processes;
mod questions;
mod reviews;
mod roles;

use std::path::PathBuf;

use sqlx::{ConnectOptions as _, SqliteConnection};
use tempfile::TempDir;

use crate::{Act, Action, Actor, Register};

/// A register in a throw-away folder.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) register: Register,
}

impl Place {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let register = Register::open(&folder.path().join("register.sqlite")).await.unwrap();
        Self { folder, register }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("register.sqlite")
    }

    /// A connection such as any other program has, with none of Weir's care.
    pub(crate) async fn behind_its_back(&self) -> SqliteConnection {
        sqlx::sqlite::SqliteConnectOptions::new().filename(self.path()).connect().await.unwrap()
    }
}

pub(crate) fn by_command(action: Action) -> Act {
    Act::new(Actor::Command("anna".into()), action)
}
