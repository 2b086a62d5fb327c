//! How soon the calling thread gets a processor.

use std::{io, mem};

/// `struct sched_attr` in its first version; `libc` has it for some targets alone.
#[repr(C)]
#[derive(Debug, Default)]
struct Attributes {
    size: u32,
    policy: u32,
    flags: u64,
    nice: i32,
    priority: u32,
    runtime_ns: u64,
    deadline_ns: u64,
    period_ns: u64,
}

/// Asks for turns of `slice_ns`, which are had sooner because they are short. Takes no privilege
/// and no larger share of the processor. Kernels before 6.12 know no such wish and ignore it.
pub(crate) fn ask_for_short_turns(slice_ns: u64) -> io::Result<()> {
    let mut attributes = Attributes::default();
    let size = mem::size_of::<Attributes>() as libc::c_long;
    let this_thread: libc::c_long = 0;
    let no_flags: libc::c_long = 0;
    // SAFETY: the kernel writes at most `size` bytes to `attributes`, which has as many.
    let result = unsafe {
        libc::syscall(
            libc::SYS_sched_getattr,
            this_thread,
            &raw mut attributes,
            size,
            no_flags,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    if attributes.policy != libc::SCHED_OTHER as u32 {
        // Somebody has decided already.
        return Ok(());
    }
    attributes.size = size as u32;
    attributes.flags = 0;
    attributes.runtime_ns = slice_ns;
    // SAFETY: the kernel reads `size` bytes of `attributes`, which outlives the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_sched_setattr,
            this_thread,
            &raw const attributes,
            no_flags,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
