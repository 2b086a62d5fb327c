//! What threads wait for, told from names of functions, numbers of system calls and descriptors:
//! the tables, and how they are read.

use crate::capture::model::WaitClass::{
    self, Disk, Ipc, Lock, Network, PageFault, RunQueue, Sleep, Stopped, Unknown,
};

/// Innermost user functions that are looked at: what lies further out is the program's own.
pub(crate) const USER_FRAMES: usize = 8;

/// How much a function says of what is waited for in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hint {
    /// It settles the class, unless a function further inside has.
    Decides(WaitClass),
    /// It is the class where no function further out settles another one: waiting for a page of a
    /// file is a page fault or a read, as its callers say.
    Suggests(WaitClass),
}

use Hint::{Decides, Suggests};

/// Functions of the kernel, from 4.18 on; `*` stands for anything at either end. The first that
/// fits counts.
const KERNEL: &[(&str, Hint)] = &[
    // Preempted, or on its way back to the program: nothing is waited for but a CPU.
    ("exit_to_user_mode*", Decides(RunQueue)),
    ("irqentry_exit*", Decides(RunQueue)),
    ("raw_irqentry_exit*", Decides(RunQueue)),
    ("preempt_schedule*", Decides(RunQueue)),
    ("prepare_exit_to_usermode", Decides(RunQueue)),
    ("*cond_resched*", Decides(RunQueue)),
    ("*sched_yield", Decides(RunQueue)),
    // Stopped.
    ("do_signal_stop", Decides(Stopped)),
    ("ptrace_stop*", Decides(Stopped)),
    ("do_jobctl_trap", Decides(Stopped)),
    ("do_freezer_trap", Decides(Stopped)),
    // Page faults.
    ("handle_userfault", Decides(PageFault)),
    ("migration_entry_wait*", Decides(PageFault)),
    ("do_swap_page", Decides(PageFault)),
    ("filemap_fault", Decides(PageFault)),
    ("*handle_mm_fault", Decides(PageFault)),
    ("*exc_page_fault", Decides(PageFault)),
    ("do_user_addr_fault", Decides(PageFault)),
    // Locks of programs, then those within the kernel that another thread holds.
    ("futex_*", Decides(Lock)),
    ("__futex_*", Decides(Lock)),
    ("do_futex*", Decides(Lock)),
    ("rt_mutex_*", Decides(Lock)),
    ("rwsem_*", Decides(Lock)),
    ("__mutex_lock*", Decides(Lock)),
    ("mutex_lock*", Decides(Lock)),
    ("down_read*", Decides(Lock)),
    ("down_write*", Decides(Lock)),
    ("flock_lock*", Decides(Lock)),
    ("locks_lock*", Decides(Lock)),
    ("posix_lock*", Decides(Lock)),
    ("fcntl_setlk*", Decides(Lock)),
    // Sleeps.
    ("do_nanosleep", Decides(Sleep)),
    ("*hrtimer_nanosleep*", Decides(Sleep)),
    ("common_nsleep*", Decides(Sleep)),
    ("timerfd_read*", Decides(Sleep)),
    // Other processes and threads.
    ("unix_*", Decides(Ipc)),
    ("__unix_*", Decides(Ipc)),
    ("*pipe_read", Decides(Ipc)),
    ("*pipe_write", Decides(Ipc)),
    ("pipe_wait*", Decides(Ipc)),
    ("fifo_open", Decides(Ipc)),
    ("do_wait*", Decides(Ipc)),
    ("kernel_wait*", Decides(Ipc)),
    ("wait_for_vfork_done", Decides(Ipc)),
    ("do_msgrcv", Decides(Ipc)),
    ("do_msgsnd", Decides(Ipc)),
    ("*do_semtimedop", Decides(Ipc)),
    ("do_mq_timed*", Decides(Ipc)),
    ("wq_sleep*", Decides(Ipc)),
    ("do_sigtimedwait", Decides(Ipc)),
    ("sigsuspend", Decides(Ipc)),
    ("*sys_pause", Decides(Ipc)),
    ("eventfd_read", Decides(Ipc)),
    ("eventfd_write", Decides(Ipc)),
    ("signalfd_*", Decides(Ipc)),
    ("inotify_read", Decides(Ipc)),
    ("fanotify_read", Decides(Ipc)),
    ("n_tty_*", Decides(Ipc)),
    ("netlink_*", Decides(Ipc)),
    // Sockets, and waiting for any of several descriptors.
    ("tcp_*", Decides(Network)),
    ("udp_*", Decides(Network)),
    ("udpv6_*", Decides(Network)),
    ("inet_*", Decides(Network)),
    ("__inet_*", Decides(Network)),
    ("sctp_*", Decides(Network)),
    ("mptcp_*", Decides(Network)),
    ("packet_*", Decides(Network)),
    ("raw_recvmsg", Decides(Network)),
    ("vsock_*", Decides(Network)),
    ("sk_wait_data", Decides(Network)),
    ("sk_stream_wait*", Decides(Network)),
    ("*lock_sock*", Decides(Network)),
    ("sock_*", Suggests(Network)),
    ("__sys_recv*", Suggests(Network)),
    ("__sys_send*", Suggests(Network)),
    ("__sys_accept*", Suggests(Network)),
    ("__sys_connect*", Suggests(Network)),
    ("ep_poll", Decides(Network)),
    ("do_epoll_*", Decides(Network)),
    ("do_sys_poll", Decides(Network)),
    ("do_poll*", Decides(Network)),
    ("do_select", Decides(Network)),
    ("core_sys_select", Decides(Network)),
    ("io_cqring_wait*", Suggests(Network)),
    // Block devices and file systems.
    ("io_schedule*", Suggests(Disk)),
    ("*folio_wait_*", Suggests(Disk)),
    ("wait_on_page*", Suggests(Disk)),
    ("__lock_page*", Suggests(Disk)),
    ("bit_wait_io*", Suggests(Disk)),
    ("wait_for_completion_io*", Suggests(Disk)),
    ("submit_bio_wait", Suggests(Disk)),
    ("blk*", Suggests(Disk)),
    ("rq_qos_wait", Suggests(Disk)),
    ("wbt_wait", Suggests(Disk)),
    ("jbd2_*", Suggests(Disk)),
    ("ext4_*", Suggests(Disk)),
    ("xfs_*", Suggests(Disk)),
    ("xlog_*", Suggests(Disk)),
    ("btrfs_*", Suggests(Disk)),
    ("f2fs_*", Suggests(Disk)),
    ("zfs_*", Suggests(Disk)),
    ("ovl_*", Suggests(Disk)),
    ("nfs*", Suggests(Disk)),
    ("rpc_wait*", Suggests(Disk)),
    ("cifs_*", Suggests(Disk)),
    ("fuse_*", Suggests(Disk)),
    ("request_wait_answer", Suggests(Disk)),
    ("v9fs_*", Suggests(Disk)),
    ("p9_*", Suggests(Disk)),
    ("generic_file_*", Suggests(Disk)),
    ("filemap_*", Suggests(Disk)),
    ("__filemap_*", Suggests(Disk)),
    ("file_write_and_wait*", Suggests(Disk)),
    ("balance_dirty_pages*", Suggests(Disk)),
    ("wb_wait*", Suggests(Disk)),
    ("sync_inode*", Suggests(Disk)),
    ("do_fsync", Suggests(Disk)),
    ("vfs_fsync*", Suggests(Disk)),
    ("ksys_sync*", Suggests(Disk)),
    ("iterate_dir", Suggests(Disk)),
    ("read_events", Suggests(Disk)),
    ("do_io_getevents", Suggests(Disk)),
    ("dm_*", Suggests(Disk)),
    ("nvme_*", Suggests(Disk)),
    ("scsi_*", Suggests(Disk)),
];

