//! The processes of the capture: found, named, and watched until they end.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fs,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    time::Duration,
};

use super::{MOST_PROCESSES, Scope, kind::Turn, sink::Sink};
use crate::{
    capture::model::{ProcessEntry, SeriesKind},
    process::{self, Stat},
    redaction::{redact_command_line, redact_text},
    sys::{clock, pidfd},
};

/// Least time between two looks for new processes.
const SCAN_EVERY_NS: u64 = 1_000_000_000;
/// The same where the sampler tells of them: then the looks are for new names alone.
const NAME_EVERY_NS: u64 = 5_000_000_000;
/// A look that took a time t is followed by the next after this many t: 0.08 % of a CPU.
const SCAN_PAUSE_FACTOR: u64 = 1_250;
/// Processes whose names are read anew at each look.
const NAMED_AT_ONCE: usize = 8;

/// A process that is read.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) pid: u32,
    /// For one born during the capture, a time before its birth: its counters were 0 then.
    pub(super) born_after_ns: Option<u64>,
    entry: ProcessEntry,
    /// Readable once it has ended.
    watch: Option<OwnedFd>,
}

impl Process {
    /// Whether it is still there, a zombie included: what is missing is then missing for another
    /// reason than its end.
    pub(super) fn exists(&self) -> bool {
        fs::exists(format!("/proc/{}", self.pid)).unwrap_or(false)
    }
}

/// A process that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) pid: u32,
    /// Its wait status, where nobody had waited for it yet.
    pub(super) status: Option<i32>,
}

/// All processes of the capture.
#[derive(Debug)]
pub(super) struct Processes {
    finds_children: bool,
    /// The target first, then in order of appearance.
    living: Vec<Process>,
    /// Of the capture, but too many to be read.
    not_shown: BTreeSet<u32>,
    /// Living processes that do not belong to it.
    strangers: HashSet<u32>,
    next_scan_ns: u64,
    last_scan_ns: u64,
    names: Turn,
}

impl Processes {
    pub(super) fn new(scope: &Scope, out: &mut Sink) -> Self {
        let mut processes = Self {
            finds_children: scope.finds_children,
            living: Vec::new(),
            not_shown: BTreeSet::new(),
            strangers: HashSet::new(),
            next_scan_ns: 0,
            last_scan_ns: 0,
            names: Turn::default(),
        };
        for &pid in &scope.pids {
            processes.admit(pid, None, out);
        }
        processes
    }

    pub(super) fn living(&self) -> &[Process] {
        &self.living
    }

    /// Descriptors that become readable when a process ends.
    pub(super) fn watches(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.living
            .iter()
            .filter_map(|process| process.watch.as_ref())
            .map(AsFd::as_fd)
    }

    /// When it is time to look for new processes.
    pub(super) fn next_ns(&self) -> u64 {
        self.next_scan_ns
    }

    /// Takes in processes that were added, looks for others where it is time, and tells which
    /// have ended since the last call.
    pub(super) fn refresh(&mut self, added: &[(u32, u64)], out: &mut Sink) -> Vec<Ended> {
        let ended = self.take_ended(out);
        for &(pid, born_ns) in added {
            self.admit(pid, Some(born_ns), out);
        }
        let now_ns = out.now_ns();
        if now_ns >= self.next_scan_ns {
            let began_ns = clock::thread_cpu_ns();
            self.scan(out);
            let took_ns = clock::thread_cpu_ns() - began_ns;
            let pause_ns = took_ns.saturating_mul(SCAN_PAUSE_FACTOR);
            let every_ns = if self.finds_children {
                SCAN_EVERY_NS
            } else {
                NAME_EVERY_NS
            };
            self.next_scan_ns = now_ns + pause_ns.max(every_ns);
            self.last_scan_ns = now_ns;
        }
        ended
    }

    fn take_ended(&mut self, out: &mut Sink) -> Vec<Ended> {
        let watches: Vec<BorrowedFd<'_>> = self.watches().collect();
        if watches.is_empty() {
            return Vec::new();
        }
        let mut ready = pidfd::wait(&watches, Duration::ZERO)
            .unwrap_or_default()
            .into_iter();
        let mut ended = Vec::new();
        self.living.retain(|living| {
            let has_ended = living.watch.is_some() && ready.next() == Some(true);
            if has_ended {
                let pid = living.pid;
                // Its CPU time stays to be read until somebody has waited for it.
                if let Ok(stat) = process::stat(pid)
                    && stat.state == 'Z'
                {
                    out.cpu_time(pid, stat.user_ns, stat.kernel_ns);
                }
                ended.push(Ended {
                    pid,
                    status: status_of_zombie(pid),
                });
            }
            !has_ended
        });
        ended
    }

