//! Threads: CPU time, run queue, states, switches and storage, the busiest where there are many.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    fs, io,
    time::Duration,
};

use super::{
    MOST_THREADS, disk,
    kind::{Kind, Turn},
    processes::Process,
    sink::Sink,
};
use crate::{
    capture::model::{SeriesKind, Thread},
    process::read_small,
    redaction::redact_text,
};

/// Threads read at once.
const AT_ONCE: usize = 64;
/// Least time between two listings of the threads.
const LIST_EVERY_NS: u64 = 500_000_000;
/// Least time between two looks at which threads are busiest, where not all can be read.
const RANK_EVERY_NS: u64 = 20_000_000_000;
/// Threads that are read as soon as they are seen. Of later ones those alone are that are still
/// there at the next listing: many short-lived ones are not worth a series each.
const READ_AT_ONCE_SEEN: usize = 64;
/// Threads with series, over the whole capture.
const MOST_EVER: usize = 4 * MOST_THREADS;

/// Process and thread.
type Id = (u32, u32);

/// A thread that is there.
#[derive(Clone, Copy, Debug)]
struct Listed {
    /// A time before its birth, where it was born during the capture.
    born_after_ns: Option<u64>,
    listings: u32,
}

/// What was read of a thread last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen {
    cpu_ns: u64,
    run_queue_ns: u64,
    detail: Detail,
}

/// What changes only when the thread runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Detail {
    name: String,
    state: char,
    voluntary: u64,
    involuntary: u64,
    /// Bytes read from and written to storage; `None` where that may not be read.
    storage: Option<(u64, u64)>,
}

/// Reads the threads in turn, those that did not run since the last time but briefly.
#[derive(Debug, Default)]
pub(super) struct Threads {
    listed: BTreeMap<Id, Listed>,
    /// Those that are read.
    shown: Vec<Id>,
    /// Those that were ever read.
    ever: BTreeSet<Id>,
    seen: BTreeMap<Id, Seen>,
    /// CPU times at the last look at which are busiest.
    ranked_cpu_ns: BTreeMap<Id, u64>,
    turn: Turn,
    next_list_ns: u64,
    last_list_ns: u64,
    next_rank_ns: u64,
}

impl Kind for Threads {
    fn every(&self) -> Duration {
        Duration::from_millis(500)
    }

    fn budget(&self) -> u64 {
        110
    }

    fn advance_ns(&self) -> u64 {
        // As many threads as are read are to be known within the first seconds.
        60_000_000
    }

    fn read(&mut self, processes: &[Process], out: &mut Sink) {
        let now_ns = out.now_ns();
        if now_ns >= self.next_list_ns {
            self.list(processes);
            self.choose(now_ns);
            let not_shown = self.listed.len() - self.shown.len();
            out.subject(now_ns, SeriesKind::ThreadsNotShown, "", not_shown as u64);
            self.next_list_ns = now_ns + LIST_EVERY_NS;
            self.last_list_ns = now_ns;
        }
        for at in self.turn.take(self.shown.len(), AT_ONCE) {
            self.read_thread(self.shown[at], out);
        }
    }
}

impl Threads {
    fn list(&mut self, processes: &[Process]) {
        let known: BTreeSet<u32> = self.listed.keys().map(|(pid, _)| *pid).collect();
        let mut alive = BTreeSet::new();
        for process in processes {
            let born_after_ns = if known.contains(&process.pid) {
                Some(self.last_list_ns)
            } else {
                process.born_after_ns
            };
            for tid in tids(process.pid) {
                let id = (process.pid, tid);
                alive.insert(id);
                let listed = self.listed.entry(id).or_insert(Listed {
                    born_after_ns,
                    listings: 0,
                });
                listed.listings += 1;
            }
        }
        self.listed.retain(|id, _| alive.contains(id));
        self.seen.retain(|id, _| alive.contains(id));
        self.ranked_cpu_ns.retain(|id, _| alive.contains(id));
    }