/// Functions of C libraries and runtimes, as symbol tables and debug information name them, once
/// [`bare`]. What `read` and `write` wait for only their descriptor tells, and not their callers.
const USER: &[(&str, Hint)] = &[
    ("read", Decides(Unknown)),
    ("readv", Decides(Unknown)),
    ("write", Decides(Unknown)),
    ("writev", Decides(Unknown)),
    ("ioctl", Decides(Unknown)),
    ("*futex*", Decides(Lock)),
    ("lll_lock_wait*", Decides(Lock)),
    ("pthread_mutex_*", Decides(Lock)),
    ("pthread_cond_*", Decides(Lock)),
    ("pthread_rwlock_*", Decides(Lock)),
    ("pthread_barrier_wait", Decides(Lock)),
    ("pthread_*join*", Decides(Lock)),
    ("pthread_once", Decides(Lock)),
    ("sem_*wait*", Decides(Lock)),
    ("new_sem_wait*", Decides(Lock)),
    ("timedwait*", Decides(Lock)),
    ("mtx_lock", Decides(Lock)),
    ("cnd_*wait", Decides(Lock)),
    ("PyThread_acquire_lock*", Decides(Lock)),
    ("uv_cond_*", Decides(Lock)),
    ("uv_mutex_lock", Decides(Lock)),
    ("flock", Decides(Lock)),
    ("lockf*", Decides(Lock)),
    ("*nanosleep*", Decides(Sleep)),
    ("usleep", Decides(Sleep)),
    ("sleep", Decides(Sleep)),
    ("thrd_sleep", Decides(Sleep)),
    ("runtime.usleep*", Decides(Sleep)),
    ("epoll_*wait*", Decides(Network)),
    ("runtime.epollwait*", Decides(Network)),
    ("*EpollWait*", Decides(Network)),
    ("poll", Decides(Network)),
    ("ppoll*", Decides(Network)),
    ("poll_chk", Decides(Network)),
    ("select*", Decides(Network)),
    ("pselect*", Decides(Network)),
    ("accept", Decides(Network)),
    ("accept4", Decides(Network)),
    ("connect", Decides(Network)),
    ("recv", Suggests(Network)),
    ("recvfrom", Suggests(Network)),
    ("recvmsg", Suggests(Network)),
    ("recvmmsg", Suggests(Network)),
    ("send", Suggests(Network)),
    ("sendto", Suggests(Network)),
    ("sendmsg", Suggests(Network)),
    ("sendmmsg", Suggests(Network)),
    ("fsync", Decides(Disk)),
    ("fdatasync", Decides(Disk)),
    ("sync*", Decides(Disk)),
    ("msync", Decides(Disk)),
    ("pread*", Decides(Disk)),
    ("pwrite*", Decides(Disk)),
    ("open", Suggests(Disk)),
    ("open64", Suggests(Disk)),
    ("openat*", Suggests(Disk)),
    ("close", Suggests(Disk)),
    ("unlink*", Suggests(Disk)),
    ("rename*", Suggests(Disk)),
    ("ftruncate*", Suggests(Disk)),
    ("posix_fallocate*", Suggests(Disk)),
    ("getdents*", Suggests(Disk)),
    ("io_getevents*", Suggests(Disk)),
    ("wait", Decides(Ipc)),
    ("wait3", Decides(Ipc)),
    ("wait4", Decides(Ipc)),
    ("waitpid", Decides(Ipc)),
    ("waitid", Decides(Ipc)),
    ("msgrcv", Decides(Ipc)),
    ("msgsnd", Decides(Ipc)),
    ("semop", Decides(Ipc)),
    ("semtimedop", Decides(Ipc)),
    ("mq_*receive*", Decides(Ipc)),
    ("mq_*send*", Decides(Ipc)),
    ("sigwait*", Decides(Ipc)),
    ("sigtimedwait*", Decides(Ipc)),
    ("sigsuspend*", Decides(Ipc)),
    ("pause", Decides(Ipc)),
    ("sched_yield", Decides(RunQueue)),
];

