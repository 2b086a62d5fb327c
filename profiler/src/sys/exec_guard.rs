//! Notices that a thread became a program with more privileges, or ended, in between.

use std::{
    io,
    os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
};

use perf_event_open_sys::bindings::{
    PERF_COUNT_SW_DUMMY, PERF_FLAG_FD_CLOEXEC, PERF_TYPE_SOFTWARE, perf_event_attr,
};

/// An event that counts nothing, bound to a thread.
///
/// The kernel takes all events from a thread that executes a program with more privileges, and
/// from one that ends; what is opened afterwards belongs to another context. An event can join
/// the group of another alone while both have the same context. So: where a second event can
/// still join the guard's, the thread is the one that it was, with no more privileges than it had.
#[derive(Debug)]
pub(crate) struct ExecGuard {
    event: OwnedFd,
    tid: u32,
}

impl ExecGuard {
    /// Begins to watch a thread.
    pub(crate) fn open(tid: u32) -> io::Result<Self> {
        let event = open_dummy(tid, None)?;
        Ok(Self { event, tid })
    }

    /// Whether the thread lives and gained no privileges since.
    pub(crate) fn holds(&self) -> bool {
        use std::os::fd::AsFd;
        open_dummy(self.tid, Some(self.event.as_fd())).is_ok()
    }
}

fn open_dummy(tid: u32, group: Option<BorrowedFd<'_>>) -> io::Result<OwnedFd> {
    let mut attributes = perf_event_attr::default();
    attributes.size = size_of::<perf_event_attr>() as u32;
    attributes.type_ = PERF_TYPE_SOFTWARE;
    attributes.config = u64::from(PERF_COUNT_SW_DUMMY);
    attributes.set_disabled(1);
    attributes.set_exclude_kernel(1);
    attributes.set_exclude_hv(1);
    // SAFETY: `attributes` is an initialised structure of the size that it states; the kernel may
    // write to it.
    let fd = unsafe {
        perf_event_open_sys::perf_event_open(
            &raw mut attributes,
            tid as libc::pid_t,
            -1,
            group.map_or(-1, |group| group.as_raw_fd()),
            u64::from(PERF_FLAG_FD_CLOEXEC),
        )
    };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call just returned this descriptor, and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
