//! Reads capture files: whole ones, torn ones, damaged ones.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use crate::capture::{
    CaptureError,
    file::{
        CAPTURE_FORMAT_VERSION, Damage,
        chunk::{HEAD_BYTES, Head, MAGIC, PREAMBLE_BYTES},
        validate::Validator,
    },
    model::Chunk,
};

/// Reads a capture file whole. A torn tail or a damaged chunk ends the reading there: everything
/// before is kept, and the damage is said. Never allocates more than the file justifies.
///
/// The ids of what is returned are sound: every parent of a stack node comes before it, every
/// frame, module, thread and stack that is named exists, all columns of a table are equally long,
/// no stack is deeper than [`MAX_STACK_DEPTH`](super::MAX_STACK_DEPTH), and the first chunk is the
/// only header.
pub fn read(path: &Path) -> Result<(Vec<Chunk>, Damage), CaptureError> {
    let (chunks, damage, _) = read_with_end(path)?;
    Ok((chunks, damage))
}

/// As [`read`], chunk by chunk as they are read, until `take` returns `false`.
pub fn read_each(path: &Path, take: &mut dyn FnMut(Chunk) -> bool) -> Result<Damage, CaptureError> {
    each_with_end(path, take).map(|(damage, _)| damage)
}

/// Whether a file begins as captures do; one that cannot be read does not.
pub fn is_capture(path: &Path) -> bool {
    let mut start = [0; MAGIC.len()];
    let read = open(path).is_ok_and(|(mut file, _)| file.read_exact(&mut start).is_ok());
    read && start == MAGIC
}

/// As [`read`], with how the reading ended.
pub(super) fn read_with_end(path: &Path) -> Result<(Vec<Chunk>, Damage, End), CaptureError> {
    let mut chunks = Vec::new();
    let (damage, end) = each_with_end(path, &mut |chunk| {
        chunks.push(chunk);
        true
    })?;
    Ok((chunks, damage, end))
}

fn each_with_end(
    path: &Path,
    take: &mut dyn FnMut(Chunk) -> bool,
) -> Result<(Damage, End), CaptureError> {
    let mut validator = Validator::default();
    let (file, length) = open(path)?;
    let mut scan = Scan::start(path, BufReader::new(file), length)?;
    let mut is_empty = true;
    let end = loop {
        let (head, body) = match scan.next() {
            Step::Chunk(head, body) => (head, body),
            Step::End(end) => break end,
        };
        let chunk = head.decode_body(&body);
        match chunk.and_then(|chunk| validator.admit(&chunk).map(|()| chunk)) {
            Ok(chunk) => {
                is_empty = false;
                if !take(chunk) {
                    break End::Whole;
                }
            }
            Err(why) => {
                break End::Damaged {
                    at: scan.chunk_at,
                    why,
                };
            }
        }
    };
    if is_empty {
        return Err(nothing_readable(path, &end));
    }
    Ok((end.damage(length), end))
}

/// How the reading of a file ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// At the end of its last chunk.
    Whole,
    /// In a chunk that was not written to its end.
    Torn {
        /// Where that chunk begins.
        at: u64,
    },
    /// In a chunk that is not what was written.
    Damaged {
        /// Where that chunk begins.
        at: u64,
        /// What is wrong.
        why: String,
    },
}

impl End {
    /// What is told of it.
    pub(super) fn damage(&self, file_length: u64) -> Damage {
        let (what, at) = match self {
            Self::Whole => return Damage::default(),
            Self::Torn { at } => (
                format!(
                    "The recording was cut short: its last chunk, at byte {at}, is incomplete. \
                     Everything before it was read."
                ),
                at,
            ),
            Self::Damaged { at, why } => (
                format!(
                    "The file is damaged at byte {at} of {file_length}: {why}. Everything before \
                     was read; restore the file from a copy, or record again."
                ),
                at,
            ),
        };
        Damage {
            what: Some(what),
            lost_bytes: file_length.saturating_sub(*at),
        }
    }
}

/// Opens a file and tells its length; only regular files are read.
pub(super) fn open(path: &Path) -> Result<(File, u64), CaptureError> {
    let failed = |source| CaptureError::Read {
        path: path.to_owned(),
        source,
    };
    // Looked at before it is opened: opening a pipe would wait for its writer.
    let kind = std::fs::metadata(path).map_err(failed)?;
    if !kind.is_file() {
        return Err(CaptureError::NotACapture {
            path: path.to_owned(),
            why: "it is no regular file".to_owned(),
        });
    }
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    Ok((file, length))
}

