//! Response times are measured against a declared objective.

use scrutineer_evidence::{
    Absent, Kind,
    declared::Objective,
    http::{Endpoint, HttpFacts},
    traffic::TrafficFacts,
};
use serde::{Deserialize, Serialize};

use super::{Rule, absence_verdict};
use crate::{
    needs::Declared,
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// Reads the load's percentiles and the endpoints' first bytes against the declared objectives.
///
/// The load's percentiles are over all routes and carry no interval: an objective of one path is
/// met or missed for certain only by a load run of that path, so that the verdict is indicative.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponseTimes {
    /// Median time to the first byte above which it is worth a look, milliseconds.
    pub first_byte_ms: f64,
}

/// Fewest answers of one endpoint for a median.
const LEAST_ANSWERS: usize = 5;

impl Rule for ResponseTimes {
    type Needs<'e> = (
        Declared,
        Result<&'e HttpFacts, &'e Absent>,
        Result<&'e TrafficFacts, &'e Absent>,
    );
    const NAME: &'static str = "ResponseTimes";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        format!(
            "pass: the declared objective is met under load; attention: none declared, missed \
             without an interval, or median first byte > {} ms",
            words::number(self.first_byte_ms)
        )
    }

    fn confidence(&self) -> Confidence {
        Confidence::Indicative
    }

    fn judge(&self, (declared, http, traffic): Self::Needs<'_>) -> Verdict {
        let endpoints = http.map(answered).unwrap_or_default();
        let slowest = endpoints.iter().max_by_key(|(_, median_us)| *median_us);
        let limit_us = self.first_byte_ms * 1_000.0;
        let slow = slowest.filter(|(_, median_us)| *median_us as f64 > limit_us);
        let verdict = match (http, traffic) {
            (Err(absent), Err(_)) => {
                return absence_verdict(absent).read(Kind::Http, absent.reason());
            }
            (Ok(_), Err(absent)) if endpoints.is_empty() => {
                absence_verdict(&Absent::TooLittleData {
                    seen: format!("no endpoint answered often enough, and {}", absent.reason()),
                    needed: format!("{LEAST_ANSWERS} answers, or a load"),
                })
            }
            _ if slow.is_some() => {
                let (endpoint, median) = slow.copied().expect("checked by the guard");
                slow_start(endpoint, median, self.first_byte_ms)
            }
            _ if declared.0.objectives.is_empty() => undeclared(traffic, slowest),
            (_, Ok(traffic)) => against(&declared, traffic),
            (_, Err(absent)) => absence_verdict(&Absent::TooLittleData {
                seen: format!(
                    "objectives are declared, but no load ran ({})",
                    absent.reason()
                ),
                needed: "a load whose percentiles can be held against them".into(),
            }),
        };
        evidence(verdict, &endpoints, traffic)
    }
}

fn answered(http: &HttpFacts) -> Vec<(&Endpoint, u64)> {
    let endpoints = http
        .endpoints
        .iter()
        .filter_map(|(_, endpoint)| endpoint.as_ref().ok());
    endpoints
        .filter(|endpoint| endpoint.first_byte_us.len() >= LEAST_ANSWERS)
        .map(|endpoint| {
            let mut sorted = endpoint.first_byte_us.clone();
            sorted.sort_unstable();
            (endpoint, sorted[sorted.len() / 2])
        })
        .collect()
}

fn slow_start(endpoint: &Endpoint, median_us: u64, limit_ms: f64) -> Verdict {
    let median = words::microseconds(median_us);
    let number = format!("p50 {median}");
    let summary = format!("The median first byte of {} takes {median}.", endpoint.url);
    Verdict::new(Outcome::Attention, Confidence::Strong, number, summary)
        .against(format!(
            "median first byte ≤ {} ms",
            words::number(limit_ms)
        ))
        .rests_on(
            "median first byte, milliseconds",
            median_us as f64 / 1_000.0,
            0.25,
        )
}

