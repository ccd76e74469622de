//! The pages over a real estate and a lake that nothing was read into yet: what a technician sees on the first day.

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use tower::ServiceExt;
use weir_lake::estate::Estate;

use super::markup::check;
use crate::{Dashboard, EngineFigures};

async fn get(dashboard: &Dashboard, path: &str) -> (StatusCode, String) {
    let request = Request::get(path).header("host", "localhost:8080").body(Body::empty()).unwrap();
    let response = dashboard.router(8080).oneshot(request).await.unwrap();
    let status = response.status();
    (status, String::from_utf8(to_bytes(response.into_body(), 1 << 24).await.unwrap().to_vec()).unwrap())
}

#[tokio::test]
async fn the_first_day_has_pages_that_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    weir_lake::estate::init(folder.path()).unwrap();
    let weir_toml = folder.path().join("weir.toml");
    let school = Estate::load(&weir_toml).unwrap().schools.into_keys().next().unwrap();
    let dashboard = Dashboard::new(EngineFigures::new(move || Estate::load(&weir_toml), Default::default()));

    let (status, page) = get(&dashboard, "/").await;
    assert_eq!(status, StatusCode::OK, "{page}");
    check("/", &page);
    assert!(page.contains("No logs have been read yet") && page.contains(&format!("/school/{school}/")), "{page}");

    let address =
        page.split("href=\"").find_map(|part| part.split('"').next().filter(|link| link.starts_with("/school/"))).unwrap();
    let (status, page) = get(&dashboard, address).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    check(address, &page);
    assert!(page.contains(&format!("weir ingest --school {school}")), "{page}");

    for path in ["/method", "/schools.csv", &format!("/school/{school}"), &format!("{address}/figures.csv")] {
        let (status, _) = get(&dashboard, path).await;
        assert!(status.is_success() || status.is_redirection(), "{path}: {status}");
    }
    assert_eq!(get(&dashboard, "/school/nobody/2025-26").await.0, StatusCode::NOT_FOUND);
}
