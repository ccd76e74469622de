//! Compares what a snapshot promises with what lies in the lake's folder and with what Delta's log says.

use std::collections::BTreeSet;

use crate::delta;
use crate::lake::{Lake, LakeError, Snapshot};
use crate::schema::Table;

pub(crate) fn problems(lake: &Lake, snapshot: &Snapshot) -> Result<Vec<String>, LakeError> {
    let state = lake.state_at(snapshot.version)?.ok_or(LakeError::Gone { version: snapshot.version })?;
    let mut problems = Vec::new();
    for table in Table::ALL {
        let files = snapshot.files.get(&table).map_or(&[][..], Vec::as_slice);
        for file in files {
            let path = format!("{}/{}", table.name(), file.path);
            match lake.storage.size(&path)? {
                Some(bytes) if bytes == file.bytes => {}
                Some(bytes) => problems.push(format!("{path} has {bytes} bytes, {} were written", file.bytes)),
                None => problems.push(format!("{path} is not there")),
            }
        }
        let named: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
        match lake.delta_files(snapshot, table) {
            Ok(logged) if logged.iter().map(String::as_str).eq(named.iter().copied()) => {}
            Ok(logged) => {
                problems.push(format!("{}: its Delta log names {} files, the lake {}", table.name(), logged.len(), named.len()))
            }
            Err(error) => problems.push(format!("{}: its Delta log cannot be read: {error}", table.name())),
        }
        if let Some(version) = state.delta.get(&table)
            && let Some(foreign) = delta::foreign_after(&lake.storage, table, *version)?
        {
            problems.push(format!(
                "{}: Delta version {foreign} is not weir's; restore the table to Delta version {version}",
                table.name()
            ));
        }
    }
    for entry in state.index.values().flat_map(|days| days.values()) {
        if lake.storage.size(&entry.path)?.is_none() {
            problems.push(format!("{} is not there: duplicates of that day are not found", entry.path));
        }
    }
    Ok(problems)
}
