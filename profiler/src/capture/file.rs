//! The capture file: magic, then chunks with kind, length and CRC-32, each compressed with LZ4.

use std::path::{Path, PathBuf};

use crate::capture::{CaptureError, model::Chunk};

/// Version of the format; a newer one is refused, older ones are read for ever.
pub const CAPTURE_FORMAT_VERSION: u32 = 1;

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

/// Writes a capture file, chunk by chunk; `flush` makes what was written survive `kill -9`.
#[derive(Debug)]
pub struct CaptureWriter {
    _path: PathBuf,
}

impl CaptureWriter {
    /// Creates the file; an existing one is refused.
    pub fn create(path: &Path) -> Result<Self, CaptureError> {
        let _ = path;
        todo!("capture room")
    }

    /// Opens a finished file to append trailing chunks (symbols).
    pub fn append(path: &Path) -> Result<Self, CaptureError> {
        let _ = path;
        todo!("capture room")
    }

    /// Writes one chunk.
    pub fn write(&mut self, chunk: &Chunk) -> Result<(), CaptureError> {
        let _ = chunk;
        todo!("capture room")
    }

    /// Hands everything to the kernel.
    pub fn flush(&mut self) -> Result<(), CaptureError> {
        todo!("capture room")
    }
}

/// Reads a capture file whole. A torn tail or a damaged chunk ends the reading there: everything
/// before is kept, and the damage is said. Never allocates more than the file justifies.
pub fn read(path: &Path) -> Result<(Vec<Chunk>, Damage), CaptureError> {
    let _ = path;
    todo!("capture room")
}

/// Follows a file that still grows: the live view of a recording.
#[derive(Debug)]
pub struct CaptureTail {
    _path: PathBuf,
}

impl CaptureTail {
    /// Opens the file, which may hold no chunk yet.
    pub fn open(path: &Path) -> Result<Self, CaptureError> {
        let _ = path;
        todo!("capture room")
    }

    /// The whole chunks that were flushed since the last call.
    pub fn poll(&mut self) -> Result<Vec<Chunk>, CaptureError> {
        todo!("capture room")
    }
}
