//! What the application tells the screens.

use std::{path::PathBuf, sync::Arc, time::Duration};

use scrutineer_checklists::document::{PinnedView, ReviewDocument};
use scrutineer_evidence::capture::Quality;
use scrutineer_profiler::{
    capture::ability::Ability,
    process::preflight::Note,
    profile::{CallTree, CallTreeOptions, Detail, FlameLayout, FlameOrder, Profile, Selection},
};

/// One process of the list, as the probe lists it.
pub use scrutineer_profiler::probes::list::ProcessInfo as ProcessRow;

use crate::{
    command::{CompareSide, JobId},
    open_tabs::OpenTab,
    pin::PinState,
    review::{BoundCapture, KeptAction, ReviewFacts},
    settings::Settings,
};

/// A capture in the list of recent ones.
#[derive(Clone, Debug, PartialEq)]
pub struct RecentCapture {
    /// File.
    pub path: PathBuf,
    /// Name of the target.
    pub target: String,
    /// When it began.
    pub started_at: jiff::Timestamp,
    /// Length; `None` where it was cut short.
    pub duration: Option<Duration>,
    /// Samples.
    pub samples: u64,
    /// Commit of the workspace's repository, where known.
    pub commit: Option<String>,
    /// What a person wrote to it; empty for nothing.
    pub note: String,
    /// Whether it is never pruned.
    pub pinned: bool,
}

/// A capture with what its views need, built off the frame's thread.
#[derive(Clone, Debug)]
pub struct LoadedProfile {
    /// File.
    pub path: PathBuf,
    /// Profile.
    pub profile: Arc<Profile>,
    /// Call tree of the whole selection.
    pub tree: Arc<CallTree>,
    /// Alphabetical layout.
    pub layout: Arc<FlameLayout>,
    /// Left-heavy layout.
    pub left_heavy: Arc<FlameLayout>,
    /// What is damaged in the file, as a sentence.
    pub damage: Option<String>,
}

impl LoadedProfile {
    /// Builds what the views of a profile need first: takes as long as samples and stacks are many,
    /// so never on the frame's thread.
    pub fn of(path: PathBuf, profile: Profile, damage: Option<String>) -> Self {
        let options = CallTreeOptions {
            detail: Detail::Bounded,
            ..CallTreeOptions::default()
        };
        let tree = CallTree::build(&profile, &Selection::default(), options);
        Self {
            path,
            profile: Arc::new(profile),
            layout: Arc::new(FlameLayout::build(&tree, FlameOrder::Alphabetical)),
            left_heavy: Arc::new(FlameLayout::build(&tree, FlameOrder::LeftHeavy)),
            tree: Arc::new(tree),
            damage,
        }
    }
}

/// Another capture that takes part in a comparison.
#[derive(Clone, Debug)]
pub struct OtherCapture {
    /// File.
    pub path: PathBuf,
    /// Profile.
    pub profile: Arc<Profile>,
}

/// Captures that an open one is compared with, and more on its side.
#[derive(Clone, Debug, Default)]
pub struct OtherCaptures {
    /// What was before.
    pub bases: Vec<OtherCapture>,
    /// What is now, beside the open one.
    pub candidates: Vec<OtherCapture>,
}

/// What the application tells the screens.
#[derive(Clone, Debug)]
pub enum Event {
    /// The list of processes, sorted by pid.
    Processes(Vec<ProcessRow>),
    /// What can be captured here.
    Abilities(Vec<Ability>),
    /// What will be seen of a process and what will not.
    Preflight {
        /// Which.
        pid: u32,
        /// What matters most first; empty where everything will be seen.
        notes: Vec<Note>,
    },
    /// Captures of the workspace, newest first.
    Captures(Vec<RecentCapture>),
    /// A job began.
    JobStarted {
        /// Which.
        id: JobId,
        /// Title: `Gathering evidence`.
        title: String,
    },
    /// A job goes on.
    JobProgress {
        /// Which.
        id: JobId,
        /// Step: `Probing 3 of 4 endpoints`.
        step: String,
        /// Share done, 0..1, where known.
        done: Option<f32>,
    },
    /// A job ended, well or not.
    JobEnded {
        /// Which.
        id: JobId,
    },
    /// A recording runs.
    Recording {
        /// Target.
        pid: u32,
        /// Time since the start.
        elapsed: Duration,
        /// Quality so far.
        quality: Quality,
    },
    /// The recording ended; the capture follows as [`Event::Loaded`].
    RecordingEnded {
        /// Sentences that the user should read.
        warnings: Vec<String>,
    },
    /// The recording's profile has grown.
    Live(LoadedProfile),
    /// A capture was opened.
    Loaded(LoadedProfile),
    /// A capture to compare with was loaded.
    Other {
        /// File.
        path: PathBuf,
        /// Its side.
        side: CompareSide,
        /// File of the capture that was open when it was asked for.
        beside: PathBuf,
        /// Profile.
        profile: Arc<Profile>,
        /// What is damaged in the file, as a sentence.
        damage: Option<String>,
    },
    /// The judgement.
    Review(Arc<ReviewDocument>),
    /// What lies beside the open review's document.
    ReviewFacts(Arc<ReviewFacts>),
    /// The capture that the open review rests on; `None` where the workspace does not keep it.
    ReviewCapture(Option<Arc<BoundCapture>>),
    /// Actions of the workspace's reviews whose day has passed; what is late longest comes first.
    Overdue(Vec<KeptAction>),
    /// The workspace's pins, the oldest first.
    Pins(Vec<Arc<PinnedView>>),
    /// The capture of a pin was found: the view is to be seen again.
    PinFound {
        /// The capture's file.
        path: PathBuf,
        /// The view.
        view: Box<PinState>,
        /// What else it is compared with; nothing where it is of one capture.
        others: OtherCaptures,
    },
    /// The files of the tabs that were open last time are being read: each comes as
    /// [`Self::Restored`], or fails as [`Self::OpenFailed`].
    TabsFound {
        /// Those whose files are still there, in their order.
        tabs: Vec<OpenTab>,
        /// Place of the one that is to be in front; `None` where another file was asked for.
        front: Option<usize>,
        /// Files that are not there any more.
        missing: Vec<PathBuf>,
    },
    /// A tab of last time, as it was.
    Restored {
        /// Its capture.
        loaded: LoadedProfile,
        /// What was seen of it.
        view: Box<PinState>,
        /// What else it is compared with.
        others: OtherCaptures,
    },
    /// A file could not be opened: no tab waits for it any more.
    OpenFailed {
        /// Which.
        path: PathBuf,
        /// What happened, why, what to do.
        message: String,
    },
    /// The settings that are kept.
    Settings {
        /// What holds; `None` where it stays as it is.
        settings: Option<Box<Settings>>,
        /// Their file; empty where there is none to be.
        path: PathBuf,
        /// Why they cannot be kept.
        problem: Option<String>,
    },
    /// Something was done that a person should read of.
    Said {
        /// Sentence.
        message: String,
    },
    /// A file was written.
    Saved {
        /// Which.
        path: PathBuf,
    },
    /// Something went wrong: what happened, why, what to do.
    Failed {
        /// Sentence.
        message: String,
    },
}
