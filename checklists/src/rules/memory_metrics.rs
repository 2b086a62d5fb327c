//! The process's memory is exported, and somebody scrapes it.

use scrutineer_evidence::{Absent, Kind, http::HttpFacts, sockets::SocketFacts};
use serde::{Deserialize, Serialize};

use super::Rule;
use crate::{
    families,
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// Reads memory families and the names of local clients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemoryMetrics {
    /// Parts of the names of memory families.
    pub families: Vec<String>,
    /// Parts of the command names of scrapers.
    pub scrapers: Vec<String>,
}

impl Rule for MemoryMetrics {
    type Needs<'e> = (&'e HttpFacts, Result<&'e SocketFacts, &'e Absent>);
    const NAME: &'static str = "MemoryMetrics";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        "pass: a memory metric is exported and scraped; attention: exported, or none".into()
    }

    fn confidence(&self) -> Confidence {
        Confidence::Indicative
    }

    fn judge(&self, (http, sockets): Self::Needs<'_>) -> Verdict {
        let metrics = match families::of(http) {
            Ok(metrics) => metrics,
            Err(verdict) => return *verdict,
        };
        let parts: Vec<_> = self.families.iter().map(String::as_str).collect();
        let found = families::naming(metrics, &parts);
        let scraper = self.scraper(sockets);
        let (outcome, number, summary) = match (found.first(), &scraper) {
            (None, _) => (
                Outcome::Fail,
                "not exported",
                format!("{} exports no memory of the process.", metrics.url),
            ),
            (Some(family), None) => (
                Outcome::Attention,
                "exported",
                format!(
                    "{} is exported; no scraper was seen to be connected.",
                    family.name
                ),
            ),
            (Some(family), Some(name)) => (
                Outcome::Pass,
                "scraped",
                format!("{} is exported and {name} reads it.", family.name),
            ),
        };
        let verdict = Verdict::new(outcome, Confidence::Indicative, number, summary).rests_on(
            "memory families",
            found.len().min(1) as f64,
            0.0,
        );
        let verdict = families::line(verdict, "memory", &found);
        match sockets {
            Err(absent) => verdict.read(Kind::Sockets, absent.reason()),
            Ok(sockets) => verdict.read(Kind::Sockets, clients(sockets)),
        }
    }
}

impl MemoryMetrics {
    fn scraper(&self, sockets: Result<&SocketFacts, &Absent>) -> Option<String> {
        let clients = sockets
            .ok()?
            .listeners
            .iter()
            .flat_map(|listener| &listener.local_clients);
        let known = |client: &&String| {
            self.scrapers
                .iter()
                .any(|name| client.contains(name.as_str()))
        };
        clients.into_iter().find(known).cloned()
    }
}

fn clients(sockets: &SocketFacts) -> String {
    let mut names: Vec<_> = sockets
        .listeners
        .iter()
        .flat_map(|listener| &listener.local_clients)
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        "no local client was connected; one on another machine has no name here".into()
    } else {
        format!("local clients: {}", words::list(names, 5))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    fn verdict(family: &str, client: &str) -> Verdict {
        let rule = MemoryMetrics {
            families: vec!["resident_memory".into()],
            scrapers: vec!["prometheus".into()],
        };
        let mut sockets = testing::sockets();
        sockets.listeners[0].local_clients = vec![client.into()];
        judged(&rule, |evidence| {
            evidence.http = Ok(testing::http_with_metrics(&[(family, "gauge")]));
            evidence.sockets = Ok(sockets);
        })
    }

    #[test]
    fn exported_and_scraped_passes_and_less_is_worth_attention() {
        assert_eq!(
            verdict("process_resident_memory_bytes", "prometheus").outcome,
            Outcome::Pass
        );
        assert_eq!(
            verdict("process_resident_memory_bytes", "curl").outcome,
            Outcome::Attention
        );
        let none = verdict("http_requests_total", "prometheus");
        assert_eq!(none.outcome, Outcome::Attention);
        assert!(none.summary.contains("wants a person's confirmation"));
    }

    #[test]
    fn no_metrics_endpoint_is_unknown() {
        let rule = MemoryMetrics {
            families: vec![],
            scrapers: vec![],
        };
        let verdict = judged(&rule, |evidence| evidence.http = Ok(testing::http()));
        assert_eq!(verdict.outcome, Outcome::Unknown);
    }
}