/// What a function of the kernel says.
pub(crate) fn kernel_hint(name: &str) -> Option<Hint> {
    let name = without_compilers_suffix(name);
    look_up(KERNEL, name)
}

/// What a function of the program or its libraries says.
pub(crate) fn user_hint(name: &str) -> Option<Hint> {
    look_up(USER, bare(name))
}

fn look_up(table: &[(&str, Hint)], name: &str) -> Option<Hint> {
    table
        .iter()
        .find(|(pattern, _)| fits(pattern, name))
        .map(|(_, hint)| *hint)
}

pub(crate) fn fits(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut left) = name.strip_prefix(start) else {
        return false;
    };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        let Some((_, behind)) = left.split_once(part) else {
            return false;
        };
        left = behind;
    }
    left.ends_with(end)
}

/// A C library's function without what marks its versions and aliases:
/// `__GI___libc_read@@GLIBC_2.2.5` is `read`.
pub(crate) fn bare(name: &str) -> &str {
    let name = name.split_once('@').map_or(name, |(name, _)| name);
    let mut name = without_compilers_suffix(name);
    while let Some(rest) = ["_", "GI_", "libc_"]
        .iter()
        .find_map(|mark| name.strip_prefix(mark))
        .filter(|rest| !rest.is_empty())
    {
        name = rest;
    }
    name
}