    /// Chooses which threads are read: all where they are few, else the busiest.
    fn choose(&mut self, now_ns: u64) {
        let mut candidates: Vec<Id> = Vec::new();
        let mut ever = self.ever.len();
        for (id, listed) in &self.listed {
            let is_known = self.ever.contains(id);
            let is_welcome = listed.listings > 1 || ever < READ_AT_ONCE_SEEN;
            if is_known || (is_welcome && ever < MOST_EVER) {
                ever += usize::from(!is_known);
                candidates.push(*id);
            }
        }
        if candidates.len() > MOST_THREADS {
            if now_ns >= self.next_rank_ns {
                self.next_rank_ns = now_ns + RANK_EVERY_NS;
                self.rank(&mut candidates);
            } else {
                let shown: BTreeSet<Id> = self.shown.iter().copied().collect();
                candidates.sort_by_key(|id| (!shown.contains(id), *id));
            }
            candidates.truncate(MOST_THREADS);
            candidates.sort_unstable();
        }
        self.ever.extend(&candidates);
        self.shown = candidates;
    }

    /// Sorts by the CPU time since the last ranking, most first.
    fn rank(&mut self, candidates: &mut [Id]) {
        let mut used: BTreeMap<Id, u64> = BTreeMap::new();
        for id in candidates.iter() {
            let (cpu_ns, _) = times(*id).unwrap_or_default();
            let before = self.ranked_cpu_ns.insert(*id, cpu_ns).unwrap_or(0);
            used.insert(*id, cpu_ns.saturating_sub(before));
        }
        candidates.sort_by_key(|id| (Reverse(used[id]), *id));
    }

    fn read_thread(&mut self, id: Id, out: &mut Sink) {
        let time_ns = out.now_ns();
        let (cpu_ns, run_queue_ns) = match times(id) {
            Ok(times) => times,
            Err(error) => return say_why(id, &error, time_ns, out),
        };
        let before = self.seen.get(&id);
        let rested =
            before.filter(|seen| (seen.cpu_ns, seen.run_queue_ns) == (cpu_ns, run_queue_ns));
        // A thread that did not run has neither switched nor changed its state.
        let detail = match rested {
            Some(seen) => seen.detail.clone(),
            None => match detail(id) {
                Ok(detail) => detail,
                Err(error) => return say_why(id, &error, time_ns, out),
            },
        };
        if before.is_none_or(|seen| seen.detail.name != detail.name) {
            out.batch().threads.push(Thread {
                pid: id.0,
                tid: id.1,
                name: detail.name.clone(),
            });
        }
        let seen = Seen {
            cpu_ns,
            run_queue_ns,
            detail,
        };
        let born_after_ns = self.listed.get(&id).and_then(|listed| listed.born_after_ns);
        put(id, time_ns, born_after_ns, &seen, out);
        self.seen.insert(id, seen);
    }
}

fn put(id: Id, time_ns: u64, born_after_ns: Option<u64>, seen: &Seen, out: &mut Sink) {
    let detail = &seen.detail;
    let mut counter = |kind, value| out.counter(time_ns, kind, id, born_after_ns, value);
    counter(SeriesKind::ThreadCpuNs, seen.cpu_ns);
    counter(SeriesKind::ThreadRunQueueNs, seen.run_queue_ns);
    counter(SeriesKind::ThreadVoluntarySwitches, detail.voluntary);
    counter(SeriesKind::ThreadInvoluntarySwitches, detail.involuntary);
    if let Some((read_bytes, write_bytes)) = detail.storage {
        counter(SeriesKind::ThreadDiskReadBytes, read_bytes);
        counter(SeriesKind::ThreadDiskWriteBytes, write_bytes);
    }
    let state = u64::from(u32::from(detail.state));
    out.put(time_ns, SeriesKind::ThreadState, id, "", state);
}

