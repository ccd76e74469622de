//! Serves the invented estate, or a real one, to look at pages:
//! `cargo run --release -p weir-dashboard --example look [PORT] [no-schools | no-lake | sign-in | weir.toml]`.

use std::path::PathBuf;

use weir_dashboard::{Dashboard, EngineFigures, Example, Figures, Schools};
use weir_lake::estate::{Estate, School, Serving};
use weir_lake::vault::Vault;
use weir_register::accounts::Accounts;
use weir_register::{Actor, Register};

#[tokio::main]
async fn main() -> Result<(), weir_dashboard::ServeError> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(8788);
    let dashboard = match std::env::args().nth(2) {
        None => Dashboard::new(Example::estate()),
        Some(what) if what == "no-schools" => Dashboard::new(Example::no_schools()),
        Some(what) if what == "no-lake" => Dashboard::new(Example::no_lake()),
        Some(what) if what == "sign-in" => return behind_sign_in(port).await,
        Some(file) => {
            let file = PathBuf::from(file);
            Dashboard::new(EngineFigures::new(move || Estate::load(&file), Default::default()))
        }
    };
    let bound = weir_dashboard::bind(port).await?;
    println!("{}", bound.url());
    bound.run(dashboard).await
}

/// The invented estate behind sign-in, with a register that is gone when this ends.
async fn behind_sign_in(port: u16) -> Result<(), weir_dashboard::ServeError> {
    let failed = |error: &dyn std::fmt::Display| std::io::Error::other(error.to_string());
    let folder = tempfile::tempdir()?;
    let register = Register::open(&folder.path().join("register.sqlite")).await.map_err(|error| failed(&error))?;
    let vault = Vault::open(&folder.path().join("vault"), &folder.path().join("lake")).map_err(|error| failed(&error))?;
    let accounts = Accounts::new(register, &vault);
    let mut schools = Schools::new();
    for school in Example::estate().schools().await.map_err(|error| failed(&error))? {
        let school = School {
            school_id: school.id,
            name: school.name,
            urn: None,
            phase: school.phase,
            nation: "england".into(),
            timezone: "Europe/London".into(),
            governing_body: None,
            trust: None,
            authority: None,
            opens: None,
            closes: None,
        };
        schools.insert(school.school_id.clone(), school);
    }
    let dashboard = Dashboard::with_sign_in(Example::estate(), accounts.clone(), Serving::default(), move || Ok(schools.clone()));
    let bound = weir_dashboard::bind_for(&dashboard, port).await?;
    if let Ok(Some(link)) = accounts.first_link(Actor::of_command()).await {
        println!("  {}{}", bound.url().trim_end_matches('/'), link.path());
    }
    println!("Open {}", bound.url());
    bound.run(dashboard).await
}
