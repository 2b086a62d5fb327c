//! Profiles in foreign formats, one file a format.

use std::io;

use crate::profile::Profile;

/// What can go wrong while writing a profile in a foreign format.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The profile has no samples, so that there is nothing to write.
    #[error("the capture holds no samples: was the target idle? Record for longer, or under load")]
    NoSamples,
    /// Writing failed.
    #[error("cannot write the report: {0}")]
    Write(#[from] io::Error),
}

/// A format that profiles can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Top functions as a table for a terminal.
    Text,
    /// inferno's flame graph.
    Svg,
    /// The flame graph in a page with quality and top functions.
    Html,
    /// pprof's protocol buffer, gzipped.
    Pprof,
    /// `thread-name;root;…;leaf count`, sorted.
    Collapsed,
    /// Everything that the text shows, for scripts.
    Json,
}

/// Writes a profile.
pub fn write(
    profile: &Profile,
    format: Format,
    out: &mut dyn io::Write,
) -> Result<(), FormatError> {
    let _ = (profile, format, out);
    todo!("formats room")
}
