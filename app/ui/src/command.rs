//! Everything a person can do, as one enum, and the work that it asks of the application.

use std::path::PathBuf;

use scrutineer_checklists::review::Choice;

/// The screens of the rail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Screen {
    /// Attach, launch, recent captures, this machine.
    #[default]
    Start,
    /// Flame graph and top functions of the open capture.
    Profile,
    /// Resident memory of the open capture.
    Memory,
    /// The guideline, judged.
    Checklist,
}

/// Names a background job.
pub type JobId = u64;

/// Work that the application does for the screens, on threads of its own. Answers come back as
/// [`crate::event::Event`].
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// List processes again, now and every second until [`Request::PauseProcesses`].
    WatchProcesses,
    /// Stop listing processes (another screen is shown).
    PauseProcesses,
    /// Measure what can be captured here.
    MeasureAbilities,
    /// List captures of the workspace.
    ListCaptures,
    /// Attach and record.
    Attach {
        /// Target.
        pid: u32,
        /// Hertz.
        frequency_hz: u32,
        /// Seconds, or until stopped.
        seconds: Option<u64>,
    },
    /// Launch a command line (split like a shell does, without expansions) and record it.
    Launch {
        /// Command line.
        command: String,
        /// Folder, empty for ours.
        folder: String,
        /// Hertz.
        frequency_hz: u32,
    },
    /// Stop the recording; it is saved and opened.
    StopRecording,
    /// Cancel a job.
    Cancel(JobId),
    /// Open a capture file.
    Open(PathBuf),
    /// Ask for a capture file with the native dialog.
    OpenDialog,
    /// Run the demo.
    RunDemo,
    /// Gather evidence about a process and judge; about the open capture's target where `None`.
    Gather {
        /// Target.
        pid: Option<u32>,
    },
    /// Store a decision and judge again.
    Decide {
        /// Item id.
        item: String,
        /// What was decided.
        choice: Choice,
        /// Why.
        why: String,
    },
    /// Take a decision back.
    Undecide {
        /// Item id.
        item: String,
    },
    /// Ask for a file name with the native dialog, then export the review as HTML.
    ExportDialog,
    /// Export the review as HTML.
    Export(PathBuf),
    /// Save the CPU profile of the workbench itself: starts on the first call, ends and writes on
    /// the second.
    ToggleOwnProfile,
}
