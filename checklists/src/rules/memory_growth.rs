//! Resident memory does not grow at constant load.

use scrutineer_evidence::{
    Absent, Kind,
    cgroup::CgroupFacts,
    residency::{Growth, ResidencyFacts},
    system::SystemFacts,
    traffic::TrafficFacts,
};
use serde::{Deserialize, Serialize};

use super::{Rule, absence_verdict};
use crate::{
    needs::Declared,
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// Reads the Theil–Sen slope with its interval and Mann–Kendall's test. The slope alone is
/// indicative: caches fill and heaps warm up, too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemoryGrowth {
    /// p-value of Mann–Kendall below which the trend counts.
    pub p: f64,
    /// Days between planned restarts, where the workspace declares none.
    pub restart_interval_days: f64,
}

impl Rule for MemoryGrowth {
    type Needs<'e> = (
        Declared,
        &'e ResidencyFacts,
        Result<&'e CgroupFacts, &'e Absent>,
        Result<&'e SystemFacts, &'e Absent>,
        Result<&'e TrafficFacts, &'e Absent>,
    );
    const NAME: &'static str = "MemoryGrowth";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        format!(
            "pass: the slope's 99 % interval spans 0; attention: the interval or Mann–Kendall \
             (p < {}) says growth; a fail wants a soak, a second window and the limit reached \
             within {}",
            words::number(self.p),
            words::days(self.restart_interval_days),
        )
    }

    fn confidence(&self) -> Confidence {
        Confidence::Indicative
    }

    fn judge(&self, (declared, residency, cgroup, system, traffic): Self::Needs<'_>) -> Verdict {
        if let Some(verdict) = declared.too_short(Kind::Residency, residency.window_s) {
            return verdict;
        }
        let Some(growth) = residency.growth else {
            return absence_verdict(&Absent::TooLittleData {
                seen: words::counted(residency.samples.len() as u64, "reading", "readings"),
                needed: "at least 20 readings of resident memory".into(),
            })
            .read(Kind::Residency, format!("peak {}", peak(residency)));
        };
        let limit = limit(cgroup, system);
        let rss = residency
            .samples
            .last()
            .map_or(residency.peak_rss_bytes, |last| last.rss_bytes);
        let restart_s = declared
            .0
            .restart_interval_days
            .unwrap_or(self.restart_interval_days)
            * 86_400.0;
        let mut verdict = self.weigh(growth, time_to_limit(growth, rss, limit), restart_s);
        if traffic.is_err() && verdict.outcome == Outcome::Pass {
            // An idle process does not show its leaks.
            verdict.summary += " The load in the window is not known.";
        }
        verdict
            .read(
                Kind::Residency,
                format!(
                    "Theil–Sen slope {} [{}, {}] at 99 %, Mann–Kendall {}, {} points",
                    rate(growth.slope_bytes_per_s),
                    rate(growth.low_bytes_per_s),
                    rate(growth.high_bytes_per_s),
                    words::p_value(growth.mann_kendall_p),
                    growth.points,
                ),
            )
            .read(
                Kind::Residency,
                format!(
                    "resident {} at the end, peak {}",
                    words::bytes(rss as f64),
                    peak(residency)
                ),
            )
            .over(declared.window_words(residency.window_s))
    }
}

impl MemoryGrowth {
    fn weigh(&self, growth: Growth, limit_in_s: Option<(f64, &str)>, restart_s: f64) -> Verdict {
        let by_interval = growth.low_bytes_per_s > 0.0;
        let by_trend = growth.mann_kendall_p < self.p && growth.slope_bytes_per_s > 0.0;
        let number = rate(growth.slope_bytes_per_s);
        let (outcome, summary) = match (by_interval, by_trend) {
            (false, false) if growth.high_bytes_per_s < 0.0 => (
                Outcome::Pass,
                format!(
                    "Resident memory shrinks by {} a minute.",
                    per_minute(-growth.slope_bytes_per_s)
                ),
            ),
            (false, false) => (
                Outcome::Pass,
                "Resident memory neither grows nor shrinks: the interval spans 0.".into(),
            ),
            (true, true) => (Outcome::Attention, grows(growth, limit_in_s, restart_s)),
            (true, false) => (
                Outcome::Attention,
                format!("The slope is above 0 ({number}), yet Mann–Kendall sees no trend."),
            ),
            (false, true) => (
                Outcome::Attention,
                format!("Mann–Kendall sees a trend, yet the slope's interval spans 0 ({number})."),
            ),
        };
        let verdict = Verdict::new(outcome, Confidence::Indicative, number, summary);
        if outcome == Outcome::Attention {
            return verdict.rests_on("slope, bytes per second", growth.slope_bytes_per_s, 0.25);
        }
        verdict
    }
}

