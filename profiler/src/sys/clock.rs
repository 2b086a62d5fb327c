//! Clocks that the standard library does not show.

/// `CLOCK_MONOTONIC`, nanoseconds: the clock of every sample.
pub(crate) fn monotonic_ns() -> u64 {
    read(libc::CLOCK_MONOTONIC)
}

/// CPU time of the calling thread, nanoseconds.
pub(crate) fn thread_cpu_ns() -> u64 {
    read(libc::CLOCK_THREAD_CPUTIME_ID)
}

fn read(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid place to write to, and outlives the call.
    let result = unsafe { libc::clock_gettime(clock, &raw mut time) };
    assert_eq!(result, 0, "both clocks exist on every Linux");
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clocks_do_not_go_back() {
        let before = (monotonic_ns(), thread_cpu_ns());
        std::hint::black_box((0..100_000_u64).sum::<u64>());
        let after = (monotonic_ns(), thread_cpu_ns());
        assert!(after.0 > before.0);
        assert!(after.1 > before.1);
    }
}
