//! The caller's side: starts the helper, asks it, and opens events through it.

use std::{
    fs::File,
    io,
    os::fd::{BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use super::{
    install,
    protocol::{self, Powers, REPLY_BYTES, Refusal, Reply, Request, Unreadable},
};
use crate::{
    capture::perf::{EventOpener, EventWish, Scope},
    sys,
};

/// Names the helper's file, where it is not in its usual place; empty: there is none.
const VARIABLE: &str = "SCRUTINEER_HELPER";

/// Longest waiting for an answer: a busy machine may take its time to start a program.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why the helper could not be asked, or did not grant. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum HelperError {
    /// It does not start.
    #[error("cannot start the helper {path}: {source}; install it anew: {}", install::COMMAND, path = path.display())]
    Start {
        /// Its file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It does not answer as it should.
    #[error("the helper {path} gave no proper answer ({why}); install it anew: {}", install::COMMAND, path = path.display())]
    NoAnswer {
        /// Its file.
        path: PathBuf,
        /// What came instead.
        why: String,
    },
    /// It is of another version.
    #[error("the helper {path} speaks version {found} of its protocol and this program version {known}; install it anew: {}", install::COMMAND, path = path.display())]
    OtherVersion {
        /// Its file.
        path: PathBuf,
        /// Its version.
        found: u16,
        /// Ours.
        known: u16,
    },
    /// It has no capabilities.
    #[error("the helper {path} carries no capabilities here (a copy loses them, and a file system mounted nosuid ignores them); install it anew: {}", install::COMMAND, path = path.display())]
    Powerless {
        /// Its file.
        path: PathBuf,
    },
    /// It refused.
    #[error("the helper refused: {}", words(*refusal, *errno))]
    Refused {
        /// Why.
        refusal: Refusal,
        /// The kernel's word for it.
        errno: i32,
    },
}

fn words(refusal: Refusal, errno: i32) -> String {
    let text = match refusal {
        Refusal::Malformed => "it does not know what it was asked for; update it",
        Refusal::OtherVersion => "it is of another version; install it anew",
        Refusal::NotYours => {
            "the process is not yours alone: it is another user's, or has more privileges than \
             you; run scrutineer with sudo"
        }
        Refusal::NotOfProcess => "the thread does not belong to the process; try again",
        Refusal::Gone => "the process or thread ended, or changed its privileges; try again",
        Refusal::BeyondOwn => {
            "the whole machine and control groups are seen by those alone who may see them \
             without it: sudo sysctl kernel.perf_event_paranoid=-1"
        }
        Refusal::ByKernel => {
            return format!(
                "the kernel did not allow it ({})",
                io::Error::from_raw_os_error(errno)
            );
        }
    };
    text.to_owned()
}

impl HelperError {
    /// The errno that `perf_event_open` would have given.
    fn errno(&self) -> i32 {
        match self {
            Self::Refused { errno, .. } => *errno,
            _ => libc::EACCES,
        }
    }
}

static IS_FORBIDDEN: AtomicBool = AtomicBool::new(false);

/// From now on this process does without the helper.
pub fn forbid() {
    IS_FORBIDDEN.store(true, Ordering::Relaxed);
}

/// `/proc/kallsyms` by the helper; `None` where there is no helper, or it may not see addresses.
pub fn kernel_symbols() -> Option<File> {
    HelperOpener::start(&find()?).ok()?.kernel_symbols().ok()
}

/// The installed helper's file; `None` where there is none, or it is not to be used.
pub fn find() -> Option<PathBuf> {
    if IS_FORBIDDEN.load(Ordering::Relaxed) {
        return None;
    }
    let path = match std::env::var_os(VARIABLE) {
        Some(path) => PathBuf::from(path),
        None => install::default_path(),
    };
    path.is_file().then_some(path)
}

/// Opens events through the helper, which lives as long as this.
#[derive(Debug)]
pub struct HelperOpener {
    path: PathBuf,
    /// Closing it ends the helper.
    channel: Option<OwnedFd>,
    child: Child,
    sequence: u32,
    powers: Powers,
}

impl HelperOpener {
    /// Starts the helper and asks what it can do.
    pub fn start(path: &Path) -> Result<Self, HelperError> {
        Self::start_command(Command::new(path), path)
    }

    pub(super) fn start_command(mut command: Command, path: &Path) -> Result<Self, HelperError> {
        let failed = |source| HelperError::Start {
            path: path.to_owned(),
            source,
        };
        let (own, its) = sys::channel::pair().map_err(failed)?;
        sys::channel::limit_waiting(&own, PATIENCE).map_err(failed)?;
        let child = command
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(its))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        // The command holds the helper's end of the socket too.
        drop(command);
        let mut opener = Self {
            path: path.to_owned(),
            channel: Some(own),
            child,
            sequence: 0,
            powers: Powers::default(),
        };
        opener.ask(&Request::Hello, None)?;
        if opener.powers.events {
            Ok(opener)
        } else {
            Err(HelperError::Powerless {
                path: opener.path.clone(),
            })
        }
    }

    /// What it can do.
    pub fn powers(&self) -> Powers {
        self.powers
    }

    /// `/proc/kallsyms`, open with the right to see addresses.
    pub fn kernel_symbols(&mut self) -> Result<File, HelperError> {
        self.ask_for_descriptor(&Request::KernelSymbols, None)
            .map(File::from)
    }

    /// Its process.
    #[cfg(test)]
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn ask_for_descriptor(
        &mut self,
        request: &Request,
        beside: Option<BorrowedFd<'_>>,
    ) -> Result<OwnedFd, HelperError> {
        self.ask(request, beside)?
            .ok_or_else(|| self.no_answer("no descriptor came"))
    }

    fn ask(
        &mut self,
        request: &Request,
        beside: Option<BorrowedFd<'_>>,
    ) -> Result<Option<OwnedFd>, HelperError> {
        self.sequence = self.sequence.wrapping_add(1);
        let message = request.encode(self.sequence);
        let (reply, descriptor) = self.exchange(&message, beside)?;
        if reply.sequence != self.sequence && reply.outcome.is_ok() {
            return Err(self.no_answer("it answers something else"));
        }
        self.powers = reply.powers;
        match reply.outcome {
            Ok(()) => Ok(descriptor),
            Err((refusal, errno)) => Err(HelperError::Refused { refusal, errno }),
        }
    }

    /// Sends any packet and reads the answer.
    pub(super) fn exchange(
        &self,
        message: &[u8],
        beside: Option<BorrowedFd<'_>>,
    ) -> Result<(Reply, Option<OwnedFd>), HelperError> {
        let failed = |error: io::Error| self.no_answer(&error.to_string());
        let channel = self
            .channel
            .as_ref()
            .ok_or_else(|| self.no_answer("it was let go"))?;
        sys::channel::send(channel, message, beside).map_err(failed)?;
        let mut buffer = [0; REPLY_BYTES + 1];
        let packet = sys::channel::receive(channel, &mut buffer).map_err(failed)?;
        if packet.length == 0 {
            return Err(self.no_answer("it ended"));
        }
        match Reply::decode(&buffer[..packet.length]) {
            Ok(reply) if !packet.is_cut => Ok((reply, packet.descriptor)),
            Err(Unreadable::OtherVersion(found)) => Err(HelperError::OtherVersion {
                path: self.path.clone(),
                found,
                known: protocol::VERSION,
            }),
            _ => Err(self.no_answer("not of its protocol")),
        }
    }

    fn no_answer(&self, why: &str) -> HelperError {
        HelperError::NoAnswer {
            path: self.path.clone(),
            why: why.to_owned(),
        }
    }

    fn open_by(
        &mut self,
        request: &Request,
        beside: Option<BorrowedFd<'_>>,
    ) -> io::Result<OwnedFd> {
        self.ask_for_descriptor(request, beside)
            .map_err(|error| io::Error::from_raw_os_error(error.errno()))
    }
}

impl EventOpener for HelperOpener {
    fn open(&mut self, wish: &EventWish, scope: Scope<'_>, cpu: u32) -> io::Result<OwnedFd> {
        let (scope, folder) = match scope {
            Scope::Thread { pid, tid } => (protocol::Scope::Thread { pid, tid }, None),
            Scope::Everyone => (protocol::Scope::Everyone, None),
            Scope::Cgroup(folder) => (protocol::Scope::Cgroup, Some(folder)),
        };
        let request = Request::Event {
            wish: *wish,
            scope,
            cpu,
        };
        self.open_by(&request, folder)
    }

    fn open_leader(&mut self, watermark_bytes: u32, cpu: u32) -> io::Result<OwnedFd> {
        let request = Request::Leader {
            pid: std::process::id(),
            tid: sys::ptrace::own_tid(),
            cpu,
            watermark_bytes,
        };
        self.open_by(&request, None)
    }

    fn is_helper(&self) -> bool {
        true
    }
}

impl Drop for HelperOpener {
    fn drop(&mut self) {
        self.channel = None;
        // It ends as its socket closes. Where somebody else has reaped it, nothing is left to do.
        let _ = self.child.wait();
    }
}
