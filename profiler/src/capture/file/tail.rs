//! Follows a capture file that still grows.

use std::{
    fs::File,
    io::{Error, ErrorKind},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use crate::capture::{
    CaptureError,
    file::{
        chunk::{HEAD_BYTES, Head, PREAMBLE_BYTES},
        reader::{check_preamble, open},
        validate::Validator,
    },
    model::Chunk,
};

/// Follows a file that still grows: the live view of a recording.
#[derive(Debug)]
pub struct CaptureTail {
    path: PathBuf,
    file: File,
    /// Where the next chunk begins; 0 while the preamble was not seen.
    at: u64,
    validator: Validator,
    /// Why nothing more can be read; told by every later call.
    broken: Option<String>,
}

impl CaptureTail {
    /// Opens the file, which may hold no chunk yet.
    pub fn open(path: &Path) -> Result<Self, CaptureError> {
        let (file, _) = open(path)?;
        let mut tail = Self {
            path: path.to_owned(),
            file,
            at: 0,
            validator: Validator::default(),
            broken: None,
        };
        let length = tail.length()?;
        tail.pass_preamble(length)?;
        Ok(tail)
    }

    /// The whole chunks that were flushed since the last call; a chunk of which a part is missing
    /// is waited for. Where a chunk is damaged, the call that comes upon it returns those before,
    /// and every later one the error.
    pub fn poll(&mut self) -> Result<Vec<Chunk>, CaptureError> {
        if let Some(why) = &self.broken {
            let source = Error::new(ErrorKind::InvalidData, why.clone());
            return Err(self.failed(source));
        }
        let length = self.length()?;
        let mut chunks = Vec::new();
        if self.pass_preamble(length)? {
            while let Some(chunk) = self.next(length)? {
                chunks.push(chunk);
            }
        }
        Ok(chunks)
    }

    fn length(&self) -> Result<u64, CaptureError> {
        self.file
            .metadata()
            .map(|data| data.len())
            .map_err(|source| self.failed(source))
    }

    fn pass_preamble(&mut self, length: u64) -> Result<bool, CaptureError> {
        if self.at == 0 && length >= PREAMBLE_BYTES {
            let mut bytes = [0; PREAMBLE_BYTES as usize];
            self.file
                .read_exact_at(&mut bytes, 0)
                .map_err(|source| self.failed(source))?;
            check_preamble(&self.path, &bytes)?;
            self.at = PREAMBLE_BYTES;
        }
        Ok(self.at != 0)
    }

    fn next(&mut self, length: u64) -> Result<Option<Chunk>, CaptureError> {
        let left = length.saturating_sub(self.at);
        if left < HEAD_BYTES as u64 || self.broken.is_some() {
            return Ok(None);
        }
        let mut bytes = [0; HEAD_BYTES];
        self.file
            .read_exact_at(&mut bytes, self.at)
            .map_err(|source| self.failed(source))?;
        let head = match Head::decode(&bytes) {
            Ok(head) if left - (HEAD_BYTES as u64) < head.length as u64 => return Ok(None),
            Ok(head) => head,
            Err(why) => return Ok(self.break_off(&why)),
        };
        let mut body = vec![0; head.length];
        self.file
            .read_exact_at(&mut body, self.at + HEAD_BYTES as u64)
            .map_err(|source| self.failed(source))?;
        let chunk = head.decode_body(&body);
        match chunk.and_then(|chunk| self.validator.admit(&chunk).map(|()| chunk)) {
            Ok(chunk) => {
                self.at += (HEAD_BYTES + head.length) as u64;
                Ok(Some(chunk))
            }
            Err(why) => Ok(self.break_off(&why)),
        }
    }

    fn break_off(&mut self, why: &str) -> Option<Chunk> {
        self.broken = Some(format!(
            "it is damaged at byte {}: {why}; what came before was read",
            self.at
        ));
        None
    }

    fn failed(&self, source: Error) -> CaptureError {
        CaptureError::Read {
            path: self.path.clone(),
            source,
        }
    }
}
