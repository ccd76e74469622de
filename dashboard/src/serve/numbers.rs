//! Numbers about the pages, for whoever watches the machine: how many answers of which kind, and how long they took. By pattern of address
//! and status alone: no school, no person, nothing that was typed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::Dashboard;
use crate::gate::needs;

/// Upper ends of the steps in which durations are counted, milliseconds. A page is to take under 200.
const STEPS: [u32; 9] = [5, 20, 50, 100, 200, 500, 1_000, 5_000, 20_000];

/// What is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    pattern: &'static str,
    method: &'static str,
    status: u16,
}

#[derive(Debug, Clone, Default)]
struct Count {
    answers: u64,
    took: Duration,
    within: [u64; STEPS.len()],
}

/// The counts since the start.
#[derive(Debug, Default)]
pub(crate) struct Numbers(Mutex<BTreeMap<Kind, Count>>);

impl Numbers {
    fn add(&self, kind: Kind, took: Duration) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(kind).or_default();
        count.answers += 1;
        count.took += took;
        for (slot, _) in count.within.iter_mut().zip(STEPS).filter(|(_, step)| took <= Duration::from_millis(u64::from(*step))) {
            *slot += 1;
        }
    }

    /// In the words that Prometheus reads.
    fn words(&self) -> String {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut text = String::from(
            "# HELP weir_http_request_duration_seconds How long answers took, by pattern of address, method and status.\n\
             # TYPE weir_http_request_duration_seconds histogram\n",
        );
        for (Kind { pattern, method, status }, count) in &counts {
            let kind = format!("route=\"{pattern}\",method=\"{method}\",status=\"{status}\"");
            let mut line = |name: &str, more: &str, value: &str| {
                // Writing into a text fails never.
                writeln!(text, "weir_http_request_duration_seconds_{name}{{{kind}{more}}} {value}").ok();
            };
            for (step, within) in STEPS.iter().zip(count.within) {
                line("bucket", &format!(",le=\"{}\"", f64::from(*step) / 1_000.0), &within.to_string());
            }
            line("bucket", ",le=\"+Inf\"", &count.answers.to_string());
            line("sum", "", &count.took.as_secs_f64().to_string());
            line("count", "", &count.answers.to_string());
        }
        text.push_str("# HELP weir_build_info The version that runs.\n# TYPE weir_build_info gauge\n");
        text.push_str(concat!("weir_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1\n"));
        text
    }
}

/// Counts an answer.
pub(crate) async fn count(State(dashboard): State<Dashboard>, request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    // What was asked for stands in no number, only which of our own patterns it was.
    let pattern = needs::known(matched);
    let method = match *request.method() {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "other",
    };
    let began = Instant::now();
    let response = next.run(request).await;
    dashboard.numbers.add(Kind { pattern, method, status: response.status().as_u16() }, began.elapsed());
    response
}

/// The pages of the other address: numbers, whether the process lives, and whether it could answer somebody.
pub(super) fn router(dashboard: Dashboard) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/health", get(async || "ok\n"))
        .route("/ready", get(ready))
        .with_state(dashboard)
}

async fn metrics(State(dashboard): State<Dashboard>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], dashboard.numbers.words())
}

/// Whether register and estate can be read. The figures' engine starts with the first page, and a lake may be empty.
async fn ready(State(dashboard): State<Dashboard>) -> (StatusCode, &'static str) {
    let Some(gate) = &dashboard.gate else { return (StatusCode::OK, "ready\n") };
    if gate.accounts.is_empty().await.is_err() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the register can't be read\n");
    }
    match gate.schools() {
        Ok(_) => (StatusCode::OK, "ready\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the estate's files can't be read\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_counts_in_every_step_it_was_within() {
        let numbers = Numbers::default();
        let kind = Kind { pattern: "/school/{school}", method: "GET", status: 200 };
        numbers.add(kind, Duration::from_millis(20));
        numbers.add(kind, Duration::from_millis(150));
        numbers.add(kind, Duration::from_secs(30));
        let text = numbers.words();
        let labels = "route=\"/school/{school}\",method=\"GET\",status=\"200\"";
        for (step, wanted) in [("0.005", 0), ("0.02", 1), ("0.1", 1), ("0.2", 2), ("20", 2), ("+Inf", 3)] {
            let line = format!("weir_http_request_duration_seconds_bucket{{{labels},le=\"{step}\"}} {wanted}\n");
            assert!(text.contains(&line), "{line}{text}");
        }
        assert!(text.contains(&format!("weir_http_request_duration_seconds_count{{{labels}}} 3\n")));
        assert!(text.contains(&format!("weir_http_request_duration_seconds_sum{{{labels}}} 30.17\n")), "{text}");
    }
}
