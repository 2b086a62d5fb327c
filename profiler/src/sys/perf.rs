//! `perf_event_open` and its ring buffers.

use std::{
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
    sync::atomic::{AtomicU64, Ordering},
};

use perf_event_open_sys::{
    bindings::{PERF_FLAG_FD_CLOEXEC, PERF_FLAG_PID_CGROUP, perf_event_attr, perf_event_mmap_page},
    ioctls,
};

/// Whose events an event records.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scope<'a> {
    /// Those of a thread (0: the calling one).
    Thread(u32),
    /// Those of every thread on the CPU.
    Everyone,
    /// Those of the control group whose folder (of the `perf_event` hierarchy in version 1) the
    /// descriptor is.
    Cgroup(BorrowedFd<'a>),
}

/// Opens an event on one CPU.
pub(crate) fn open(
    attributes: &perf_event_attr,
    scope: Scope<'_>,
    cpu: u32,
) -> io::Result<OwnedFd> {
    let mut attributes = *attributes;
    let (pid, flags) = match scope {
        Scope::Thread(tid) => (tid as libc::pid_t, 0),
        Scope::Everyone => (-1, 0),
        Scope::Cgroup(folder) => (folder.as_raw_fd(), PERF_FLAG_PID_CGROUP),
    };
    attributes.size = size_of::<perf_event_attr>() as u32;
    // SAFETY: `attributes` is an initialised structure of the size that it states; the kernel may
    // write to it.
    let fd = unsafe {
        perf_event_open_sys::perf_event_open(
            &raw mut attributes,
            pid,
            cpu as i32,
            -1,
            u64::from(PERF_FLAG_FD_CLOEXEC | flags),
        )
    };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call just returned this descriptor, and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Sends what an event records to a ring of the same CPU.
pub(crate) fn redirect(event: &OwnedFd, ring: &Ring) -> io::Result<()> {
    // SAFETY: both are open perf events; the call touches no memory of ours.
    let result = unsafe { ioctls::SET_OUTPUT(event.as_raw_fd(), ring.leader.as_raw_fd()) };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Lets an event, and those that inherited it, count.
pub(crate) fn enable(event: &OwnedFd) -> io::Result<()> {
    // SAFETY: an open perf event; the call touches no memory of ours.
    let result = unsafe { ioctls::ENABLE(event.as_raw_fd(), 0) };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Lets an event, and those that inherited it, count no more.
pub(crate) fn disable(event: &OwnedFd) -> io::Result<()> {
    // SAFETY: an open perf event; the call touches no memory of ours.
    let result = unsafe { ioctls::DISABLE(event.as_raw_fd(), 0) };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// One record of a ring.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    /// `PERF_RECORD_…`.
    pub(crate) kind: u32,
    /// `PERF_RECORD_MISC_…`.
    pub(crate) misc: u16,
    /// What follows the header.
    pub(crate) body: &'a [u8],
}

const HEADER_BYTES: usize = 8;

/// The ring buffer of one CPU, mapped into our memory.
#[derive(Debug)]
pub(crate) struct Ring {
    leader: OwnedFd,
    map: *mut libc::c_void,
    map_bytes: usize,
    data_offset: usize,
    data_bytes: usize,
    /// Position up to which records were given back to the kernel.
    tail: u64,
}

impl Ring {
    /// Maps a ring of `data_bytes` (a power of two of whole pages) over a leading event, which
    /// decides when waiters wake up. `EPERM` where the memory may not be locked.
    pub(crate) fn map(leader: OwnedFd, data_bytes: usize) -> io::Result<Self> {
        // SAFETY: asks for a number.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
        let map_bytes = page + data_bytes;
        // SAFETY: a new mapping at an address of the kernel's choice.
        let map = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                map_bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                leader.as_raw_fd(),
                0,
            )
        };
        if map == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Self {
            leader,
            map,
            map_bytes,
            data_offset: page,
            data_bytes,
            tail: 0,
        })
    }

    /// The descriptor that becomes readable when the watermark is passed.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.leader.as_fd()
    }

    /// Position after the newest record; what lies before it is complete.
    pub(crate) fn head(&self) -> u64 {
        let page = self.map.cast::<perf_event_mmap_page>();
        // SAFETY: the first page of the mapping holds the structure, and lives as long as `self`.
        // The kernel writes the field meanwhile, so it is read atomically; acquiring orders the
        // reads of the records after it, as the kernel's documentation asks.
        unsafe { AtomicU64::from_ptr(&raw mut (*page).data_head) }.load(Ordering::Acquire)
    }

    /// Position up to which records were given back.
    pub(crate) fn tail(&self) -> u64 {
        self.tail
    }

    /// Visits the records from position `from` (at or after the tail) up to `to` (at most a head
    /// read before). `scratch` holds a record that wraps around the end.
    pub(crate) fn visit(
        &self,
        from: u64,
        to: u64,
        scratch: &mut Vec<u8>,
        mut visit: impl FnMut(Record<'_>),
    ) {
        // SAFETY: the data area follows the first page of the mapping. From tail to head the
        // kernel writes nothing until the tail moves, which needs `&mut self`; `visit` reads only
        // inside that window.
        let data = unsafe {
            std::slice::from_raw_parts(self.map.cast::<u8>().add(self.data_offset), self.data_bytes)
        };
        let mut position = from.max(self.tail);
        while position < to {
            let offset = position as usize & (self.data_bytes - 1);
            // Records are multiples of eight bytes, so a header never wraps.
            let header = &data[offset..offset + HEADER_BYTES];
            let kind = u32::from_ne_bytes([header[0], header[1], header[2], header[3]]);
            let misc = u16::from_ne_bytes([header[4], header[5]]);
            let length = usize::from(u16::from_ne_bytes([header[6], header[7]]));
            if length < HEADER_BYTES || length as u64 > to - position {
                return;
            }
            let body = if offset + length <= self.data_bytes {
                &data[offset + HEADER_BYTES..offset + length]
            } else {
                scratch.clear();
                scratch.extend_from_slice(&data[offset + HEADER_BYTES..]);
                scratch.extend_from_slice(&data[..offset + length - self.data_bytes]);
                scratch.as_slice()
            };
            visit(Record { kind, misc, body });
            position += length as u64;
        }
    }

    /// Gives everything before position `to` back to the kernel.
    pub(crate) fn release(&mut self, to: u64) {
        self.tail = to;
        let page = self.map.cast::<perf_event_mmap_page>();
        // SAFETY: as for the head; releasing orders our reads of the records before it.
        unsafe { AtomicU64::from_ptr(&raw mut (*page).data_tail) }.store(to, Ordering::Release);
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, of this length, and no reference into it outlives `self`.
        unsafe { libc::munmap(self.map, self.map_bytes) };
    }
}