fn without_compilers_suffix(name: &str) -> &str {
    [".constprop.", ".isra.", ".part.", ".cold", ".llvm."]
        .iter()
        .filter_map(|mark| name.find(mark))
        .min()
        .map_or(name, |end| &name[..end])
}

/// What a system call says of the wait in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallHint {
    /// The class.
    Class(WaitClass),
    /// The descriptor in the first argument tells.
    Descriptor,
    /// A wait for descriptors, whose number is the argument at this position: for none, it is a
    /// sleep.
    AnyOf(usize),
}

/// System calls that wait, as far as they tell for what.
#[rustfmt::skip]
const CALLS: &[(CallHint, &[libc::c_long])] = &[
    (CallHint::Descriptor, &[
        libc::SYS_read, libc::SYS_write, libc::SYS_readv, libc::SYS_writev, libc::SYS_sendfile,
        libc::SYS_splice, libc::SYS_tee, libc::SYS_vmsplice, libc::SYS_connect, libc::SYS_accept,
        libc::SYS_accept4, libc::SYS_sendto, libc::SYS_recvfrom, libc::SYS_sendmsg,
        libc::SYS_recvmsg, libc::SYS_sendmmsg, libc::SYS_recvmmsg,
    ]),
    (CallHint::AnyOf(1), &[libc::SYS_poll, libc::SYS_ppoll]),
    (CallHint::AnyOf(0), &[libc::SYS_select, libc::SYS_pselect6]),
    (CallHint::Class(Network), &[
        libc::SYS_epoll_wait, libc::SYS_epoll_pwait, libc::SYS_epoll_pwait2,
        libc::SYS_io_uring_enter,
    ]),
    (CallHint::Class(Lock), &[
        libc::SYS_futex, libc::SYS_futex_waitv, libc::SYS_flock, libc::SYS_fcntl,
    ]),
    (CallHint::Class(Sleep), &[libc::SYS_nanosleep, libc::SYS_clock_nanosleep]),
    (CallHint::Class(Disk), &[
        libc::SYS_pread64, libc::SYS_pwrite64, libc::SYS_preadv, libc::SYS_pwritev,
        libc::SYS_preadv2, libc::SYS_pwritev2, libc::SYS_copy_file_range, libc::SYS_msync,
        libc::SYS_fsync, libc::SYS_fdatasync, libc::SYS_sync, libc::SYS_syncfs,
        libc::SYS_sync_file_range, libc::SYS_fallocate, libc::SYS_truncate, libc::SYS_ftruncate,
        libc::SYS_open, libc::SYS_openat, libc::SYS_openat2, libc::SYS_creat, libc::SYS_close,
        libc::SYS_stat, libc::SYS_fstat, libc::SYS_lstat, libc::SYS_newfstatat, libc::SYS_statx,
        libc::SYS_getdents, libc::SYS_getdents64, libc::SYS_rename, libc::SYS_renameat,
        libc::SYS_renameat2, libc::SYS_mkdir, libc::SYS_mkdirat, libc::SYS_rmdir, libc::SYS_link,
        libc::SYS_unlink, libc::SYS_unlinkat, libc::SYS_io_getevents,
    ]),
    (CallHint::Class(Ipc), &[
        libc::SYS_wait4, libc::SYS_waitid, libc::SYS_clone, libc::SYS_fork, libc::SYS_vfork,
        libc::SYS_semop, libc::SYS_semtimedop, libc::SYS_msgsnd, libc::SYS_msgrcv,
        libc::SYS_mq_timedsend, libc::SYS_mq_timedreceive, libc::SYS_pause,
        libc::SYS_rt_sigtimedwait, libc::SYS_rt_sigsuspend,
    ]),
    (CallHint::Class(RunQueue), &[libc::SYS_sched_yield]),
];

/// What a system call says, by its number.
pub(crate) fn call_hint(number: u64) -> CallHint {
    CALLS
        .iter()
        .find(|(_, numbers)| numbers.iter().any(|listed| *listed as u64 == number))
        .map_or(CallHint::Class(Unknown), |(hint, _)| *hint)
}

