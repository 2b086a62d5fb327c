//! Runs a capture on a named thread: samples, unwinds, reads memory alongside, writes the file.

use std::{path::PathBuf, time::Duration};

use scrutineer_evidence::capture::Quality;

use crate::capture::{CaptureError, model::EndReason, target::Target};

/// How to record.
#[derive(Clone, Debug)]
pub struct RecordOptions {
    /// Sampling frequency, hertz. Ptrace sampling is held at 99.
    pub frequency_hz: u32,
    /// When to stop; `None` records until stopped or until the target ends.
    pub duration: Option<Duration>,
    /// File to write; must not exist.
    pub output: PathBuf,
    /// Bytes of user stack copied with each sample, a multiple of 8, at most 65,528.
    pub stack_dump_bytes: u32,
    /// Commit of the workspace's repository, for the header.
    pub commit: Option<String>,
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
    /// Pid of the target.
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

/// A recording under way.
#[derive(Debug)]
pub struct Recording {
    _private: (),
}

impl Recording {
    /// Opens everything, so that refusals are told at once, then records on a thread of its own.
    /// With [`Target::Launch`] the command starts stopped, is attached to, then let go, so that
    /// nothing is missed. Where perf events are refused altogether, ptrace sampling takes over.
    pub fn start(target: &Target, options: RecordOptions) -> Result<Self, CaptureError> {
        let _ = (target, options);
        todo!("capture room")
    }

    /// Pid of the target.
    pub fn pid(&self) -> u32 {
        todo!("capture room")
    }

    /// How it goes.
    pub fn status(&self) -> RecordingStatus {
        todo!("capture room")
    }

    /// Asks for the stop; returns at once.
    pub fn stop(&self) {
        todo!("capture room")
    }

    /// Whether the recording has ended.
    pub fn is_finished(&self) -> bool {
        todo!("capture room")
    }

    /// Waits for the end. The file is complete but for symbols.
    pub fn join(self) -> Result<RecordingSummary, CaptureError> {
        todo!("capture room")
    }
}
