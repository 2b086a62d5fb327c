//! Views of captures that people pinned as evidence, as documents show them.

use serde::{Deserialize, Serialize};

use super::FlamePicture;

/// The capture that a view is of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinnedCapture {
    /// Its file: below the workspace's root where it lies there, else the whole path.
    pub file: String,
    /// SHA-256 of the file, hexadecimal.
    pub digest: String,
    /// `comm` of the target.
    pub target: String,
    /// When it began.
    pub started_at: jiff::Timestamp,
    /// Commit of the workspace's repository then, where known.
    pub commit: Option<String>,
}

/// A view that somebody pinned.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinnedView {
    /// Name among the workspace's pins.
    pub id: String,
    /// What is seen: `apply_batch, 49.6 % of CPU time`.
    pub title: String,
    /// What somebody says to it; empty for nothing.
    pub note: String,
    /// Who pinned it.
    pub by: String,
    /// When.
    pub pinned_at: jiff::Timestamp,
    /// What narrows it, in words: `12.4 – 31.8 s`, `3 threads`, `merge memcpy`.
    pub scope: Vec<String>,
    /// All that the picture is of, in words: `38 412 samples`.
    pub total: String,
    /// The capture; in a comparison the candidate, or the first of several.
    pub capture: PinnedCapture,
    /// The captures that it is compared with; none where a part of the same capture is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bases: Vec<PinnedCapture>,
    /// More captures on the candidate's side.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<PinnedCapture>,
    /// The box that was selected, by its place in the picture.
    pub selected: Option<usize>,
    /// The flame graph as it was seen.
    pub picture: FlamePicture,
}

impl PinnedView {
    /// All captures that it is of.
    pub fn captures(&self) -> impl Iterator<Item = &PinnedCapture> {
        let others = self.bases.iter().chain(&self.candidates);
        std::iter::once(&self.capture).chain(others)
    }
}