/// The class of a wait for a descriptor that `/proc/PID/fd/N` links to `link`; `is_local` tells
/// whether the socket with an inode's number is a local one (`AF_UNIX`).
pub(crate) fn descriptor_class(link: &str, is_local: impl FnOnce(u64) -> bool) -> WaitClass {
    let inode = |prefix: &str| {
        let number = link.strip_prefix(prefix)?.strip_suffix(']')?;
        number.parse::<u64>().ok()
    };
    if let Some(inode) = inode("socket:[") {
        return if is_local(inode) { Ipc } else { Network };
    }
    match link {
        _ if link.starts_with("pipe:[") => Ipc,
        "anon_inode:[eventpoll]" => Network,
        "anon_inode:[timerfd]" => Sleep,
        _ if link.starts_with("anon_inode:") => Ipc,
        _ if link.starts_with("/dev/pts/") || link.starts_with("/dev/tty") => Ipc,
        _ if link.starts_with("/dev/") && !is_block_device(link) => Unknown,
        _ if link.starts_with('/') => Disk,
        _ => Unknown,
    }
}

fn is_block_device(path: &str) -> bool {
    ["sd", "nvme", "vd", "dm-", "loop", "md", "mapper/", "shm/"]
        .iter()
        .any(|start| path["/dev/".len()..].starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_functions_tell_what_is_waited_for() {
        let of = |name| kernel_hint(name);
        assert_eq!(of("futex_do_wait"), Some(Decides(Lock)));
        assert_eq!(of("anon_pipe_read"), Some(Decides(Ipc)));
        assert_eq!(of("poll_schedule_timeout.constprop.0"), None);
        assert_eq!(of("do_sys_poll"), Some(Decides(Network)));
        assert_eq!(of("folio_wait_bit_common"), Some(Suggests(Disk)));
        assert_eq!(of("ext4_fsync_nojournal.constprop.0"), Some(Suggests(Disk)));
        assert_eq!(of("exit_to_user_mode_loop"), Some(Decides(RunQueue)));
        assert_eq!(of("schedule"), None);
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, name, expected) in [
            ("poll", "poll", true),
            ("poll", "polls", false),
            ("a*", "a", true),
            ("*a", "ba", true),
            ("*a*", "bac", true),
            ("a*b*", "axby", true),
            ("a*b*", "axy", false),
            ("a*b", "ab", true),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn versions_and_aliases_of_library_functions_are_the_same_function() {
        for name in [
            "clock_nanosleep@GLIBC_2.2.5",
            "__clock_nanosleep_time64",
            "__GI___nanosleep",
        ] {
            assert_eq!(user_hint(name), Some(Decides(Sleep)), "{name}");
        }
        for name in [
            "__futex_abstimed_wait_common64",
            "__GI___lll_lock_wait",
            "___pthread_mutex_lock",
            "std::sys::pal::unix::futex::futex_wait",
            "__pthread_clockjoin_ex",
        ] {
            assert_eq!(user_hint(name), Some(Decides(Lock)), "{name}");
        }
        assert_eq!(user_hint("__libc_recv"), Some(Suggests(Network)));
        assert_eq!(user_hint("__GI___libc_read"), Some(Decides(Unknown)));
        assert_eq!(user_hint("mailer::send_all"), None);
    }

    #[test]
    fn a_read_waits_for_what_its_descriptor_is() {
        assert_eq!(call_hint(libc::SYS_read as u64), CallHint::Descriptor);
        let of = |link: &str| descriptor_class(link, |inode| inode == 7);
        assert_eq!(of("socket:[7]"), Ipc);
        assert_eq!(of("socket:[8]"), Network);
        assert_eq!(of("pipe:[7]"), Ipc);
        assert_eq!(of("/var/lib/data"), Disk);
        assert_eq!(of("/dev/nvme0n1"), Disk);
        assert_eq!(of("/dev/random"), Unknown);
        assert_eq!(of("anon_inode:[timerfd]"), Sleep);
    }

    #[test]
    fn no_system_call_is_listed_twice() {
        let mut numbers: Vec<_> = CALLS.iter().flat_map(|(_, numbers)| *numbers).collect();
        let listed = numbers.len();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), listed);
        assert_eq!(call_hint(libc::SYS_ppoll as u64), CallHint::AnyOf(1));
        assert_eq!(call_hint(u64::MAX), CallHint::Class(Unknown));
    }
}
