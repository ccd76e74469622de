//! Serves the invented estate, or a real one, to look at pages:
//! `cargo run --release -p weir-dashboard --example look [PORT] [no-schools | no-lake | weir.toml]`.

use std::path::PathBuf;

use weir_dashboard::{Dashboard, EngineFigures, Example};
use weir_lake::estate::Estate;

#[tokio::main]
async fn main() -> Result<(), weir_dashboard::ServeError> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(8788);
    let dashboard = match std::env::args().nth(2) {
        None => Dashboard::new(Example::estate()),
        Some(what) if what == "no-schools" => Dashboard::new(Example::no_schools()),
        Some(what) if what == "no-lake" => Dashboard::new(Example::no_lake()),
        Some(file) => {
            let file = PathBuf::from(file);
            Dashboard::new(EngineFigures::new(move || Estate::load(&file), Default::default()))
        }
    };
    let bound = weir_dashboard::bind(port).await?;
    println!("{}", bound.url());
    bound.run(dashboard).await
}
