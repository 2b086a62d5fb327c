//! Everything a person can do, as one enum, and the work that it asks of the application.

use std::path::PathBuf;

use scrutineer_checklists::{
    review::{Choice, Severity},
    verdict::Outcome,
};
use scrutineer_profiler::{
    capture::model::WaitClass,
    profile::{Weight, series::Topic},
};

use crate::{
    pin::Pin,
    record_choice::RecordChoice,
    settings::{Settings, ThemeChoice, WheelAction},
    state::{
        checklist::Show,
        profile::{CompareColumn, Mode, Pane},
        start::{Column, Filter},
        timeline::ThreadOrder,
    },
    widgets::flame::FlameAction,
};

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
    /// Views that were pinned as evidence.
    Pins,
    /// How the window looks and moves, where things lie.
    Settings,
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

/// A change of what is set, or of what is typed of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Setting {
    /// Dark or light.
    Theme(ThemeChoice),
    /// Scale, per cent.
    ScalePercent(u32),
    /// Whether motion is left out.
    ReduceMotion(bool),
    /// What the wheel does.
    Wheel(WheelAction),
    /// Whether the tabs of last time are opened again.
    RestoreTabs(bool),
    /// Type a source folder.
    TypeSourceFolder(String),
    /// Add the source folder that was typed.
    AddSourceFolder,
    /// Take a source folder out.
    RemoveSourceFolder(usize),
    /// Type the folder of captures.
    TypeCapturesFolder(String),
    /// Take the folder of captures that was typed.
    TakeCapturesFolder,
    /// Remove captures older than so many days.
    MaxAgeDays(Option<u32>),
    /// Keep at most so much, MiB.
    MaxTotalMib(Option<u64>),
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

/// The sides of a sandwich.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Who calls the function.
    Callers,
    /// Whom it calls.
    Callees,
}

/// A change of all stacks, of the selected function or its module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Take its frames out.
    Merge,
    /// Take the frames of its module out.
    MergeModule,
    /// Stacks from it inwards.
    Focus,
    /// Only stacks that hold it.
    Keep,
    /// All that it calls becomes its own.
    Collapse,
    /// Neighbouring frames of its module become one.
    CollapseModule,
    /// It goes on in its outermost frame; every function where none is selected.
    Recursion,
    /// No stacks that hold it.
    Drop,
    /// No stacks that hold its module.
    DropModule,
}

/// Transforming the stacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TransformAction {
    /// One more step.
    Apply(Change),
    /// Own code alone, or all again.
    ToggleMyCode,
    /// Only stacks that match the search, or all again.
    ToggleFilter,
    /// Go back to where there were so many steps.
    KeepFirst(usize),
    /// Take one step out.
    Remove(usize),
}

/// What can be done to the tabs. Numbers are their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TabAction {
    /// Show one.
    Show(usize),
    /// Show another one, so many further; round the end.
    Step(i32),
    /// Close one.
    Close(usize),
    /// Close the one that is shown.
    CloseShown,
}

/// What can be done to pins, named by their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PinAction {
    /// Pin what is seen: its note is asked for first.
    Begin,
    /// Select one.
    Select(String),
    /// Select a neighbour.
    Step(i32),
    /// See the selected one again.
    OpenSelected,
    /// Write a note to one.
    Note(String),
    /// Ask whether one is to be removed.
    AskRemove(String),
    /// Keep the one whose removal was asked for.
    KeepIt,
    /// Remove one.
    Remove(String),
}

/// What can be done to the timeline. Threads are positions in the profile's.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TimelineAction {
    /// See a part of time, seconds; `None` for all.
    View(Option<(f64, f64)>),
    /// Zoom by a factor (below 1 shows less time) around a time, seconds; around the middle where
    /// `None`.
    Zoom(f64, Option<f64>),
    /// Move by a share of what is seen.
    Pan(f64),
    /// See the chosen range.
    ZoomToRange,
    /// Move an edge of the range (the right one, or the left) by a share of what is seen.
    Nudge { right: bool, by: f64 },
    /// Look at a thread too, or no longer.
    ToggleThread(u32),
    /// Look at a thread alone; at all of them where it is alone already.
    OnlyThread(u32),
    /// Look at all threads.
    AllThreads,
    /// List threads whose name holds this.
    Filter(String),
    /// Order of the list.
    Order(ThreadOrder),
    /// Leave a thread out of the list.
    Hide(u32),
    /// List the hidden threads again.
    ShowHidden,
    /// Put a thread first, or no longer.
    TogglePin(u32),
    /// Scroll the list to a row.
    ScrollTo(usize),
}

/// The sides of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompareSide {
    /// What was before.
    Base,
    /// What is now.
    Candidate,
}

/// Comparing what is shown with something else.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum CompareAction {
    /// Offer everything that it can be compared with; stop where something is compared.
    Offer,
    /// Hold the range for a later comparison.
    Hold,
    /// With the range that is held.
    Held,
    /// CPU time with waits.
    Weights,
    /// With another capture, or one more on a side.
    Capture(PathBuf, CompareSide),
    /// With a capture that the native dialog asks for.
    Choose,
    /// Swap base and candidate, where both are of this capture.
    Swap,
    /// Widths of the base, so that vanished stacks are seen, or of the candidate.
    ToggleBase,
    /// Sort the table of functions.
    Sort(CompareColumn),
    /// Compare no longer.
    Stop,
}

