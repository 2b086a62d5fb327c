//! CPU, memory and descriptors are exported, and the CPU quota is not in the way.

use scrutineer_evidence::{Absent, Kind, cgroup::CgroupFacts, http::HttpFacts};
use serde::{Deserialize, Serialize};

use super::Rule;
use crate::{
    families,
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// Reads resource families and throttled scheduling periods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceMetrics {
    /// Share of throttled periods above which it is worth a look, 0..1.
    pub throttled_share: f64,
}

impl Rule for ResourceMetrics {
    type Needs<'e> = (&'e HttpFacts, Result<&'e CgroupFacts, &'e Absent>);
    const NAME: &'static str = "ResourceMetrics";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        format!(
            "pass: CPU, memory and descriptors exported; attention: some or none, or > {} of the \
             periods throttled",
            words::percent(self.throttled_share)
        )
    }

    fn confidence(&self) -> Confidence {
        Confidence::Indicative
    }

    fn judge(&self, (http, cgroup): Self::Needs<'_>) -> Verdict {
        let metrics = match families::of(http) {
            Ok(metrics) => metrics,
            Err(verdict) => return *verdict,
        };
        let found = [
            ("CPU", families::naming(metrics, &["cpu"])),
            (
                "memory",
                families::naming(metrics, &["resident_memory", "memory", "rss", "heap"]),
            ),
            (
                "descriptors",
                families::naming(metrics, &["open_fds", "file_descriptor", "open_files"]),
            ),
        ];
        let missing: Vec<_> = found
            .iter()
            .filter(|(_, found)| found.is_empty())
            .map(|(what, _)| *what)
            .collect();
        let throttled = cgroup.ok().and_then(throttled_share);
        let tight = throttled.filter(|share| *share > self.throttled_share);
        let (outcome, number, summary) = if let Some(share) = tight {
            let share = words::percent(share);
            (
                Outcome::Attention,
                format!("{share} throttled"),
                format!("The CPU quota throttled {share} of the periods."),
            )
        } else if missing.is_empty() {
            (
                Outcome::Pass,
                "exported".into(),
                "CPU, memory and descriptors are exported.".into(),
            )
        } else {
            let outcome = if missing.len() == found.len() {
                Outcome::Fail
            } else {
                Outcome::Attention
            };
            let names = words::list(missing.iter().copied(), 3);
            (
                outcome,
                format!("{names} missing"),
                format!("{} exports no {names}.", metrics.url),
            )
        };
        let verdict = Verdict::new(outcome, Confidence::Indicative, number, summary).rests_on(
            "resources that are not exported",
            missing.len() as f64,
            0.0,
        );
        let verdict = found.iter().fold(verdict, |verdict, (what, found)| {
            families::line(verdict, what, found)
        });
        match (cgroup, throttled) {
            (Err(absent), _) => verdict.read(Kind::Cgroup, absent.reason()),
            (Ok(_), None) => {
                verdict.read(Kind::Cgroup, "no CPU quota, so that nothing is throttled")
            }
            (Ok(_), Some(share)) => verdict.read(
                Kind::Cgroup,
                format!("{} of the periods throttled", words::percent(share)),
            ),
        }
    }
}

fn throttled_share(cgroup: &CgroupFacts) -> Option<f64> {
    let periods = cgroup.cpu_periods.filter(|periods| *periods > 0)?;
    Some(cgroup.cpu_throttled_periods? as f64 / periods as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    const ALL: [(&str, &str); 3] = [
        ("process_cpu_seconds_total", "counter"),
        ("process_open_fds", "gauge"),
        ("process_resident_memory_bytes", "gauge"),
    ];

    fn verdict(names: &[(&str, &str)], throttled: u64) -> Verdict {
        let mut cgroup = testing::cgroup();
        (cgroup.cpu_periods, cgroup.cpu_throttled_periods) = (Some(100), Some(throttled));
        judged(
            &ResourceMetrics {
                throttled_share: 0.25,
            },
            |evidence| {
                evidence.http = Ok(testing::http_with_metrics(names));
                evidence.cgroup = Ok(cgroup);
            },
        )
    }

    #[test]
    fn exported_and_unthrottled_passes() {
        assert_eq!(verdict(&ALL, 25).outcome, Outcome::Pass);
    }

    #[test]
    fn throttling_and_gaps_are_worth_attention_and_never_fail() {
        assert_eq!(verdict(&ALL, 26).outcome, Outcome::Attention);
        assert_eq!(verdict(&ALL[..2], 0).outcome, Outcome::Attention);
        assert_eq!(verdict(&[("up", "gauge")], 0).outcome, Outcome::Attention);
    }

    #[test]
    fn no_metrics_endpoint_is_unknown() {
        let rule = ResourceMetrics {
            throttled_share: 0.25,
        };
        let verdict = judged(&rule, |evidence| evidence.http = Ok(testing::http()));
        assert_eq!(verdict.outcome, Outcome::Unknown);
    }
}
