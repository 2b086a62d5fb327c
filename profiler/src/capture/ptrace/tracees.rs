//! The threads that are traced, and which of them are due for a sample.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    os::unix::fs::FileExt,
    time::Duration,
};

use crate::capture::tables::Tables;

/// CPU time that a thread may be ahead of its samples: what it used beyond this while it was never
/// seen running is forgotten.
const MOST_CREDIT_NS: u64 = 1_000_000_000;

/// First two fields of `schedstat`: time on a CPU, and time spent waiting for one, nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    run_ns: u64,
    wait_ns: u64,
}

/// A request to stop for a sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interruption {
    /// Process of the thread.
    pub(super) pid: u32,
    /// When the request was made.
    pub(super) at_ns: u64,
    /// Time from then on in which the thread still ran or waited for a CPU, rather than standing
    /// still for us.
    pub(super) still_ran_ns: u64,
}

/// Least time between two readings of the name of a thread that is sampled.
const NAME_EVERY_NS: u64 = 1_000_000_000;

/// All traced threads, by id.
#[derive(Debug, Default)]
pub(super) struct Tracees(BTreeMap<u32, Tracee>);

#[derive(Debug)]
struct Tracee {
    pid: u32,
    /// Run time so far; `None` where the kernel does not account it.
    schedstat: Option<File>,
    stat: Option<File>,
    /// As last read by a tick.
    times: Times,
    /// CPU time used and not yet sampled.
    credit_ns: u64,
    /// When it was asked to stop for a sample.
    interrupted_ns: Option<u64>,
    is_named: bool,
    next_naming_ns: u64,
}

impl Tracees {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn tids(&self) -> Vec<u32> {
        self.0.keys().copied().collect()
    }

    pub(super) fn contains(&self, tid: u32) -> bool {
        self.0.contains_key(&tid)
    }

    pub(super) fn pid_of(&self, tid: u32) -> Option<u32> {
        Some(self.0.get(&tid)?.pid)
    }

    /// Adds a thread of a known process.
    pub(super) fn add(&mut self, pid: u32, tid: u32) {
        let open = |file: &str| File::open(format!("/proc/{pid}/task/{tid}/{file}")).ok();
        let mut tracee = Tracee {
            pid,
            schedstat: open("schedstat"),
            stat: open("stat"),
            times: Times::default(),
            credit_ns: 0,
            interrupted_ns: None,
            is_named: false,
            next_naming_ns: 0,
        };
        tracee.times = tracee.read_times().unwrap_or_default();
        self.0.insert(tid, tracee);
    }

    /// Adds a thread whose process is not known yet, where it is new; tells its process.
    pub(super) fn add_unknown(&mut self, tid: u32) -> Option<u32> {
        if let Some(known) = self.pid_of(tid) {
            return Some(known);
        }
        let status = fs::read(format!("/proc/{tid}/status")).ok()?;
        let status = String::from_utf8_lossy(&status);
        let pid = status
            .lines()
            .find_map(|line| line.strip_prefix("Tgid:"))?
            .trim()
            .parse()
            .ok()?;
        self.add(pid, tid);
        Some(pid)
    }

    pub(super) fn remove(&mut self, tid: u32) {
        self.0.remove(&tid);
    }

    /// Removes all threads of a process but its leader.
    pub(super) fn remove_others(&mut self, leader: u32) {
        self.0
            .retain(|&tid, tracee| tid == leader || tracee.pid != leader);
    }

    /// The thread's name is read again.
    pub(super) fn rename(&mut self, tid: u32) {
        if let Some(tracee) = self.0.get_mut(&tid) {
            tracee.is_named = false;
            tracee.next_naming_ns = 0;
        }
    }

