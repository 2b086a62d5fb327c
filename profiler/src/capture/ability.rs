//! What can be captured here, feature by feature, and the command that would enable each cross.

use serde::Serialize;

/// Whether a feature works here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Readiness {
    /// It works, as tried just now.
    Ready,
    /// It works in part.
    Limited,
    /// It does not work.
    Unavailable,
}

/// One feature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ability {
    /// Stable name: `cpu_sampling`, `kernel_frames` …
    pub id: &'static str,
    /// Title for people: `On-CPU sampling`.
    pub title: &'static str,
    /// Whether it works.
    pub readiness: Readiness,
    /// The value that was read or tried: `perf_event_paranoid = 2`.
    pub value: String,
    /// What follows for the user; empty where all is well.
    pub consequence: String,
    /// The exact command that would enable it; `None` where there is nothing to mend.
    pub remedy: Option<String>,
}

/// Tries every feature for real (opens an event and closes it again) and says what it found, in a
/// fixed order.
pub fn measure() -> Vec<Ability> {
    todo!("capture room")
}
