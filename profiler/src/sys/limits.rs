//! Raises the process's own limits as far as it may.

/// Raises the soft limits of open descriptors and of locked memory to the hard ones: a capture
/// needs a descriptor for each thread and CPU, and locked memory for its rings.
pub(crate) fn raise() {
    for resource in [libc::RLIMIT_NOFILE, libc::RLIMIT_MEMLOCK] {
        let mut limit = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: `limit` is a valid place to write to, and outlives the call.
        let read = unsafe { libc::getrlimit(resource, &raw mut limit) };
        if read != 0 || limit.rlim_cur == limit.rlim_max {
            continue;
        }
        limit.rlim_cur = limit.rlim_max;
        // SAFETY: `limit` is initialised. A refusal leaves the limit as it was, and what needs
        // more than it allows reports that itself.
        unsafe { libc::setrlimit(resource, &raw const limit) };
    }
}

/// The hard limit of a resource, up to which [`raise`] goes; `None` where unlimited.
pub(crate) fn hard(resource: libc::__rlimit_resource_t) -> Option<u64> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `limit` is a valid place to write to, and outlives the call.
    let read = unsafe { libc::getrlimit(resource, &raw mut limit) };
    (read == 0 && limit.rlim_max != libc::RLIM_INFINITY).then_some(limit.rlim_max)
}
