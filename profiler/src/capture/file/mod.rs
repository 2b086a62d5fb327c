//! The capture file: magic, then chunks with kind, lengths and CRC-32, each compressed with LZ4.
//!
//! Layout, all numbers little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | magic `SCRUTCAP` |
//! | 4 | [`CAPTURE_FORMAT_VERSION`] |
//! | then, per chunk: 1 | kind |
//! | 4 | length of the body |
//! | 4 | length of the body once decompressed |
//! | 4 | CRC-32 of the body |
//! | 4 | CRC-32 of the 13 bytes above, so that a torn tail differs from a damaged length |
//! | … | body: an LZ4 block of the postcard encoding of a [`Chunk`](crate::capture::model::Chunk); stored plain where both lengths are equal |
//!
//! Any change of a type in [`model`](crate::capture::model), or of an evidence type that it holds,
//! needs a new kind of chunk, and the old one keeps its decoder in `old`: postcard does not describe
//! itself. Then [`CAPTURE_FORMAT_VERSION`] grows, so that older readers refuse in one sentence.

mod chunk;
mod old;
mod reader;
mod summary;
mod tail;
mod validate;
mod writer;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use reader::{is_capture, read, read_each};
pub use summary::{CaptureSummary, summarise};
pub use tail::CaptureTail;
pub use validate::MAX_STACK_DEPTH;
pub use writer::CaptureWriter;

/// Version of the format; a newer one is refused, older ones are read for ever.
pub const CAPTURE_FORMAT_VERSION: u32 = 2;

/// File name extension of captures.
pub const CAPTURE_EXTENSION: &str = "scrutineer";

/// What a reader found besides the chunks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Damage {
    /// Sentence for the user, `None` where the file is whole.
    pub what: Option<String>,
    /// Bytes at the end or in the middle that could not be read.
    pub lost_bytes: u64,
}
