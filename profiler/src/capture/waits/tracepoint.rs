//! The number of the tracepoint that tells of wake-ups, where it may be read.

use std::fs;

/// Where the kernel's tracing file system is found.
const FOLDERS: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/// The number of `sched:sched_waking` on this machine; `None` where the tracing file system is not
/// mounted or may not be read.
pub(crate) fn of_wakeups() -> Option<u64> {
    FOLDERS.iter().find_map(|folder| {
        let path = format!("{folder}/events/sched/sched_waking/id");
        fs::read_to_string(path).ok()?.trim().parse().ok()
    })
}
