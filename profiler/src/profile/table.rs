//! The columnar profile and how it grows from chunks.

use std::{collections::BTreeSet, ops::Range};

use scrutineer_evidence::{capture::Quality, residency::ResidencySample};

use crate::capture::model::{
    Activity, CaptureEnd, CaptureHeader, Chunk, Frame, Module, Samples, StackNodes, Thread,
};

/// Where a function's code comes from; the flame graph's colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// The target's own executable, outside dependencies.
    Own,
    /// A dependency: another crate, or a shared library of the program.
    Dependency,
    /// The language's standard library and the C library.
    Std,
    /// The kernel.
    Kernel,
    /// Code made at run time, and interpreted code.
    Jit,
    /// Synthetic frames: the root, threads, unknown addresses.
    Root,
}

/// A function that frames point to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Demangled full name; `0x…` with the module's file name for an address without a name.
    pub name: String,
    /// Category.
    pub category: Category,
    /// Module id, or [`crate::capture::model::NONE`].
    pub module: u32,
    /// Whether the name was found in symbols.
    pub named: bool,
}

/// One function at one place; a raw frame stands for one or, with inlining, several of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogicalFrame {
    /// Position in [`Profile::functions`].
    pub function: u32,
    /// Position in [`Profile::files`], or `NONE`.
    pub file: u32,
    /// Line, 0 where unknown.
    pub line: u32,
    /// Whether it was inlined into the next outer one.
    pub inlined: bool,
}

/// A capture, loaded. Ids are positions in the columns; see [`crate::capture::model`].
#[derive(Clone, Debug)]
pub struct Profile {
    /// What was captured.
    pub header: CaptureHeader,
    /// How it ended; `None` while it records, or where the file was cut short.
    pub end: Option<CaptureEnd>,
    /// Latest quality.
    pub quality: Quality,
    /// Modules.
    pub modules: Vec<Module>,
    /// Raw frames.
    pub frames: Vec<Frame>,
    /// Stack trie over raw frames.
    pub stacks: StackNodes,
    /// Threads.
    pub threads: Vec<Thread>,
    /// Samples.
    pub samples: Samples,
    /// Resident memory.
    pub residency: Vec<ResidencySample>,
    /// Process-wide counters.
    pub activity: Vec<Activity>,
    /// Functions.
    pub functions: Vec<Function>,
    /// Source files.
    pub files: Vec<String>,
    /// For each raw frame its logical frames, innermost first: a range in `logical`.
    pub frame_logical: Vec<Range<u32>>,
    /// Logical frames.
    pub logical: Vec<LogicalFrame>,
}

/// What of a profile is looked at: the one selection that all views share.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// Nanoseconds since the capture's start; `None` for all.
    pub time_ns: Option<Range<u64>>,
    /// Thread ids (positions in [`Profile::threads`]); `None` for all.
    pub threads: Option<BTreeSet<u32>>,
}

/// Builds a [`Profile`] from chunks, also while the capture still grows.
#[derive(Debug, Default)]
pub struct ProfileBuilder {
    profile: Option<Profile>,
}

impl ProfileBuilder {
    /// Takes the next chunk. Ids that point nowhere are refused by the reader before.
    pub fn push(&mut self, chunk: Chunk) {
        let _ = (&mut self.profile, chunk);
        todo!("profile room")
    }

    /// The profile as far as it has grown; `None` before the header.
    pub fn profile(&self) -> Option<&Profile> {
        self.profile.as_ref()
    }

    /// Ends the building.
    pub fn finish(self) -> Option<Profile> {
        self.profile
    }
}

impl Profile {
    /// Length: the end's, else the time of the last sample or reading.
    pub fn duration_ns(&self) -> u64 {
        todo!("profile room")
    }

    /// Raw frames that no symbol lookup has been made for yet.
    pub fn frames_without_lookup(&self) -> Vec<u32> {
        todo!("profile room")
    }

    /// Number of samples in a selection.
    pub fn count(&self, selection: &Selection) -> u64 {
        let _ = selection;
        todo!("profile room")
    }
}
