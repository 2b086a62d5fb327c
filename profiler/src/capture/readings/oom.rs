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

/// Time between two looks at the machine's count: one that grew before it is not blamed.
const MACHINE_EVERY_NS: u64 = 5_000_000_000;

/// A group with its count of kills when it was looked at last.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    path: String,
    version: u8,
    kills: u64,
}

/// Watches the counts of OOM kills of the processes' control groups and of the machine.
///
/// The kernel counts a kill, in the victim's group and for the machine, before its victim ends. So
/// a process that has ended by SIGKILL, or in an unknown way, while the count of its group grew was
/// killed for want of memory; where more have ended than the count grew by, it is not known which.
/// The machine's count stands in where a group's cannot be read, as when it went with its last
/// process.
#[derive(Debug, Default)]
pub(super) struct OomWatch {
    groups: BTreeMap<PathBuf, Group>,
    group_of: BTreeMap<u32, PathBuf>,
    machine: Option<u64>,
    next_machine_ns: u64,
}

impl OomWatch {
    /// Takes new processes in.
    pub(super) fn watch(&mut self, processes: &[Process], now_ns: u64) {
        for process in processes {
            if !self.group_of.contains_key(&process.pid) {
                self.add(process.pid);
            }
        }
        if now_ns >= self.next_machine_ns {
            self.next_machine_ns = now_ns + MACHINE_EVERY_NS;
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
            let Some(killed) = self.kills_since(&folder) else {
                left.extend(pids);
                continue;
            };
            if killed == 0 {
                continue;
            }
            told += killed;
            let group = &self.groups[&folder];
            let text = in_words(&folder, group);
            say(&pids, killed, &text, out);
        }
        if !left.is_empty() {
            let machine = self.machine_kills_since().saturating_sub(told);
            if machine > 0 {
                say(&left, machine, "memory ran out", out);
            }
        }
    }

    /// How often the kernel killed in a group since the last look; `None` where it is not told.
    fn kills_since(&mut self, folder: &Path) -> Option<u64> {
        let group = self.groups.get_mut(folder)?;
        let now = kills(folder, group.version)?;
        Some(now.saturating_sub(std::mem::replace(&mut group.kills, now)))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A group of version 2 with these kills, as Linux 6.1 shows them.
    fn write(folder: &Path, kills: u64) {
        let events = format!("low 0\nhigh 0\nmax 9\noom {kills}\noom_kill {kills}\n");
        fs::write(folder.join("memory.events"), events).unwrap();
        fs::write(folder.join("memory.max"), "67108864\n").unwrap();
    }

    fn watch(folder: &Path, pids: &[u32]) -> OomWatch {
        let mut watch = OomWatch::default();
        let group = Group {
            path: "/shop".into(),
            version: 2,
            kills: 1,
        };
        watch.groups.insert(folder.to_owned(), group);
        for &pid in pids {
            watch.group_of.insert(pid, folder.to_owned());
        }
        watch
    }

    fn told(watch: &mut OomWatch, ended: &[(u32, Option<i32>)]) -> Vec<(u32, String)> {
        let ended: Vec<Ended> = ended
            .iter()
            .map(|&(pid, status)| Ended { pid, status })
            .collect();
        let mut out = Sink::new(0);
        watch.tell(&ended, &mut out);
        let events = std::mem::take(&mut out.batch().events);
        events.into_iter().map(|e| (e.pid, e.text)).collect()
    }

    #[test]
    fn a_kill_in_a_recorded_group_of_version_2_is_told_with_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), 2);
        let mut watch = watch(folder.path(), &[7, 8]);
        // The other one ended by itself.
        let found = told(&mut watch, &[(7, Some(libc::SIGKILL)), (8, Some(0))]);
        let text = "killed by the kernel: memory ran out in the control group /shop, limited to \
                    64 MiB";
        assert_eq!(found, [(7, text.to_owned())]);
    }

    #[test]
    fn of_more_that_ended_than_were_killed_none_is_blamed_alone() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), 2);
        let found = told(&mut watch(folder.path(), &[7, 8]), &[(7, None), (8, None)]);
        assert_eq!((found.len(), found[0].0), (1, 0));
        assert!(
            found[0].1.starts_with("1 of the processes 7, 8"),
            "{found:?}"
        );
    }

    #[test]
    fn a_group_whose_count_did_not_grow_clears_its_processes_whatever_the_machine_did() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), 1);
        let mut watch = watch(folder.path(), &[7]);
        watch.machine = Some(0);
        assert!(told(&mut watch, &[(7, Some(libc::SIGKILL))]).is_empty());
    }
}
