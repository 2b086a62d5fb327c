//! Threads that hold work seldom wait for locks.

use scrutineer_evidence::{
    Absent, Kind,
    process::{ProcessFacts, Runtime},
    waits::{WaitFacts, WaitsSeen},
};
use serde::{Deserialize, Serialize};

use super::{Rule, Scale, absence_verdict};
use crate::{
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// The share that is judged.
const MATERIAL: &str = "share of busy thread time waiting for locks";

/// Reads the time waited for locks against the time in which threads held work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locking {
    /// Lock time ÷ busy thread time below which the item passes, 0..1.
    pub good_share: f64,
    /// Lock time ÷ busy thread time above which the item fails, 0..1.
    pub fail_share: f64,
    /// Least busy thread time to judge, seconds.
    pub least_busy_s: f64,
    /// Largest share of waits of which nobody knows the reason: locks could hide there, 0..1.
    pub most_unclassed_share: f64,
}

impl Rule for Locking {
    type Needs<'e> = (&'e WaitFacts, Result<&'e ProcessFacts, &'e Absent>);
    const NAME: &'static str = "Locking";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        format!(
            "pass: < {} of busy thread time waiting for locks; attention: up to {}; fail: above",
            words::percent(self.good_share),
            words::percent(self.fail_share),
        )
    }

    fn scale(&self) -> Option<Scale> {
        Some(Scale {
            material: MATERIAL,
            good: self.good_share,
            fail: Some(self.fail_share),
            less_is_better: true,
        })
    }

    fn judge(&self, (waits, process): Self::Needs<'_>) -> Verdict {
        let busy_s = waits.busy_s();
        let share = waits.lock_s / busy_s.max(f64::MIN_POSITIVE);
        let parks_its_own =
            process.is_ok_and(|process| process.runtime == Runtime::Go) && share <= self.fail_share;
        let lacking =
            |seen: String, needed: String| absence_verdict(&Absent::TooLittleData { seen, needed });
        let verdict = if busy_s < self.least_busy_s {
            lacking(
                format!("threads held work for {}", words::seconds(busy_s)),
                format!("at least {}", words::seconds(self.least_busy_s)),
            )
        } else if parks_its_own {
            lacking(
                "goroutines wait for locks without their thread, which nobody sees from outside"
                    .into(),
                "Go's own mutex profile".into(),
            )
        } else if waits.unclassed_share > self.most_unclassed_share && share <= self.fail_share {
            lacking(
                format!(
                    "of {} of the time waited it is unknown for what",
                    words::percent(waits.unclassed_share)
                ),
                format!("at most {}", words::percent(self.most_unclassed_share)),
            )
        } else {
            self.weigh(waits, share)
        };
        read(verdict, waits).over(format!("{} of capture", words::seconds(waits.window_s)))
    }
}

impl Locking {
    fn weigh(&self, waits: &WaitFacts, share: f64) -> Verdict {
        let outcome = Outcome::within(share, self.good_share, self.fail_share);
        let number = words::percent(share);
        let site = waits.lock_sites.first();
        let most = site.map_or_else(String::new, |site| format!(", most in {}", site.function));
        let summary = format!("Threads that hold work wait for locks {number} of that time{most}.");
        Verdict::new(outcome, Confidence::Strong, number, summary).rests_on(MATERIAL, share, 0.25)
    }
}

fn read(mut verdict: Verdict, waits: &WaitFacts) -> Verdict {
    let seen = match waits.seen {
        WaitsSeen::Switches => "every switch recorded",
        WaitsSeen::Polled => "threads looked at often, short waits missed",
    };
    verdict = verdict.read(
        Kind::Waits,
        format!(
            "{} waiting for locks, {} on a CPU, {} ready to run, {} on storage; {} handed over and \
             {} parked apart; {seen}",
            words::seconds(waits.lock_s),
            words::seconds(waits.on_cpu_s),
            words::seconds(waits.run_queue_s),
            words::seconds(waits.disk_s),
            words::seconds(waits.handover_s),
            words::seconds(waits.parked_s),
        ),
    );
    for site in &waits.lock_sites {
        verdict = verdict.read(
            Kind::Waits,
            format!(
                "{} in {}: {}",
                words::seconds(site.waited_s),
                words::counted(site.waits, "wait", "waits"),
                site.function
            ),
        );
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    const RULE: Locking = Locking {
        good_share: 0.05,
        fail_share: 0.2,
        least_busy_s: 1.0,
        most_unclassed_share: 0.2,
    };

    fn verdict(runtime: Runtime, change: impl FnOnce(&mut WaitFacts)) -> Verdict {
        let mut waits = testing::waits();
        change(&mut waits);
        judged(&RULE, |evidence| {
            let mut process = testing::process();
            process.runtime = runtime;
            evidence.process = Ok(process);
            evidence.waits = Ok(waits);
        })
    }

    fn with_lock_time(runtime: Runtime, lock_s: f64) -> Verdict {
        verdict(runtime, |waits| {
            (waits.on_cpu_s, waits.run_queue_s, waits.disk_s) = (10.0 - lock_s, 0.0, 0.0);
            waits.lock_s = lock_s;
        })
    }

    #[test]
    fn the_share_of_busy_time_decides_and_the_site_is_named() {
        assert_eq!(with_lock_time(Runtime::Rust, 0.49).outcome, Outcome::Pass);
        let some = with_lock_time(Runtime::Rust, 0.51);
        assert_eq!(some.outcome, Outcome::Attention);
        let much = with_lock_time(Runtime::Rust, 2.01);
        assert_eq!(much.outcome, Outcome::Fail);
        assert!(much.summary.contains("most in ledgerd::book::append"));
    }

    #[test]
    fn idle_pools_and_handovers_are_no_locks() {
        let idle = verdict(Runtime::Rust, |waits| {
            (waits.parked_s, waits.handover_s, waits.lock_s) = (500.0, 500.0, 0.0);
        });
        assert_eq!(idle.outcome, Outcome::Pass);
    }

    #[test]
    fn an_idle_target_unclassed_waits_and_goroutines_are_inconclusive() {
        let idle = verdict(Runtime::Rust, |waits| {
            (waits.on_cpu_s, waits.run_queue_s, waits.disk_s) = (0.1, 0.0, 0.0);
            waits.lock_s = 0.0;
        });
        assert_eq!(idle.outcome, Outcome::Inconclusive);
        let unclassed = verdict(Runtime::Rust, |waits| waits.unclassed_share = 0.5);
        assert_eq!(unclassed.outcome, Outcome::Inconclusive);
        assert_eq!(
            with_lock_time(Runtime::Go, 0.1).outcome,
            Outcome::Inconclusive
        );
        // What is seen is seen.
        assert_eq!(with_lock_time(Runtime::Go, 5.0).outcome, Outcome::Fail);
    }

    #[test]
    fn without_waits_nothing_is_known() {
        let verdict = judged(&RULE, |_| {});
        assert_eq!(verdict.outcome, Outcome::Unknown);
    }
}
