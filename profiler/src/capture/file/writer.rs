//! Writes capture files so that they can be read after any death of the writer.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Error, ErrorKind, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use crate::capture::{
    CaptureError,
    file::{
        CAPTURE_FORMAT_VERSION,
        chunk::{encode, preamble},
        reader::{End, read_with_end},
    },
    model::Chunk,
};

/// Bytes that are held back at most before they are handed to the kernel unasked.
const BUFFER_BYTES: usize = 1 << 20;

/// Writes a capture file, chunk by chunk; `flush` makes what was written survive `kill -9`.
///
/// What was not flushed is handed to the kernel when the writer is dropped, as far as that works.
/// The file is locked (`flock`) while it is written, so that no second writer appends to it.
#[derive(Debug)]
pub struct CaptureWriter {
    path: PathBuf,
    file: File,
    /// Length of the file up to its last whole flush.
    length: u64,
    buffer: Vec<u8>,
}

impl CaptureWriter {
    /// Creates the file; an existing one is refused.
    pub fn create(path: &Path) -> Result<Self, CaptureError> {
        let failed = |source: Error| {
            let source = match source.kind() {
                ErrorKind::AlreadyExists => Error::new(
                    ErrorKind::AlreadyExists,
                    "the file exists, and is not overwritten",
                ),
                _ => source,
            };
            CaptureError::Write {
                path: path.to_owned(),
                source,
            }
        };
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(path)
            .map_err(failed)?;
        lock(&file).map_err(failed)?;
        let buffer = preamble(CAPTURE_FORMAT_VERSION).to_vec();
        let mut writer = Self {
            path: path.to_owned(),
            file,
            length: 0,
            buffer,
        };
        if let Err(error) = writer.flush() {
            // Nothing was recorded yet: an empty file would only be in the way of the next try.
            writer.buffer.clear();
            let _ = std::fs::remove_file(path);
            return Err(error);
        }
        Ok(writer)
    }

    /// Opens a finished file to append trailing chunks (symbols). A torn tail is cut off first; a
    /// file that is damaged before its end is refused, because what is appended could not be read.
    pub fn append(path: &Path) -> Result<Self, CaptureError> {
        let failed = |source| CaptureError::Write {
            path: path.to_owned(),
            source,
        };
        let mut file = OpenOptions::new().write(true).open(path).map_err(failed)?;
        lock(&file).map_err(failed)?;
        let (_, damage, end) = read_with_end(path)?;
        match end {
            End::Whole => {}
            End::Torn { at } => file.set_len(at).map_err(failed)?,
            End::Damaged { .. } => {
                let why = damage.what.unwrap_or_default();
                return Err(CaptureError::Read {
                    path: path.to_owned(),
                    source: Error::new(ErrorKind::InvalidData, why),
                });
            }
        }
        let length = file.seek(SeekFrom::End(0)).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            length,
            buffer: Vec::new(),
        })
    }

    /// Writes one chunk. Times, ids and columns must be as [`read`](super::read) wants them.
    pub fn write(&mut self, chunk: &Chunk) -> Result<(), CaptureError> {
        let before = self.buffer.len();
        if let Err(why) = encode(chunk, &mut self.buffer) {
            self.buffer.truncate(before);
            return Err(self.failed(Error::new(ErrorKind::InvalidInput, why)));
        }
        if self.buffer.len() >= BUFFER_BYTES {
            self.flush()
        } else {
            Ok(())
        }
    }

    /// Hands everything to the kernel. Where that fails (a full disk), the file is cut back to its
    /// last whole chunk, and the next call tries again.
    pub fn flush(&mut self) -> Result<(), CaptureError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        if let Err(source) = self.file.write_all(&self.buffer) {
            // Best effort: where even this fails, readers see a torn tail and keep the rest.
            let _ = self.file.set_len(self.length);
            let _ = self.file.seek(SeekFrom::Start(self.length));
            return Err(self.failed(source));
        }
        self.length += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    fn failed(&self, source: Error) -> CaptureError {
        CaptureError::Write {
            path: self.path.clone(),
            source,
        }
    }
}

impl Drop for CaptureWriter {
    fn drop(&mut self) {
        // Callers that want to know flush themselves.
        let _ = self.flush();
    }
}

/// Keeps a second writer off the file. File systems without locks go without.
fn lock(file: &File) -> Result<(), Error> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Error::new(
            ErrorKind::ResourceBusy,
            "it is still being recorded",
        )),
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}
