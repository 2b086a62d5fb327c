//! Waits without privileges: threads are looked at again and again, and the kernel's own sums of
//! each thread's time on CPUs and run queues tell how long they waited between.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    os::unix::fs::FileExt as _,
    time::Duration,
};

use super::look::{Found, Looker, standing};
use crate::{
    capture::{
        model::{NONE, WaitClass},
        perf::threads,
        tables::{Tables, Wait},
    },
    sys::clock,
};

/// Shortest time between two looks at all threads.
const SHORTEST_INTERVAL_NS: u64 = 10_000_000;
const LONGEST_INTERVAL_NS: u64 = 1_000_000_000;
/// Looking may take one part in so many of a CPU.
const COST_SHARE: u64 = 50;
/// Time between two readings of the lists of threads and children.
const LIST_EVERY_NS: u64 = 100_000_000;
const CHILDREN_EVERY_NS: u64 = 1_000_000_000;
/// Waits alike in a row are kept as one row for at most so long.
const LONGEST_ROW_NS: u64 = 500_000_000;

/// Why threads are polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Context switches may not be recorded.
    Refused,
    /// Recording them all would cost the target too much.
    TooManySwitches {
        /// How often threads left their CPUs, times a second.
        per_s: u64,
    },
}

/// What the kernel has summed up for a thread (`schedstat`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    cpu_ns: u64,
    run_queue_ns: u64,
    /// Times that it came onto a CPU.
    runs: u64,
}

/// A wait that goes on, or several alike.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    found: Found,
    start_ns: u64,
    off_ns: u64,
    run_queue_ns: u64,
    count: u64,
}

/// A thread that is looked at.
#[derive(Debug)]
struct Followed {
    schedstat: File,
    sums: Sums,
    looked_ns: u64,
    waiting: Option<Waiting>,
    /// What passed while it was found running at both ends, for the next wait that is seen.
    unplaced: Passed,
    /// CPU time that a running thread had used but the kernel had not summed up yet is subtracted
    /// later: what was taken for waiting too much.
    owed_ns: u64,
}

/// Looks at the threads of processes.
#[derive(Debug)]
pub(crate) struct Poller {
    reason: Reason,
    pids: Vec<u32>,
    follows_children: bool,
    threads: BTreeMap<(u32, u32), Followed>,
    looker: Looker,
    next_ns: u64,
    next_list_ns: u64,
    next_children_ns: u64,
    interval_ns: u64,
    longest_interval_ns: u64,
    looks: Looks,
    waits: u64,
    /// Of them, those that were over before anybody looked.
    unseen: u64,
}

/// Varies the time between looks: at even intervals they fall into step with a program whose rounds
/// last about as long, and see the same of its waits each time. The sequence is fixed.
#[derive(Debug)]
struct Looks(u64);

impl Looks {
    /// Between three quarters of an interval and five, evenly.
    fn vary(&mut self, interval_ns: u64) -> u64 {
        // The constants are Knuth's for MMIX.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        interval_ns * 3 / 4 + (self.0 >> 33) % (interval_ns / 2).max(1)
    }
}

