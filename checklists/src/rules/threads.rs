//! Threads find a CPU when they want one, and their number stays flat.

use scrutineer_evidence::{Absent, Kind, tasks::TaskFacts, traffic::TrafficFacts};
use serde::{Deserialize, Serialize};

use super::Rule;
use crate::{
    needs::Declared,
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// Reads the run-queue wait of `schedstat` and the number of threads over the window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threads {
    /// Wait ÷ run below which the item passes.
    pub wait_share: f64,
    /// Threads above which it is worth a look.
    pub most_threads: u32,
    /// Growth over the second half of the window, as a share of the threads, that counts.
    pub growth_share: f64,
    /// z of Mann–Kendall above which growth counts.
    pub growth_z: f64,
    /// CPU seconds in the window below which waiting is not judged.
    pub least_run_s: f64,
}

/// Fewest readings of the second half for a trend: with five even a steady rise has a z of 2.2.
const LEAST_READINGS: usize = 6;

impl Rule for Threads {
    type Needs<'e> = (
        Declared,
        &'e TaskFacts,
        Result<&'e TrafficFacts, &'e Absent>,
    );
    const NAME: &'static str = "Threads";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        format!(
            "pass: flat and wait ÷ run < {}; attention: above, or > {} threads; fail: grows by ≥ {} \
             at constant load",
            words::percent(self.wait_share),
            words::count(self.most_threads.into()),
            words::percent(self.growth_share),
        )
    }

    fn judge(&self, (declared, tasks, traffic): Self::Needs<'_>) -> Verdict {
        if let Some(verdict) = declared.too_short(Kind::Tasks, tasks.window_s) {
            return verdict;
        }
        let run_s = tasks.tasks.iter().map(|task| task.run_ns).sum::<u64>() as f64 / 1e9;
        let wait_s = tasks.tasks.iter().map(|task| task.wait_ns).sum::<u64>() as f64 / 1e9;
        let busy = run_s >= self.least_run_s;
        let wait = if busy { wait_s / run_s } else { 0.0 };
        let peak = tasks
            .counts
            .iter()
            .copied()
            .max()
            .unwrap_or(tasks.tasks.len() as u32);
        let last = tasks.counts.last().copied().unwrap_or(peak);
        // The first half is warm-up: pools fill.
        let settled = &tasks.counts[tasks.counts.len() / 2..];
        let grown = self.growth(settled);
        let (outcome, summary) = if let Some(by) = grown {
            let load = if traffic.is_ok() {
                "at constant load"
            } else {
                "(the load is not known)"
            };
            let outcome = if traffic.is_ok() {
                Outcome::Fail
            } else {
                Outcome::Attention
            };
            (
                outcome,
                format!("The number of threads still grew by {by} to {last} {load}."),
            )
        } else if peak > self.most_threads {
            (
                Outcome::Attention,
                format!("{} threads were alive at once.", words::count(peak.into())),
            )
        } else if wait >= self.wait_share {
            (
                Outcome::Attention,
                format!(
                    "Threads wait {} of their run time for a CPU.",
                    words::percent(wait)
                ),
            )
        } else if settled.len() < LEAST_READINGS {
            (
                Outcome::Inconclusive,
                format!(
                    "{} of the number of threads are too few for a trend (needs {}).",
                    words::counted(tasks.counts.len() as u64, "reading", "readings"),
                    2 * LEAST_READINGS
                ),
            )
        } else if busy {
            (
                Outcome::Pass,
                format!(
                    "{last} threads, flat; they wait {} of their run time.",
                    words::percent(wait)
                ),
            )
        } else {
            (
                Outcome::Inconclusive,
                format!(
                    "{last} threads, flat, but they ran for only {}: no load.",
                    words::seconds(run_s)
                ),
            )
        };
        let number = if grown.is_none() && wait >= self.wait_share {
            format!("{} waiting", words::percent(wait))
        } else {
            format!(
                "{last}, {}",
                if grown.is_some() { "growing" } else { "flat" }
            )
        };
        Verdict::new(outcome, Confidence::Strong, number, summary)
            .read(
                Kind::Tasks,
                format!(
                    "ran {}, waited on the run queue {} ({})",
                    words::seconds(run_s),
                    words::seconds(wait_s),
                    words::percent(wait)
                ),
            )
            .read(
                Kind::Tasks,
                format!(
                    "{} to {last} threads, {peak} at most, {} readings",
                    tasks.counts.first().copied().unwrap_or(last),
                    tasks.counts.len()
                ),
            )
            .rests_on("wait per run time", wait, 0.5)
            .rests_on("threads at most", peak.into(), 0.25)
            .over(declared.window_words(tasks.window_s))
    }
}

