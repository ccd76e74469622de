//! One file a command.

pub mod compact;
pub mod demo;
pub mod estate;
pub mod formats;
pub mod ingest;
pub mod init;
pub mod inspect;
pub mod query;
pub mod reclassify;
pub mod rollup;
pub mod serve;
pub mod sql;
pub mod undo;
