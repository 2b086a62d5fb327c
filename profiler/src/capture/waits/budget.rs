//! What recording switches costs the target, and when it is too much.

/// What a recorded switch costs, nanoseconds: two records and a copy of the stack, as measured on a
/// virtual machine with 6.18.
const SWITCH_COST_NS: u64 = 8_000;
/// Length of a window.
const WINDOW_NS: u64 = 100_000_000;
/// Windows in a row that must be too expensive.
const WINDOWS: u32 = 2;
/// Share of the target's CPU time that recording may cost, in percent.
const MOST_OF_TARGET: u64 = 3;
/// Share of one CPU that it may cost in any case, in percent: a target that hardly works would
/// otherwise be allowed nothing.
const MOST_OF_A_CPU: u64 = 4;

/// Counts switches against what they may cost.
#[derive(Debug, Default)]
pub(super) struct Budget {
    window_end_ns: u64,
    switches: u64,
    busy_ns: u64,
    expensive: u32,
    /// Switches a second of the last full window.
    pub(super) per_s: u64,
}

impl Budget {
    /// A thread has left its CPU after `busy_ns` on it.
    pub(super) fn count(&mut self, busy_ns: u64) {
        self.switches += 1;
        self.busy_ns += busy_ns;
    }

    /// Whether the switches up to now cost too much, and have for a while.
    pub(super) fn is_exceeded(&mut self, now_ns: u64) -> bool {
        if now_ns < self.window_end_ns {
            return false;
        }
        if self.window_end_ns == 0 {
            // The first window begins here.
            *self = Self::default();
        } else {
            let window_ns = WINDOW_NS + (now_ns - self.window_end_ns);
            self.per_s = self.switches * 1_000_000_000 / window_ns;
            let cost_ns = self.switches * SWITCH_COST_NS;
            let allowed_ns = (window_ns * MOST_OF_A_CPU).max(self.busy_ns * MOST_OF_TARGET) / 100;
            self.expensive = if cost_ns > allowed_ns {
                self.expensive + 1
            } else {
                0
            };
        }
        self.window_end_ns = now_ns + WINDOW_NS;
        self.switches = 0;
        self.busy_ns = 0;
        self.expensive >= WINDOWS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_exceeded(switches_per_window: u64, busy_ns: u64) -> bool {
        let mut budget = Budget::default();
        let mut exceeded = budget.is_exceeded(1);
        for window in 1..=4 {
            (0..switches_per_window).for_each(|_| budget.count(busy_ns));
            exceeded = budget.is_exceeded(1 + window * WINDOW_NS);
        }
        exceeded
    }

    #[test]
    fn four_thousand_switches_a_second_are_always_recorded_and_a_flood_is_not() {
        assert!(!is_exceeded(400, 0));
        assert!(is_exceeded(4_000, 0));
    }

    #[test]
    fn a_target_that_works_on_many_cpus_may_switch_more_often() {
        // Eight CPUs, all busy: 0.8 s of CPU time in a window.
        assert!(!is_exceeded(1_600, 500_000));
    }

    #[test]
    fn one_expensive_moment_ends_nothing() {
        let mut budget = Budget::default();
        budget.is_exceeded(1);
        (0..10_000).for_each(|_| budget.count(0));
        assert!(!budget.is_exceeded(1 + WINDOW_NS));
        assert!(!budget.is_exceeded(1 + 2 * WINDOW_NS));
        assert!(!budget.is_exceeded(1 + 3 * WINDOW_NS));
    }
}