    fn admit(&mut self, pid: u32, born_after_ns: Option<u64>, out: &mut Sink) {
        if self.living.iter().any(|process| process.pid == pid) {
            return;
        }
        if self.living.len() >= MOST_PROCESSES {
            self.not_shown.insert(pid);
            return;
        }
        let watch = pidfd::open(pid).ok();
        // Read after the watch is open, so that the two are of one process.
        let Ok(stat) = process::stat(pid) else { return };
        if matches!(stat.state, 'Z' | 'X') {
            return;
        }
        self.not_shown.remove(&pid);
        self.strangers.remove(&pid);
        let entry = entry_of(pid, &stat);
        out.batch().processes.push(entry.clone());
        self.living.push(Process {
            pid,
            born_after_ns,
            entry,
            watch,
        });
    }

    fn scan(&mut self, out: &mut Sink) {
        self.rename(out);
        if self.finds_children || !self.not_shown.is_empty() {
            let pids = all_pids();
            self.strangers.retain(|pid| pids.contains(pid));
            self.not_shown.retain(|pid| pids.contains(pid));
            let waiting: Vec<u32> = self.not_shown.iter().copied().collect();
            for pid in waiting {
                self.admit(pid, Some(self.last_scan_ns), out);
            }
            if self.finds_children {
                self.adopt(&pids, out);
            }
        }
        let not_shown = self.not_shown.len() as u64;
        out.subject(out.now_ns(), SeriesKind::ProcessesNotShown, "", not_shown);
    }

    /// Takes in all processes whose parents belong to the capture.
    fn adopt(&mut self, pids: &BTreeSet<u32>, out: &mut Sink) {
        let mut ours: HashSet<u32> = self.living.iter().map(|process| process.pid).collect();
        ours.extend(&self.not_shown);
        let mut parents: BTreeMap<u32, u32> = pids
            .iter()
            .filter(|pid| !ours.contains(pid) && !self.strangers.contains(pid))
            .filter_map(|pid| Some((*pid, process::stat(*pid).ok()?.parent)))
            .collect();
        // A grandchild may have a lower pid than its parent, once pids have gone around.
        loop {
            let born: Vec<u32> = parents
                .iter()
                .filter(|(_, parent)| ours.contains(parent))
                .map(|(pid, _)| *pid)
                .collect();
            if born.is_empty() {
                break;
            }
            for pid in born {
                parents.remove(&pid);
                ours.insert(pid);
                let born_after_ns = (self.last_scan_ns > 0).then_some(self.last_scan_ns);
                self.admit(pid, born_after_ns, out);
            }
        }
        self.strangers.extend(parents.into_keys());
    }

    /// Reads some names and command lines anew: an exec changes them.
    fn rename(&mut self, out: &mut Sink) {
        for at in self.names.take(self.living.len(), NAMED_AT_ONCE) {
            let process = &mut self.living[at];
            let Ok(stat) = process::stat(process.pid) else {
                continue;
            };
            let entry = ProcessEntry {
                parent_pid: process.entry.parent_pid,
                ..entry_of(process.pid, &stat)
            };
            // A process that is about to end has no command line any more.
            if entry != process.entry && !entry.command_line.is_empty() {
                out.batch().processes.push(entry.clone());
                process.entry = entry;
            }
        }
    }
}

fn entry_of(pid: u32, stat: &Stat) -> ProcessEntry {
    ProcessEntry {
        pid,
        parent_pid: stat.parent,
        name: redact_text(&stat.name),
        command_line: redact_command_line(&process::arguments(pid)),
    }
}

fn all_pids() -> BTreeSet<u32> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// Field 52 of `stat`, which only those see who may trace the process; see `proc_pid_stat(5)`.
fn status_of_zombie(pid: u32) -> Option<i32> {
    let bytes = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let (_, rest) = text.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    matches!(*fields.first()?, "Z" | "X")
        .then(|| fields.get(49)?.parse().ok())
        .flatten()
}
