//! Alert rules watch latency and errors.

use scrutineer_evidence::{
    Absent, Kind,
    http::HttpFacts,
    source::{SourceFacts, SourceHit},
};
use serde::{Deserialize, Serialize};

use super::{Rule, absence_verdict};
use crate::{
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// Reads alert rules of Prometheus form in the workspace's folders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DegradationAlerts {}

impl Rule for DegradationAlerts {
    type Needs<'e> = (&'e SourceFacts, Result<&'e HttpFacts, &'e Absent>);
    const NAME: &'static str = "DegradationAlerts";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        "pass: alert rules on latency and errors that name exported metrics; attention: one, or \
         none"
            .into()
    }

    fn judge(&self, (source, http): Self::Needs<'_>) -> Verdict {
        if source.files == 0 {
            return looked_nowhere();
        }
        let (latency, errors) = (
            !source.latency_alerts.is_empty(),
            !source.error_alerts.is_empty(),
        );
        let hits = || source.latency_alerts.iter().chain(&source.error_alerts);
        let metrics = http.ok().and_then(|http| http.metrics.as_ref().ok());
        let foreign = metrics.is_some_and(|metrics| {
            !hits().any(|hit| {
                metrics
                    .families
                    .iter()
                    .any(|family| hit.text.contains(&family.name))
            })
        });
        let (outcome, number, summary) = match (latency, errors) {
            (true, true) if foreign => (
                Outcome::Attention,
                "other metrics",
                "Alert rules on latency and errors name no metric that the target exports."
                    .to_owned(),
            ),
            (true, true) => (
                Outcome::Pass,
                "latency and errors",
                "Alert rules watch latency and errors.".to_owned(),
            ),
            (true, false) => (
                Outcome::Attention,
                "latency only",
                "No alert rule watches errors.".into(),
            ),
            (false, true) => (
                Outcome::Attention,
                "errors only",
                "No alert rule watches latency.".into(),
            ),
            (false, false) => (
                Outcome::Fail,
                "no alerts",
                format!(
                    "No alert rule in {} of {}; rules kept elsewhere were not seen.",
                    words::counted(source.files, "file", "files"),
                    words::list(source.folders.iter().map(String::as_str), 3)
                ),
            ),
        };
        let verdict = Verdict::new(outcome, Confidence::Indicative, number, summary)
            .read(Kind::Source, looked(source))
            .rests_on(
                "kinds of alert",
                f64::from(u8::from(latency) + u8::from(errors)),
                0.0,
            );
        hits().take(6).fold(verdict, |verdict, hit| {
            verdict.read(Kind::Source, place(hit))
        })
    }
}

/// Where the scan looked.
pub(super) fn looked(source: &SourceFacts) -> String {
    let folders = words::list(source.folders.iter().map(String::as_str), 3);
    format!(
        "{} looked into below {folders}",
        words::counted(source.files, "file", "files")
    )
}

/// Where a hit is.
pub(super) fn place(hit: &SourceHit) -> String {
    format!("{}:{}: {}", hit.path, hit.line, hit.text)
}

/// The verdict where no file was looked into.
pub(super) fn looked_nowhere() -> Verdict {
    absence_verdict(&Absent::NotAsked {
        would_need: "no file of the workspace was looked into; run in the workspace's folder or \
                     pass --workspace"
            .into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    fn verdict(change: impl FnOnce(&mut SourceFacts)) -> Verdict {
        let mut source = testing::source();
        change(&mut source);
        judged(&DegradationAlerts {}, |evidence| {
            evidence.source = Ok(source);
            evidence.http = Ok(testing::http_with_metrics(&[(
                "http_latency_seconds",
                "histogram",
            )]));
        })
    }

    #[test]
    fn both_kinds_of_alert_pass() {
        assert_eq!(verdict(|_| {}).outcome, Outcome::Pass);
    }

    #[test]
    fn one_or_none_or_other_metrics_are_worth_attention() {
        assert_eq!(
            verdict(|source| source.error_alerts.clear()).outcome,
            Outcome::Attention
        );
        assert_eq!(
            verdict(|source| source.latency_alerts.clear()).outcome,
            Outcome::Attention
        );
        let none = verdict(|source| {
            source.latency_alerts.clear();
            source.error_alerts.clear();
        });
        assert_eq!(none.outcome, Outcome::Attention);
        let foreign = verdict(|source| {
            source.latency_alerts[0].text = "expr: node_disk_latency > 1".into();
        });
        assert_eq!(
            (foreign.outcome, foreign.number.as_str()),
            (Outcome::Attention, "other metrics")
        );
    }

    #[test]
    fn a_scan_of_nothing_is_unknown() {
        assert_eq!(verdict(|source| source.files = 0).outcome, Outcome::Unknown);
    }
}
