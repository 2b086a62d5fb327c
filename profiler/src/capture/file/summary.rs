//! The few facts that a list of captures shows, without decoding their samples.

use std::{io::BufReader, path::Path};

use crate::capture::{
    CaptureError,
    file::{
        Damage,
        chunk::{self, Head},
        reader::{End, Scan, open, read},
    },
    model::{CaptureHeader, Chunk},
};

/// What a list of captures shows of one.
#[derive(Clone, Debug, PartialEq)]
pub struct CaptureSummary {
    /// What was captured, and how.
    pub header: CaptureHeader,
    /// Length; `None` where the recording is under way or was killed.
    pub duration_ns: Option<u64>,
    /// Samples taken.
    pub samples: u64,
    /// Torn tail and damaged heads of chunks. Bodies of tables and samples are passed over unread:
    /// damage in them is found by [`read`] alone.
    pub damage: Damage,
}

/// Summarises a capture file. Reads the head of each chunk and the bodies of a few.
pub fn summarise(path: &Path) -> Result<CaptureSummary, CaptureError> {
    let (file, length) = open(path)?;
    let mut scan = Scan::start(path, BufReader::new(file), length)?;
    let mut found = Found::default();
    let end = loop {
        match step(&mut scan, &mut found) {
            Ok(()) => {}
            Err(end) => break end,
        }
    };
    let Some(header) = found.header else {
        return Err(CaptureError::NotACapture {
            path: path.to_owned(),
            why: match end {
                End::Damaged { why, .. } => why,
                End::Whole | End::Torn { .. } => "it was cut short before its header".to_owned(),
            },
        });
    };
    // Without a word on quality after the samples (a killed recording), they are counted.
    let samples = match found.samples {
        Some(samples) => samples,
        None => count_samples(&read(path)?.0),
    };
    let damage = end.damage(length);
    Ok(CaptureSummary {
        header,
        duration_ns: found.duration_ns,
        samples,
        damage,
    })
}

#[derive(Default)]
struct Found {
    header: Option<CaptureHeader>,
    duration_ns: Option<u64>,
    /// As the last chunk of quality says; `None` once samples follow it.
    samples: Option<u64>,
}

fn step<R: std::io::Read + std::io::Seek>(
    scan: &mut Scan<BufReader<R>>,
    found: &mut Found,
) -> Result<(), End> {
    let head: Head = scan.next_head()?;
    if found.header.is_some() == chunk::is_header(head.kind) {
        return Err(End::Damaged {
            at: scan.chunk_at,
            why: "the first chunk, and no other, should be the header".to_owned(),
        });
    }
    match head.kind {
        kind if chunk::is_header(kind) || chunk::is_quality(kind) || kind == chunk::END => {
            let body = scan.body(&head)?;
            let chunk = head.decode_body(&body).map_err(|why| End::Damaged {
                at: scan.chunk_at,
                why,
            })?;
            match chunk {
                Chunk::Header(header) => {
                    found.header = Some(header);
                    found.samples = Some(0);
                }
                Chunk::Quality(quality) => found.samples = Some(quality.samples),
                Chunk::End(end) => found.duration_ns = Some(end.duration_ns),
                _ => {}
            }
        }
        kind => {
            if kind == chunk::SAMPLES {
                found.samples = None;
            }
            scan.skip(&head)?;
        }
    }
    Ok(())
}

fn count_samples(chunks: &[Chunk]) -> u64 {
    chunks
        .iter()
        .map(|chunk| {
            if let Chunk::Samples(samples) = chunk {
                samples.time_ns.len() as u64
            } else {
                0
            }
        })
        .sum()
}
