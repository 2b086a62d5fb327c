//! By how much waits come out too long: a thread that is switched in waits until the profiler's own
//! events are in place, which the kernel's sums count as time on the CPU.

use std::{fs, ops::Range};

use crate::sys::clock;

/// Fewer waits than this tell nothing.
const FEWEST_WAITS: u64 = 200;
/// Waits of a thread between two comparisons.
const WAITS_BETWEEN: u64 = 16;
/// No profiler takes longer; what is more has another cause.
const LARGEST_NS: u64 = 50_000;

/// The excess of all waits compared so far.
#[derive(Debug, Default)]
pub(super) struct Calibration {
    excess_ns: i64,
    waits: u64,
}

/// What is compared of one thread.
#[derive(Clone, Debug, Default)]
pub(super) struct Compared {
    /// Sum of its waits so far, uncorrected.
    waited_ns: u64,
    waits: u64,
    last: Option<Point>,
    asked: Option<Asked>,
}

/// Both sums at one moment at which the thread was off the CPU.
#[derive(Clone, Copy, Debug)]
struct Point {
    at_ns: u64,
    cpu_ns: u64,
    waited_ns: u64,
    waits: u64,
}

/// The kernel's sum, read between two moments.
#[derive(Clone, Debug)]
struct Asked {
    /// `CLOCK_MONOTONIC`, nanoseconds.
    when: Range<u64>,
    cpu_ns: u64,
}

impl Calibration {
    /// What is to be taken off each wait, nanoseconds.
    pub(super) fn per_wait_ns(&self) -> u64 {
        if self.waits < FEWEST_WAITS {
            return 0;
        }
        u64::try_from(self.excess_ns).map_or(0, |excess| (excess / self.waits).min(LARGEST_NS))
    }

    fn add(&mut self, from: Point, to: Point) {
        let waited_ns = to.waited_ns - from.waited_ns;
        let cpu_ns = to.cpu_ns.saturating_sub(from.cpu_ns);
        let off_ns = (to.at_ns - from.at_ns).saturating_sub(cpu_ns);
        self.excess_ns += waited_ns as i64 - off_ns as i64;
        self.waits += to.waits - from.waits;
    }
}

impl Compared {
    /// A wait is over.
    pub(super) fn count(&mut self, duration_ns: u64) {
        self.waited_ns += duration_ns;
        self.waits += 1;
    }

    /// Reads the kernel's sum, where the thread has waited often since the last time.
    pub(super) fn ask(&mut self, pid: u32, tid: u32) {
        let since = self.last.map_or(0, |point| point.waits);
        if self.asked.is_some() || self.waits - since < WAITS_BETWEEN {
            return;
        }
        let from_ns = clock::monotonic_ns();
        let Ok(sums) = fs::read_to_string(format!("/proc/{pid}/task/{tid}/schedstat")) else {
            return;
        };
        let first = sums.split_ascii_whitespace().next();
        self.asked = first.and_then(|cpu| cpu.parse().ok()).map(|cpu_ns| Asked {
            when: from_ns..clock::monotonic_ns(),
            cpu_ns,
        });
    }

    /// Something happened to the thread at `at_ns`; until then it was off the CPU since
    /// `off_since_ns`, or on one where `None`. Compares what was asked for before.
    pub(super) fn pass(
        &mut self,
        at_ns: u64,
        off_since_ns: Option<u64>,
        calibration: &mut Calibration,
    ) {
        let Some(asked) = self.asked.take_if(|asked| asked.when.start <= at_ns) else {
            return;
        };
        // The sum of a thread that runs is not up to date.
        let Some(since_ns) = off_since_ns.filter(|_| asked.when.end <= at_ns) else {
            return;
        };
        let point = Point {
            at_ns: asked.when.start,
            cpu_ns: asked.cpu_ns,
            waited_ns: self.waited_ns + asked.when.start.saturating_sub(since_ns),
            waits: self.waits,
        };
        if let Some(last) = self.last
            && last.at_ns < point.at_ns
            && last.waited_ns <= point.waited_ns
        {
            calibration.add(last, point);
        }
        self.last = Some(point);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thread that waits 1,000 times for 100 µs of which 90 are in the kernel's sum, and runs for
    /// 50 µs (60 by the kernel's sum) between.
    fn excess_of(asked_while_running: bool) -> u64 {
        let mut calibration = Calibration::default();
        let mut compared = Compared::default();
        let mut now_ns = 0;
        for round in 0..1_000 {
            let off_since = now_ns;
            if round % 100 == 0 {
                compared.asked = Some(Asked {
                    when: now_ns + 1_000..now_ns + 2_000,
                    cpu_ns: round * 60_000,
                });
            }
            now_ns += 100_000;
            let off = (!asked_while_running).then_some(off_since);
            compared.pass(now_ns, off, &mut calibration);
            compared.count(100_000);
            now_ns += 50_000;
        }
        calibration.per_wait_ns()
    }

    #[test]
    fn the_difference_to_the_kernels_sum_is_found() {
        assert_eq!(excess_of(false), 10_000);
    }

    #[test]
    fn sums_of_threads_that_run_are_not_compared() {
        assert_eq!(excess_of(true), 0);
    }

    #[test]
    fn few_waits_change_nothing() {
        let calibration = Calibration {
            excess_ns: 1_000_000,
            waits: FEWEST_WAITS - 1,
        };
        assert_eq!(calibration.per_wait_ns(), 0);
    }
}