/// Checks magic and version.
pub(super) fn check_preamble(
    path: &Path,
    bytes: &[u8; PREAMBLE_BYTES as usize],
) -> Result<(), CaptureError> {
    if bytes[..8] != MAGIC {
        return Err(CaptureError::NotACapture {
            path: path.to_owned(),
            why: "it begins with other bytes than a capture does".to_owned(),
        });
    }
    let found = u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
    match found {
        1..=CAPTURE_FORMAT_VERSION => Ok(()),
        0 => Err(CaptureError::NotACapture {
            path: path.to_owned(),
            why: "its format has the impossible version 0".to_owned(),
        }),
        _ => Err(CaptureError::NewerFormat {
            path: path.to_owned(),
            found,
            known: CAPTURE_FORMAT_VERSION,
        }),
    }
}

fn nothing_readable(path: &Path, end: &End) -> CaptureError {
    CaptureError::NotACapture {
        path: path.to_owned(),
        why: match end {
            End::Whole => "it holds nothing but the name of its format".to_owned(),
            End::Torn { .. } => "it was cut short in its first chunk".to_owned(),
            End::Damaged { why, .. } => why.clone(),
        },
    }
}

/// What a [`Scan`] comes upon.
pub(super) enum Step {
    /// A whole chunk, its body not yet verified.
    Chunk(Head, Vec<u8>),
    /// The end.
    End(End),
}

/// Goes through the chunks of a file up to a length that was fixed at its start.
pub(super) struct Scan<R> {
    input: R,
    /// Where the chunk that was returned last begins.
    pub(super) chunk_at: u64,
    at: u64,
    length: u64,
}

impl<R: Read> Scan<R> {
    /// Reads and checks the preamble.
    pub(super) fn start(path: &Path, mut input: R, length: u64) -> Result<Self, CaptureError> {
        let mut bytes = [0; PREAMBLE_BYTES as usize];
        if length < PREAMBLE_BYTES {
            return Err(CaptureError::NotACapture {
                path: path.to_owned(),
                why: format!("it is only {length} bytes long"),
            });
        }
        input
            .read_exact(&mut bytes)
            .map_err(|source| CaptureError::Read {
                path: path.to_owned(),
                source,
            })?;
        check_preamble(path, &bytes)?;
        Ok(Self {
            input,
            chunk_at: PREAMBLE_BYTES,
            at: PREAMBLE_BYTES,
            length,
        })
    }

    /// The next head, where the file holds its whole body.
    pub(super) fn next_head(&mut self) -> Result<Head, End> {
        self.chunk_at = self.at;
        let left = self.length - self.at;
        if left == 0 {
            return Err(End::Whole);
        }
        let torn = End::Torn { at: self.at };
        if left < HEAD_BYTES as u64 {
            return Err(torn);
        }
        let mut bytes = [0; HEAD_BYTES];
        self.input
            .read_exact(&mut bytes)
            .map_err(|_| torn.clone())?;
        let head = Head::decode(&bytes).map_err(|why| End::Damaged { at: self.at, why })?;
        if left - (HEAD_BYTES as u64) < head.length as u64 {
            return Err(torn);
        }
        self.at += (HEAD_BYTES + head.length) as u64;
        Ok(head)
    }

    /// The body of the head that was returned last.
    pub(super) fn body(&mut self, head: &Head) -> Result<Vec<u8>, End> {
        let mut body = vec![0; head.length];
        self.input
            .read_exact(&mut body)
            .map_err(|_| End::Torn { at: self.chunk_at })?;
        Ok(body)
    }

    fn next(&mut self) -> Step {
        match self
            .next_head()
            .and_then(|head| Ok((head, self.body(&head)?)))
        {
            Ok((head, body)) => Step::Chunk(head, body),
            Err(end) => Step::End(end),
        }
    }
}

impl<R: std::io::Seek> Scan<BufReader<R>> {
    /// Skips the body of the head that was returned last.
    pub(super) fn skip(&mut self, head: &Head) -> Result<(), End> {
        self.input
            .seek_relative(head.length as i64)
            .map_err(|_| End::Torn { at: self.chunk_at })
    }
}
