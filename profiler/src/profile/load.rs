//! Loads a profile from a capture file, decoding it on a thread of its own.

use std::{path::Path, sync::mpsc};

use super::ProfileBuilder;
use crate::capture::{
    CaptureError,
    file::{self, Damage},
    model::Chunk,
};

/// Chunks that are decoded ahead of the profile's growing at most: each holds a few megabytes.
const DECODED_AHEAD: usize = 4;

impl ProfileBuilder {
    /// Reads a capture file as [`file::read`] does, into a profile that can grow on.
    pub fn of_file(path: &Path) -> Result<(Self, Damage), CaptureError> {
        let (decoded, inbox) = mpsc::sync_channel::<Chunk>(DECODED_AHEAD);
        std::thread::scope(|scope| {
            let decode = move || file::read_each(path, &mut |chunk| decoded.send(chunk).is_ok());
            let decoding = std::thread::Builder::new()
                .name("scrutineer-decode".to_owned())
                .spawn_scoped(scope, decode);
            let Ok(decoding) = decoding else {
                // Where no thread can be had, one after the other.
                let mut builder = Self::default();
                let damage = file::read_each(path, &mut |chunk| {
                    builder.push(chunk);
                    true
                })?;
                return Ok((builder, damage));
            };
            let mut builder = Self::default();
            for chunk in inbox {
                builder.push(chunk);
            }
            let read = decoding.join();
            let damage = read.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            Ok((builder, damage))
        })
    }
}
