//! Makes waits of context switches: from leaving a CPU to running again.

use std::{fs, io, time::Duration};

use super::{
    budget::Budget,
    calibration::{Calibration, Compared},
    look::Looker,
    polling::{Poller, Reason},
};
use crate::{
    capture::{
        model::{Event, EventKind, NONE, WaitClass},
        perf::{Switch, SwitchEvent, SwitchTaker, threads},
        tables::{IdMap, Tables, Wait},
    },
    sys::clock,
};

/// Events younger than this wait for the next call: another CPU's ring may still hold earlier ones.
const SETTLING_NS: u64 = 1_000_000;
/// A stack belongs to the leaving that it was copied for where no more time lies between: the
/// kernel copies it while it switches.
const STACK_BELONGS_NS: u64 = 2_000_000;
/// Time between two comparisons with the kernel's sums.
const COMPARE_EVERY_NS: u64 = 100_000_000;
/// Threads that are compared at once.
const MOST_COMPARED: usize = 64;
/// Threads that are remembered before the ended ones among them are looked for.
const MANY_THREADS: usize = 4_096;

/// Pairs what threads do; see [`SwitchTaker`].
#[derive(Debug)]
pub(crate) struct Pairing {
    /// Processes whose threads are looked at once, to know what those wait in that were waiting
    /// when the capture began; emptied thereby.
    first_look_at: Vec<u32>,
    /// Processes that are polled where switches come too often; none of a whole machine.
    pids: Vec<u32>,
    follows_children: bool,
    threads: IdMap<u32, Placed>,
    /// Events that have not settled yet.
    unsettled: Vec<SwitchEvent>,
    /// Remembered threads at which the ended ones are looked for next.
    look_for_ended_at: usize,
    calibration: Calibration,
    next_comparison_ns: u64,
    budget: Budget,
    /// Takes over where switches come too often.
    poller: Option<Poller>,
    /// Why it could not, where it should have.
    refusal: Option<io::Error>,
}

/// Where a thread is.
#[derive(Clone, Debug)]
struct Placed {
    pid: u32,
    /// Stack and time of its latest leaving.
    leaving: Option<(u64, u32)>,
    off: Option<OffCpu>,
    /// Since when it runs, where that was seen.
    on_since_ns: Option<u64>,
    compared: Compared,
}

/// A thread that is on no CPU.
#[derive(Clone, Copy, Debug)]
struct OffCpu {
    since_ns: u64,
    stack: u32,
    class: WaitClass,
    /// When it was made ready to run, and by whom.
    woken: Option<(u64, (u32, u32))>,
}

impl Pairing {
    /// Knows nothing yet. The threads of `pids` are looked at when the first events come, unless
    /// they are `held` and have not begun.
    pub(crate) fn new(pids: &[u32], follows_children: bool, held: bool) -> Self {
        Self {
            first_look_at: if held { Vec::new() } else { pids.to_vec() },
            pids: pids.to_vec(),
            follows_children,
            threads: IdMap::default(),
            unsettled: Vec::new(),
            look_for_ended_at: MANY_THREADS,
            calibration: Calibration::default(),
            next_comparison_ns: 0,
            budget: Budget::default(),
            poller: None,
            refusal: None,
        }
    }

    fn apply(&mut self, event: SwitchEvent, tables: &mut Tables) {
        if event.tid == 0 && !matches!(event.what, Switch::Wakes { .. }) {
            return;
        }
        match event.what {
            Switch::Leaving { stack, .. } => self.leave(event, stack),
            Switch::Out { preempted } => self.go_out(event, preempted),
            Switch::In => self.come_in(event, tables),
            Switch::Wakes {
                woken_tid,
                by_interrupt,
            } => self.wake(event, woken_tid, by_interrupt),
        }
    }

    fn placed(&mut self, event: SwitchEvent) -> &mut Placed {
        let placed = self.threads.entry(event.tid).or_insert(Placed {
            pid: event.pid,
            leaving: None,
            off: None,
            on_since_ns: None,
            compared: Compared::default(),
        });
        placed.pid = event.pid;
        placed
    }

    fn leave(&mut self, event: SwitchEvent, stack: u32) {
        let placed = self.placed(event);
        placed.leaving = Some((event.at_ns, stack));
        if let Some(off) = &mut placed.off
            && off.stack == NONE
            && event.at_ns.abs_diff(off.since_ns) <= STACK_BELONGS_NS
        {
            off.stack = stack;
            off.since_ns = off.since_ns.min(event.at_ns);
            placed.leaving = None;
        }
    }

