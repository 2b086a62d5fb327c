//! How the threads are shown over time.

use std::{collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::views::tracks::{ThreadRow, Tracks};

/// Order of the threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ThreadOrder {
    /// Most CPU time first.
    #[default]
    Cpu,
    /// By name.
    Name,
    /// By process and thread id: as they were started, mostly.
    Id,
}

impl ThreadOrder {
    /// All, in the order of menus.
    pub(crate) const ALL: [Self; 3] = [Self::Cpu, Self::Name, Self::Id];

    /// Words of menus.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Cpu => "CPU time",
            Self::Name => "name",
            Self::Id => "id",
        }
    }
}

/// A thread, in all pictures of a capture.
pub(crate) type ThreadKey = (u32, u32);

/// Tracks that are worked out at once, at most.
const MOST_TRACKS: usize = 200;

/// The tracks of the timeline.
#[derive(Clone, Debug, Default)]
pub(crate) struct TimelineState {
    /// The part of time that is seen, seconds; `None` for all.
    pub(crate) view_s: Option<(f64, f64)>,
    /// Part of the names that are shown.
    pub(crate) filter: String,
    pub(crate) order: ThreadOrder,
    /// Threads that are left out, by pid and tid.
    pub(crate) hidden: BTreeSet<ThreadKey>,
    /// Threads that stand first.
    pub(crate) pinned: BTreeSet<ThreadKey>,
    /// The first row that is seen.
    pub(crate) first_row: usize,
    /// What was worked out last.
    pub(crate) tracks: Option<Arc<Tracks>>,
}

impl TimelineState {
    /// The threads that are listed, in order: pinned ones first.
    pub(crate) fn listed(&self) -> Vec<&ThreadRow> {
        let Some(tracks) = &self.tracks else {
            return Vec::new();
        };
        let filter = self.filter.to_lowercase();
        let is_listed = |row: &&ThreadRow| {
            !self.hidden.contains(&row.key) && row.name.to_lowercase().contains(&filter)
        };
        let mut listed: Vec<&ThreadRow> = tracks.rows.iter().filter(is_listed).collect();
        match self.order {
            // They come so.
            ThreadOrder::Cpu => {}
            ThreadOrder::Name => listed.sort_by(|a, b| (&a.name, a.key).cmp(&(&b.name, b.key))),
            ThreadOrder::Id => listed.sort_by_key(|row| row.key),
        }
        listed.sort_by_key(|row| !self.pinned.contains(&row.key));
        listed
    }

    /// The threads whose tracks are to be worked out: those around what is seen.
    pub(crate) fn wanted_tracks(&self) -> Vec<u32> {
        let listed = self.listed();
        let first = self.first_row.saturating_sub(MOST_TRACKS / 4);
        let wanted = listed.iter().skip(first).take(MOST_TRACKS);
        wanted.map(|row| row.thread).collect()
    }

    /// How many threads are hidden by hand.
    pub(crate) fn hidden_count(&self) -> usize {
        let rows = self.tracks.iter().flat_map(|tracks| &tracks.rows);
        rows.filter(|row| self.hidden.contains(&row.key)).count()
    }
}
