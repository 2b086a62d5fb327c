//! The fields of `/proc/PID/stat` that this crate uses.

use std::io;

use super::read_small;

/// Flag of kernel threads (`PF_KTHREAD` of the kernel's `sched.h`).
const PF_KTHREAD: u64 = 0x0020_0000;

/// What `stat` says of a process or thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// `comm`, at most 15 bytes for processes.
    pub name: String,
    /// State letter: `R` running, `S` sleeping, `D`, `Z` zombie, `T` stopped, `t` traced …
    pub state: char,
    /// Pid of the parent.
    pub parent: u32,
    /// Whether it is a kernel thread.
    pub is_kernel_thread: bool,
    /// User CPU time since it began, nanoseconds; in steps of a clock tick (10 ms).
    pub user_ns: u64,
    /// Kernel CPU time since it began, nanoseconds; in steps of a clock tick.
    pub kernel_ns: u64,
    /// Minor page faults since it began.
    pub minor_faults: u64,
    /// Major page faults since it began.
    pub major_faults: u64,
    /// Threads of the process.
    pub threads: u32,
    /// Start of the process after the boot, in clock ticks: with the pid, its identity.
    pub started_ticks: u64,
}

/// Reads `/proc/PID/stat`.
pub fn stat(pid: u32) -> io::Result<Stat> {
    read(&format!("/proc/{pid}/stat"))
}

/// Reads `/proc/PID/task/TID/stat`.
pub fn thread_stat(pid: u32, tid: u32) -> io::Result<Stat> {
    read(&format!("/proc/{pid}/task/{tid}/stat"))
}

fn read(path: &str) -> io::Result<Stat> {
    // Names of processes may hold any bytes.
    parse(&read_small(path)?, crate::sys::clock_ticks_per_s())
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("{path} is malformed")))
}

/// The name stands in parentheses and may hold some itself; see `proc_pid_stat(5)`.
pub(crate) fn parse(line: &str, ticks_per_s: u64) -> Option<Stat> {
    let (head, rest) = line.rsplit_once(") ")?;
    let (_, name) = head.split_once('(')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    // The first field after the name bears the number 3.
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    let ticks = |field| Some(number(field)?.saturating_mul(1_000_000_000 / ticks_per_s));
    Some(Stat {
        name: name.to_owned(),
        state: fields.first()?.chars().next()?,
        parent: number(4)? as u32,
        is_kernel_thread: number(9)? & PF_KTHREAD != 0,
        minor_faults: number(10)?,
        major_faults: number(12)?,
        user_ns: ticks(14)?,
        kernel_ns: ticks(15)?,
        threads: number(20)? as u32,
        started_ticks: number(22)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_spaces_is_read() {
        let line = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 2 3 4 50 60 0 0 20 0 3 0 999 1 2 3";
        let stat = parse(line, 100).unwrap();
        assert_eq!(stat.name, "a) b (c");
        assert_eq!((stat.state, stat.parent, stat.threads), ('S', 1, 3));
        assert_eq!((stat.user_ns, stat.kernel_ns), (500_000_000, 600_000_000));
        assert_eq!((stat.started_ticks, stat.is_kernel_thread), (999, false));
        assert_eq!((stat.minor_faults, stat.major_faults), (1, 3));
    }

    #[test]
    fn a_line_cut_short_is_refused() {
        let line = "7 (a) S 1 7 7 0 -1 4194560 1 2 3 4 50 60 0 0 20 0 3 0 999 1";
        assert!(parse(line, 100).is_some());
        assert_eq!(parse(&line[..40], 100), None);
        assert_eq!(parse("", 100), None);
    }

    #[test]
    fn kernel_threads_are_known_by_their_flag() {
        assert!(!stat(std::process::id()).unwrap().is_kernel_thread);
        match stat(2) {
            Ok(two) if two.name == "kthreadd" => assert!(two.is_kernel_thread),
            // Containers do not show the kernel's threads.
            _ => {
                crate::sys::tests_skip(
                    "kernel_threads_are_known_by_their_flag",
                    "no kthreadd here",
                );
            }
        }
    }
}
