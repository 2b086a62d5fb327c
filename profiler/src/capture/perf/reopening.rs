//! Opens events anew while the target goes on making threads and processes: none may be missed, and
//! none sampled twice.

use std::{
    collections::{BTreeSet, HashMap},
    io,
    os::fd::OwnedFd,
    thread,
};

use super::{
    MOST_WAKES_HZ, PerfSampler,
    attach::{BIRTH_RECORD_DELAY, MOST_ROUNDS},
    threads,
};
use crate::{
    capture::tables::Tables,
    sys::{self, clock},
};

/// When a thread was born (`CLOCK_MONOTONIC` nanoseconds), and of which thread, by its id.
pub(super) type Births = HashMap<u32, (u64, u32)>;

/// What is to be done for a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// It has what its parent had when it was born.
    Inherited { since_ns: u64 },
    /// It was there before, or was born of a thread that had nothing then.
    Open,
    /// The record of its birth has not been read yet.
    Unknown,
}

/// What a thread needs. `opened` tells from when on the children of a thread inherit.
fn need_of(tid: u32, births: &Births, is_known: bool, opened: &HashMap<u32, u64>) -> Need {
    match births.get(&tid) {
        Some((born_ns, parent)) if opened.get(parent).is_some_and(|since| born_ns >= since) => {
            Need::Inherited { since_ns: *born_ns }
        }
        Some(_) => Need::Open,
        None if is_known => Need::Open,
        None => Need::Unknown,
    }
}

impl PerfSampler {
    /// Opens the events of CPU time anew with stack copies of another size. Samples are missed for
    /// the time between, about a millisecond. On an error the old events go on.
    pub(super) fn reopen(&mut self, stack_dump_bytes: u32, tables: &mut Tables) -> io::Result<()> {
        let old_wish = self.roles[0].wish;
        self.roles[0].wish.stack_dump_bytes = stack_dump_bytes;
        self.roles[0].wish.wakes_each =
            self.unwinder.follows_interpreters() && old_wish.frequency_hz <= MOST_WAKES_HZ;
        // A program that was waited for runs by now.
        self.roles[0].wish.from_exec = false;
        let events = match self.open_anew(0, true, tables) {
            Ok(events) => events,
            Err(error) => {
                self.roles[0].wish = old_wish;
                return Err(error);
            }
        };
        for event in &events {
            // A thread that has ended needs none. Children that were born meanwhile are enabled
            // with their parents.
            let _ = sys::perf::enable(event);
        }
        // Closing the old ones closes those that were inherited of them.
        self.cpu_events = events;
        // Mappings made while no event was on were not told.
        for pid in self.processes.clone() {
            let _ = self.unwinder.load_process(pid, tables);
        }
        Ok(())
    }

    /// Opens the events of a role for every thread that there is.
    pub(super) fn open_anew(
        &mut self,
        role: usize,
        held_back: bool,
        tables: &mut Tables,
    ) -> io::Result<Vec<OwnedFd>> {
        if self.subject.whole_scope().is_some() {
            return self.open_whole(role, held_back);
        }
        self.births = Some(Births::default());
        let events = self.open_everybody(role, held_back, tables);
        self.births = None;
        events
    }

    /// Births may lie in the rings that nobody has read, and go on meanwhile: whoever was born
    /// before its parent's turn needs events of its own, whoever was born later has inherited.
    fn open_everybody(
        &mut self,
        role: usize,
        held_back: bool,
        tables: &mut Tables,
    ) -> io::Result<Vec<OwnedFd>> {
        let mut events = Vec::new();
        let mut opened: HashMap<u32, u64> = HashMap::new();
        for round in 0..MOST_ROUNDS {
            self.apply_happenings(tables);
            let is_last = round + 1 == MOST_ROUNDS;
            let (mut has_found, mut has_unknown) = (false, false);
            for (pid, tid) in self.threads_now() {
                if opened.contains_key(&tid) {
                    continue;
                }
                let births = self.births.as_ref().expect("they are noted until the end");
                let is_known = self.followed.contains(&tid) || is_last;
                match need_of(tid, births, is_known, &opened) {
                    Need::Inherited { since_ns } => {
                        opened.insert(tid, since_ns);
                    }
                    Need::Open => {
                        opened.insert(tid, clock::monotonic_ns());
                        events.extend(self.open_thread(role, pid, tid, held_back)?);
                        has_found = true;
                    }
                    Need::Unknown => has_unknown = true,
                }
            }
            if has_unknown {
                thread::sleep(BIRTH_RECORD_DELAY);
            } else if !has_found {
                break;
            }
        }
        Ok(events)
    }

    fn threads_now(&self) -> Vec<(u32, u32)> {
        let pids: &BTreeSet<u32> = &self.processes;
        let threads = pids.iter().flat_map(|pid| {
            let listed = threads::list(*pid).unwrap_or_default();
            listed.into_iter().map(|tid| (*pid, tid))
        });
        threads.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_was_born_before_its_parents_turn_needs_events_of_its_own() {
        let births = Births::from([(2, (100, 1)), (3, (300, 1)), (4, (300, 9))]);
        let opened = HashMap::from([(1, 200)]);
        let need = |tid, is_known| need_of(tid, &births, is_known, &opened);
        assert_eq!(need(2, true), Need::Open);
        assert_eq!(need(3, true), Need::Inherited { since_ns: 300 });
        assert_eq!(need(4, true), Need::Open);
        assert_eq!(need(1, true), Need::Open);
        assert_eq!(need(5, false), Need::Unknown);
    }

    #[test]
    fn children_of_heirs_inherit_too() {
        let births = Births::from([(3, (300, 2))]);
        let opened = HashMap::from([(2, 250)]);
        let need = need_of(3, &births, true, &opened);
        assert_eq!(need, Need::Inherited { since_ns: 300 });
    }
}