/// Everything that a person can do. Pointer, keys, palette and tests issue the same commands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Command {
    /// Show a screen.
    Go(Screen),
    /// Walk back.
    Back,
    /// Walk forward again.
    Forward,
    /// Unwind one layer: popup, search, zoom, selection.
    Unwind,
    /// Let the application work.
    Ask(Request),
    /// Open the palette.
    OpenPalette,
    /// Type into the palette.
    TypePalette(String),
    /// Choose another line of the palette.
    StepPalette(i32),
    /// Run a line of the palette.
    RunPalette(usize),
    /// Open or close the sheet of keys.
    ToggleSheet,
    /// Close what lies over the screen.
    CloseLayer,
    /// Put the keyboard into the search field of the screen.
    FocusSearch,
    /// Dark or light.
    SetDark(bool),
    /// Scale, 0.8..=2.0.
    SetScale(f32),
    /// Whether motion is left out.
    SetReduceMotion(bool),
    /// Change a setting.
    Set(Setting),
    /// Something was done to pins.
    Pin(PinAction),
    /// Something was done to the tabs.
    Tab(TabAction),
    /// Write a note to a capture.
    NoteCapture(PathBuf),
    /// Type a note.
    TypeNote(String),
    /// Keep the note that was typed.
    KeepNote,
    /// Dismiss a notice.
    Dismiss(u64),
    /// Show or hide the inspector where the window is narrow.
    ToggleDrawer,

    /// Search processes.
    SearchProcesses(String),
    /// Tree or flat.
    SetTree(bool),
    /// Turn a filter on or off.
    ToggleFilter(Filter),
    /// Fold or unfold a process.
    ToggleFold(u32),
    /// Select a process.
    SelectProcess(Option<u32>),
    /// Select a neighbour in the list.
    StepProcess(i32),
    /// Sort the flat list.
    SortProcesses(Column),
    /// Search recent captures.
    SearchCaptures(String),
    /// Stop or resume listing.
    TogglePause,
    /// Choose how to record.
    Choose(RecordChoice),
    /// Record the selected process.
    Record,
    /// Type the command to launch.
    TypeLaunch(String),
    /// Type the folder to launch in.
    TypeLaunchFolder(String),
    /// Launch and record.
    Launch,

    /// Choose a view of the profile.
    SetMode(Mode),
    /// Callees first, or callers.
    ToggleInvert,
    /// Search frames.
    SearchFrames(String),
    /// Go to another match.
    StepMatch(i32),
    /// Something was done to the flame graph.
    Flame(FlameAction),
    /// Something was done to a side of the sandwich: its callers or its callees.
    Slice(Side, FlameAction),
    /// Zoom out to everything.
    ResetZoom,
    /// Zoom to the selected frame.
    ZoomToSelected,
    /// Select the heaviest node of a function.
    SelectFunction(u32),
    /// Look at a range of time alone, seconds.
    SetRange(Option<(f64, f64)>),
    /// A range that is being dragged, seconds: it is looked at already where that is quick.
    DragRange((f64, f64)),
    /// Something was done to the tracks of the timeline.
    Timeline(TimelineAction),
    /// Transform the stacks, or take that back.
    Transform(TransformAction),
    /// Show the stacks of another thread over time (a position in the profile's).
    ChartThread(u32),
    /// Pick a line of the source view, so that its instructions are seen.
    PickLine(Option<u32>),
    /// Compare what is shown.
    Compare(CompareAction),
    /// Leave frames below 0.1 % out of the flame graph, or show them again.
    ToggleSmall,
    /// Let plain letters go to a pane.
    FocusPane(Pane),
    /// Zoom the flame graph around its middle; above 1 shows less.
    ZoomStacks(f64),
    /// Move the flame graph by a share of what is seen.
    PanStacks(f64),
    /// Weigh by CPU time, waits or page faults.
    Weigh(Weight),
    /// The next weight that the capture has; the next measure of a file of several.
    WeighNext,
    /// Show another of the things that a file of another tool measures, by its place.
    Measure(usize),
    /// Look at a class of waits, or no longer.
    ToggleWaitClass(WaitClass),
    /// Look at all classes of waits.
    AllWaitClasses,
    /// Hold the picture while the recording goes on.
    ToggleFreeze,
    /// Stop the recording.
    StopRecording,
    /// Unfold or fold a node of the call tree.
    ToggleNode(u32),
    /// Select another row of the table.
    StepRow(i32),
    /// Sort functions by total or by self.
    SortByTotal(bool),

    /// Choose a tab of the memory screen.
    SetTopic(Topic),

    /// Choose which items are shown.
    ShowItems(Show),
    /// Filter items.
    FilterItems(String),
    /// Select an item.
    SelectItem(String),
    /// Select another item.
    StepItem(i32),
    /// Type the reason of a decision.
    TypeReason(String),
    /// Type the date of a waiver.
    TypeUntil(String),
    /// Confirm the selected item.
    Confirm,
    /// Begin to overrule, or choose what holds instead.
    DraftOverrule(Outcome),
    /// Begin a waiver.
    DraftWaive,
    /// Begin to say that the item does not apply.
    DraftNotApplicable,
    /// Begin to write down a finding, or choose how bad it is.
    DraftFinding(Severity),
    /// Begin to write down an action.
    DraftAction,
    /// Begin to write down a note.
    DraftNote,
    /// Type the owner of an action.
    TypeOwner(String),
    /// Open the box that freezes a milestone.
    OpenFreeze,
    /// Type the name of a milestone.
    TypeMilestone(String),
    /// Freeze a milestone of the typed name.
    Freeze,
    /// Store the decision that is being written.
    Decide,
    /// Drop the decision that is being written.
    DropDraft,
    /// Gather evidence.
    Gather,
    /// Open the export box.
    OpenExport,
    /// Type the path of the export.
    TypeExport(String),
    /// Export to the typed path.
    Export,
}
