//! Metrics can answer whether the objective is met: buckets around it, and not too many series.

use scrutineer_evidence::{
    Kind,
    declared::Objective,
    http::{HttpFacts, MetricFamily},
};
use serde::{Deserialize, Serialize};

use super::Rule;
use crate::{
    families,
    needs::Declared,
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// Reads bucket bounds of duration histograms and the number of series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsQuality {
    /// Series from which an endpoint is too expensive.
    pub most_series: u64,
}

impl Rule for MetricsQuality {
    type Needs<'e> = (Declared, &'e HttpFacts);
    const NAME: &'static str = "MetricsQuality";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        format!(
            "pass: histogram buckets on both sides of the declared objective and < {} series; \
             attention: gaps; fail: an endpoint without metrics",
            words::count(self.most_series)
        )
    }

    fn judge(&self, (declared, http): Self::Needs<'_>) -> Verdict {
        let metrics = match families::of(http) {
            Ok(metrics) => metrics,
            Err(verdict) => return *verdict,
        };
        let histograms: Vec<_> = families::durations(metrics)
            .into_iter()
            .filter(|family| !family.buckets.is_empty())
            .collect();
        let objectives = &declared.0.objectives;
        let mut gaps = Vec::new();
        if histograms.is_empty() {
            gaps.push("no histogram of durations".to_owned());
        } else if objectives.is_empty() {
            gaps.push("no objective is declared, so that no bucket can be checked".to_owned());
        }
        if !histograms.is_empty() {
            gaps.extend(
                objectives
                    .iter()
                    .filter(|objective| !bracketed(&histograms, objective))
                    .map(|objective| {
                        let limit = words::number(objective.limit_ms);
                        format!(
                            "no buckets on both sides of {limit} ms ({})",
                            objective.path
                        )
                    }),
            );
        }
        if metrics.series >= self.most_series {
            gaps.push(format!("{} series", words::count(metrics.series)));
        }
        let series = words::counted(metrics.series, "series", "series");
        let verdict = if metrics.families.is_empty() {
            let summary = format!("{} exports no metric.", metrics.url);
            Verdict::new(Outcome::Fail, Confidence::Strong, "no metrics", summary)
        } else if gaps.is_empty() {
            let summary = format!("{series}; the buckets bracket every declared objective.");
            Verdict::new(Outcome::Pass, Confidence::Strong, series.clone(), summary)
        } else {
            let summary = super::sentence(&format!("gaps: {}", gaps.join("; ")));
            Verdict::new(
                Outcome::Attention,
                Confidence::Strong,
                series.clone(),
                summary,
            )
        };
        let verdict = verdict
            .read(Kind::Http, format!("{}: {series}", metrics.url))
            .rests_on("gaps", gaps.len() as f64, 0.0)
            .rests_on("series", metrics.series as f64, 0.5);
        histograms.iter().take(5).fold(verdict, |verdict, family| {
            verdict.read(Kind::Http, bounds(family))
        })
    }
}

/// Whether some histogram has a bound at or below, and one at or above the limit.
fn bracketed(histograms: &[&MetricFamily], objective: &Objective) -> bool {
    histograms.iter().any(|family| {
        let limit = objective.limit_ms / unit_ms(family);
        let below = family.buckets.iter().any(|bound| *bound <= limit);
        below && family.buckets.iter().any(|bound| *bound >= limit)
    })
}

/// Milliseconds per unit of the family: seconds by convention, unless its name says otherwise.
fn unit_ms(family: &MetricFamily) -> f64 {
    let name = &family.name;
    if name.contains("milliseconds") || name.ends_with("_ms") || name.contains("_ms_") {
        1.0
    } else if name.contains("microseconds") || name.ends_with("_us") {
        0.001
    } else {
        1_000.0
    }
}

fn bounds(family: &MetricFamily) -> String {
    let ends = family.buckets.first().zip(family.buckets.last());
    let (low, high) = ends.map_or((f64::NAN, f64::NAN), |(low, high)| (*low, *high));
    format!(
        "{}: {} buckets from {} to {}",
        family.name,
        family.buckets.len(),
        words::number(low),
        words::number(high)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    fn verdict(buckets: &[f64], series: u64, limit_ms: Option<f64>) -> Verdict {
        let mut http =
            testing::http_with_metrics(&[("http_request_duration_seconds", "histogram")]);
        let metrics = http.metrics.as_mut().unwrap();
        metrics.families[0].buckets = buckets.into();
        metrics.series = series;
        judged(
            &MetricsQuality {
                most_series: 10_000,
            },
            |evidence| {
                evidence.http = Ok(http);
                let mut declared = testing::declared();
                declared.objectives = limit_ms
                    .map(|limit_ms| Objective {
                        path: "/".into(),
                        percentile: 99.0,
                        limit_ms,
                    })
                    .into_iter()
                    .collect();
                evidence.declared = Ok(declared);
            },
        )
    }

    #[test]
    fn buckets_on_both_sides_of_the_objective_pass() {
        assert_eq!(
            verdict(&[0.05, 0.1, 0.5], 40, Some(120.0)).outcome,
            Outcome::Pass
        );
    }

    #[test]
    fn gaps_are_worth_attention() {
        assert_eq!(
            verdict(&[0.05, 0.1], 40, Some(120.0)).outcome,
            Outcome::Attention
        );
        assert_eq!(
            verdict(&[0.5, 1.0], 40, Some(120.0)).outcome,
            Outcome::Attention
        );
        assert_eq!(
            verdict(&[0.05, 0.5], 10_000, Some(120.0)).outcome,
            Outcome::Attention
        );
        assert_eq!(verdict(&[0.05, 0.5], 40, None).outcome, Outcome::Attention);
    }

    #[test]
    fn an_empty_endpoint_fails_and_a_missing_one_is_unknown() {
        let rule = MetricsQuality {
            most_series: 10_000,
        };
        let empty = judged(&rule, |evidence| {
            evidence.http = Ok(testing::http_with_metrics(&[]));
        });
        assert_eq!(empty.outcome, Outcome::Fail);
        let missing = judged(&rule, |evidence| evidence.http = Ok(testing::http()));
        assert_eq!(missing.outcome, Outcome::Unknown);
    }
}
