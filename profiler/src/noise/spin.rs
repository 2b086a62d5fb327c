//! The loop that noise shows in: the same work over and over, on a thread pinned to one CPU.

use std::{hint::black_box, thread, time::Duration};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::sys::clock::{monotonic_ns, thread_cpu_ns};

/// Length that an iteration is calibrated to: long enough that reading two clocks does not show.
const ITERATION_NS: u64 = 200_000;
const WORK_FOR_NS: u64 = 1_600_000_000;
const NAPS: usize = 200;
const NAP: Duration = Duration::from_millis(1);

/// What was measured, as it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Measured {
    /// Per iteration: time that passed, nanoseconds.
    pub(super) wall_ns: Vec<u64>,
    /// Per iteration: CPU time of the thread, nanoseconds.
    pub(super) cpu_ns: Vec<u64>,
    /// Per nap: how much later than asked for it ended, nanoseconds.
    pub(super) late_ns: Vec<u64>,
    /// CPU time that the hypervisor kept from all CPUs meanwhile, as a share of their time, 0..1;
    /// `None` where the kernel does not tell.
    pub(super) steal_share: Option<f64>,
    /// Whether the thread stayed on one CPU.
    pub(super) is_pinned: bool,
}

/// Runs the loop on a thread of its own, so that the caller's affinity stays as it is.
pub(super) fn measure() -> Measured {
    thread::spawn(run).join().unwrap_or_default()
}

fn run() -> Measured {
    let is_pinned = pin();
    let turns = calibrated_turns();
    let before = CpuTicks::read();
    let start = monotonic_ns();
    let mut measured = Measured {
        is_pinned,
        ..Measured::default()
    };
    while monotonic_ns() - start < WORK_FOR_NS {
        let (wall, cpu) = (monotonic_ns(), thread_cpu_ns());
        work(turns);
        measured.cpu_ns.push(thread_cpu_ns() - cpu);
        measured.wall_ns.push(monotonic_ns() - wall);
    }
    for _ in 0..NAPS {
        let asleep = monotonic_ns();
        thread::sleep(NAP);
        let slept = monotonic_ns() - asleep;
        measured
            .late_ns
            .push(slept.saturating_sub(NAP.as_nanos() as u64));
    }
    measured.steal_share = before
        .zip(CpuTicks::read())
        .and_then(|(a, b)| b.steal_since(a));
    measured
}

/// Keeps the calling thread on the CPU that it runs on; `false` where that is not permitted.
pub(super) fn pin() -> bool {
    let Ok(allowed) = sched_getaffinity(None) else {
        return false;
    };
    let now = rustix::thread::sched_getcpu();
    let Some(cpu) = (0..CpuSet::MAX_CPU)
        .filter(|cpu| allowed.is_set(*cpu))
        .min_by_key(|cpu| *cpu != now)
    else {
        return false;
    };
    let mut one = CpuSet::new();
    one.set(cpu);
    sched_setaffinity(None, &one).is_ok()
}

/// Turns of the loop that take about [`ITERATION_NS`]: the fastest of several trials counts.
pub(super) fn calibrated_turns() -> u64 {
    const TRIAL_TURNS: u64 = 50_000;
    let fastest = (0..20).map(|_| {
        let start = monotonic_ns();
        work(TRIAL_TURNS);
        monotonic_ns() - start
    });
    let trial_ns = fastest.min().unwrap_or(1).max(1);
    (TRIAL_TURNS * ITERATION_NS / trial_ns).max(1)
}

/// A chain of multiplications, each of which waits for the one before: no memory, no branches to
/// be guessed.
#[inline(never)]
pub(super) fn work(turns: u64) {
    let mut value = black_box(0x9e37_79b9_7f4a_7c15_u64);
    for _ in 0..turns {
        value = value
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
    }
    black_box(value);
}

/// Times of all CPUs together, in ticks.
#[derive(Clone, Copy)]
struct CpuTicks {
    all: u64,
    steal: u64,
}

impl CpuTicks {
    fn read() -> Option<Self> {
        Self::parse(&std::fs::read_to_string("/proc/stat").ok()?)
    }

    /// The first line: `cpu  user nice system idle iowait irq softirq steal guest guest_nice`;
    /// guests' times are in those of the user already.
    fn parse(stat: &str) -> Option<Self> {
        let numbers: Vec<u64> = stat
            .lines()
            .next()?
            .strip_prefix("cpu ")?
            .split_ascii_whitespace()
            .filter_map(|number| number.parse().ok())
            .collect();
        Some(Self {
            all: numbers.iter().take(8).sum(),
            steal: *numbers.get(7)?,
        })
    }

    fn steal_since(self, before: Self) -> Option<f64> {
        let all = self.all.checked_sub(before.all)?;
        let steal = self.steal.checked_sub(before.steal)?;
        (all > 0).then(|| steal as f64 / all as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stolen_time_is_the_share_of_the_window() {
        let before = CpuTicks::parse("cpu  100 0 100 700 0 0 0 100 5 0\ncpu0 1").unwrap();
        let after = CpuTicks::parse("cpu  200 0 100 750 0 0 0 150 9 0\n").unwrap();
        assert_eq!(after.steal_since(before), Some(0.25));
        assert!(CpuTicks::parse("intr 5").is_none());
        assert!(CpuTicks::parse("cpu  1 2 3 4").is_none());
    }
}
