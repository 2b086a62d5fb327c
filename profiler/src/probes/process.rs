//! Identity, runtime and limits of the target.

use std::{fs, os::unix::fs::MetadataExt};

use scrutineer_evidence::{Gathered, process::ProcessFacts};

use super::absent_for;
use crate::{
    process::{self, arguments, executable, runtime_of, user_name},
    redaction::{redact_command_line, redact_text},
};

/// Reads the process as it is now. What only its owner may read is `None` for others.
pub(super) fn gather(pid: u32) -> Gathered<ProcessFacts> {
    let absent = |error| absent_for(pid, "identity", &error);
    let stat = process::stat(pid).map_err(absent)?;
    let owner = fs::metadata(format!("/proc/{pid}")).map_err(absent)?.uid();
    let uptime = fs::read_to_string("/proc/uptime").unwrap_or_default();
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
    Ok(ProcessFacts {
        pid,
        name: redact_text(&stat.name),
        executable: executable(pid),
        command_line: redact_command_line(&arguments(pid)),
        user: user_name(owner),
        runtime: runtime_of(pid),
        age_s: age(&uptime, stat.started_ticks, crate::sys::clock_ticks_per_s()),
        descriptors: fs::read_dir(format!("/proc/{pid}/fd"))
            .ok()
            .map(|list| list.count() as u64),
        descriptor_limit: soft_limit(&limits, "Max open files"),
    })
}

/// Seconds since a process started; `/proc/uptime` begins with the seconds since the boot.
fn age(uptime: &str, started_ticks: u64, ticks_per_s: u64) -> f64 {
    let up: f64 = uptime
        .split(' ')
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0.0);
    (up - started_ticks as f64 / ticks_per_s as f64).max(0.0)
}

/// Soft limit of `/proc/PID/limits`; `None` for `unlimited`.
fn soft_limit(limits: &str, name: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use scrutineer_evidence::{Absent, process::Runtime};

    use super::*;

    const LIMITS: &str = "Limit                     Soft Limit           Hard Limit           Units\n\
        Max processes             unlimited            unlimited            processes\n\
        Max open files            1024                 524288               files\n";

    #[test]
    fn the_soft_limit_is_read_and_unlimited_is_none() {
        assert_eq!(soft_limit(LIMITS, "Max open files"), Some(1024));
        assert_eq!(soft_limit(LIMITS, "Max processes"), None);
    }

    #[test]
    fn the_age_counts_from_the_boot() {
        assert!((age("1000.50 2000.0", 90_050, 100) - 100.0).abs() < 1e-9);
        assert!(age("1.0 1.0", 90_050, 100).abs() < 1e-9);
    }

    #[test]
    fn a_child_is_described_with_its_secrets_redacted() {
        let mut child = Command::new("sh")
            .args(["-c", "sleep 60; true", "--password", "HUNTER2"])
            .spawn()
            .unwrap();
        // For a moment in `exec` a process has no arguments yet.
        while arguments(child.id()).is_empty() {
            std::thread::yield_now();
        }
        let facts = gather(child.id()).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!((facts.pid, facts.name.as_str()), (child.id(), "sh"));
        assert_eq!(facts.command_line, "sh -c 'sleep 60; true' --password •••");
        assert_eq!(facts.runtime, Runtime::Native);
        assert!(facts.executable.unwrap().starts_with('/'));
        assert!(facts.descriptors.unwrap() >= 3);
    }

    #[test]
    fn a_process_that_is_gone_is_said_to_be_gone() {
        let Err(Absent::Failed { why }) = gather(u32::MAX >> 2) else {
            panic!("must be absent")
        };
        assert!(why.contains("has ended"), "{why}");
    }
}
