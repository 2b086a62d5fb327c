//! Rate, errors and duration of requests are exported.

use scrutineer_evidence::{Kind, http::HttpFacts};
use serde::{Deserialize, Serialize};

use super::Rule;
use crate::{
    families,
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// Reads the families of the metrics endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateErrorsDuration {}

impl Rule for RateErrorsDuration {
    type Needs<'e> = &'e HttpFacts;
    const NAME: &'static str = "RateErrorsDuration";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        "pass: rate, errors and duration exported; attention: some; fail: none".into()
    }

    fn judge(&self, http: &HttpFacts) -> Verdict {
        let metrics = match families::of(http) {
            Ok(metrics) => metrics,
            Err(verdict) => return *verdict,
        };
        let rates = families::rates(metrics);
        let durations = families::durations(metrics);
        let errors = families::errors(metrics);
        let found = [
            ("rate", &rates),
            ("errors", &errors),
            ("duration", &durations),
        ];
        let missing: Vec<_> = found
            .iter()
            .filter(|(_, found)| found.is_empty())
            .map(|(what, _)| *what)
            .collect();
        let (outcome, number, summary) = match missing.len() {
            0 => (
                Outcome::Pass,
                "RED complete".to_owned(),
                "Rate, errors and duration of requests are exported.".to_owned(),
            ),
            3 => (
                Outcome::Fail,
                "none of RED".to_owned(),
                "Neither rate nor errors nor duration of requests is exported.".to_owned(),
            ),
            _ => {
                let missing = words::list(missing, 3);
                let by_label = if errors.is_empty() && rates.iter().any(|family| family.series > 1)
                {
                    " A label of the request counter may tell errors apart; confirm it."
                } else {
                    ""
                };
                (
                    Outcome::Attention,
                    format!("no {missing}"),
                    format!("No family exports {missing}.{by_label}"),
                )
            }
        };
        let verdict = Verdict::new(outcome, Confidence::Strong, number, summary)
            .read(
                Kind::Http,
                format!(
                    "{} exports {}",
                    metrics.url,
                    words::counted(metrics.families.len() as u64, "family", "families")
                ),
            )
            .rests_on(
                "kinds of metric missing",
                (3 - found.iter().filter(|(_, found)| !found.is_empty()).count()) as f64,
                0.0,
            );
        found.iter().fold(verdict, |verdict, (what, found)| {
            families::line(verdict, what, found)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    fn verdict(names: &[(&str, &str)]) -> Verdict {
        let http = testing::http_with_metrics(names);
        judged(&RateErrorsDuration {}, |evidence| evidence.http = Ok(http))
    }

    #[test]
    fn what_is_exported_decides() {
        let all = verdict(&[
            ("http_requests_total", "counter"),
            ("http_errors_total", "counter"),
            ("http_request_duration_seconds", "histogram"),
        ]);
        assert_eq!(all.outcome, Outcome::Pass);
        let some = verdict(&[("http_requests_total", "counter")]);
        assert_eq!(some.outcome, Outcome::Attention);
        assert!(some.number.contains("errors and duration"));
        let none = verdict(&[
            ("process_cpu_seconds_total", "counter"),
            ("go_gc_duration_seconds", "summary"),
        ]);
        assert_eq!(none.outcome, Outcome::Fail);
    }

    #[test]
    fn no_metrics_endpoint_is_unknown_and_not_a_fail() {
        let verdict = judged(&RateErrorsDuration {}, |evidence| {
            evidence.http = Ok(testing::http());
        });
        assert_eq!(verdict.outcome, Outcome::Unknown);
    }
}