    fn go_out(&mut self, event: SwitchEvent, preempted: bool) {
        self.compare(event);
        let placed = self.placed(event);
        let on_since_ns = placed.on_since_ns.take();
        let belongs = |at_ns: u64| event.at_ns.abs_diff(at_ns) <= STACK_BELONGS_NS;
        // The stack's time is the truer one: copying it comes after.
        let (since_ns, stack) = match placed.leaving.take() {
            Some((at_ns, stack)) if belongs(at_ns) => (at_ns.min(event.at_ns), stack),
            _ => (event.at_ns, NONE),
        };
        placed.off = Some(OffCpu {
            since_ns,
            stack,
            class: if preempted {
                WaitClass::RunQueue
            } else {
                WaitClass::Unknown
            },
            woken: None,
        });
        let busy_ns = on_since_ns.map_or(0, |since_ns| event.at_ns.saturating_sub(since_ns));
        self.budget.count(busy_ns);
    }

    fn come_in(&mut self, event: SwitchEvent, tables: &mut Tables) {
        self.compare(event);
        let excess_ns = self.calibration.per_wait_ns();
        let placed = self.placed(event);
        placed.leaving = None;
        placed.on_since_ns = Some(event.at_ns);
        if let Some(off) = placed.off.take() {
            let duration_ns = event.at_ns.saturating_sub(off.since_ns);
            placed.compared.count(duration_ns);
            let end_ns = event.at_ns - excess_ns.min(duration_ns / 2);
            if let Some((_, waker)) = off.woken {
                know_waker(waker, tables);
            }
            tables.wait(off.until(end_ns, (event.pid, event.tid)));
        }
    }

    /// Compares a thread's waits with the kernel's sum, before something changes.
    fn compare(&mut self, event: SwitchEvent) {
        if let Some(placed) = self.threads.get_mut(&event.tid) {
            let off_since_ns = placed.off.map(|off| off.since_ns);
            placed
                .compared
                .pass(event.at_ns, off_since_ns, &mut self.calibration);
        }
    }

    fn ask_for_sums(&mut self, now_ns: u64) {
        if now_ns < self.next_comparison_ns {
            return;
        }
        self.next_comparison_ns = now_ns + COMPARE_EVERY_NS;
        for (tid, placed) in self.threads.iter_mut().take(MOST_COMPARED) {
            placed.compared.ask(placed.pid, *tid);
        }
    }

    /// Switches come so often that recording them all costs too much: from now on threads are
    /// looked at instead.
    fn begin_polling(&mut self, now_ns: u64, tables: &mut Tables) {
        if self.pids.is_empty() || self.refusal.is_some() {
            return;
        }
        let reason = Reason::TooManySwitches {
            per_s: self.budget.per_s,
        };
        match Poller::open(&self.pids, self.follows_children, reason) {
            Ok(poller) => {
                self.end_all(now_ns, tables);
                tables.event(Event {
                    time_ns: now_ns.saturating_sub(tables.start_ns()),
                    kind: EventKind::WaitsPolled,
                    pid: 0,
                    text: self.budget.per_s.to_string(),
                });
                self.poller = Some(poller);
            }
            Err(error) => self.refusal = Some(error),
        }
    }

    fn end_all(&mut self, at_ns: u64, tables: &mut Tables) {
        for event in std::mem::take(&mut self.unsettled) {
            self.apply(event, tables);
        }
        let mut waiting: Vec<_> = self.threads.drain().collect();
        waiting.sort_unstable_by_key(|(tid, _)| *tid);
        for (tid, placed) in waiting {
            // One that has ended left its CPU for the last time: that is no wait.
            if let Some(off) = placed.off.filter(|_| lives(placed.pid, tid)) {
                tables.wait(off.until(at_ns, (placed.pid, tid)));
            }
        }
    }

    fn wake(&mut self, event: SwitchEvent, woken_tid: u32, by_interrupt: bool) {
        let Some(placed) = self.threads.get_mut(&woken_tid) else {
            return;
        };
        if let Some(off) = &mut placed.off
            && off.woken.is_none()
            && off.class != WaitClass::RunQueue
            && event.at_ns >= off.since_ns
        {
            let waker = if by_interrupt {
                INTERRUPTS
            } else {
                (event.pid, event.tid)
            };
            off.woken = Some((event.at_ns, waker));
        }
    }

