//! Processes that the kernel killed because memory ran out.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::{
    processes::{Ended, Process},
    sink::Sink,
};
use crate::{
    capture::model::EventKind,
    probes::cgroup::{
        controller::{field, limit_bytes},
        hierarchy,
    },
};

/// A group with its count of kills when it was looked at last.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    path: String,
    version: u8,
    kills: u64,
}

/// Watches the counts of OOM kills of the processes' control groups and of the machine.
///
/// The kernel counts a kill before its victim ends. So a process that has ended by SIGKILL, or in
/// an unknown way, while a count grew was killed for want of memory; where more have ended than
/// the count grew by, it is not known which.
#[derive(Debug, Default)]
pub(super) struct OomWatch {
    groups: BTreeMap<PathBuf, Group>,
    group_of: BTreeMap<u32, PathBuf>,
    machine: Option<u64>,
}

impl OomWatch {
    /// Takes new processes in.
    pub(super) fn watch(&mut self, processes: &[Process]) {
        for process in processes {
            if !self.group_of.contains_key(&process.pid) {
                self.add(process.pid);
            }
        }
        if self.machine.is_none() {
            self.machine = machine_kills();
        }
    }

    fn add(&mut self, pid: u32) {
        let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        // Without a group its folder is none that exists: the machine's count is left.
        let group = hierarchy::group_of(&groups, &mounts, "memory");
        let folder = group.as_ref().map(hierarchy::Group::folder);
        if let (Some(group), Some(folder)) = (group, &folder) {
            let entry = self.groups.entry(folder.clone());
            entry.or_insert_with(|| Group {
                path: format!("/{}", group.below),
                version: group.version,
                kills: kills(folder, group.version).unwrap_or(0),
            });
        }
        self.group_of.insert(pid, folder.unwrap_or_default());
    }

    /// Tells which of the processes that have ended were killed for want of memory.
    pub(super) fn tell(&mut self, ended: &[Ended], out: &mut Sink) {
        if ended.is_empty() {
            return;
        }
        let mut by_group: BTreeMap<PathBuf, Vec<u32>> = BTreeMap::new();
        for process in ended {
            let folder = self.group_of.remove(&process.pid).unwrap_or_default();
            if process.status.is_none_or(was_killed) {
                by_group.entry(folder).or_default().push(process.pid);
            }
        }
        let mut left = Vec::new();
        let mut told = 0;
        for (folder, pids) in by_group {
            let killed = self.kills_since(&folder);
            if killed == 0 {
                left.extend(pids);
                continue;
            }
            told += killed;
            let group = &self.groups[&folder];
            let text = in_words(&folder, group);
            say(&pids, killed, &text, out);
        }
        let machine = self.machine_kills_since().saturating_sub(told);
        if machine > 0 && !left.is_empty() {
            say(&left, machine, "memory ran out", out);
        }
    }

    /// How often the kernel killed in a group since the last look.
    fn kills_since(&mut self, folder: &Path) -> u64 {
        let Some(group) = self.groups.get_mut(folder) else {
            return 0;
        };
        let now = kills(folder, group.version).unwrap_or(group.kills);
        now.saturating_sub(std::mem::replace(&mut group.kills, now))
    }

    fn machine_kills_since(&mut self) -> u64 {
        let now = machine_kills();
        let before = std::mem::replace(&mut self.machine, now);
        match (before, now) {
            (Some(before), Some(now)) => now.saturating_sub(before),
            _ => 0,
        }
    }
}

/// A wait status that tells of SIGKILL.
fn was_killed(status: i32) -> bool {
    status & 0x7f == libc::SIGKILL
}

fn say(pids: &[u32], killed: u64, why: &str, out: &mut Sink) {
    let time_ns = out.now_ns();
    if killed >= pids.len() as u64 {
        for &pid in pids {
            let text = format!("killed by the kernel: {why}");
            out.event(time_ns, EventKind::OomKill, pid, text);
        }
        return;
    }
    let list: Vec<String> = pids.iter().map(u32::to_string).collect();
    let text = format!(
        "{killed} of the processes {} were killed by the kernel: {why}; which is not known",
        list.join(", ")
    );
    out.event(time_ns, EventKind::OomKill, 0, text);
}

fn in_words(folder: &Path, group: &Group) -> String {
    let name = if group.version == 2 {
        "memory.max"
    } else {
        "memory.limit_in_bytes"
    };
    let limit = fs::read_to_string(folder.join(name)).unwrap_or_default();
    match limit_bytes(&limit) {
        Some(bytes) => format!(
            "memory ran out in the control group {}, limited to {:.0} MiB",
            group.path,
            bytes as f64 / f64::from(1 << 20)
        ),
        None => format!(
            "memory ran out in an ancestor of the control group {}, or on the machine",
            group.path
        ),
    }
}

fn kills(folder: &Path, version: u8) -> Option<u64> {
    let name = if version == 2 {
        "memory.events"
    } else {
        "memory.oom_control"
    };
    field(&fs::read_to_string(folder.join(name)).ok()?, "oom_kill")
}

/// OOM kills since the boot, those of control groups included.
fn machine_kills() -> Option<u64> {
    field(&fs::read_to_string("/proc/vmstat").ok()?, "oom_kill")
}