fn grows(growth: Growth, limit_in_s: Option<(f64, &str)>, restart_s: f64) -> String {
    let limit = limit_in_s.map_or(String::new(), |(seconds, limit)| {
        let when = if seconds < restart_s {
            "before"
        } else {
            "after"
        };
        let seconds = words::seconds(seconds);
        format!("; it reaches {limit} in {seconds}, {when} the planned restart")
    });
    format!(
        "Resident memory grows by {} a minute{limit}. Growth alone may be a cache that fills: \
         repeat over a longer window.",
        per_minute(growth.slope_bytes_per_s)
    )
}

/// The lowest limit that is known, with its name.
fn limit(
    cgroup: Result<&CgroupFacts, &Absent>,
    system: Result<&SystemFacts, &Absent>,
) -> Option<(u64, &'static str)> {
    let group = cgroup.ok().and_then(|facts| facts.memory_limit_bytes);
    let machine = system.ok().map(|facts| facts.memory_total_bytes);
    match (group, machine) {
        (Some(group), Some(machine)) if group > machine => Some((machine, "the machine's memory")),
        (Some(group), _) => Some((group, "the control group's limit")),
        (None, Some(machine)) => Some((machine, "the machine's memory")),
        (None, None) => None,
    }
}

fn time_to_limit(
    growth: Growth,
    rss: u64,
    limit: Option<(u64, &'static str)>,
) -> Option<(f64, &'static str)> {
    let (limit, name) = limit?;
    let slope = growth.slope_bytes_per_s;
    (slope > 0.0).then(|| (limit.saturating_sub(rss) as f64 / slope, name))
}

fn per_minute(bytes_per_s: f64) -> String {
    words::bytes(bytes_per_s * 60.0)
}

fn rate(bytes_per_s: f64) -> String {
    let sign = if bytes_per_s > 0.0 { "+" } else { "" };
    format!("{sign}{}/min", per_minute(bytes_per_s))
}

fn peak(residency: &ResidencyFacts) -> String {
    words::bytes(residency.peak_rss_bytes as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    const RULE: MemoryGrowth = MemoryGrowth {
        p: 0.01,
        restart_interval_days: 7.0,
    };

    fn verdict(slope: f64, low: f64, high: f64, p: f64) -> Verdict {
        let mut residency = testing::residency();
        residency.growth = Some(Growth {
            slope_bytes_per_s: slope,
            low_bytes_per_s: low,
            high_bytes_per_s: high,
            mann_kendall_p: p,
            points: 600,
        });
        judged(&RULE, |evidence| {
            evidence.residency = Ok(residency);
            evidence.system = Ok(testing::system());
        })
    }

    #[test]
    fn an_interval_that_spans_zero_passes() {
        let verdict = verdict(10.0, -50.0, 70.0, 0.4);
        assert_eq!(verdict.outcome, Outcome::Pass);
        assert!(verdict.window.is_some());
        assert!(verdict.summary.contains("load in the window is not known"));
    }

    #[test]
    fn growth_is_worth_attention_names_the_limit_and_never_fails() {
        let verdict = verdict(56_000.0, 50_000.0, 62_000.0, 1e-9);
        assert_eq!(verdict.outcome, Outcome::Attention);
        assert_eq!(verdict.number, "+3.2\u{a0}MiB/min");
        assert!(
            verdict.summary.contains("the machine's memory in"),
            "{}",
            verdict.summary
        );
        assert_eq!(verdict.material.len(), 1);
    }

    #[test]
    fn one_test_alone_is_worth_attention() {
        assert_eq!(verdict(50.0, -1.0, 90.0, 0.001).outcome, Outcome::Attention);
        assert_eq!(verdict(50.0, 1.0, 90.0, 0.2).outcome, Outcome::Attention);
        assert_eq!(verdict(-50.0, -90.0, -1.0, 0.001).outcome, Outcome::Pass);
    }

    #[test]
    fn a_short_window_or_too_few_readings_are_inconclusive() {
        let mut residency = testing::residency();
        residency.window_s = 10.0;
        let short = judged(&RULE, |evidence| evidence.residency = Ok(residency.clone()));
        assert_eq!(short.outcome, Outcome::Inconclusive);
        residency.window_s = 60.0;
        residency.growth = None;
        let few = judged(&RULE, |evidence| evidence.residency = Ok(residency));
        assert_eq!(few.outcome, Outcome::Inconclusive);
        assert!(few.summary.contains("20 readings"));
    }
}
