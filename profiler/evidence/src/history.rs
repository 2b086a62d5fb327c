//! The workspace's own captures, baselines and reviews.

use serde::{Deserialize, Serialize};

/// A capture that the workspace keeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaptureEntry {
    /// File name.
    pub file: String,
    /// When the capture began.
    pub started_at: jiff::Timestamp,
    /// Whether a review's finding or a pinned evidence names it.
    pub linked: bool,
}

/// A stored baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineEntry {
    /// Name.
    pub name: String,
    /// When it was saved.
    pub saved_at: jiff::Timestamp,
    /// Runs that it holds.
    pub runs: u32,
    /// Whether it names machine, commit and digest.
    pub complete: bool,
}

/// A review in the workspace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewEntry {
    /// Name of the review's folder.
    pub name: String,
    /// When it was signed; `None` where it is not.
    pub signed_at: Option<jiff::Timestamp>,
    /// Actions whose due date lies before the judgement.
    pub overdue_actions: u32,
}

/// The workspace's own history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryFacts {
    /// Captures, newest first.
    pub captures: Vec<CaptureEntry>,
    /// Baselines, sorted by name.
    pub baselines: Vec<BaselineEntry>,
    /// Reviews, sorted by name.
    pub reviews: Vec<ReviewEntry>,
}
