//! What `/proc` tells of a process and of the machine: identity, runtime, machine key.

#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
pub mod preflight;
mod runtime;
mod small_file;
mod stat;

use std::{collections::BTreeSet, fs};

use scrutineer_evidence::system::MachineKey;

pub use runtime::runtime_of;
pub(crate) use small_file::read_small;
pub use stat::{Stat, stat, thread_stat};

/// Name of a user, else the number.
pub fn user_name(uid: u32) -> String {
    crate::sys::user::name(uid).unwrap_or_else(|| uid.to_string())
}

/// Name (else number) of the user that we run as.
pub fn own_user_name() -> String {
    user_name(crate::sys::user::effective_uid())
}

/// Arguments of a process as they were given; empty for kernel threads and zombies, and where they
/// may not be read. They may hold secrets: pass them through
/// [`redact_command_line`](crate::redaction::redact_command_line) before they are stored or shown.
pub fn arguments(pid: u32) -> Vec<String> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    arguments_in(&bytes)
}

/// The arguments in what the kernel shows as a process's command line. A process that sets its
/// own title (`setproctitle`) leaves the rest of its old arguments as zeroes: they are none.
fn arguments_in(bytes: &[u8]) -> Vec<String> {
    let length = bytes.iter().rposition(|&byte| byte != 0);
    let Some(last) = length else {
        return Vec::new();
    };
    bytes[..=last]
        .split(|&byte| byte == 0)
        .map(|part| String::from_utf8_lossy(part).into_owned())
        .collect()
}

/// Path of the executable as the target sees it, without the kernel's ` (deleted)`; `None` where
/// it may not be read.
pub fn executable(pid: u32) -> Option<String> {
    let path = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    let path = path.to_string_lossy();
    Some(path.strip_suffix(" (deleted)").unwrap_or(&path).to_owned())
}

/// The pid that a process sees itself: the last of `NSpid`. `None` where it is gone.
pub(crate) fn inner_pid(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("NSpid:"))?;
    line.split_ascii_whitespace().last()?.parse().ok()
}

/// The machine key of this machine.
pub fn machine_key() -> MachineKey {
    MachineKey {
        cpu_model: cpu_model(&fs::read_to_string("/proc/cpuinfo").unwrap_or_default()),
        cores: online_cores(),
        kernel: trimmed("/proc/sys/kernel/osrelease").unwrap_or_else(|| "unknown".to_owned()),
        governor: governor(),
    }
}

/// The frequency governor of the online cores; several, sorted and joined by `+`, where they
/// differ; `None` where the kernel shows none (most virtual machines).
pub fn governor() -> Option<String> {
    let cores = fs::read_dir("/sys/devices/system/cpu/cpufreq").ok()?;
    let governors: BTreeSet<String> = cores
        .flatten()
        .filter_map(|policy| trimmed(policy.path().join("scaling_governor")))
        .collect();
    (!governors.is_empty()).then(|| Vec::from_iter(governors).join("+"))
}

/// x86 names its model; ARM gives the numbers of implementer and part alone.
fn cpu_model(cpuinfo: &str) -> String {
    let field = |wanted: &str| {
        cpuinfo
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find_map(|(name, value)| (name.trim() == wanted).then(|| value.trim().to_owned()))
    };
    field("model name")
        .or_else(|| field("cpu model"))
        .or_else(|| {
            Some(format!(
                "{} part {}",
                field("CPU implementer")?,
                field("CPU part")?
            ))
        })
        .or_else(|| field("uarch"))
        .unwrap_or_else(|| format!("unknown {}", std::env::consts::ARCH))
}

fn online_cores() -> u32 {
    trimmed("/sys/devices/system/cpu/online")
        .and_then(|list| count_ranges(&list))
        .or_else(|| {
            std::thread::available_parallelism()
                .ok()
                .map(|count| count.get() as u32)
        })
        .unwrap_or(1)
}

/// How many numbers a list like `0-3,8` holds.
fn count_ranges(list: &str) -> Option<u32> {
    list.split(',')
        .map(|range| {
            let (start, end) = range.split_once('-').unwrap_or((range, range));
            let length = end.parse::<u32>().ok()?.checked_sub(start.parse().ok()?)?;
            length.checked_add(1)
        })
        .sum()
}

fn trimmed(path: impl AsRef<std::path::Path>) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeroes_that_a_process_title_left_behind_are_no_arguments() {
        assert_eq!(
            arguments_in(b"redis-server *:6379\0\0\0\0"),
            ["redis-server *:6379"]
        );
        assert_eq!(arguments_in(b"sh\0-c\0\0x\0"), ["sh", "-c", "", "x"]);
        assert!(arguments_in(b"\0\0").is_empty() && arguments_in(b"").is_empty());
    }

    #[test]
    fn ranges_of_cores_are_counted() {
        assert_eq!(count_ranges("0-3,8"), Some(5));
        assert_eq!(count_ranges("0"), Some(1));
        assert_eq!(count_ranges("3-0"), None);
        assert_eq!(count_ranges(""), None);
    }

    #[test]
    fn the_machine_key_names_this_machine() {
        let key = machine_key();
        let uname = std::process::Command::new("uname")
            .arg("-r")
            .output()
            .unwrap();
        assert_eq!(key.kernel, String::from_utf8_lossy(&uname.stdout).trim());
        assert!(key.cores as usize >= std::thread::available_parallelism().unwrap().get());
        assert!(!key.cpu_model.is_empty());
        assert_eq!(key, machine_key(), "a key that changes names nothing");
    }

    #[test]
    fn the_cpu_model_is_read_on_x86_and_arm() {
        assert_eq!(
            cpu_model("processor\t: 0\nmodel name\t: AMD EPYC\n"),
            "AMD EPYC"
        );
        let arm = "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n";
        assert_eq!(cpu_model(arm), "0x41 part 0xd0c");
    }

    #[test]
    fn users_have_names_or_numbers() {
        assert_eq!(user_name(0), "root");
        assert_eq!(user_name(3_999_999_999), "3999999999");
    }

    #[test]
    fn our_own_arguments_and_executable_are_read() {
        let own = std::process::id();
        assert_eq!(arguments(own), std::env::args().collect::<Vec<_>>());
        let path = std::env::current_exe().unwrap();
        assert_eq!(executable(own).unwrap(), path.to_string_lossy());
        assert_eq!(arguments(2), Vec::<String>::new());
    }
}