fn tids(pid: u32) -> Vec<u32> {
    fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// Time on a CPU and on the run queue, nanoseconds; see the kernel's
/// `Documentation/scheduler/sched-stats.rst`.
fn times((pid, tid): Id) -> io::Result<(u64, u64)> {
    let text = read_small(format!("/proc/{pid}/task/{tid}/schedstat"))?;
    let mut fields = text.split_ascii_whitespace().map(str::parse);
    match (fields.next(), fields.next()) {
        (Some(Ok(cpu_ns)), Some(Ok(run_queue_ns))) => Ok((cpu_ns, run_queue_ns)),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn detail((pid, tid): Id) -> io::Result<Detail> {
    let folder = format!("/proc/{pid}/task/{tid}");
    let status = read_small(format!("{folder}/status"))?;
    let io = read_small(format!("{folder}/io")).ok();
    parse_status(&status)
        .map(|detail| Detail {
            storage: io
                .and_then(|text| disk::parse(&text))
                .map(|io| (io.read_bytes, io.write_bytes)),
            ..detail
        })
        .ok_or_else(|| io::ErrorKind::InvalidData.into())
}

pub(super) fn parse_status(text: &str) -> Option<Detail> {
    let field = |name: &str| {
        Some(
            text.lines()
                .find_map(|line| line.strip_prefix(name))?
                .trim(),
        )
    };
    Some(Detail {
        name: redact_text(field("Name:")?),
        state: field("State:")?.chars().next()?,
        voluntary: field("voluntary_ctxt_switches:")?.parse().ok()?,
        involuntary: field("nonvoluntary_ctxt_switches:")?.parse().ok()?,
        storage: None,
    })
}

/// A thread that is gone needs no words.
fn say_why((pid, tid): Id, error: &io::Error, time_ns: u64, out: &mut Sink) {
    let is_there = fs::exists(format!("/proc/{pid}/task/{tid}")).unwrap_or(false);
    if is_there && error.raw_os_error() != Some(libc::ESRCH) {
        let why = format!(
            "threads: the kernel shows no scheduler statistics (schedstat: {error}); one with \
             CONFIG_SCHED_INFO does"
        );
        out.note(time_ns, 0, why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threads_status_is_read() {
        let text = "Name:\tworker\nUmask:\t0022\nState:\tS (sleeping)\n\
                    voluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t9\n";
        let detail = parse_status(text).unwrap();
        assert_eq!((detail.name.as_str(), detail.state), ("worker", 'S'));
        assert_eq!((detail.voluntary, detail.involuntary), (7, 9));
        assert_eq!(parse_status("Name:\tx\n"), None);
    }

    #[test]
    fn short_lived_threads_do_not_use_up_what_a_capture_may_have() {
        let mut threads = Threads::default();
        let list = |threads: &mut Threads, tids: std::ops::Range<u32>, listings: u32| {
            threads.listed = tids
                .map(|tid| {
                    let listed = Listed {
                        born_after_ns: None,
                        listings,
                    };
                    ((7, tid), listed)
                })
                .collect();
            threads.choose(0);
        };
        for round in 0..100 {
            list(&mut threads, round * 100..round * 100 + 50, 1);
        }
        assert_eq!(threads.ever.len(), READ_AT_ONCE_SEEN);
        list(&mut threads, 50_000..50_100, 2);
        assert_eq!(threads.shown.len(), 100);
        for round in 0..20 {
            list(&mut threads, 60_000 + round * 200..60_200 + round * 200, 2);
        }
        assert_eq!(threads.ever.len(), MOST_EVER);
    }

    #[test]
    fn of_too_many_threads_those_that_are_read_stay_until_the_next_ranking() {
        let mut threads = Threads {
            next_rank_ns: 10,
            ..Threads::default()
        };
        let listed = Listed {
            born_after_ns: None,
            listings: 2,
        };
        threads.listed = (100..100 + MOST_THREADS as u32)
            .map(|tid| ((7, tid), listed))
            .collect();
        threads.choose(0);
        let before = threads.shown.clone();
        threads.listed.extend((0..50).map(|tid| ((7, tid), listed)));
        threads.choose(1);
        assert_eq!(threads.shown, before);
        assert_eq!(threads.listed.len() - threads.shown.len(), 50);
    }
}
