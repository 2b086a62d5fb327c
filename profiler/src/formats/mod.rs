//! Profiles in foreign formats, one file a format.

mod alongside;
mod collapsed;
pub mod difference;
mod firefox;
mod html;
mod json;
mod loss;
mod picture;
mod pprof;
pub mod read;
mod speedscope;
mod summary;
mod svg;
mod text;
mod waits;

#[cfg(test)]
mod tests;

use std::io;

use crate::profile::{Profile, Selection, Weight};

/// What can go wrong while writing a profile in a foreign format.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The profile has no samples, so that there is nothing to write.
    #[error("the capture holds no samples: was the target idle? Record for longer, or under load")]
    NoSamples,
    /// The profile has no waits.
    #[error(
        "the capture holds no waits: record with --off-cpu, or look at its CPU time with \
         --weight cpu"
    )]
    NoWaits,
    /// The profile has no page faults.
    #[error(
        "the capture holds no page faults: none were captured, or the target touched no new \
         memory; look at its CPU time with --weight cpu"
    )]
    NoPageFaults,
    /// There are waits, but none of the chosen classes.
    #[error("the capture holds no waits of the chosen classes; leave --wait-class out to see all")]
    NoneChosen,
    /// One side of a comparison has nothing of the weight.
    #[error(
        "the {side} holds nothing to compare: no samples, or none of the chosen weight; record it \
         for longer, or choose another --weight"
    )]
    NothingToCompare {
        /// `base` or `candidate`.
        side: &'static str,
    },
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
    /// The Firefox Profiler's processed profile.
    Firefox,
    /// speedscope's own format.
    Speedscope,
}

impl Format {
    /// All formats, in the order in which help lists them.
    pub const ALL: [Self; 8] = [
        Self::Text,
        Self::Svg,
        Self::Html,
        Self::Pprof,
        Self::Collapsed,
        Self::Json,
        Self::Firefox,
        Self::Speedscope,
    ];

    /// The name that the command line takes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Svg => "svg",
            Self::Html => "html",
            Self::Pprof => "pprof",
            Self::Collapsed => "collapsed",
            Self::Json => "json",
            Self::Firefox => "firefox",
            Self::Speedscope => "speedscope",
        }
    }
}

/// A file's bytes, gzipped.
pub fn compressed(bytes: &[u8]) -> Result<Vec<u8>, FormatError> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    io::Write::write_all(&mut packed, bytes)?;
    Ok(packed.finish()?)
}

/// Writes all of a profile, weighed by CPU time.
pub fn write(
    profile: &Profile,
    format: Format,
    out: &mut dyn io::Write,
) -> Result<(), FormatError> {
    write_selected(profile, &Selection::default(), format, out)
}

/// Writes the part of a profile that a selection holds, weighed as it says.
pub fn write_selected(
    profile: &Profile,
    selection: &Selection,
    format: Format,
    out: &mut dyn io::Write,
) -> Result<(), FormatError> {
    if !profile.has(selection.weight) {
        return Err(match selection.weight {
            Weight::Cpu => FormatError::NoSamples,
            Weight::Wait => FormatError::NoWaits,
            Weight::PageFaults => FormatError::NoPageFaults,
        });
    }
    if selection.weight == Weight::Wait && profile.total(selection) == 0 {
        return Err(FormatError::NoneChosen);
    }
    let write = match format {
        Format::Text => text::write,
        Format::Svg => svg::write,
        Format::Html => html::write,
        Format::Pprof => pprof::write,
        Format::Collapsed => collapsed::write,
        Format::Json => json::write,
        Format::Firefox => firefox::write,
        Format::Speedscope => speedscope::write,
    };
    write(profile, selection, out)?;
    Ok(out.flush()?)
}

/// A share as people read it: `12.3 %`.
fn percent(part: u64, whole: u64) -> String {
    let share = if whole == 0 {
        0.0
    } else {
        100.0 * part as f64 / whole as f64
    };
    format!("{share:.1} %")
}

/// A name as one line of text: control characters, which no terminal, XML or list of stacks can
/// bear, become spaces.
fn one_line(name: &str) -> String {
    let unprintable = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    name.chars()
        .map(|c| if unprintable(c) { ' ' } else { c })
        .collect()
}
