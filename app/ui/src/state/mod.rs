//! What is open and selected: the one state that all screens read.

pub(crate) mod checklist;
pub(crate) mod history;
pub(crate) mod pins;
pub(crate) mod profile;
pub(crate) mod review;
pub(crate) mod settings;
pub(crate) mod start;
pub(crate) mod tabs;
pub(crate) mod timeline;

use std::time::Duration;

use scrutineer_checklists::verdict::Outcome;
use scrutineer_evidence::capture::Quality;

use crate::{
    command::{JobId, Request, ReviewRequest, Screen},
    note::About,
    views::Views,
};

/// A background job as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Job {
    pub(crate) id: JobId,
    pub(crate) title: String,
    pub(crate) step: String,
    pub(crate) done: Option<f32>,
    /// When it began, in egui's seconds.
    pub(crate) since_s: f64,
}

/// Something that a person should read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Notice {
    pub(crate) id: u64,
    /// Fail for an error, attention for a warning, inconclusive for news.
    pub(crate) outcome: Outcome,
    pub(crate) message: String,
    /// The command that mends it.
    pub(crate) command: Option<String>,
    /// When it was said, in egui's seconds.
    pub(crate) since_s: f64,
}

/// How long good news are shown, seconds.
const NEWS_S: f64 = 8.0;

/// The recording that runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RecordingNow {
    pub(crate) pid: Option<u32>,
    pub(crate) elapsed: Duration,
    pub(crate) quality: Quality,
    /// Whether the stop was asked for.
    pub(crate) stopping: bool,
}

/// What lies over the screen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Layer {
    /// The command palette: what was typed, and the chosen line.
    Palette { query: String, chosen: usize },
    /// The sheet of keys.
    Sheet,
    /// The box of a note.
    Note {
        about: About,
        /// What it is about, in words.
        subject: String,
        text: String,
    },
    /// The export box with its typed path.
    Export { path: String },
    /// The box that freezes a milestone, with its typed name.
    Freeze { name: String },
    /// The box that opens a review, with what is typed to be reviewed.
    NewReview { title: String },
    /// The box of who is in the room, with the typed names.
    Room { names: String },
    /// The box that signs a milestone, with the typed name and role.
    SignOff {
        milestone: String,
        name: String,
        role: String,
    },
}

/// How the window looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Appearance {
    pub(crate) dark: bool,
    /// Scale, 0.8..=2.0.
    pub(crate) scale: f32,
    pub(crate) reduce_motion: bool,
}

/// Everything that is open and selected.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) screen: Screen,
    pub(crate) history: history::History,
    pub(crate) layer: Option<Layer>,
    pub(crate) appearance: Appearance,
    pub(crate) start: start::Start,
    pub(crate) profile: profile::ProfileState,
    /// Captures that are open besides the shown one, whose parts are `profile` and `history`.
    pub(crate) tabs: tabs::Tabs,
    pub(crate) checklist: checklist::ChecklistState,
    pub(crate) review: review::ReviewState,
    pub(crate) settings: settings::SettingsState,
    pub(crate) pins: pins::Pins,
    pub(crate) recording: Option<RecordingNow>,
    pub(crate) jobs: Vec<Job>,
    pub(crate) notices: Vec<Notice>,
    /// Field that is to have the keyboard in the next frame.
    pub(crate) focus: Option<&'static str>,
    /// Whether the keyboard is to be taken from what has it.
    pub(crate) unfocus: bool,
    /// Whether the inspector is shown where the window is narrow.
    pub(crate) drawer: bool,
    pub(crate) requests: Vec<Request>,
    pub(crate) views: Views,
    pub(crate) now: jiff::Timestamp,
    /// Egui's clock, seconds.
    pub(crate) time_s: f64,
    pub(crate) next_notice: u64,
    /// Counts pictures of captures over all tabs, so that an answer finds the one that it is of.
    pub(crate) next_generation: u64,
}

impl State {
    /// The state of a window that was just opened.
    pub(crate) fn new(views: Views) -> Self {
        Self {
            screen: Screen::Start,
            history: history::History::default(),
            layer: None,
            appearance: Appearance {
                dark: true,
                scale: 1.0,
                reduce_motion: false,
            },
            start: start::Start::default(),
            profile: profile::ProfileState::default(),
            tabs: tabs::Tabs::default(),
            checklist: checklist::ChecklistState::default(),
            review: review::ReviewState::default(),
            settings: settings::SettingsState::default(),
            pins: pins::Pins::default(),
            recording: None,
            jobs: Vec::new(),
            notices: Vec::new(),
            focus: None,
            unfocus: false,
            drawer: false,
            requests: vec![
                Request::MeasureAbilities,
                Request::ListCaptures,
                Request::Review(ReviewRequest::ListOverdue),
                Request::WatchProcesses,
            ],
            views,
            now: jiff::Timestamp::UNIX_EPOCH,
            time_s: 0.0,
            next_notice: 0,
            next_generation: 0,
        }
    }

    /// Lets good news go by themselves; gives when the next one goes, seconds from now.
    pub(crate) fn forget_news(&mut self) -> Option<f64> {
        let now = self.time_s;
        let goes_s = |notice: &Notice| {
            let is_news = notice.outcome == Outcome::Pass;
            is_news.then_some(notice.since_s + NEWS_S - now)
        };
        self.notices
            .retain(|notice| goes_s(notice).is_none_or(|left_s| left_s > 0.0));
        self.notices.iter().filter_map(goes_s).reduce(f64::min)
    }

    /// Says something to the person.
    pub(crate) fn notify(&mut self, outcome: Outcome, message: String, command: Option<String>) {
        if self.notices.iter().any(|notice| notice.message == message) {
            return;
        }
        self.next_notice += 1;
        self.notices.push(Notice {
            id: self.next_notice,
            outcome,
            message,
            command,
            since_s: self.time_s,
        });
        let surplus = self.notices.len().saturating_sub(4);
        self.notices.drain(..surplus);
    }
}
