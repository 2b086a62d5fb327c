//! The list of processes that a person chooses a target from.

use std::{
    collections::{HashMap, HashSet},
    fmt, fs,
    os::unix::fs::MetadataExt,
    time::Instant,
};

use scrutineer_evidence::process::Runtime;
use sysinfo::{Process, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

use crate::{
    process::{Stat, runtime_of, stat, user_name},
    redaction::{redact_command_line, redact_text},
};

/// One process.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessInfo {
    /// Process id.
    pub pid: u32,
    /// Pid of the parent; `None` for one without, and for one whose parent is a kernel thread.
    pub parent: Option<u32>,
    /// `comm`.
    pub name: String,
    /// Command line, with secrets redacted; empty where the process has none.
    pub command_line: String,
    /// Name (else number) of the user that it runs as.
    pub user: String,
    /// Whether it runs as our user, or we are root. The process that asks is none to attach to.
    pub attachable: bool,
    /// CPU since the refresh before, cores; 0 at the first.
    pub cpu_cores: f64,
    /// Resident set size.
    pub rss_bytes: u64,
    /// Threads.
    pub threads: u32,
    /// Recognised runtime; `None` where its files may not be read.
    pub runtime: Option<Runtime>,
}

/// What stays the same while a process lives and runs one program.
#[derive(Clone, Debug)]
struct Known {
    /// With the pid, the identity of the process.
    started_ticks: u64,
    /// An `exec` changes the program of a process.
    name: String,
    command_line: String,
    user: String,
    is_ours: bool,
    runtime: Option<Runtime>,
}

/// CPU time of a process at a refresh.
#[derive(Clone, Copy, Debug)]
struct CpuReading {
    started_ticks: u64,
    at: Instant,
    cpu_ns: u64,
}

/// Lists the processes of this machine again and again, without kernel threads and without
/// threads of processes.
pub struct ProcessLister {
    system: Option<System>,
    own_uid: u32,
    known: HashMap<u32, Known>,
    readings: HashMap<u32, CpuReading>,
}

impl fmt::Debug for ProcessLister {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessLister")
            .field("known", &self.known.len())
            .finish_non_exhaustive()
    }
}

impl Default for ProcessLister {
    fn default() -> Self {
        Self::new()
    }
}

impl ProcessLister {
    /// A lister that has seen nothing yet.
    pub fn new() -> Self {
        Self {
            system: System::new().ok(),
            own_uid: crate::sys::user::effective_uid(),
            known: HashMap::new(),
            readings: HashMap::new(),
        }
    }

    /// All processes, sorted by pid. Blocks for some milliseconds, more at the first call, which
    /// reads every program's headers.
    pub fn refresh(&mut self) -> Vec<ProcessInfo> {
        let Some(mut system) = self.system.take() else {
            return Vec::new();
        };
        let kind = ProcessRefreshKind::nothing()
            .with_memory()
            .with_cmd(UpdateKind::Always)
            .without_tasks();
        system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
        let mut processes: Vec<ProcessInfo> = system
            .processes()
            .values()
            .filter_map(|process| self.describe(process))
            .collect();
        self.system = Some(system);
        processes.sort_by_key(|process| process.pid);
        let pids: HashSet<u32> = processes.iter().map(|process| process.pid).collect();
        self.known.retain(|pid, _| pids.contains(pid));
        self.readings.retain(|pid, _| pids.contains(pid));
        for process in &mut processes {
            process.parent = process.parent.filter(|parent| pids.contains(parent));
        }
        processes
    }

    /// `None` for kernel threads, and for what has ended meanwhile.
    fn describe(&mut self, process: &Process) -> Option<ProcessInfo> {
        let pid = process.pid().as_u32();
        let stat = stat(pid).ok().filter(|stat| !stat.is_kernel_thread)?;
        // For a moment in `exec` a process has a new name and no arguments yet.
        let is_same = |known: &&Known| {
            known.started_ticks == stat.started_ticks
                && known.name == stat.name
                && !known.command_line.is_empty()
        };
        if self
            .known
            .get(&pid)
            .as_ref()
            .is_none_or(|known| !is_same(known))
        {
            let known = self.identify(process, stat.started_ticks, stat.name.clone())?;
            self.known.insert(pid, known);
        }
        let cpu_cores = self.cpu_cores(pid, &stat);
        let known = self.known.get(&pid)?;
        Some(ProcessInfo {
            pid,
            parent: Some(stat.parent).filter(|parent| *parent != 0),
            name: redact_text(&known.name),
            command_line: known.command_line.clone(),
            user: known.user.clone(),
            attachable: known.is_ours && pid != std::process::id(),
            cpu_cores,
            rss_bytes: process.memory(),
            threads: stat.threads,
            runtime: known.runtime,
        })
    }

