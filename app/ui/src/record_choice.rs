//! How a person wants to record: of whom, what, how often and for how long.

use serde::{Deserialize, Serialize};

/// Of whom, seen from the chosen process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordSubject {
    /// The process.
    #[default]
    Process,
    /// The process and all that descend from it.
    Tree,
    /// All processes of its name.
    SameName,
    /// All processes of its control group.
    ControlGroup,
    /// The whole machine.
    Machine,
}

impl RecordSubject {
    /// All, from the narrowest on.
    pub const ALL: [Self; 5] = [
        Self::Process,
        Self::Tree,
        Self::SameName,
        Self::ControlGroup,
        Self::Machine,
    ];

    /// The words that a menu shows.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Process => "this process",
            Self::Tree => "with descendants",
            Self::SameName => "all of its name",
            Self::ControlGroup => "its control group",
            Self::Machine => "whole machine",
        }
    }
}

/// How to record.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RecordChoice {
    /// Samples of CPU time per second, hertz.
    pub frequency_hz: u32,
    /// Seconds; `None` until stopped.
    pub seconds: Option<u64>,
    /// Of whom.
    pub subject: RecordSubject,
    /// Whether processes that are started meanwhile are followed.
    pub follows_children: bool,
    /// Whether waits are recorded too.
    pub off_cpu: bool,
    /// Whether page faults are recorded too.
    pub page_faults: bool,
    /// Whether stacks are followed along frame pointers, rather than by unwind information.
    pub frame_pointers: bool,
}

impl Default for RecordChoice {
    fn default() -> Self {
        Self {
            frequency_hz: 999,
            seconds: Some(30),
            subject: RecordSubject::Process,
            follows_children: true,
            off_cpu: false,
            page_faults: false,
            frame_pointers: false,
        }
    }
}
