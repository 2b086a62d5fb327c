//! Records that perf compressed: one zstd stream over all of them.

use std::io::Read;

use super::{
    cursor::Cursor,
    file::{self, Walk},
};
use crate::formats::read::{ReadError, envelope};

const RECORD_COMPRESSED: u32 = 81;
/// The same with its length stated, so that records stay aligned.
const RECORD_COMPRESSED2: u32 = 83;
const PIECE_BYTES: usize = 256 << 10;

/// The records that were compressed, unpacked; `None` where there are none.
pub(super) fn unpack(bytes: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
    let data = file::data_range(bytes).and_then(|range| bytes.get(range));
    let pieces: Vec<&[u8]> = Walk::over(data.unwrap_or(&[]))
        .filter_map(|record| match record.kind {
            RECORD_COMPRESSED => Some(record.body),
            RECORD_COMPRESSED2 => {
                let mut cursor = Cursor(record.body);
                let length = cursor.u64()?;
                cursor.take(usize::try_from(length).ok()?)
            }
            _ => None,
        })
        .collect();
    if pieces.is_empty() {
        return Ok(None);
    }
    let packed = pieces.iter().map(|piece| piece.len()).sum();
    let limit = envelope::limit_bytes(packed);
    let mut joined = pieces.concat();
    // The stream is flushed and never ended: an empty last block ends it, and a checksum that
    // nobody looks at.
    joined.extend([1, 0, 0, 0, 0, 0, 0]);
    let mut out = Vec::new();
    let mut piece = vec![0; PIECE_BYTES];
    let mut stream = envelope::Zstd::new(&joined);
    // What comes before a damaged place is kept.
    while let Ok(count @ 1..) = stream.read(&mut piece) {
        out.extend_from_slice(&piece[..count]);
        if out.len() as u64 > limit {
            return Err(ReadError::TooLarge { limit_bytes: limit });
        }
    }
    if out.is_empty() {
        return Err(file::damaged("its compressed records cannot be unpacked"));
    }
    Ok(Some(out))
}
