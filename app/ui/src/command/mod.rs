//! Everything a person can do, as one enum, and the work that it asks of the application.

mod request;
mod review;

use std::path::PathBuf;

use scrutineer_checklists::{review::Severity, verdict::Outcome};
use scrutineer_profiler::{
    capture::model::WaitClass,
    profile::{Weight, series::Topic},
};

pub use request::{Entry, JobId, Request, ReviewRequest};
pub(crate) use review::ReviewAction;

use crate::{
    record_choice::RecordChoice,
    settings::{ThemeChoice, WheelAction},
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
    /// A team's walk through the judged items.
    Review,
    /// Views that were pinned as evidence.
    Pins,
    /// How the window looks and moves, where things lie.
    Settings,
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
    /// Something was done in a review session.
    Review(ReviewAction),
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