    /// Threads that run now and whose CPU time since their last sample is a period or more.
    pub(super) fn due(&mut self, period: Duration) -> Vec<u32> {
        let period_ns = period.as_nanos() as u64;
        let mut due = Vec::new();
        for (&tid, tracee) in &mut self.0 {
            if tracee.interrupted_ns.is_none()
                && tracee.earn(period_ns) >= period_ns
                && tracee.is_running()
            {
                tracee.credit_ns -= period_ns;
                due.push(tid);
            }
        }
        due
    }

    pub(super) fn mark_interrupted(&mut self, tid: u32, at_ns: u64) {
        if let Some(tracee) = self.0.get_mut(&tid) {
            tracee.interrupted_ns = Some(at_ns);
        }
    }

    /// The request that a thread which has stopped was made, if it was.
    pub(super) fn take_interrupted(&mut self, tid: u32) -> Option<Interruption> {
        let tracee = self.0.get_mut(&tid)?;
        let at_ns = tracee.interrupted_ns.take()?;
        let before = tracee.times;
        let now = tracee.read_times().unwrap_or(before);
        let still_ran_ns =
            now.run_ns.saturating_sub(before.run_ns) + now.wait_ns.saturating_sub(before.wait_ns);
        Some(Interruption {
            pid: tracee.pid,
            at_ns,
            still_ran_ns,
        })
    }

    /// Tells the tables the names of threads that were born, or executed a program, since the last
    /// call. A thread gives itself its name after its birth, so this runs at the next tick.
    pub(super) fn name_new(&mut self, tables: &mut Tables) {
        for (&tid, tracee) in self.0.iter_mut().filter(|(_, tracee)| !tracee.is_named) {
            tracee.is_named = true;
            tracee.tell_name(tid, tables);
        }
    }

    /// Tells the tables the name of a thread that is sampled, at most once a second: threads name
    /// themselves when they like.
    pub(super) fn refresh_name(&mut self, tid: u32, at_ns: u64, tables: &mut Tables) {
        if let Some(tracee) = self.0.get_mut(&tid)
            && at_ns >= tracee.next_naming_ns
        {
            tracee.next_naming_ns = at_ns + NAME_EVERY_NS;
            tracee.tell_name(tid, tables);
        }
    }
}

impl Tracee {
    /// Adds the CPU time since the last call to the credit, and tells the credit.
    fn earn(&mut self, period_ns: u64) -> u64 {
        match self.read_times() {
            Some(times) => {
                let used = times.run_ns.saturating_sub(self.times.run_ns);
                self.times = times;
                self.credit_ns = (self.credit_ns + used).min(MOST_CREDIT_NS);
            }
            // Not accounted: being runnable has to do.
            None => self.credit_ns = period_ns,
        }
        self.credit_ns
    }

    fn read_times(&self) -> Option<Times> {
        let mut buffer = [0; 64];
        let length = self.schedstat.as_ref()?.read_at(&mut buffer, 0).ok()?;
        let text = std::str::from_utf8(&buffer[..length]).ok()?;
        let mut fields = text
            .split_ascii_whitespace()
            .map_while(|field| field.parse().ok());
        Some(Times {
            run_ns: fields.next()?,
            wait_ns: fields.next()?,
        })
    }

    fn tell_name(&self, tid: u32, tables: &mut Tables) {
        if let Ok(name) = fs::read(format!("/proc/{}/task/{tid}/comm", self.pid)) {
            let name = String::from_utf8_lossy(&name);
            tables.name_thread(self.pid, tid, name.trim_end_matches('\n'));
        }
    }

    fn is_running(&self) -> bool {
        // The state stands after the name, which is at most 63 bytes long.
        let mut buffer = [0; 128];
        let read = self
            .stat
            .as_ref()
            .and_then(|stat| stat.read_at(&mut buffer, 0).ok());
        let bytes = &buffer[..read.unwrap_or(0)];
        let end_of_name = bytes.iter().rposition(|&byte| byte == b')');
        end_of_name.and_then(|end| bytes.get(end + 2)) == Some(&b'R')
    }
}
