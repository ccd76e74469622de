//! The name the machine knows the person at the command line by.

/// The log-in name behind this process; where it has none, its number.
pub(super) fn name() -> String {
    let name = own().or_else(|| variable("USER")).or_else(|| variable("USERNAME")).unwrap_or_else(|| "unknown".to_owned());
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|name| !name.is_empty())
}

/// From the process itself, which the environment can't belie.
#[cfg(target_os = "linux")]
fn own() -> Option<String> {
    let metadata = std::fs::metadata("/proc/self").ok()?;
    let number = std::os::unix::fs::MetadataExt::uid(&metadata).to_string();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let found = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == number).then(|| name.to_owned())
    });
    Some(found.unwrap_or(number))
}

#[cfg(not(target_os = "linux"))]
fn own() -> Option<String> {
    None
}
