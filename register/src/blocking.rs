//! The register for the command line, which has no runtime of its own.

use std::path::Path;

use weir_lake::estate::Estate;

use crate::{Act, AuditRow, Head, Receipt, Register, RegisterError, Sought, Verified};

/// A register with a thread's worth of runtime. Not to be used from within another runtime.
#[derive(Debug)]
pub struct BlockingRegister {
    register: Register,
    runtime: tokio::runtime::Runtime,
}

impl BlockingRegister {
    /// Opens an estate's register, and makes it where there is none.
    pub fn of_estate(estate: &Estate) -> Result<Self, RegisterError> {
        Self::opened(&estate.register_path, Register::of_estate(estate))
    }

    /// Opens an estate's register; one that is not there is an error.
    pub fn of_estate_existing(estate: &Estate) -> Result<Self, RegisterError> {
        Self::opened(&estate.register_path, Register::of_estate_existing(estate))
    }

    /// Opens the register of a file, and makes it where there is none.
    pub fn open(path: &Path) -> Result<Self, RegisterError> {
        Self::opened(path, Register::open(path))
    }

    fn opened(path: &Path, opening: impl Future<Output = Result<Register, RegisterError>>) -> Result<Self, RegisterError> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| RegisterError::io(path, error))?;
        let register = runtime.block_on(opening)?;
        Ok(Self { register, runtime })
    }

    /// The register itself, for [`BlockingRegister::wait`].
    pub fn register(&self) -> &Register {
        &self.register
    }

    /// Waits for one of the register's own calls.
    pub fn wait<T>(&self, call: impl Future<Output = T>) -> T {
        self.runtime.block_on(call)
    }

    /// See [`Register::audit`].
    pub fn audit(&self, act: Act) -> Result<Receipt, RegisterError> {
        self.wait(self.register.audit(act))
    }

    /// See [`Register::verify_audit`].
    pub fn verify_audit(&self, noted: Option<&Head>) -> Result<Verified, RegisterError> {
        self.wait(self.register.verify_audit(noted))
    }

    /// See [`Register::audit_rows`].
    pub fn audit_rows(&self, sought: &Sought) -> Result<Vec<AuditRow>, RegisterError> {
        self.wait(self.register.audit_rows(sought))
    }
}

impl Drop for BlockingRegister {
    fn drop(&mut self) {
        self.runtime.block_on(self.register.close());
    }
}
