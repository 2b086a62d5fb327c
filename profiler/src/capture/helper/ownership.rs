//! Whether a thread belongs to a process of the caller's, as the kernel sees it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::{
    fs::{Mode, OFlags, fstatfs, open, openat, statat},
    io::Errno,
    process::{Pid, PidfdFlags, getegid, geteuid, getgid, getuid, pidfd_open},
};

use super::protocol::Refusal;

/// Holds the lines of ids in any status: only lines of a bounded length come before them.
const STATUS_BYTES: usize = 2048;

/// `PROC_SUPER_MAGIC`.
const PROC_MAGIC: i64 = 0x9fa0;

/// Who called: who this process really is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    pub(super) uid: u32,
    gid: u32,
    /// This process, which nobody may look into.
    own_pid: u32,
}

/// The caller; `None` where executing this program changed user or group.
pub(super) fn caller() -> Option<Caller> {
    let (uid, gid) = (getuid(), getgid());
    (geteuid() == uid && getegid() == gid).then(|| Caller {
        uid: uid.as_raw(),
        gid: gid.as_raw(),
        own_pid: std::process::id(),
    })
}

/// The caller, and the file system that tells of processes.
#[derive(Debug)]
pub(super) struct Ownership {
    processes: OwnedFd,
    caller: Caller,
}

/// A process that was found to be the caller's.
#[derive(Debug)]
pub(super) struct Owned {
    pidfd: OwnedFd,
}

impl Ownership {
    /// `None` where `/proc` is not what it should be.
    pub(super) fn new(caller: Caller) -> Option<Self> {
        let folder = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let processes = open("/proc", folder, Mode::empty()).ok()?;
        let is_proc = fstatfs(&processes).is_ok_and(|found| found.f_type == PROC_MAGIC);
        is_proc.then_some(Self { processes, caller })
    }

    pub(super) fn uid(&self) -> u32 {
        self.caller.uid
    }

    /// Checks a thread. Runs without effective capabilities, so that the kernel judges as it would
    /// judge the caller.
    pub(super) fn check(&self, pid: u32, tid: u32) -> Result<Owned, Refusal> {
        if pid == self.caller.own_pid {
            return Err(Refusal::NotYours);
        }
        let id = Pid::from_raw(pid as i32).ok_or(Refusal::Malformed)?;
        let pidfd = pidfd_open(id, PidfdFlags::empty()).map_err(of_lookup)?;
        // From here on this one process is looked at, whoever bears its number later.
        let folder = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let process =
            openat(&self.processes, pid.to_string(), folder, Mode::empty()).map_err(of_lookup)?;
        self.check_ids(process.as_fd(), pid)?;
        self.check_access(process.as_fd())?;
        match statat(
            &process,
            format!("task/{tid}"),
            rustix::fs::AtFlags::empty(),
        ) {
            Ok(_) => {}
            Err(Errno::NOENT) => return Err(Refusal::NotOfProcess),
            Err(error) => return Err(of_lookup(error)),
        }
        let owned = Owned { pidfd };
        if owned.lives() {
            Ok(owned)
        } else {
            Err(Refusal::Gone)
        }
    }

    /// Real, effective, saved and file system ids all are the caller's.
    fn check_ids(&self, process: BorrowedFd<'_>, pid: u32) -> Result<(), Refusal> {
        let file = openat(
            process,
            "status",
            OFlags::RDONLY | OFlags::CLOEXEC,
            Mode::empty(),
        )
        .map_err(of_lookup)?;
        let mut bytes = [0; STATUS_BYTES];
        let length = rustix::io::read(&file, &mut bytes).map_err(of_lookup)?;
        let status = std::str::from_utf8(&bytes[..length]).unwrap_or_else(|error| {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default()
        });
        if has_ids(status, pid, self.caller.uid, self.caller.gid) {
            Ok(())
        } else {
            Err(Refusal::NotYours)
        }
    }

    /// The kernel's judgement: it opens a process's mappings to those alone who may trace it, and
    /// shows them to be its owner's where its program may be looked into (`PR_SET_DUMPABLE`).
    fn check_access(&self, process: BorrowedFd<'_>) -> Result<(), Refusal> {
        let mappings = openat(
            process,
            "maps",
            OFlags::RDONLY | OFlags::CLOEXEC,
            Mode::empty(),
        )
        .map_err(of_lookup)?;
        let owner = rustix::fs::fstat(&mappings).map_err(of_lookup)?.st_uid;
        if owner == self.caller.uid {
            Ok(())
        } else {
            Err(Refusal::NotYours)
        }
    }
}

impl Owned {
    /// Whether the process has not ended.
    pub(super) fn lives(&self) -> bool {
        crate::sys::pidfd::wait(&[self.pidfd.as_fd()], std::time::Duration::ZERO)
            .is_ok_and(|ended| ended == [false])
    }
}

fn of_lookup(error: Errno) -> Refusal {
    match error {
        Errno::ACCESS | Errno::PERM => Refusal::NotYours,
        _ => Refusal::Gone,
    }
}

/// Whether a status is that of process `pid` and all its ids are these. The name in it is escaped
/// by the kernel, so it cannot pretend to be another line.
fn has_ids(status: &str, pid: u32, uid: u32, gid: u32) -> bool {
    let numbers = |name: &str| -> Option<Vec<u32>> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_ascii_whitespace()
            .map(|number| number.parse().ok())
            .collect()
    };
    numbers("Tgid:") == Some(vec![pid])
        && numbers("Uid:") == Some(vec![uid; 4])
        && numbers("Gid:") == Some(vec![gid; 4])
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Name:\tUid:\\n0\nUmask:\t0022\nTgid:\t40\nPid:\t40\n\
        Uid:\t1000\t1000\t1000\t1000\nGid:\t100\t100\t100\t100\nFDSize:\t64\n";

    #[test]
    fn all_ids_must_be_the_callers() {
        assert!(has_ids(STATUS, 40, 1000, 100));
        assert!(!has_ids(STATUS, 41, 1000, 100), "a thread is no process");
        assert!(!has_ids(STATUS, 40, 1001, 100));
        assert!(!has_ids(STATUS, 40, 1000, 101));
        for saved in ["1000\t0\t1000\t1000", "1000\t1000\t0\t1000", "1000\t1000"] {
            let other = STATUS.replace("1000\t1000\t1000\t1000", saved);
            assert!(!has_ids(&other, 40, 1000, 100), "{saved}");
        }
        assert!(!has_ids("", 40, 1000, 100));
    }
}
