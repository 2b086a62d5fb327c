//! Probes the declared HTTP endpoints: encodings, caching, pagination, protocol, metrics, stalls.

mod client;
mod collection;
mod endpoint;
mod metrics;
mod origin;
mod stall;

use std::time::Duration;

use scrutineer_evidence::{
    Absent, Gathered,
    http::{HttpFacts, Metrics, Protocol, StalledRequest},
};

use self::{client::Client, endpoint::probe_endpoint, origin::Origin};
use crate::{progress::Progress, redaction::redact_text, workspace::Workspace};

/// How often cancelling is polled while an answer is awaited.
const CANCEL_POLL: Duration = Duration::from_millis(50);

/// Probes what the workspace declares, and contacts no other host.
pub(super) fn gather(workspace: &Workspace, progress: &dyn Progress) -> Gathered<HttpFacts> {
    if workspace.declared.endpoints.is_empty() && workspace.metrics_url.is_none() {
        return Err(Absent::NotAsked {
            would_need: "no endpoints are declared: name them in scrutineer.ron \
                         (target: (endpoints: [\"http://…\"]))"
                .into(),
        });
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| failed(format!("the HTTP prober could not start: {error}")))?;
    let facts = runtime.block_on(probe(workspace, progress));
    // A name that is still being looked up must not hold us.
    runtime.shutdown_background();
    Ok(facts)
}

async fn probe(workspace: &Workspace, progress: &dyn Progress) -> HttpFacts {
    let urls = &workspace.declared.endpoints;
    let mut endpoints = Vec::with_capacity(urls.len());
    for (index, url) in urls.iter().enumerate() {
        let step = format!("Probing endpoint {} of {}", index + 1, urls.len());
        progress.step(&step, Some(index as f32 / urls.len() as f32));
        let answer = unless_cancelled(progress, probe_endpoint(url)).await;
        endpoints.push((redact_text(url), answer));
    }
    let origins = Origin::all_of(urls);
    progress.step("Asking for HTTP/2", None);
    let protocols = protocols(&origins, progress).await;
    progress.step("Reading the metrics endpoint", None);
    let metrics = unless_cancelled(progress, read_metrics(workspace, &origins)).await;
    let stalled = stalled(workspace, &origins, progress).await;
    HttpFacts {
        endpoints,
        protocols,
        metrics,
        stalled,
    }
}

async fn protocols(origins: &[Origin], progress: &dyn Progress) -> Vec<Protocol> {
    let mut protocols = Vec::new();
    for origin in origins {
        // Without TLS nothing is known of an https origin: no word is better than a wrong one.
        if let Ok(protocol) = unless_cancelled(progress, origin.protocol()).await {
            protocols.push(protocol);
        }
    }
    protocols.sort_by(|a, b| a.origin.cmp(&b.origin));
    protocols
}

/// The declared metrics endpoint, else `/metrics` of the first origin.
async fn read_metrics(workspace: &Workspace, origins: &[Origin]) -> Gathered<Metrics> {
    let url = match (&workspace.metrics_url, origins.first()) {
        (Some(url), _) => url.clone(),
        (None, Some(origin)) => format!("{}/metrics", origin.base()),
        (None, None) => return Err(failed("no origin is declared".into())),
    };
    let answer = Client::to(&url)?.get(&[("accept", METRICS_ACCEPT)]).await?;
    if !answer.status.is_success() {
        return Err(failed(format!(
            "{} answered {}",
            redact_text(&url),
            answer.status.as_u16()
        )));
    }
    let text = String::from_utf8_lossy(&answer.body);
    let families = metrics::parse(&text)
        .map_err(|why| failed(format!("{} exports no metrics: {why}", redact_text(&url))))?;
    let series = families.iter().map(|family| family.series).sum();
    Ok(Metrics {
        url: redact_text(&url),
        families,
        series,
    })
}

/// What Prometheus itself asks for where it wants text.
const METRICS_ACCEPT: &str =
    "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4";

async fn stalled(
    workspace: &Workspace,
    origins: &[Origin],
    progress: &dyn Progress,
) -> Gathered<StalledRequest> {
    let Some(seconds) = workspace.stalled_request_s else {
        return Err(Absent::NotAsked {
            would_need: "a stalled request holds a connection open: allow it in scrutineer.ron \
                         (target: (stalled_request_s: 31.0))"
                .into(),
        });
    };
    let Some(origin) = origins.first() else {
        return Err(failed(
            "no endpoint is declared that a request could stall at".into(),
        ));
    };
    progress.step(
        &format!("Holding a stalled request for up to {seconds} s"),
        None,
    );
    unless_cancelled(
        progress,
        stall::stall(origin, Duration::from_secs_f64(seconds)),
    )
    .await
}

/// Runs a probe and gives it up soon after cancelling.
async fn unless_cancelled<T>(
    progress: &dyn Progress,
    probe: impl Future<Output = Gathered<T>>,
) -> Gathered<T> {
    let cancelled = async {
        while !progress.is_cancelled() {
            tokio::time::sleep(CANCEL_POLL).await;
        }
    };
    tokio::select! {
        biased;
        () = cancelled => Err(Absent::NotAsked { would_need: "the gathering was cancelled".into() }),
        answer = probe => answer,
    }
}

fn failed(why: String) -> Absent {
    Absent::Failed { why }
}
