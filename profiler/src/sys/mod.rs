//! System calls: the only unsafe code of the crate.
#![allow(
    unsafe_code,
    reason = "system calls and mapped memory; each block says why it holds"
)]

pub(crate) mod capabilities;
pub(crate) mod channel;
pub(crate) mod clock;
pub(crate) mod confine;
pub(crate) mod cores;
pub(crate) mod exec_guard;
pub(crate) mod launch;
pub(crate) mod limits;
pub(crate) mod mapped;
pub(crate) mod perf;
pub(crate) mod pidfd;
pub(crate) mod ptrace;
pub(crate) mod schedule;
pub(crate) mod user;

/// Clock ticks a second, the unit of CPU times in `/proc` (`sysconf(_SC_CLK_TCK)`).
pub(crate) fn clock_ticks_per_s() -> u64 {
    // SAFETY: takes and returns plain values.
    let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    u64::try_from(ticks)
        .ok()
        .filter(|&ticks| ticks > 0)
        .unwrap_or(100)
}

/// Bytes of a page of memory (`sysconf(_SC_PAGESIZE)`).
pub(crate) fn page_bytes() -> u64 {
    // SAFETY: takes and returns plain values.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    u64::try_from(bytes)
        .ok()
        .filter(|&bytes| bytes > 0)
        .unwrap_or(4096)
}

/// The id of the calling thread.
#[cfg(test)]
pub(crate) fn thread_id() -> u32 {
    // SAFETY: takes nothing and returns a plain value.
    unsafe { libc::gettid() as u32 }
}

/// Says that a test was skipped, and why, past the capturing of the test harness.
#[cfg(test)]
pub(crate) fn tests_skip(test: &str, why: &str) {
    use std::io::Write;
    let _ = std::io::stderr().write_all(format!("SKIPPED {test}: {why}\n").as_bytes());
}

#[cfg(test)]
#[path = "../../../tests/support/program_copy.rs"]
mod program_copy;
#[cfg(test)]
pub(crate) use program_copy::copy_program as tests_copy_program;

/// Sends a signal to a process.
#[cfg(test)]
pub(crate) fn tests_signal(pid: u32, signal: i32) {
    // SAFETY: takes plain values.
    assert_eq!(
        unsafe { libc::kill(pid as libc::pid_t, signal) },
        0,
        "the process lives"
    );
}

/// Limits the size of the files that this process may write; beyond it, writes fail.
#[cfg(test)]
pub(crate) fn tests_limit_file_size(bytes: u64) {
    let limit = libc::rlimit {
        rlim_cur: bytes,
        rlim_max: bytes,
    };
    // SAFETY: both calls take plain values; `limit` lives through the call that reads it.
    unsafe {
        assert_ne!(libc::signal(libc::SIGXFSZ, libc::SIG_IGN), libc::SIG_ERR);
        assert_eq!(libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit), 0);
    }
}
