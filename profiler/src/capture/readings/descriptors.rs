//! Open descriptors by kind, and how many may be open.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, ErrorKind},
    path::Path,
    time::Duration,
};

use super::{kind::Kind, processes::Process, sink::Sink};
use crate::{capture::model::SeriesKind, process::read_small};

/// Descriptors of a process that are looked at; more are counted as `not looked at`.
const MOST: usize = 4_096;

/// All kinds that are told apart, so that one which comes to an end is written as 0.
const KINDS: [&str; 14] = [
    "file",
    "deleted file",
    "device",
    "memfd",
    "socket",
    "pipe",
    "eventfd",
    "epoll",
    "timerfd",
    "signalfd",
    "inotify",
    "io_uring",
    "other",
    "not looked at",
];

/// Reads every process.
#[derive(Debug)]
pub(super) struct Descriptors;

impl Kind for Descriptors {
    fn every(&self) -> Duration {
        Duration::from_secs(2)
    }

    fn budget(&self) -> u64 {
        30
    }

    fn read(&mut self, processes: &[Process], out: &mut Sink) {
        for process in processes {
            let (pid, time_ns) = (process.pid, out.now_ns());
            match count(pid) {
                Ok(counts) => put(pid, time_ns, &counts, out),
                Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                    let why = format!(
                        "descriptors of process {pid}: only its owner may list /proc/{pid}/fd"
                    );
                    out.note(time_ns, pid, why);
                }
                Err(_) => {}
            }
        }
    }
}

fn put(pid: u32, time_ns: u64, counts: &BTreeMap<&str, u64>, out: &mut Sink) {
    for kind in KINDS {
        // A kind that was never seen gets no series.
        if let Some(&count) = counts.get(kind) {
            out.put(time_ns, SeriesKind::Descriptors, (pid, 0), kind, count);
        } else {
            out.put_known(time_ns, SeriesKind::Descriptors, (pid, 0), kind, 0);
        }
    }
    let all = counts.values().sum();
    out.put(time_ns, SeriesKind::Descriptors, (pid, 0), "all", all);
    if let Some(limit) = soft_limit(pid) {
        out.process(time_ns, SeriesKind::DescriptorLimit, pid, limit);
    }
}

fn count(pid: u32) -> io::Result<BTreeMap<&'static str, u64>> {
    let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
    for (position, entry) in fs::read_dir(format!("/proc/{pid}/fd"))?.enumerate() {
        if position >= MOST {
            *counts.entry("not looked at").or_default() += 1;
            continue;
        }
        // A descriptor may be closed between listing and reading.
        if let Ok(target) = entry.and_then(|entry| fs::read_link(entry.path())) {
            *counts.entry(kind_of(&target)).or_default() += 1;
        }
    }
    Ok(counts)
}

fn kind_of(target: &Path) -> &'static str {
    let target = target.to_string_lossy();
    if let Some(name) = target.strip_prefix("anon_inode:") {
        return match name.trim_matches(['[', ']']) {
            "eventfd" => "eventfd",
            "eventpoll" => "epoll",
            "timerfd" => "timerfd",
            "signalfd" => "signalfd",
            "io_uring" => "io_uring",
            // `inotify` stands without brackets.
            "inotify" => "inotify",
            _ => "other",
        };
    }
    match &*target {
        path if path.starts_with("/memfd:") => "memfd",
        path if path.starts_with("/dev/") && !path.starts_with("/dev/shm/") => "device",
        path if path.starts_with('/') && path.ends_with(" (deleted)") => "deleted file",
        path if path.starts_with('/') => "file",
        path if path.starts_with("socket:") => "socket",
        path if path.starts_with("pipe:") => "pipe",
        _ => "other",
    }
}

/// `None` where it is unlimited.
fn soft_limit(pid: u32) -> Option<u64> {
    let limits = read_small(format!("/proc/{pid}/limits")).ok()?;
    let mut lines = limits.lines();
    let line = lines.find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_told_apart_by_what_they_lead_to() {
        let cases = [
            ("/srv/data.db", "file"),
            ("/srv/old (deleted)", "deleted file"),
            ("/dev/null", "device"),
            ("/dev/shm/ring", "file"),
            ("/memfd:buffer (deleted)", "memfd"),
            ("socket:[1]", "socket"),
            ("pipe:[1]", "pipe"),
            ("anon_inode:[eventfd]", "eventfd"),
            ("anon_inode:[eventpoll]", "epoll"),
            ("anon_inode:inotify", "inotify"),
            ("anon_inode:[perf_event]", "other"),
            ("mnt:[4026531841]", "other"),
        ];
        for (target, kind) in cases {
            assert_eq!(kind_of(Path::new(target)), kind, "{target}");
            assert!(KINDS.contains(&kind));
        }
    }
}
