//! The files of the open review as they were read last: what another hand changes is noticed.

use std::{fs, path::Path, time::SystemTime};

use anyhow::Result;
use scrutineer_checklists::review::{Decisions, Review};

use crate::review::ReviewFolder;

/// Files of a review that people and programs change.
const FILES: [&str; 3] = ["decisions.ron", "review.ron", "evidence.ron"];

/// When a file was written, and how long it is; `None` where it is missing.
type Stamp = Option<(SystemTime, u64)>;

/// What was read last.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    pub(super) decisions: Decisions,
    pub(super) review: Option<Review>,
    /// Of each of the files, taken before it was read.
    stamps: [Stamp; 3],
}

impl Kept {
    /// Reads the files of a review.
    pub(super) fn read(folder: &ReviewFolder) -> Result<Self> {
        let stamps = stamps(folder.path());
        Ok(Self {
            decisions: folder.decisions()?,
            review: folder.review()?,
            stamps,
        })
    }

    /// Names of the files that were written since.
    pub(super) fn changed(&self, folder: &Path) -> Vec<&'static str> {
        let now = stamps(folder);
        let pairs = FILES.into_iter().zip(self.stamps.iter().zip(&now));
        let changed = pairs.filter(|(_, (then, now))| then != now);
        changed.map(|(name, _)| name).collect()
    }

    /// Takes the files as they are now for those that were read: they cannot be, and were told of.
    pub(super) fn accept(&mut self, folder: &Path) {
        self.stamps = stamps(folder);
    }

    /// When people last wrote something.
    pub(super) fn saved_at(&self) -> Option<jiff::Timestamp> {
        let written = self.stamps[..2].iter().flatten().map(|(at, _)| *at).max()?;
        jiff::Timestamp::try_from(written).ok()
    }
}

fn stamps(folder: &Path) -> [Stamp; 3] {
    FILES.map(|name| {
        let data = fs::metadata(folder.join(name)).ok()?;
        Some((data.modified().ok()?, data.len()))
    })
}