    /// Threads that no event has told of wait since before the capture began.
    fn look_at_sleepers(&mut self, tables: &mut Tables) {
        let pids = std::mem::take(&mut self.first_look_at);
        if pids.is_empty() {
            return;
        }
        let now_ns = clock::monotonic_ns();
        let heard_of: Vec<u32> = self.unsettled.iter().map(|event| event.tid).collect();
        let mut looker = Looker::new(&pids);
        for pid in pids {
            for tid in threads::list(pid).unwrap_or_default() {
                if heard_of.contains(&tid) || self.threads.contains_key(&tid) {
                    continue;
                }
                if let Some(found) = looker.look(pid, tid, tables) {
                    let off = OffCpu {
                        since_ns: tables.start_ns().min(now_ns),
                        stack: found.stack,
                        class: found.class,
                        woken: None,
                    };
                    let placed = Placed {
                        pid,
                        leaving: None,
                        off: Some(off),
                        on_since_ns: None,
                        compared: Compared::default(),
                    };
                    self.threads.insert(tid, placed);
                }
            }
        }
    }

    /// Forgets threads that have ended, once many are remembered.
    fn forget_ended(&mut self) {
        if self.threads.len() < self.look_for_ended_at {
            return;
        }
        self.threads
            .retain(|tid, placed| placed.off.is_none() || lives(placed.pid, *tid));
        self.look_for_ended_at = (2 * self.threads.len()).max(MANY_THREADS);
    }
}

/// Stands for whatever wakes threads up outside of any other thread.
pub(crate) const INTERRUPTS: (u32, u32) = (0, 0);

/// Names a thread that has woken another up and may be of a process that is not followed.
fn know_waker((pid, tid): (u32, u32), tables: &mut Tables) {
    if tables.knows_thread(pid, tid) {
        return;
    }
    let name = if (pid, tid) == INTERRUPTS {
        Some("interrupts".to_owned())
    } else {
        threads::name(pid, tid)
    };
    if let Some(name) = name {
        tables.name_thread(pid, tid, &name);
    }
}

impl OffCpu {
    fn until(self, end_ns: u64, (pid, tid): (u32, u32)) -> Wait {
        let duration_ns = end_ns.saturating_sub(self.since_ns);
        let run_queue_ns = match self.woken {
            _ if self.class == WaitClass::RunQueue => duration_ns,
            Some((woken_ns, _)) => end_ns.saturating_sub(woken_ns).min(duration_ns),
            None => 0,
        };
        Wait {
            start_ns: self.since_ns,
            duration_ns,
            run_queue_ns,
            count: 1,
            pid,
            tid,
            stack: self.stack,
            class: self.class,
            waker: self.woken.map(|(_, waker)| waker),
        }
    }
}

/// Whether a thread lives and will run again.
fn lives(pid: u32, tid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/task/{tid}/stat"));
    stat.is_ok_and(|stat| {
        let state = stat
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.chars().next());
        !matches!(state, Some('Z' | 'X') | None)
    })
}

impl SwitchTaker for Pairing {
    fn take(&mut self, events: &mut Vec<SwitchEvent>, tables: &mut Tables) {
        if let Some(poller) = &mut self.poller {
            events.clear();
            poller.poll(tables);
            return;
        }
        self.unsettled.append(events);
        self.look_at_sleepers(tables);
        self.unsettled.sort_by_key(|event| event.at_ns);
        let now_ns = clock::monotonic_ns();
        let settled_ns = now_ns.saturating_sub(SETTLING_NS);
        let settled = self
            .unsettled
            .partition_point(|event| event.at_ns <= settled_ns);
        for event in self.unsettled.drain(..settled).collect::<Vec<_>>() {
            self.apply(event, tables);
        }
        self.forget_ended();
        self.ask_for_sums(now_ns);
        if self.budget.is_exceeded(now_ns) {
            self.begin_polling(now_ns, tables);
        }
    }

    fn finish(&mut self, at_ns: u64, tables: &mut Tables) {
        match &mut self.poller {
            Some(poller) => poller.finish(tables),
            None => self.end_all(at_ns, tables),
        }
    }

    fn has_had_enough(&self) -> bool {
        self.poller.is_some()
    }

    fn due_in(&self) -> Option<Duration> {
        self.poller.as_ref().map(Poller::due_in)
    }

