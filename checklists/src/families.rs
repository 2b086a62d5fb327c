//! Which metric families an endpoint exports; shared by the monitoring rules.

use scrutineer_evidence::{
    Kind,
    http::{HttpFacts, MetricFamily, Metrics},
};

use crate::{rules::absence_verdict, verdict::Verdict, words};

/// The metrics endpoint's families, or the verdict that says why there are none to read.
pub(crate) fn of(http: &HttpFacts) -> Result<&Metrics, Box<Verdict>> {
    http.metrics
        .as_ref()
        .map_err(|absent| Box::new(absence_verdict(absent).read(Kind::Http, absent.reason())))
}

/// Families whose name holds one of the words, whatever the case.
pub(crate) fn naming<'m>(metrics: &'m Metrics, words: &[&str]) -> Vec<&'m MetricFamily> {
    metrics
        .families
        .iter()
        .filter(|family| names(family, words))
        .collect()
}

fn names(family: &MetricFamily, words: &[&str]) -> bool {
    let name = family.name.to_ascii_lowercase();
    words.iter().any(|word| name.contains(word))
}

/// Histograms and summaries of a duration of requests.
pub(crate) fn durations(metrics: &Metrics) -> Vec<&MetricFamily> {
    const WORDS: [&str; 4] = ["duration", "latency", "response_time", "request_seconds"];
    // The collector's and the runtime's own pauses are no durations of requests.
    const OTHERS: [&str; 3] = ["gc", "sched", "scrape"];
    naming(metrics, &WORDS)
        .into_iter()
        .filter(|family| family.kind != "counter" && family.kind != "gauge")
        .filter(|family| !names(family, &OTHERS))
        .collect()
}

/// Counters of requests; a histogram of durations counts them, too.
pub(crate) fn rates(metrics: &Metrics) -> Vec<&MetricFamily> {
    const WORDS: [&str; 4] = ["request", "rpc", "calls", "queries"];
    let counters = naming(metrics, &WORDS).into_iter().filter(|family| {
        family.kind == "counter" || (family.kind == "untyped" && family.name.ends_with("_total"))
    });
    let mut families: Vec<_> = counters.chain(durations(metrics)).collect();
    families.sort_by(|a, b| a.name.cmp(&b.name));
    families
}

/// Counters of errors by their name.
pub(crate) fn errors(metrics: &Metrics) -> Vec<&MetricFamily> {
    naming(metrics, &["error", "fail", "exception", "5xx", "panic"])
        .into_iter()
        .filter(|family| family.kind != "gauge")
        .collect()
}

/// Adds a line that names the families, or says that none was found.
pub(crate) fn line(verdict: Verdict, what: &str, found: &[&MetricFamily]) -> Verdict {
    let text = if found.is_empty() {
        format!("{what}: no family")
    } else {
        format!(
            "{what}: {}",
            words::list(found.iter().map(|family| family.name.as_str()), 4)
        )
    };
    verdict.read(Kind::Http, text)
}
