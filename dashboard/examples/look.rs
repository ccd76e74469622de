//! Serves the invented estate, to look at pages without a lake: `cargo run --release -p weir-dashboard --example look`.

use weir_dashboard::{Dashboard, Example};

#[tokio::main]
async fn main() -> Result<(), weir_dashboard::ServeError> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(8788);
    let example = match std::env::args().nth(2).as_deref() {
        Some("no-schools") => Example::no_schools(),
        Some("no-lake") => Example::no_lake(),
        _ => Example::estate(),
    };
    let bound = weir_dashboard::bind(port).await?;
    println!("{}", bound.url());
    bound.run(Dashboard::new(example)).await
}