impl Poller {
    /// Looks at nothing yet; fails with the reason where the threads may not be looked at.
    pub(crate) fn open(pids: &[u32], follows_children: bool, reason: Reason) -> io::Result<Self> {
        for &pid in pids {
            for tid in threads::list(pid)? {
                match standing(pid, tid) {
                    Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                        return Err(error);
                    }
                    // It may have ended.
                    _ => sums(&schedstat(pid, tid)?).map(drop)?,
                }
            }
        }
        Ok(Self {
            reason,
            pids: pids.to_vec(),
            follows_children,
            threads: BTreeMap::new(),
            looker: Looker::new(pids),
            next_ns: 0,
            next_list_ns: 0,
            next_children_ns: 0,
            interval_ns: SHORTEST_INTERVAL_NS,
            longest_interval_ns: SHORTEST_INTERVAL_NS,
            looks: Looks(1),
            waits: 0,
            unseen: 0,
        })
    }

    /// Time until the next look.
    pub(crate) fn due_in(&self) -> Duration {
        Duration::from_nanos(self.next_ns.saturating_sub(clock::monotonic_ns()))
    }

    /// Looks at every thread, where it is time to.
    pub(crate) fn poll(&mut self, tables: &mut Tables) {
        let now_ns = clock::monotonic_ns();
        if now_ns < self.next_ns {
            return;
        }
        let cost_before = clock::thread_cpu_ns();
        self.list(now_ns, tables);
        let mut threads = std::mem::take(&mut self.threads);
        threads.retain(|&(pid, tid), followed| self.visit(pid, tid, followed, tables));
        self.threads = threads;
        let cost_ns = clock::thread_cpu_ns().saturating_sub(cost_before);
        self.interval_ns = (cost_ns * COST_SHARE).clamp(SHORTEST_INTERVAL_NS, LONGEST_INTERVAL_NS);
        self.longest_interval_ns = self.longest_interval_ns.max(self.interval_ns);
        self.next_ns = now_ns + self.looks.vary(self.interval_ns);
    }

    fn list(&mut self, now_ns: u64, tables: &mut Tables) {
        if now_ns < self.next_list_ns {
            return;
        }
        self.next_list_ns = now_ns + LIST_EVERY_NS;
        if self.follows_children && now_ns >= self.next_children_ns {
            self.next_children_ns = now_ns + CHILDREN_EVERY_NS;
            self.list_children();
        }
        for pid in self.pids.clone() {
            for tid in threads::list(pid).unwrap_or_default() {
                if self.threads.contains_key(&(pid, tid)) {
                    continue;
                }
                let Ok(file) = schedstat(pid, tid) else {
                    continue;
                };
                let Ok(sums) = sums(&file) else { continue };
                if !tables.knows_thread(pid, tid)
                    && let Some(name) = threads::name(pid, tid)
                {
                    tables.name_thread(pid, tid, &name);
                }
                let waiting = self.looker.look(pid, tid, tables).map(|found| Waiting {
                    found,
                    start_ns: now_ns,
                    off_ns: 0,
                    run_queue_ns: 0,
                    count: 1,
                });
                let followed = Followed {
                    schedstat: file,
                    sums,
                    looked_ns: now_ns,
                    waiting,
                    unplaced: Passed::default(),
                    owed_ns: 0,
                };
                self.threads.insert((pid, tid), followed);
            }
        }
        self.pids
            .retain(|pid| fs::exists(format!("/proc/{pid}")).unwrap_or(false));
    }

    fn list_children(&mut self) {
        let mut next = 0;
        while let Some(&pid) = self.pids.get(next) {
            next += 1;
            for tid in threads::list(pid).unwrap_or_default() {
                let path = format!("/proc/{pid}/task/{tid}/children");
                let children = fs::read_to_string(path).unwrap_or_default();
                let born = children.split_ascii_whitespace();
                for child in born.filter_map(|child| child.parse().ok()) {
                    if !self.pids.contains(&child) {
                        self.pids.push(child);
                    }
                }
            }
        }
    }

    /// Looks at one thread; `false` where it has ended.
    fn visit(&mut self, pid: u32, tid: u32, followed: &mut Followed, tables: &mut Tables) -> bool {
        let now_ns = clock::monotonic_ns();
        let Ok(sums) = sums(&followed.schedstat) else {
            let mut ended = std::mem::take(&mut followed.unplaced).rows(now_ns);
            ended.extend(followed.waiting.take());
            for ended in ended {
                self.keep(pid, tid, ended, tables);
            }
            return false;
        };
        let passed = followed.pass(now_ns, sums);
        if passed.runs == 0
            && let Some(waiting) = &mut followed.waiting
        {
            waiting.off_ns += passed.off_ns;
            return true;
        }
        let found = self.looker.look(pid, tid, tables);
        self.unseen += passed.runs.saturating_sub(1);
        for ended in followed.turn(now_ns, passed, found) {
            self.keep(pid, tid, ended, tables);
        }
        true
    }

    fn keep(&mut self, pid: u32, tid: u32, waiting: Waiting, tables: &mut Tables) {
        let duration_ns = waiting.off_ns.saturating_add(waiting.run_queue_ns);
        if duration_ns == 0 {
            return;
        }
        self.waits += waiting.count;
        tables.wait(Wait {
            start_ns: waiting.start_ns,
            duration_ns,
            run_queue_ns: waiting.run_queue_ns,
            count: u32::try_from(waiting.count).unwrap_or(u32::MAX),
            pid,
            tid,
            stack: waiting.found.stack,
            class: waiting.found.class,
            waker: None,
        });
    }

    /// Hands over what goes on still.
    pub(crate) fn finish(&mut self, tables: &mut Tables) {
        let now_ns = clock::monotonic_ns();
        for ((pid, tid), mut followed) in std::mem::take(&mut self.threads) {
            let sums = sums(&followed.schedstat).unwrap_or(followed.sums);
            let passed = followed.pass(now_ns, sums);
            let mut ended = followed.turn(now_ns, passed, None);
            ended.extend(followed.unplaced.rows(now_ns));
            for ended in ended {
                self.keep(pid, tid, ended, tables);
            }
        }
    }

    /// What a reader must know of the waits.
    pub(crate) fn warning(&self) -> String {
        let interval_ms = self.longest_interval_ns / 1_000_000;
        let unseen = match (self.unseen, self.waits) {
            (0, _) | (_, 0) => String::new(),
            (unseen, waits) => format!(
                " {:.0} % of the waits were over before anybody looked: their time is given to \
                 what was seen before and after them, in halves.",
                100.0 * unseen as f64 / waits.max(unseen) as f64
            ),
        };
        match self.reason {
            Reason::Refused => format!(
                "Context switches may not be recorded here, so threads were looked at every \
                 {interval_ms} ms for what they wait in.{unseen} To record every wait with its \
                 stack: sudo sysctl kernel.perf_event_paranoid=1"
            ),
            Reason::TooManySwitches { per_s } => format!(
                "Threads left their CPUs {per_s} times a second, and recording each time would \
                 have cost the target too much; so from then on they were looked at every \
                 {interval_ms} ms for what they wait in.{unseen} The sums of each thread are the \
                 kernel's own"
            ),
        }
    }
}

