//! Gives up what a privileged process does not need.

use std::{
    collections::BTreeMap,
    fs::File,
    io,
    os::fd::{AsRawFd, RawFd},
};

use rustix::process::{DumpableBehavior, Resource, Rlimit, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

/// System calls that a process behind the filter may make, whatever their arguments.
const ALLOWED: [i64; 26] = [
    libc::SYS_perf_event_open,
    libc::SYS_pidfd_open,
    libc::SYS_recvmsg,
    libc::SYS_sendmsg,
    libc::SYS_read,
    libc::SYS_pread64,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_poll,
    libc::SYS_ppoll,
    libc::SYS_capget,
    libc::SYS_capset,
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigprocmask,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_getrandom,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// Forgets the environment and the working folder, closes all descriptors but `kept`, puts nothing
/// in the place of the standard streams, and forbids core dumps, written files and children.
pub(crate) fn strip(kept: RawFd) -> io::Result<()> {
    // SAFETY: no other thread reads the environment: this runs first in a process with one thread.
    unsafe { libc::clearenv() };
    std::env::set_current_dir("/")?;
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    for resource in [Resource::Core, Resource::Fsize, Resource::Nproc] {
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        setrlimit(resource, none)?;
    }
    close_all_but(kept)
}

fn close_all_but(kept: RawFd) -> io::Result<()> {
    let nothing = File::options().read(true).write(true).open("/dev/null")?;
    for stream in (0..3).filter(|stream| *stream != kept) {
        // SAFETY: plain numbers; what the standard streams were is not used any more.
        if unsafe { libc::dup2(nothing.as_raw_fd(), stream) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    let above = kept.max(2) as libc::c_uint + 1;
    drop(nothing);
    // SAFETY: closes what nothing here refers to: all of it was inherited.
    let result = unsafe { libc::syscall(libc::SYS_close_range, above, libc::c_uint::MAX, 0) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// From now on this thread may read files, ask about processes, open events and talk over sockets
/// that it has; anything else ends the process.
pub(crate) fn filter_system_calls() -> io::Result<()> {
    let program = program().map_err(io::Error::other)?;
    seccompiler::apply_filter(&program).map_err(io::Error::other)
}

fn program() -> Result<BpfProgram, seccompiler::BackendError> {
    let architecture = std::env::consts::ARCH.try_into()?;
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
    let writing = libc::O_WRONLY | libc::O_RDWR | libc::O_CREAT | libc::O_TRUNC;
    rules.insert(libc::SYS_openat, vec![without(2, writing)?]);
    rules.insert(libc::SYS_mmap, vec![without(2, libc::PROT_EXEC)?]);
    rules.insert(libc::SYS_mprotect, vec![without(2, libc::PROT_EXEC)?]);
    // The standard library looks whether what it closes is open, in builds with assertions.
    let asks_flags = SeccompCondition::new(
        1,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::Eq,
        libc::F_GETFD as u64,
    )?;
    rules.insert(libc::SYS_fcntl, vec![SeccompRule::new(vec![asks_flags])?]);
    SeccompFilter::new(
        rules,
        SeccompAction::KillProcess,
        SeccompAction::Allow,
        architecture,
    )?
    .try_into()
}

/// Lets a call pass where an argument has none of these bits.
fn without(argument: u8, bits: i32) -> Result<SeccompRule, seccompiler::BackendError> {
    let none_of = SeccompCmpOp::MaskedEq(bits as u64);
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, none_of, 0)?;
    SeccompRule::new(vec![condition])
}
