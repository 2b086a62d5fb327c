//! Runs a capture on a named thread: samples, unwinds, reads memory alongside, writes the file.

mod choice;
mod judgement;
mod opener;
mod session;

use std::{
    fs::File,
    io::Write as _,
    os::fd::AsFd as _,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use scrutineer_evidence::capture::Quality;

use crate::{
    capture::{
        CaptureError,
        model::{CallGraph, EndReason},
        target::Target,
    },
    sys::pidfd,
};
use session::Session;

/// How to record.
#[derive(Clone, Debug)]
pub struct RecordOptions {
    /// Sampling frequency, hertz. Ptrace sampling is held at 99.
    pub frequency_hz: u32,
    /// When to stop; `None` records until stopped or until the target ends.
    pub duration: Option<Duration>,
    /// File to write; must not exist.
    pub output: PathBuf,
    /// How stacks are followed.
    pub call_graph: CallGraph,
    /// Bytes of user stack copied with each sample, at most 65,528; `None` copies as much as the
    /// stacks seen need.
    pub stack_dump_bytes: Option<u32>,
    /// Whether processes born meanwhile are sampled too.
    pub follows_children: bool,
    /// Whether waits are recorded, with their stacks where that is permitted.
    pub off_cpu: bool,
    /// Whether page faults are recorded with their stacks.
    pub page_faults: bool,
    /// Whether the privileged helper may be asked, where it is installed.
    pub may_use_helper: bool,
    /// Commit of the workspace's repository, for the header.
    pub commit: Option<String>,
}

impl RecordOptions {
    /// CPU time at 999 Hz with children, until stopped, written to `output`.
    pub fn new(output: PathBuf) -> Self {
        Self {
            frequency_hz: 999,
            duration: None,
            output,
            call_graph: CallGraph::Dwarf,
            stack_dump_bytes: None,
            follows_children: true,
            off_cpu: false,
            page_faults: false,
            may_use_helper: true,
            commit: None,
        }
    }
}

/// How a recording goes, read at any time from another thread.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordingStatus {
    /// Time since the start.
    pub elapsed: Duration,
    /// Quality so far.
    pub quality: Quality,
}

/// What a finished recording was.
#[derive(Clone, Debug)]
pub struct RecordingSummary {
    /// The file.
    pub path: PathBuf,
    /// Pid of the first process of the target; 0 for the whole machine.
    pub pid: u32,
    /// Length.
    pub duration: Duration,
    /// Why it ended.
    pub reason: EndReason,
    /// Quality.
    pub quality: Quality,
    /// Sentences that the user should read: the sampler that was fallen back to and the one
    /// command that would enable more, what was invisible, what was lost.
    pub warnings: Vec<String>,
}

/// What the recorder's thread and the recording's owner share.
#[derive(Debug)]
struct Shared {
    stop: AtomicBool,
    started: Instant,
    status: Mutex<RecordingStatus>,
}

impl Shared {
    fn publish(&self, quality: &Quality) {
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        *status = RecordingStatus {
            elapsed: self.started.elapsed(),
            quality: quality.clone(),
        };
    }
}

/// A recording under way. Dropping it stops it and waits until the file is saved.
#[derive(Debug)]
pub struct Recording {
    pid: u32,
    shared: Arc<Shared>,
    /// Hung up by the thread when it ends.
    ended: File,
    /// Wakes the thread up.
    wake: File,
    thread: Option<JoinHandle<Result<RecordingSummary, CaptureError>>>,
}

impl Recording {
    /// Opens everything, so that refusals are told at once, then records on a thread of its own.
    /// With [`Target::Launch`] the command starts stopped, is attached to, then let go, so that
    /// nothing is missed. Where perf events are refused altogether, ptrace sampling takes over.
    pub fn start(target: &Target, options: RecordOptions) -> Result<Self, CaptureError> {
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            started: Instant::now(),
            status: Mutex::default(),
        });
        let (opened_in, opened_out) = mpsc::sync_channel(1);
        let pipe = || {
            pidfd::pipe().map_err(|source| CaptureError::System {
                what: "making a pipe to the recorder's thread".to_owned(),
                source,
            })
        };
        let (ended, end) = pipe()?;
        let (woken, wake) = pipe()?;
        let (target, shared_with_thread) = (target.clone(), shared.clone());
        // Samplers belong to the thread that opens them, so all of it happens there.
        let thread = thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || {
                let _end = end;
                let session = Session::open(&target, options, shared_with_thread, woken.into());
                let session = match session {
                    Ok(session) => session,
                    Err(error) => {
                        // The owner waits for this message and gets the error through it.
                        let _ = opened_in.send(Err(error));
                        return Err(stopped_unexpectedly());
                    }
                };
                let _ = opened_in.send(Ok(session.pid()));
                session.run()
            })
            .map_err(|source| CaptureError::System {
                what: "starting the recorder's thread".to_owned(),
                source,
            })?;
        let pid = opened_out
            .recv()
            .unwrap_or_else(|_| Err(stopped_unexpectedly()))?;
        Ok(Self {
            pid,
            shared,
            ended,
            wake,
            thread: Some(thread),
        })
    }

    /// Pid of the target.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// How it goes.
    pub fn status(&self) -> RecordingStatus {
        let mut status = self
            .shared
            .status
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if !self.is_finished() {
            status.elapsed = self.shared.started.elapsed();
        }
        status
    }

    /// Asks for the stop; returns at once.
    pub fn stop(&self) {
        if !self.shared.stop.swap(true, Ordering::Relaxed) {
            // A thread that has ended need not be woken up.
            let _ = (&self.wake).write(&[0]);
        }
    }

    /// Waits until the recording has ended, a signal has come, or `at_most` has passed.
    pub fn wait(&self, at_most: Duration) {
        // Where waiting fails, the caller looks again at once.
        let _ = pidfd::wait(&[self.ended.as_fd()], at_most);
    }

    /// Whether the recording has ended.
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits for the end. The file is complete but for symbols.
    pub fn join(mut self) -> Result<RecordingSummary, CaptureError> {
        let thread = self.thread.take().ok_or_else(stopped_unexpectedly)?;
        thread
            .join()
            .unwrap_or_else(|_| Err(stopped_unexpectedly()))
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            // Nobody is left to be told; what was recorded before an error is in the file.
            let _ = thread.join();
        }
    }
}

fn stopped_unexpectedly() -> CaptureError {
    CaptureError::System {
        what: "recording".to_owned(),
        source: std::io::Error::other("the recorder's thread stopped unexpectedly"),
    }
}
