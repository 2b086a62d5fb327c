//! Alert rules watch latency and errors.

use scrutineer_evidence::{
    Absent, Kind,
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
    type Needs<'e> = &'e SourceFacts;
    const NAME: &'static str = "DegradationAlerts";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        "pass: alert rules on latency and on errors; attention: one, or none".into()
    }

    fn confidence(&self) -> Confidence {
        Confidence::Indicative
    }

    fn judge(&self, source: &SourceFacts) -> Verdict {
        if source.files == 0 {
            return looked_nowhere();
        }
        let (latency, errors) = (
            !source.latency_alerts.is_empty(),
            !source.error_alerts.is_empty(),
        );
        let hits = || source.latency_alerts.iter().chain(&source.error_alerts);
        let (outcome, number, summary) = match (latency, errors) {
            (true, true) => (
                Outcome::Pass,
                "latency and errors",
                "Alert rules watch latency and errors; whether the target exports their metrics was \
                 not checked."
                    .to_owned(),
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
                    folders(source)
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
    let folders = folders(source);
    format!(
        "{} looked into below {folders}",
        words::counted(source.files, "file", "files")
    )
}

/// The folders that were looked into, in words.
fn folders(source: &SourceFacts) -> String {
    let folder = |folder| {
        if folder == "." {
            "the workspace"
        } else {
            folder
        }
    };
    words::list(source.folders.iter().map(|name| folder(name.as_str())), 3)
}

/// Where a hit is.
pub(super) fn place(hit: &SourceHit) -> String {
    format!("{}:{}: {}", hit.path, hit.line, hit.text)
}

/// The verdict where no file was looked into.
pub(super) fn looked_nowhere() -> Verdict {
    absence_verdict(&Absent::NotAsked {
        would_need:
            "the workspace holds no CI workflow and no alert file to look into; keep them in \
                     the repository, or answer by hand"
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
        })
    }

    #[test]
    fn both_kinds_of_alert_pass() {
        assert_eq!(verdict(|_| {}).outcome, Outcome::Pass);
    }

    #[test]
    fn one_or_none_is_worth_attention() {
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
    }

    #[test]
    fn a_scan_of_nothing_is_unknown() {
        assert_eq!(verdict(|source| source.files = 0).outcome, Outcome::Unknown);
    }
}