fn undeclared(
    traffic: Result<&TrafficFacts, &Absent>,
    slowest: Option<&(&Endpoint, u64)>,
) -> Verdict {
    let median = traffic
        .ok()
        .map(|traffic| traffic.p50_us)
        .or(slowest.map(|(_, median)| *median));
    let number = median.map_or(String::new(), |median| {
        format!("p50 {}", words::microseconds(median))
    });
    let summary = "No objective is declared: response times have nothing to be held against.";
    Verdict::new(Outcome::Attention, Confidence::Strong, number, summary)
}

/// Holds the load's percentile against each objective; the worst counts.
fn against(declared: &Declared, traffic: &TrafficFacts) -> Verdict {
    let short = declared.too_short(Kind::Traffic, traffic.window_s);
    if let Some(verdict) = short.or_else(|| declared.too_few_requests(traffic)) {
        return verdict;
    }
    let objectives = &declared.0.objectives;
    let ratio = |objective: &Objective| {
        percentile_us(traffic, objective.percentile)
            .map(|us| us as f64 / 1_000.0 / objective.limit_ms)
    };
    let window = declared.load_words(traffic.window_s, traffic);
    let known = objectives
        .iter()
        .filter_map(|objective| Some((ratio(objective)?, objective)));
    let Some((worst, objective)) = known.max_by(|a, b| a.0.total_cmp(&b.0)) else {
        return absence_verdict(&Absent::TooLittleData {
            seen: words::counted(traffic.requests, "request", "requests"),
            needed: "10 000 requests for a p99, 200 for a p95".into(),
        })
        .over(window);
    };
    let measured = words::microseconds((worst * objective.limit_ms * 1_000.0).round() as u64);
    let percentile = format!("p{}", words::number(objective.percentile));
    let limit = format!("{} ms", words::number(objective.limit_ms));
    let (outcome, summary) = if worst > 1.0 {
        (
            Outcome::Attention,
            format!(
                "{percentile} over all routes is {measured}, beyond {limit} for {}; only an \
                 interval could fail it.",
                objective.path
            ),
        )
    } else if objectives
        .iter()
        .any(|objective| ratio(objective).is_none())
    {
        (
            Outcome::Inconclusive,
            format!(
                "{percentile} {measured} is within {limit}; another objective's percentile needs \
                 more requests."
            ),
        )
    } else if objectives
        .iter()
        .all(|objective| holds_for_all(declared, objective))
    {
        (
            Outcome::Pass,
            format!("{percentile} is {measured}, within the declared {limit}."),
        )
    } else {
        // A slow route hides among fast ones.
        (
            Outcome::Inconclusive,
            format!(
                "{percentile} over all routes is {measured}, within {limit} for {}; only a load of \
                 that route alone would tell.",
                objective.path
            ),
        )
    };
    Verdict::new(
        outcome,
        Confidence::Indicative,
        format!("{percentile} {measured}"),
        summary,
    )
    .against(format!(
        "declared: {percentile} ≤ {limit} ({})",
        objective.path
    ))
    .rests_on("share of the objective", worst, 0.1)
    .over(window)
}

/// Whether the load's percentiles, which are over all routes, are those of the objective's path.
fn holds_for_all(declared: &Declared, objective: &Objective) -> bool {
    objective.path == "*" || declared.0.endpoints.len() <= 1
}

/// The load's percentile at or above the one asked for, so that a pass stays on the safe side.
fn percentile_us(traffic: &TrafficFacts, percentile: f64) -> Option<u64> {
    if percentile <= 50.0 {
        Some(traffic.p50_us)
    } else if percentile <= 95.0 {
        traffic.p95_us
    } else if percentile <= 99.0 {
        traffic.p99_us
    } else {
        None
    }
}

