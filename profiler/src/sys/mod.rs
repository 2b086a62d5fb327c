//! System calls: the only unsafe code of the crate.
#![allow(unsafe_code, reason = "system calls that no safe library offers")]

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