impl Threads {
    /// By how many threads the readings grew, where Mann–Kendall says that they did.
    fn growth(&self, counts: &[u32]) -> Option<u32> {
        let (first, last) = (*counts.first()?, *counts.last()?);
        let grown = last.saturating_sub(first);
        let enough = f64::from(grown) >= (f64::from(first) * self.growth_share).max(1.0);
        (counts.len() >= LEAST_READINGS && enough && mann_kendall_z(counts) > self.growth_z)
            .then_some(grown)
    }
}

/// z of Mann–Kendall's trend test with the correction for ties (Gilbert 1987, 16.4.2).
fn mann_kendall_z(values: &[u32]) -> f64 {
    let pairs = values.iter().enumerate().flat_map(|(index, early)| {
        values[index + 1..]
            .iter()
            .map(move |late| late.cmp(early) as i64)
    });
    let s = pairs.sum::<i64>() as f64;
    let term = |n: f64| n * (n - 1.0) * (2.0 * n + 5.0);
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let ties: f64 = sorted
        .chunk_by(|a, b| a == b)
        .map(|tie| term(tie.len() as f64))
        .sum();
    let variance = (term(values.len() as f64) - ties) / 18.0;
    if variance <= 0.0 {
        0.0
    } else {
        (s - s.signum()) / variance.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    const RULE: Threads = Threads {
        wait_share: 0.1,
        most_threads: 300,
        growth_share: 0.1,
        growth_z: 2.58,
        least_run_s: 0.5,
    };

    fn verdict(change: impl FnOnce(&mut TaskFacts)) -> Verdict {
        let mut tasks = testing::tasks();
        change(&mut tasks);
        judged(&RULE, |evidence| {
            evidence.tasks = Ok(tasks);
            evidence.traffic = Ok(testing::traffic());
        })
    }

    #[test]
    fn flat_threads_with_cpu_at_hand_pass() {
        assert_eq!(verdict(|_| {}).outcome, Outcome::Pass);
        let warm_up = verdict(|tasks| tasks.counts = (2..30).chain([30; 60]).collect());
        assert_eq!(warm_up.outcome, Outcome::Pass);
    }

    #[test]
    fn waiting_for_a_cpu_or_many_threads_are_worth_attention() {
        let waiting = verdict(|tasks| tasks.tasks[0].wait_ns = tasks.tasks[0].run_ns);
        assert_eq!(waiting.outcome, Outcome::Attention);
        assert!(waiting.number.contains("waiting"));
        let many = verdict(|tasks| tasks.counts = vec![301; 60]);
        assert_eq!(many.outcome, Outcome::Attention);
    }

    #[test]
    fn threads_that_never_stop_growing_fail_only_at_a_known_load() {
        let mut tasks = testing::tasks();
        tasks.counts = (10..70).collect();
        let loaded = verdict(|facts| *facts = tasks.clone());
        assert_eq!(loaded.outcome, Outcome::Fail);
        let unknown = judged(&RULE, |evidence| evidence.tasks = Ok(tasks));
        assert_eq!(unknown.outcome, Outcome::Attention);
    }

    #[test]
    fn idle_short_or_sparse_windows_are_inconclusive() {
        let idle = verdict(|tasks| tasks.tasks.iter_mut().for_each(|task| task.run_ns = 1_000));
        assert_eq!(idle.outcome, Outcome::Inconclusive);
        assert_eq!(
            verdict(|tasks| tasks.window_s = 3.0).outcome,
            Outcome::Inconclusive
        );
        assert_eq!(
            verdict(|tasks| tasks.counts.truncate(10)).outcome,
            Outcome::Inconclusive
        );
    }

    #[test]
    fn the_trend_test_agrees_with_the_textbook() {
        // S = 10, Var = 16.667 for five rising values: z = 9 ÷ √16.667.
        assert!((mann_kendall_z(&[1, 2, 3, 4, 5]) - 2.2045).abs() < 1e-3);
        assert!(mann_kendall_z(&[3; 20]).abs() < 1e-9);
    }
}
