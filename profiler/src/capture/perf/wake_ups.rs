//! Who wakes threads up: of the whole machine where that is permitted and not too much.

use std::io;

use crate::capture::tables::Tables;

use super::{AttachError, EventWish, PerfSampler, PerfSubject, Scope, Switch};

/// Wake-ups of the whole machine that are taken a second: each costs who makes it, and us, some
/// hundred nanoseconds.
const MOST_PER_S: u64 = 20_000;
const WINDOW_NS: u64 = 1_000_000_000;

/// Counts the wake-ups of a machine against [`MOST_PER_S`].
#[derive(Debug, Default)]
pub(super) struct WakeUpBudget {
    window_ends_ns: u64,
    count: u64,
}

impl WakeUpBudget {
    /// Counts more of them; whether a whole window has held too many by `now_ns`
    /// (`CLOCK_MONOTONIC`).
    fn is_exceeded(&mut self, count: u64, now_ns: u64) -> bool {
        let is_first = self.window_ends_ns == 0;
        self.count += count;
        if now_ns < self.window_ends_ns {
            return false;
        }
        let late_ns = now_ns - self.window_ends_ns;
        let allowed = MOST_PER_S * (WINDOW_NS + late_ns) / WINDOW_NS;
        let counted = std::mem::take(&mut self.count);
        self.window_ends_ns = now_ns + WINDOW_NS;
        !is_first && counted > allowed
    }
}

impl PerfSampler {
    /// Wake-ups of the whole machine where that is permitted, else those by the subject's threads.
    pub(super) fn add_wake_ups(&mut self, wish: EventWish) -> Result<(), AttachError> {
        let wide = EventWish {
            // Only a thread's own event can wait for its exec.
            from_exec: false,
            held_back: true,
            ..wish
        };
        let cpu = self.roles[0].rings.first().map_or(0, |ring| ring.cpu);
        let may_see_all = !matches!(self.subject, PerfSubject::System)
            && self.opener.open(&wide, Scope::Everyone, cpu).is_ok();
        if self.add_role(wish, "Wake-ups")?
            && may_see_all
            && let Some(role) = self.roles.last_mut()
        {
            role.is_machine_wide = true;
            role.wish.from_exec = false;
        }
        Ok(())
    }

    /// Wake-ups of the whole machine come too often: from now on those by the subject's own
    /// threads are recorded alone.
    fn narrow_wake_ups(&mut self, tables: &mut Tables) -> io::Result<()> {
        let Some(position) = self.roles.iter().position(|role| role.is_machine_wide) else {
            return Ok(());
        };
        let wake_ups = self.roles[position].wish.role;
        self.roles[position].is_machine_wide = false;
        self.other_events.retain(|(role, _)| *role != wake_ups);
        let events = self.open_anew(position, false, tables)?;
        self.keep(position, events);
        Ok(())
    }

    /// Leaves out the wake-ups of this drain that concern nobody who is followed, and asks the
    /// kernel for fewer where there are too many.
    pub(super) fn sift_wake_ups(&mut self, now_ns: u64, tables: &mut Tables) {
        if !self.roles.iter().any(|role| role.is_machine_wide) {
            return;
        }
        let follows_threads = matches!(self.subject, PerfSubject::Processes(_));
        let followed = &self.followed;
        let mut wake_ups = 0;
        self.switch_events.retain(|event| {
            let Switch::Wakes { woken_tid, .. } = event.what else {
                return true;
            };
            wake_ups += 1;
            !follows_threads || followed.contains(&woken_tid)
        });
        if self.wake_up_budget.is_exceeded(wake_ups, now_ns) {
            let warning = match self.narrow_wake_ups(tables) {
                Ok(()) => format!(
                    "The machine makes more than {MOST_PER_S} threads ready to run a second, so \
                     only wake-ups by the target's own threads are told from then on, and the \
                     time on the run queue is known for those alone"
                ),
                Err(error) => format!(
                    "The machine makes more than {MOST_PER_S} threads ready to run a second, so \
                     who ended the waits is not told from then on ({error})"
                ),
            };
            self.warnings.push(warning);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_that_lasts_a_second_is_too_much_and_a_burst_is_not() {
        let mut budget = WakeUpBudget::default();
        assert!(!budget.is_exceeded(2 * MOST_PER_S, 1));
        assert!(!budget.is_exceeded(MOST_PER_S / 2, 1 + WINDOW_NS / 2));
        assert!(!budget.is_exceeded(MOST_PER_S / 2, 1 + WINDOW_NS));
        assert!(!budget.is_exceeded(MOST_PER_S, 1 + WINDOW_NS + 1));
        assert!(budget.is_exceeded(1, 1 + 2 * WINDOW_NS));
    }

    #[test]
    fn a_late_drain_is_allowed_as_much_as_its_time_holds() {
        let mut budget = WakeUpBudget::default();
        budget.is_exceeded(0, 1);
        assert!(!budget.is_exceeded(2 * MOST_PER_S, 1 + 2 * WINDOW_NS));
        assert!(budget.is_exceeded(2 * MOST_PER_S + 1, 1 + 3 * WINDOW_NS));
    }
}