    fn warnings(&self) -> Vec<String> {
        let polled = self.poller.as_ref().map(Poller::warning);
        let refused = self.refusal.as_ref().map(|error| {
            format!(
                "Threads left their CPUs {} times a second, and recording that slowed the target \
                 down; they may not be polled instead ({error}). Record without --off-cpu to see \
                 its CPU time undisturbed",
                self.budget.per_s
            )
        });
        polled.into_iter().chain(refused).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::model::{Chunk, Waits};

    const PID: u32 = 7;

    fn event(at_ns: u64, tid: u32, what: Switch) -> SwitchEvent {
        SwitchEvent {
            at_ns,
            pid: PID,
            tid,
            what,
        }
    }

    fn leaving(at_ns: u64, tid: u32, stack: u32) -> SwitchEvent {
        let what = Switch::Leaving {
            stack,
            registers: None,
        };
        event(at_ns, tid, what)
    }

    fn out(at_ns: u64, tid: u32, preempted: bool) -> SwitchEvent {
        event(at_ns, tid, Switch::Out { preempted })
    }

    fn wakes(at_ns: u64, tid: u32, woken_tid: u32, by_interrupt: bool) -> SwitchEvent {
        let what = Switch::Wakes {
            woken_tid,
            by_interrupt,
        };
        event(at_ns, tid, what)
    }

    fn waits_of(batches: Vec<Vec<SwitchEvent>>) -> Waits {
        let mut tables = Tables::new(0);
        let mut pairing = Pairing::new(&[], false, false);
        for mut batch in batches {
            pairing.take(&mut batch, &mut tables);
        }
        pairing.finish(clock::monotonic_ns(), &mut tables);
        let chunks = tables.drain_chunks();
        let waits = chunks.into_iter().find_map(|chunk| match chunk {
            Chunk::Waits(waits) => Some(waits),
            _ => None,
        });
        waits.unwrap_or_default()
    }

    #[test]
    fn a_wait_lasts_from_leaving_the_cpu_to_running_again_and_bears_its_stack() {
        let waits = waits_of(vec![vec![
            leaving(100, 1, 5),
            out(110, 1, false),
            event(5_000_110, 1, Switch::In),
            leaving(6_000_000, 1, 6),
            out(6_000_010, 1, true),
            event(8_000_010, 1, Switch::In),
        ]]);
        assert_eq!(waits.start_ns, [100, 6_000_000]);
        assert_eq!(waits.duration_ns, [5_000_010, 2_000_010]);
        assert_eq!(waits.stack, [5, 6]);
        assert_eq!(waits.run_queue_ns, [0, 2_000_010]);
        let classes = [WaitClass::Unknown as u8, WaitClass::RunQueue as u8];
        assert_eq!(waits.class, classes);
    }

    #[test]
    fn a_wake_up_parts_the_wait_from_the_run_queue_and_names_the_waker() {
        let waits = waits_of(vec![vec![
            out(100, 1, false),
            wakes(7_000_100, 2, 1, false),
            // Ready already: this one ends no wait.
            wakes(7_500_100, 3, 1, false),
            event(8_000_100, 1, Switch::In),
            out(9_000_000, 1, false),
            wakes(11_000_000, 2, 1, true),
            event(11_000_000, 1, Switch::In),
        ]]);
        assert_eq!(waits.duration_ns, [8_000_000, 2_000_000]);
        assert_eq!(waits.run_queue_ns, [1_000_000, 0]);
        assert_ne!(waits.waker[0], waits.waker[1]);
        assert!(waits.waker.iter().all(|waker| *waker != NONE));
    }

    #[test]
    fn a_ring_that_was_read_late_changes_nothing() {
        let now_ns = clock::monotonic_ns();
        let waits = waits_of(vec![
            // Another CPU's ring tells of the return first.
            vec![event(now_ns + 3_000_000, 1, Switch::In)],
            vec![leaving(now_ns, 1, 9), out(now_ns + 1, 1, false)],
        ]);
        assert_eq!(waits.duration_ns, [3_000_000]);
        assert_eq!(waits.stack, [9]);
    }

    #[test]
    fn a_stack_whose_leaving_was_lost_is_not_given_to_a_later_wait() {
        let waits = waits_of(vec![vec![
            leaving(100, 1, 5),
            out(9_000_000, 1, false),
            event(12_000_000, 1, Switch::In),
        ]]);
        assert_eq!(waits.stack, [NONE]);
    }

    #[test]
    fn a_thread_that_runs_first_or_has_ended_waits_for_nothing() {
        let waits = waits_of(vec![vec![
            event(100, 1, Switch::In),
            out(3_000_000, 1, false),
            out(3_000_000, 0, false),
            event(9_000_000, 0, Switch::In),
        ]]);
        assert!(waits.start_ns.is_empty(), "{waits:?}");
    }

    #[test]
    fn who_waits_still_waits_until_the_end() {
        let mut tables = Tables::new(0);
        let mut pairing = Pairing::new(&[], false, false);
        let own = std::process::id();
        let left = SwitchEvent {
            at_ns: 50,
            pid: own,
            tid: own,
            what: Switch::Out { preempted: false },
        };
        pairing.take(&mut vec![left], &mut tables);
        pairing.finish(2_000_050, &mut tables);
        let Some(Chunk::Waits(waits)) = tables.drain_chunks().pop() else {
            panic!("no waits")
        };
        assert_eq!(waits.duration_ns, [2_000_000]);
    }
}
