//! The live view of a recording: follows the growing capture file and names frames as they come.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use scrutineer_profiler::{
    capture::{CaptureError, file::CaptureTail, model::Chunk},
    profile::ProfileBuilder,
    symbols::{Moment, Symbolizer, symbolize_profile},
};
use scrutineer_ui::event::LoadedProfile;

use crate::captures;

/// Least time between two pictures of a growing profile: the capture file is flushed as often.
const LEAST_INTERVAL: Duration = Duration::from_millis(500);

/// A picture may take at most this share of the time until the next one.
const BUSY_SHARE: u32 = 5;

/// Follows one capture file.
#[derive(Debug)]
pub(super) struct LiveProfile {
    path: PathBuf,
    tail: CaptureTail,
    builder: ProfileBuilder,
    symbolizer: Symbolizer,
    next: Instant,
}

impl LiveProfile {
    /// Follows `path`, whose target is `pid`.
    pub(super) fn open(path: &Path, pid: u32) -> Result<Self, CaptureError> {
        Ok(Self {
            path: path.to_owned(),
            tail: CaptureTail::open(path)?,
            builder: ProfileBuilder::default(),
            symbolizer: Symbolizer::new(captures::symbol_sources(vec![pid], None)),
            next: Instant::now() + LEAST_INTERVAL,
        })
    }

    /// The grown profile, when it is time for a new picture and something was added.
    pub(super) fn poll(&mut self) -> Result<Option<LoadedProfile>, CaptureError> {
        let began = Instant::now();
        if began < self.next {
            return Ok(None);
        }
        let chunks = self.tail.poll()?;
        let grown = !chunks.is_empty();
        for chunk in chunks {
            self.builder.push(chunk);
        }
        let picture = if grown { self.picture() } else { None };
        self.next = Instant::now() + LEAST_INTERVAL.max(began.elapsed() * BUSY_SHARE);
        Ok(picture)
    }

    fn picture(&mut self) -> Option<LoadedProfile> {
        let profile = self.builder.profile()?;
        let names = symbolize_profile(&mut self.symbolizer, profile, Moment::Live);
        self.builder.push(Chunk::Symbols(names));
        // What is known already is not looked up again at the end; without the cache, it is.
        let _ = self.symbolizer.save_cache();
        let profile = self.builder.profile()?.clone().ordered();
        Some(LoadedProfile::of(self.path.clone(), profile, None))
    }
}