    /// CPU time since the refresh before ÷ time since then.
    fn cpu_cores(&mut self, pid: u32, stat: &Stat) -> f64 {
        let now = CpuReading {
            started_ticks: stat.started_ticks,
            at: Instant::now(),
            cpu_ns: stat.user_ns + stat.kernel_ns,
        };
        match self.readings.insert(pid, now) {
            Some(before) if before.started_ticks == now.started_ticks && before.at < now.at => {
                let elapsed = now.at - before.at;
                now.cpu_ns.saturating_sub(before.cpu_ns) as f64 / elapsed.as_nanos() as f64
            }
            _ => 0.0,
        }
    }

    fn identify(&self, process: &Process, started_ticks: u64, name: String) -> Option<Known> {
        let pid = process.pid().as_u32();
        let uid = fs::metadata(format!("/proc/{pid}")).ok()?.uid();
        let arguments: Vec<String> = process
            .cmd()
            .iter()
            .map(|argument| argument.to_string_lossy().into_owned())
            .collect();
        let is_readable = fs::read_link(format!("/proc/{pid}/exe")).is_ok();
        Some(Known {
            started_ticks,
            name,
            command_line: redact_command_line(&arguments),
            user: user_name(uid),
            is_ours: self.own_uid == 0 || self.own_uid == uid,
            runtime: is_readable.then(|| runtime_of(pid)),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{
        process::{Command, Stdio},
        thread,
        time::Duration,
    };

    use super::*;

    #[test]
    fn a_busy_child_is_listed_under_us_with_its_cpu_and_without_its_secrets() {
        let mut child = Command::new("sh")
            .args(["-c", "while :; do :; done", "--token", "HUNTER2"])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut lister = ProcessLister::new();
        lister.refresh();
        let has_run = |processes: &[ProcessInfo]| {
            processes
                .iter()
                .any(|process| process.pid == child.id() && process.cpu_cores > 0.0)
        };
        let mut processes = lister.refresh();
        while !has_run(&processes) {
            thread::sleep(Duration::from_millis(100));
            processes = lister.refresh();
        }
        child.kill().unwrap();
        child.wait().unwrap();

        assert!(processes.is_sorted_by_key(|process| process.pid));
        let row = processes
            .iter()
            .find(|process| process.pid == child.id())
            .unwrap();
        assert_eq!(
            (row.name.as_str(), row.parent),
            ("sh", Some(std::process::id()))
        );
        assert_eq!(row.command_line, "sh -c 'while :; do :; done' --token •••");
        assert_eq!((row.threads, row.runtime), (1, Some(Runtime::Native)));
        assert!(row.attachable && row.rss_bytes > 0);

        let ours = processes
            .iter()
            .find(|process| process.pid == std::process::id())
            .unwrap();
        assert!(
            !ours.attachable && ours.runtime == Some(Runtime::Rust),
            "{ours:?}"
        );
        assert!(
            !lister
                .refresh()
                .iter()
                .any(|process| process.pid == child.id())
        );
    }

    #[test]
    fn threads_and_kernel_threads_are_no_processes() {
        let handle = thread::spawn(|| thread::sleep(Duration::from_millis(300)));
        let processes = ProcessLister::new().refresh();
        let own_threads: HashSet<u32> = fs::read_dir("/proc/self/task")
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok())
            .filter(|tid| *tid != std::process::id())
            .collect();
        assert!(!own_threads.is_empty());
        assert!(
            processes
                .iter()
                .all(|process| !own_threads.contains(&process.pid))
        );
        assert!(processes.iter().all(|process| process.name != "kthreadd"));
        handle.join().unwrap();
    }

    #[test]
    fn a_program_that_is_replaced_by_exec_is_looked_at_again() {
        let mut child = Command::new("sh")
            .args(["-c", "read -r line; exec sleep 60"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lister = ProcessLister::new();
        let name = |lister: &mut ProcessLister| {
            let processes = lister.refresh();
            processes
                .into_iter()
                .find(|process| process.pid == child.id())
                .unwrap()
                .command_line
        };
        assert!(name(&mut lister).starts_with("sh -c"));
        drop(child.stdin.take());
        let replaced = (0..100).any(|_| {
            thread::sleep(Duration::from_millis(20));
            lister
                .refresh()
                .iter()
                .any(|p| p.pid == child.id() && p.command_line == "sleep 60")
        });
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(replaced);
    }
}
