//! Work that the application does for the screens, on threads of its own.

use std::{collections::BTreeSet, path::PathBuf};

use scrutineer_checklists::review::{Choice, Severity};

use super::CompareSide;
use crate::{pin::Pin, record_choice::RecordChoice, settings::Settings};

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
        /// Target, or a process of what is the target.
        pid: u32,
        /// How.
        choice: RecordChoice,
    },
    /// Launch a command line (split like a shell does, without expansions) and record it.
    Launch {
        /// Command line.
        command: String,
        /// Folder, empty for ours.
        folder: String,
        /// How; it is recorded until it ends, whatever the seconds.
        choice: RecordChoice,
    },
    /// Look at what will be seen of a process and what will not.
    Preflight(u32),
    /// Stop the recording; it is saved and opened.
    StopRecording,
    /// Cancel a job.
    Cancel(JobId),
    /// Open a capture file.
    Open(PathBuf),
    /// Ask for a capture file with the native dialog.
    OpenDialog,
    /// Load a capture that the open one is compared with.
    LoadOther {
        /// File; `None` asks for it with the native dialog.
        path: Option<PathBuf>,
        /// Its side.
        side: CompareSide,
        /// File of the open capture, which the answer is for.
        beside: PathBuf,
        /// What is read of it, where it is a file that measures several things.
        measure: Option<String>,
    },
    /// Read something else of an open file that measures several things.
    Measure {
        /// File.
        path: PathBuf,
        /// What, by the file's name for it.
        measure: String,
    },
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
    /// Write something down in the review, about an item or about all of it.
    WriteDown {
        /// Item id.
        item: Option<String>,
        /// What.
        entry: Entry,
    },
    /// Say that an action was done.
    FinishAction {
        /// Its id in the review.
        id: String,
    },
    /// Freeze the review into a milestone.
    Freeze {
        /// Name of the milestone.
        name: String,
    },
    /// Ask for a file name with the native dialog, then export the review.
    ExportDialog,
    /// Work of a review session.
    Review(ReviewRequest),
    /// Export the review in the format that the file's name ends with, else as HTML.
    Export(PathBuf),
    /// Save the CPU profile of the workbench itself: starts on the first call, ends and writes on
    /// the second.
    ToggleOwnProfile,
    /// Keep settings: what differs between the two is changed in the file.
    SaveSettings {
        /// As they were.
        before: Box<Settings>,
        /// As they are.
        after: Box<Settings>,
    },
    /// A capture came to the front, by its target's pid and name; `None` where none is open.
    FrontCapture(Option<(u32, String)>),
    /// Read the settings file again.
    ReadSettings,
    /// Set a settings file aside that cannot be read, and write these.
    ReplaceSettings(Box<Settings>),
    /// Remove the captures that the settings do not keep.
    PruneCaptures,
    /// List the workspace's pins.
    ListPins,
    /// Keep a pinned view of a capture; what only the application knows is not filled in yet.
    KeepPin {
        /// The capture's file.
        path: PathBuf,
        /// The pin.
        pin: Box<Pin>,
    },
    /// Find the capture of a pin, by the pin's id, and show the view.
    OpenPin(String),
    /// Change the note of a pin.
    NotePin {
        /// Which.
        id: String,
        /// Words.
        note: String,
    },
    /// Remove a pin.
    RemovePin(String),
    /// Keep a note to a capture; an empty one takes it away.
    NoteCapture {
        /// File.
        path: PathBuf,
        /// Words.
        note: String,
    },
    /// Have a capture never pruned, or pruned again.
    PinCapture {
        /// File.
        path: PathBuf,
        /// Whether it is pinned.
        pinned: bool,
    },
}

/// Work of a review session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReviewRequest {
    /// Open a review of the workspace by its name.
    Open(String),
    /// Open a new review of what is judged now.
    New {
        /// What is reviewed, in words; its name is made from them.
        title: String,
    },
    /// Compare with a milestone of the open review, instead of with its latest.
    Against(String),
    /// Confirm every strong pass that is not decided, by one act.
    AcceptStrongPasses,
    /// Say who is in the room.
    SetRoom {
        /// Who leads, and decides.
        lead: String,
        /// Everybody.
        room: BTreeSet<String>,
    },
    /// Approve a milestone.
    SignOff {
        /// Its name.
        milestone: String,
        /// Who approves.
        name: String,
        /// In which role.
        role: String,
        /// Whether the usual SSH key signs it; else it is recorded as approved without a signature.
        with_key: bool,
    },
    /// Load the capture that the open review's evidence rests on.
    LoadCapture,
    /// List the workspace's actions whose day has passed.
    ListOverdue,
}

/// What a person writes down in a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// What was found.
    Finding {
        /// How bad it is.
        severity: Severity,
        /// One sentence.
        claim: String,
    },
    /// What is to be done.
    Action {
        /// One sentence.
        what: String,
        /// Who does it.
        owner: String,
        /// Last day on which it is not overdue.
        due: jiff::civil::Date,
    },
    /// A free note.
    Note {
        /// Its words.
        text: String,
    },
}
