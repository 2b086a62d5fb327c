//! Control groups as targets: finding a group's folders and its processes.

use std::{
    fs::{self, File},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use super::{Caller, Resolved, Status};
use crate::capture::{CaptureError, model::Subject};

/// A mounted hierarchy of control groups.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hierarchy {
    mounted_at: PathBuf,
    /// Whether perf events can be bound to its groups: the unified one, or version 1's
    /// `perf_event`.
    has_perf: bool,
}

/// Finds a group by its folder (`/sys/fs/cgroup/…`) or its path below the hierarchies
/// (`/system.slice/a.service`), with its processes and those of the groups below it.
pub(super) fn resolve(path: &Path) -> Result<Resolved, CaptureError> {
    let group = group_path(path, &hierarchies());
    let no_such = || CaptureError::NoSuchCgroup {
        path: path.to_owned(),
    };
    let folders: Vec<PathBuf> = folders(&group).collect();
    if folders.is_empty() {
        return Err(no_such());
    }
    let mut pids = Vec::new();
    for folder in folders {
        collect_processes(&folder, &mut pids);
    }
    let caller = Caller::of_this_process();
    pids.retain(|&pid| {
        pid != std::process::id()
            && Status::read(pid).is_some_and(|status| caller.may_capture(&status))
    });
    pids.sort_unstable();
    pids.dedup();
    Ok(Resolved {
        subject: Subject::Cgroup { path: group },
        pids,
    })
}

/// The path of the control group that a process belongs to, below its hierarchy: of the hierarchy
/// that perf events can be bound to, else of any. `None` where it is in the root group alone, or
/// gone.
pub fn group_of(pid: u32) -> Option<PathBuf> {
    let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    own_group(&text).map(PathBuf::from)
}

/// Of lines like `4:memory:/a/b` and `0::/a/b` (`cgroups(7)`).
fn own_group(text: &str) -> Option<&str> {
    let groups = || {
        text.lines().filter_map(|line| {
            let (_, rest) = line.split_once(':')?;
            rest.split_once(':').filter(|(_, path)| *path != "/")
        })
    };
    let of_perf =
        groups().find(|(controllers, _)| controllers.split(',').any(|c| c == "perf_event"));
    let of_all = groups().find(|(controllers, _)| controllers.is_empty());
    let found = of_perf.or(of_all).or_else(|| groups().next());
    found.map(|(_, path)| path)
}

/// The folder that perf events of a group are bound to, opened; `None` where no hierarchy that can
/// do so has the group with all of `pids` in it.
pub(crate) fn open_perf_folder(group: &str, pids: &[u32]) -> Option<OwnedFd> {
    let below = group.trim_start_matches('/');
    hierarchies()
        .into_iter()
        .filter(|hierarchy| hierarchy.has_perf)
        .map(|hierarchy| hierarchy.mounted_at.join(below))
        .find(|folder| {
            let mut held = Vec::new();
            collect_processes(folder, &mut held);
            folder.join("cgroup.procs").is_file() && pids.iter().all(|pid| held.contains(pid))
        })
        .and_then(|folder| File::open(folder).ok())
        .map(OwnedFd::from)
}

/// The path of a group below its hierarchy's mount point.
fn group_path(path: &Path, hierarchies: &[Hierarchy]) -> String {
    let below = hierarchies
        .iter()
        .filter_map(|hierarchy| path.strip_prefix(&hierarchy.mounted_at).ok())
        .min_by_key(|below| below.as_os_str().len())
        .unwrap_or(path);
    format!("/{}", below.display().to_string().trim_matches('/'))
}

/// The folders of a group in all hierarchies that have it.
fn folders(group: &str) -> impl Iterator<Item = PathBuf> {
    let below = group.trim_start_matches('/').to_owned();
    hierarchies()
        .into_iter()
        .map(move |hierarchy| hierarchy.mounted_at.join(&below))
        .filter(|folder| folder.join("cgroup.procs").is_file())
}

fn collect_processes(folder: &Path, pids: &mut Vec<u32>) {
    let listed = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
    pids.extend(
        listed
            .lines()
            .filter_map(|line| line.trim().parse::<u32>().ok()),
    );
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect_processes(&entry.path(), pids);
        }
    }
}

fn hierarchies() -> Vec<Hierarchy> {
    parse(&fs::read_to_string("/proc/self/mounts").unwrap_or_default())
}

/// The hierarchies among the mounts, in their order (`proc_pid_mounts(5)`).
fn parse(mounts: &str) -> Vec<Hierarchy> {
    mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ');
            let (_, mounted_at, kind, options) = (
                fields.next()?,
                fields.next()?,
                fields.next()?,
                fields.next()?,
            );
            let has_perf = match kind {
                "cgroup2" => true,
                "cgroup" => options.split(',').any(|option| option == "perf_event"),
                _ => return None,
            };
            Some(Hierarchy {
                mounted_at: PathBuf::from(mounted_at),
                has_perf,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "proc /proc proc rw 0 0\n\
        cgroup2 /sys/fs/cgroup/unified cgroup2 rw,nosuid 0 0\n\
        cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n\
        cgroup /sys/fs/cgroup/perf_event cgroup rw,perf_event 0 0\n";

    #[test]
    fn hierarchies_that_perf_events_can_be_bound_to_are_told_apart() {
        let found = parse(MOUNTS);
        let has_perf: Vec<bool> = found.iter().map(|hierarchy| hierarchy.has_perf).collect();
        assert_eq!(has_perf, [true, false, true]);
    }

    #[test]
    fn the_group_of_perf_events_comes_before_the_unified_one_and_others() {
        let perf = "4:memory:/m\n3:cpu,perf_event:/p/q\n0::/u\n";
        assert_eq!(own_group(perf), Some("/p/q"));
        assert_eq!(
            own_group("4:memory:/m\n3:perf_event:/\n0::/u\n"),
            Some("/u")
        );
        assert_eq!(own_group("4:memory:/m\n0::/\n"), Some("/m"));
        assert_eq!(own_group("4:memory:/\n0::/\n"), None);
    }

    #[test]
    fn a_folder_and_a_path_below_the_hierarchies_name_the_same_group() {
        let hierarchies = parse(MOUNTS);
        for path in ["/sys/fs/cgroup/memory/a/b", "/a/b", "a/b/"] {
            assert_eq!(group_path(Path::new(path), &hierarchies), "/a/b");
        }
    }
}
