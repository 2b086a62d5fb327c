//! What the thread of views is asked for, and what it answers.

use std::{path::PathBuf, sync::Arc};

use regex::Regex;
use scrutineer_profiler::profile::{CallTree, Profile, heat_map::HeatMap};

use super::{
    Arrangement, Digest, Found, Inspection, chart, comparison::Comparison, listing, picture,
    readings, sandwich, tracks,
};
use crate::{pin::Pin, state::profile::Arranged};

/// Work for the thread.
#[derive(Debug)]
pub(crate) enum Task {
    /// [`Digest`] of a profile.
    Digest {
        generation: u64,
        profile: Arc<Profile>,
    },
    /// [`readings::Pictures`] over a range, seconds.
    Readings {
        generation: u64,
        profile: Arc<Profile>,
        range_s: Option<(f64, f64)>,
    },
    /// [`tracks::Tracks`] over a window of time, with shares over a range, seconds.
    Tracks {
        generation: u64,
        profile: Arc<Profile>,
        view_s: Option<(f64, f64)>,
        range_s: Option<(f64, f64)>,
        wanted: Vec<u32>,
    },
    /// A tree; the one that is there already is only counted.
    Arrange {
        generation: u64,
        profile: Arc<Profile>,
        arrangement: Arrangement,
        have: Option<Box<Arranged>>,
    },
    /// A search over a tree.
    Search {
        generation: u64,
        profile: Arc<Profile>,
        arrangement: Arrangement,
        tree: Arc<CallTree>,
        compared: Option<Arc<Comparison>>,
        pattern: Regex,
    },
    /// [`sandwich::Sandwich`] of a function.
    Sandwich {
        generation: u64,
        profile: Arc<Profile>,
        arrangement: Arrangement,
        compared: Option<Arc<Comparison>>,
        function: u32,
    },
    /// [`chart::ThreadChart`] of a thread, of the one with most where `None`.
    Chart {
        generation: u64,
        profile: Arc<Profile>,
        arrangement: Arrangement,
        tree: Arc<CallTree>,
        thread: Option<u32>,
    },
    /// [`listing::Listing`] of a function.
    Listing {
        generation: u64,
        profile: Arc<Profile>,
        arrangement: Arrangement,
        function: u32,
    },
    /// [`HeatMap`] of a selection.
    HeatMap {
        generation: u64,
        profile: Arc<Profile>,
        arrangement: Arrangement,
    },
    /// A pin with the picture of what is seen.
    Picture {
        generation: u64,
        sight: Box<picture::Sight>,
    },
    /// A function over a tree.
    Inspect {
        generation: u64,
        profile: Arc<Profile>,
        arrangement: Arrangement,
        tree: Arc<CallTree>,
        function: u32,
    },
}

impl Task {
    /// The picture of a capture that it is of.
    pub(super) fn generation(&self) -> u64 {
        match self {
            Self::Digest { generation, .. }
            | Self::Readings { generation, .. }
            | Self::Tracks { generation, .. }
            | Self::Arrange { generation, .. }
            | Self::Search { generation, .. }
            | Self::Sandwich { generation, .. }
            | Self::Chart { generation, .. }
            | Self::Listing { generation, .. }
            | Self::HeatMap { generation, .. }
            | Self::Picture { generation, .. }
            | Self::Inspect { generation, .. } => *generation,
        }
    }

    /// Whether it is to be done whatever is asked for later: what a person pinned is kept.
    pub(super) fn is_kept(&self) -> bool {
        matches!(self, Self::Picture { .. })
    }

    /// Whether nobody would look at the answer of an earlier task any more.
    pub(super) fn replaces(&self, earlier: &Self) -> bool {
        let is_alike = std::mem::discriminant(self) == std::mem::discriminant(earlier);
        is_alike && self.generation() == earlier.generation() && !earlier.is_kept()
    }
}

/// What the thread found out.
#[derive(Debug)]
pub(crate) enum Answer {
    /// See [`Task::Digest`].
    Digest {
        generation: u64,
        digest: Arc<Digest>,
    },
    /// See [`Task::Readings`].
    Readings {
        generation: u64,
        range_s: Option<(f64, f64)>,
        pictures: Arc<readings::Pictures>,
    },
    /// See [`Task::Tracks`].
    Tracks {
        generation: u64,
        view_s: Option<(f64, f64)>,
        range_s: Option<(f64, f64)>,
        tracks: Arc<tracks::Tracks>,
    },
    /// See [`Task::Arrange`].
    Arranged {
        generation: u64,
        arrangement: Arrangement,
        arranged: Box<Arranged>,
    },
    /// See [`Task::Search`].
    Found {
        generation: u64,
        pattern: String,
        found: Arc<Found>,
    },
    /// See [`Task::Sandwich`].
    Sandwich {
        generation: u64,
        sandwich: Arc<sandwich::Sandwich>,
    },
    /// See [`Task::Chart`].
    Chart {
        generation: u64,
        arrangement: Arrangement,
        chart: Arc<chart::ThreadChart>,
    },
    /// See [`Task::Listing`].
    Listed {
        generation: u64,
        arrangement: Arrangement,
        listing: Arc<listing::Listing>,
    },
    /// See [`Task::HeatMap`].
    HeatMap {
        generation: u64,
        arrangement: Arrangement,
        map: Arc<HeatMap>,
    },
    /// See [`Task::Picture`].
    Pinned {
        generation: u64,
        path: PathBuf,
        pin: Box<Pin>,
    },
    /// See [`Task::Inspect`].
    Inspected {
        generation: u64,
        inspection: Arc<Inspection>,
    },
}

impl Answer {
    /// The picture of a capture that it is of.
    pub(crate) fn generation(&self) -> u64 {
        match self {
            Self::Digest { generation, .. }
            | Self::Readings { generation, .. }
            | Self::Tracks { generation, .. }
            | Self::Arranged { generation, .. }
            | Self::Found { generation, .. }
            | Self::Sandwich { generation, .. }
            | Self::HeatMap { generation, .. }
            | Self::Chart { generation, .. }
            | Self::Listed { generation, .. }
            | Self::Pinned { generation, .. }
            | Self::Inspected { generation, .. } => *generation,
        }
    }
}
