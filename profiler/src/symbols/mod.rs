//! From frames to names, files and lines.

use std::path::PathBuf;

use crate::capture::model::{FrameSymbols, Module};

/// Where a target's files are found on this machine.
#[derive(Clone, Debug)]
pub struct SymbolSources {
    /// Pid of the target, for `/proc/PID/root`, `/proc/PID/map_files` and perf maps.
    pub pid: u32,
}

/// Looks frames up in batches. Not `Send`: make it on the worker thread that uses it.
#[derive(Debug)]
pub struct Symbolizer {
    _sources: SymbolSources,
    _cache: Option<PathBuf>,
}

impl Symbolizer {
    /// A symbolizer with nothing loaded yet.
    pub fn new(sources: SymbolSources) -> Self {
        let _ = sources;
        todo!("symbols room")
    }

    /// Names of `frames` (ids with their frames), in the order given; a frame that was looked up
    /// in vain has an empty list. Frames of stripped files get `fun_<address>` of their FDE.
    pub fn lookup(
        &mut self,
        modules: &[Module],
        frames: &[(u32, crate::capture::model::Frame)],
    ) -> Vec<FrameSymbols> {
        let _ = (modules, frames);
        todo!("symbols room")
    }
}

/// Whether a name was made up for code without one: `fun_<address>`.
pub fn is_made_up(name: &str) -> bool {
    let digits = name.strip_prefix("fun_").unwrap_or("");
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit())
}