/// What passed between two looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Passed {
    /// Neither on a CPU nor ready for one, nanoseconds.
    off_ns: u64,
    run_queue_ns: u64,
    runs: u64,
}

impl Followed {
    fn pass(&mut self, now_ns: u64, sums: Sums) -> Passed {
        let run_queue_ns = sums.run_queue_ns.saturating_sub(self.sums.run_queue_ns);
        let cpu_ns = sums.cpu_ns.saturating_sub(self.sums.cpu_ns);
        let busy_ns = cpu_ns
            .saturating_add(run_queue_ns)
            .saturating_add(self.owed_ns);
        let time_ns = now_ns.saturating_sub(self.looked_ns);
        let passed = Passed {
            off_ns: time_ns.saturating_sub(busy_ns),
            run_queue_ns,
            runs: sums.runs.saturating_sub(self.sums.runs),
        };
        self.owed_ns = busy_ns.saturating_sub(time_ns);
        self.sums = sums;
        self.looked_ns = now_ns;
        passed
    }

    /// The thread has run since the last look, and is found so now: the waits that are over.
    /// Between two that differ the time off the CPU is halved, since nobody saw when one ended and
    /// the other began.
    fn turn(&mut self, now_ns: u64, passed: Passed, found: Option<Found>) -> Vec<Waiting> {
        let Some(mut before) = self.waiting.take() else {
            let unplaced = std::mem::take(&mut self.unplaced).and(passed);
            if found.is_none() && unplaced.off_ns < LONGEST_ROW_NS {
                self.unplaced = unplaced;
                return Vec::new();
            }
            self.waiting = found.map(|found| Waiting {
                found,
                start_ns: now_ns.saturating_sub(unplaced.off_ns + unplaced.run_queue_ns),
                off_ns: unplaced.off_ns,
                run_queue_ns: unplaced.run_queue_ns,
                count: unplaced.runs.max(1),
            });
            return if found.is_some() {
                Vec::new()
            } else {
                unplaced.rows(now_ns)
            };
        };
        before.run_queue_ns += passed.run_queue_ns;
        match found {
            Some(found) if found == before.found => {
                before.off_ns += passed.off_ns;
                before.count += passed.runs;
                if now_ns.saturating_sub(before.start_ns) < LONGEST_ROW_NS {
                    self.waiting = Some(before);
                    return Vec::new();
                }
                self.waiting = Some(Waiting {
                    found,
                    start_ns: now_ns,
                    off_ns: 0,
                    run_queue_ns: 0,
                    count: 1,
                });
                before.count = (before.count - 1).max(1);
                vec![before]
            }
            Some(found) => {
                let half_ns = passed.off_ns / 2;
                before.off_ns += passed.off_ns - half_ns;
                let unseen = passed.runs.saturating_sub(1);
                before.count += unseen - unseen / 2;
                self.waiting = Some(Waiting {
                    found,
                    start_ns: now_ns.saturating_sub(half_ns),
                    off_ns: half_ns,
                    run_queue_ns: 0,
                    count: 1 + unseen / 2,
                });
                vec![before]
            }
            None => {
                before.off_ns += passed.off_ns;
                before.count += passed.runs.saturating_sub(1);
                vec![before]
            }
        }
    }
}

impl Passed {
    fn and(self, later: Self) -> Self {
        Self {
            off_ns: self.off_ns + later.off_ns,
            run_queue_ns: self.run_queue_ns + later.run_queue_ns,
            runs: self.runs + later.runs,
        }
    }

    /// What nobody saw the place of: the thread was running whenever it was looked at.
    fn rows(self, now_ns: u64) -> Vec<Waiting> {
        if self.off_ns + self.run_queue_ns == 0 {
            return Vec::new();
        }
        let class = if self.off_ns == 0 {
            WaitClass::RunQueue
        } else {
            WaitClass::Unknown
        };
        vec![Waiting {
            found: Found { stack: NONE, class },
            start_ns: now_ns.saturating_sub(self.off_ns + self.run_queue_ns),
            off_ns: self.off_ns,
            run_queue_ns: self.run_queue_ns,
            count: self.runs.max(1),
        }]
    }
}

