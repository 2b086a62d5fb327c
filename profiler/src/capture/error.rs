//! What can go wrong while capturing, in sentences for the user.

use std::path::PathBuf;

/// What can go wrong while capturing. Each message says what happened, why, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// No process has this pid.
    #[error("no process has the pid {pid}; it may have ended. List processes with `ps -e`")]
    NoSuchProcess {
        /// The pid asked for.
        pid: u32,
    },
    /// The process belongs to somebody else.
    #[error("process {pid} ({name}) belongs to {owner}; {}", attach_as(owner))]
    NotOurs {
        /// The pid asked for.
        pid: u32,
        /// `comm`.
        name: String,
        /// User name.
        owner: String,
    },
    /// The process is a kernel thread.
    #[error("{pid} ({name}) is a kernel thread: it has no user code to sample; choose a process")]
    KernelThread {
        /// The pid asked for.
        pid: u32,
        /// `comm`.
        name: String,
    },
    /// No process has this name.
    #[error("no process of yours is named {name}; list processes with `ps -e`")]
    NoSuchName {
        /// The name asked for.
        name: String,
    },
    /// No control group has this path.
    #[error(
        "no control group is found at {path}; list them with `systemd-cgls`, or give its folder \
         below /sys/fs/cgroup",
        path = path.display()
    )]
    NoSuchCgroup {
        /// The path asked for.
        path: PathBuf,
    },
    /// A control group without processes cannot be followed here.
    #[error(
        "the control group {path} has no process of yours now, and groups cannot be followed as a \
         whole here: {why}"
    )]
    EmptyCgroup {
        /// Path below the hierarchies.
        path: String,
        /// What stands in the way.
        why: String,
    },
    /// Several processes have this name.
    #[error(
        "several processes are named {name}; choose one with -p, or take them all with --all:{}",
        list(matches)
    )]
    AmbiguousName {
        /// The name asked for.
        name: String,
        /// Pid and command line of each match, sorted by pid.
        matches: Vec<(u32, String)>,
    },
    /// The command could not be started.
    #[error("cannot start `{command}`: {source}; check its path and permissions")]
    Launch {
        /// The command.
        command: String,
        /// Why.
        source: std::io::Error,
    },
    /// Neither perf events nor ptrace are permitted.
    #[error("sampling process {pid} is not permitted here: {why}. To enable it: {remedy}")]
    NotPermitted {
        /// The pid asked for.
        pid: u32,
        /// What was refused.
        why: String,
        /// The exact command that would enable it.
        remedy: String,
    },
    /// Writing the capture file failed; what was written before is kept.
    #[error("cannot write {path}: {source}; what was recorded before is kept. Free space, or choose another place with -o", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Reading a capture file failed.
    #[error("cannot read {path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not one of ours, or damaged from its beginning.
    #[error("{path} is no Scrutineer capture, or is damaged at its beginning: {why}", path = path.display())]
    NotACapture {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The file is of a newer version.
    #[error("{path} was written by a newer Scrutineer (format {found}, this one reads up to {known}); update Scrutineer to open it", path = path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version known here.
        known: u32,
    },
    /// A system call failed where none was expected to.
    #[error("{what} failed: {source}")]
    System {
        /// What was tried.
        what: String,
        /// Why.
        source: std::io::Error,
    },
}

fn list(matches: &[(u32, String)]) -> String {
    matches.iter().fold(String::new(), |text, (pid, command)| {
        text + &format!("\n  {pid}  {command}")
    })
}

fn attach_as(owner: &str) -> String {
    match owner {
        "root" => "attach as root, for example with sudo".to_owned(),
        _ => format!("attach as {owner}, or as root with sudo"),
    }
}