fn evidence(
    mut verdict: Verdict,
    endpoints: &[(&Endpoint, u64)],
    traffic: Result<&TrafficFacts, &Absent>,
) -> Verdict {
    for (endpoint, median) in endpoints {
        verdict = verdict.read(
            Kind::Http,
            format!(
                "GET {}: median first byte {} over {} answers",
                endpoint.url,
                words::microseconds(*median),
                endpoint.first_byte_us.len()
            ),
        );
    }
    let Ok(traffic) = traffic else { return verdict };
    let tail = |name: &str, us: Option<u64>| {
        us.map_or(String::new(), |us| {
            format!(", {name} {}", words::microseconds(us))
        })
    };
    verdict.read(
        Kind::Traffic,
        format!(
            "{}, {} errors, {} per second planned: p50 {}{}{}",
            words::counted(traffic.requests, "request", "requests"),
            words::count(traffic.errors),
            words::number(traffic.planned_per_s),
            words::microseconds(traffic.p50_us),
            tail("p95", traffic.p95_us),
            tail("p99", traffic.p99_us),
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    const RULE: ResponseTimes = ResponseTimes {
        first_byte_ms: 600.0,
    };

    fn verdict(limit_ms: Option<f64>, change: impl FnOnce(&mut TrafficFacts)) -> Verdict {
        with_endpoints(1, limit_ms, change)
    }

    fn with_endpoints(
        endpoints: usize,
        limit_ms: Option<f64>,
        change: impl FnOnce(&mut TrafficFacts),
    ) -> Verdict {
        let mut traffic = testing::traffic();
        change(&mut traffic);
        judged(&RULE, |evidence| {
            let mut declared = testing::declared();
            declared.endpoints = vec!["http://127.0.0.1:8080/orders".into(); endpoints];
            declared.objectives = limit_ms
                .map(|limit_ms| Objective {
                    path: "/orders".into(),
                    percentile: 99.0,
                    limit_ms,
                })
                .into_iter()
                .collect();
            evidence.declared = Ok(declared);
            evidence.traffic = Ok(traffic);
            evidence.http = Ok(testing::http());
        })
    }

    #[test]
    fn the_declared_objective_replaces_the_threshold() {
        let met = verdict(Some(120.0), |_| {});
        assert_eq!(met.outcome, Outcome::Pass);
        assert!(
            met.threshold.contains("declared: p99 ≤ 120"),
            "{}",
            met.threshold
        );
        let missed = verdict(Some(50.0), |_| {});
        assert_eq!(
            (missed.outcome, missed.confidence),
            (Outcome::Attention, Confidence::Indicative)
        );
    }

    #[test]
    fn a_percentile_over_several_routes_does_not_pass_the_objective_of_one() {
        let mixed = with_endpoints(2, Some(120.0), |_| {});
        assert_eq!(mixed.outcome, Outcome::Inconclusive);
        let missed = with_endpoints(2, Some(50.0), |_| {});
        assert_eq!(missed.outcome, Outcome::Attention);
    }

    #[test]
    fn no_objective_or_a_slow_first_byte_is_worth_attention() {
        let none = verdict(None, |_| {});
        assert_eq!(none.outcome, Outcome::Attention);
        assert!(none.summary.contains("No objective"));
        let mut http = testing::http();
        testing::each_endpoint(&mut http, |endpoint| {
            endpoint.first_byte_us = vec![600_001; 20];
        });
        let slow = judged(&RULE, |evidence| evidence.http = Ok(http));
        assert_eq!(slow.outcome, Outcome::Attention);
        assert!(slow.summary.contains("median first byte"));
    }

    #[test]
    fn a_p99_of_few_requests_is_inconclusive() {
        let few = verdict(Some(120.0), |traffic| traffic.p99_us = None);
        assert_eq!(few.outcome, Outcome::Inconclusive);
        let short = verdict(Some(120.0), |traffic| traffic.window_s = 9.0);
        assert_eq!(short.outcome, Outcome::Inconclusive);
    }

    #[test]
    fn nothing_measured_is_unknown() {
        assert_eq!(judged(&RULE, |_| {}).outcome, Outcome::Unknown);
    }
}