fn schedstat(pid: u32, tid: u32) -> io::Result<File> {
    File::open(format!("/proc/{pid}/task/{tid}/schedstat"))
}

fn sums(file: &File) -> io::Result<Sums> {
    let mut bytes = [0; 96];
    let length = file.read_at(&mut bytes, 0)?;
    parse(&bytes[..length]).ok_or_else(|| {
        let what = "the kernel keeps no scheduler statistics (CONFIG_SCHED_INFO)";
        io::Error::new(io::ErrorKind::Unsupported, what)
    })
}

fn parse(bytes: &[u8]) -> Option<Sums> {
    let mut words = std::str::from_utf8(bytes).ok()?.split_ascii_whitespace();
    let mut number = || words.next()?.parse().ok();
    Some(Sums {
        cpu_ns: number()?,
        run_queue_ns: number()?,
        runs: number()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_an_interval_apart_on_average_and_never_even() {
        let mut looks = Looks(1);
        let times: Vec<u64> = (0..1_000).map(|_| looks.vary(10_000_000)).collect();
        let mean = times.iter().sum::<u64>() / 1_000;
        assert!((9_800_000..10_200_000).contains(&mean), "{mean}");
        assert!(
            times
                .iter()
                .all(|time| (7_500_000..12_500_000).contains(time))
        );
        let distinct: std::collections::BTreeSet<u64> = times.into_iter().collect();
        assert!(distinct.len() > 990);
    }

    const LOCK: Found = Found {
        stack: 1,
        class: WaitClass::Lock,
    };
    const NAP: Found = Found {
        stack: 2,
        class: WaitClass::Sleep,
    };

    fn followed() -> Followed {
        Followed {
            schedstat: File::open("/proc/self/schedstat").expect("every Linux has it"),
            sums: Sums::default(),
            looked_ns: 0,
            waiting: None,
            unplaced: Passed::default(),
            owed_ns: 0,
        }
    }

    fn sums_of(cpu_ns: u64, run_queue_ns: u64, runs: u64) -> Sums {
        Sums {
            cpu_ns,
            run_queue_ns,
            runs,
        }
    }

    #[test]
    fn all_time_off_the_cpu_is_given_to_what_was_seen_before_and_after() {
        let mut thread = followed();
        let passed = thread.pass(100, sums_of(20, 0, 1));
        assert!(thread.turn(100, passed, Some(LOCK)).is_empty());
        let passed = thread.pass(200, sums_of(30, 10, 2));
        let ended = thread.turn(200, passed, Some(NAP));
        // 80 before the first look, half of the 80 after it, and 10 on the run queue.
        let [lock] = ended.as_slice() else {
            panic!("{ended:?}")
        };
        assert_eq!((lock.off_ns, lock.run_queue_ns, lock.count), (120, 10, 1));
        let nap = thread.waiting.expect("it naps");
        assert_eq!((nap.off_ns, nap.found), (40, NAP));
    }

    #[test]
    fn cpu_time_that_the_kernel_sums_up_late_is_taken_back_from_the_next_wait() {
        let mut thread = followed();
        // It ran for 60 of the 100, of which the kernel has summed up nothing yet.
        assert_eq!(thread.pass(100, sums_of(0, 0, 1)).off_ns, 100);
        assert_eq!(thread.pass(150, sums_of(90, 0, 1)).off_ns, 0);
        assert_eq!(thread.pass(250, sums_of(90, 0, 2)).off_ns, 60);
    }

    #[test]
    fn waits_alike_stay_one_row_and_are_counted() {
        let mut thread = followed();
        let passed = thread.pass(100, sums_of(10, 0, 1));
        thread.turn(100, passed, Some(LOCK));
        let passed = thread.pass(200, sums_of(20, 0, 6));
        assert!(thread.turn(200, passed, Some(LOCK)).is_empty());
        let waiting = thread.waiting.expect("it waits still");
        assert_eq!((waiting.off_ns, waiting.count), (180, 6));
    }

    #[test]
    fn a_preempted_thread_that_is_seen_running_was_on_the_run_queue() {
        let mut thread = followed();
        let passed = thread.pass(100, sums_of(70, 30, 4));
        assert!(thread.turn(100, passed, None).is_empty());
        let ended = thread.unplaced.rows(100);
        let [queued] = ended.as_slice() else {
            panic!("{ended:?}")
        };
        assert_eq!(queued.found.class, WaitClass::RunQueue);
        assert_eq!(
            (queued.off_ns, queued.run_queue_ns, queued.count),
            (0, 30, 4)
        );
    }
}
