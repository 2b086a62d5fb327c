//! One chunk to bytes and back: head, checksums, compression, limits.

use std::borrow::Cow;

use super::old;
use crate::capture::model::{Chunk, PageFaults, Readings, StackNodes, Waits};

/// First bytes of every capture file.
pub(super) const MAGIC: [u8; 8] = *b"SCRUTCAP";

/// Bytes of magic and version.
pub(super) const PREAMBLE_BYTES: u64 = 12;

/// Bytes of a chunk's head.
pub(super) const HEAD_BYTES: usize = 17;

/// Largest chunk once decompressed. Writers split what is larger, readers refuse it.
pub(super) const MAX_CHUNK_BYTES: usize = 4 << 20;

/// Largest ratio of decompressed to compressed length. Writers store plainly what compresses
/// better (nothing real does), so that no small file can unfold into a huge one.
pub(super) const MAX_RATIO: usize = 32;

/// Magic and version.
pub(super) fn preamble(version: u32) -> [u8; PREAMBLE_BYTES as usize] {
    let mut bytes = [0; PREAMBLE_BYTES as usize];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..].copy_from_slice(&version.to_le_bytes());
    bytes
}

/// The number that stands for a chunk's kind in the file. Numbers are never reused.
pub(super) const fn kind(chunk: &Chunk) -> u8 {
    match chunk {
        Chunk::Header(_) => HEADER,
        Chunk::Modules(_) => 2,
        Chunk::Frames(_) => 3,
        Chunk::Stacks(_) => 4,
        Chunk::Threads(_) => 5,
        Chunk::Samples(_) => 6,
        Chunk::Residency(_) => 7,
        Chunk::Activity(_) => 8,
        Chunk::Quality(_) => QUALITY,
        Chunk::End(_) => END,
        Chunk::Symbols(_) => 11,
        Chunk::Waits(_) => 12,
        Chunk::PageFaults(_) => 13,
        Chunk::Series(_) => 14,
        Chunk::Readings(_) => 15,
        Chunk::Processes(_) => 16,
        Chunk::Events(_) => 17,
    }
}

/// Whether a kind is that of the first chunk, in any version of the format.
pub(super) const fn is_header(kind: u8) -> bool {
    matches!(kind, HEADER | old::HEADER_1)
}

/// Whether a kind is that of chunks of quality, in any version of the format.
pub(super) const fn is_quality(kind: u8) -> bool {
    matches!(kind, QUALITY | old::QUALITY_1)
}

/// Kind of the first chunk.
const HEADER: u8 = 18;
/// Kind of chunks of samples.
pub(super) const SAMPLES: u8 = 6;
/// Kind of chunks of quality.
const QUALITY: u8 = 19;
/// Kind of the chunk that ends a recording.
pub(super) const END: u8 = 10;
const KINDS: std::ops::RangeInclusive<u8> = 1..=19;

/// A chunk's head, verified.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) kind: u8,
    pub(super) length: usize,
    unpacked_length: usize,
    body_crc: u32,
}

impl Head {
    /// Reads and checks a head; the error says what is wrong.
    pub(super) fn decode(bytes: &[u8; HEAD_BYTES]) -> Result<Self, String> {
        let number = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        if crc32fast::hash(&bytes[..13]) != number(13) {
            return Err("the head of a chunk does not match its checksum".to_owned());
        }
        let head = Self {
            kind: bytes[0],
            length: number(1) as usize,
            unpacked_length: number(5) as usize,
            body_crc: number(9),
        };
        if !KINDS.contains(&head.kind) {
            return Err(format!("a chunk has the unknown kind {}", head.kind));
        }
        let stored = head.length == head.unpacked_length;
        if head.unpacked_length > MAX_CHUNK_BYTES
            || head.length > MAX_CHUNK_BYTES
            || (!stored && head.unpacked_length > head.length.saturating_mul(MAX_RATIO))
        {
            return Err(format!(
                "a chunk claims an impossible length ({} bytes from {})",
                head.unpacked_length, head.length
            ));
        }
        Ok(head)
    }

    fn encode(&self) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        bytes[0] = self.kind;
        bytes[1..5].copy_from_slice(&(self.length as u32).to_le_bytes());
        bytes[5..9].copy_from_slice(&(self.unpacked_length as u32).to_le_bytes());
        bytes[9..13].copy_from_slice(&self.body_crc.to_le_bytes());
        let crc = crc32fast::hash(&bytes[..13]);
        bytes[13..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// The chunk of a body of exactly `self.length` bytes; the error says what is wrong.
    pub(super) fn decode_body(&self, body: &[u8]) -> Result<Chunk, String> {
        if crc32fast::hash(body) != self.body_crc {
            return Err("a chunk does not match its checksum".to_owned());
        }
        let plain = if self.length == self.unpacked_length {
            Cow::Borrowed(body)
        } else {
            let unpacked = lz4_flex::block::decompress(body, self.unpacked_length)
                .map_err(|error| format!("a chunk cannot be decompressed ({error})"))?;
            if unpacked.len() != self.unpacked_length {
                return Err("a chunk is shorter than it claims".to_owned());
            }
            Cow::Owned(unpacked)
        };
        if matches!(self.kind, old::HEADER_1 | old::QUALITY_1) {
            return old::decode(self.kind, &plain);
        }
        match postcard::take_from_bytes::<Chunk>(&plain) {
            Ok((chunk, [])) if kind(&chunk) == self.kind => Ok(chunk),
            Ok(_) => Err("a chunk holds something else than its kind".to_owned()),
            Err(error) => Err(format!("a chunk cannot be decoded ({error})")),
        }
    }
}

/// Appends the bytes of a chunk to `out`, as several chunks where it is too large for one.
pub(super) fn encode(chunk: &Chunk, out: &mut Vec<u8>) -> Result<(), String> {
    let plain = postcard::to_stdvec(chunk).map_err(|error| error.to_string())?;
    if plain.len() > MAX_CHUNK_BYTES {
        let Some((first, second)) = split(chunk) else {
            return Err("a single entry is larger than a chunk may be".to_owned());
        };
        drop(plain);
        encode(&first, out)?;
        return encode(&second, out);
    }
    let packed = lz4_flex::block::compress(&plain);
    let worth_it = packed.len() < plain.len() && packed.len() * MAX_RATIO >= plain.len();
    let body = if worth_it { &packed } else { &plain };
    let head = Head {
        kind: kind(chunk),
        length: body.len(),
        unpacked_length: plain.len(),
        body_crc: crc32fast::hash(body),
    };
    out.extend_from_slice(&head.encode());
    out.extend_from_slice(body);
    Ok(())
}

/// Two halves of a chunk that is a list of more than one entry.
fn split(chunk: &Chunk) -> Option<(Chunk, Chunk)> {
    fn halves<T: Clone>(list: &[T], make: fn(Vec<T>) -> Chunk) -> Option<(Chunk, Chunk)> {
        (list.len() > 1).then(|| {
            let (first, second) = list.split_at(list.len() / 2);
            (make(first.to_vec()), make(second.to_vec()))
        })
    }
    match chunk {
        Chunk::Modules(list) => halves(list, Chunk::Modules),
        Chunk::Frames(list) => halves(list, Chunk::Frames),
        Chunk::Threads(list) => halves(list, Chunk::Threads),
        Chunk::Residency(list) => halves(list, Chunk::Residency),
        Chunk::Activity(list) => halves(list, Chunk::Activity),
        Chunk::Symbols(list) => halves(list, Chunk::Symbols),
        Chunk::Stacks(nodes) => (nodes.parent.len() > 1).then(|| {
            let (mut first, at) = (nodes.clone(), nodes.parent.len() / 2);
            let second = StackNodes {
                parent: cut(&mut first.parent, at),
                frame: cut(&mut first.frame, at),
            };
            (Chunk::Stacks(first), Chunk::Stacks(second))
        }),
        Chunk::Samples(samples) => (samples.time_ns.len() > 1).then(|| {
            let (mut first, at) = (samples.clone(), samples.time_ns.len() / 2);
            let second = crate::capture::model::Samples {
                time_ns: cut(&mut first.time_ns, at),
                thread: cut(&mut first.thread, at),
                stack: cut(&mut first.stack, at),
                flags: cut(&mut first.flags, at),
            };
            (Chunk::Samples(first), Chunk::Samples(second))
        }),
        Chunk::Series(list) => halves(list, Chunk::Series),
        Chunk::Processes(list) => halves(list, Chunk::Processes),
        Chunk::Events(list) => halves(list, Chunk::Events),
        Chunk::Waits(waits) => split_waits(waits),
        Chunk::PageFaults(faults) => split_faults(faults),
        Chunk::Readings(readings) => split_readings(readings),
        Chunk::Header(_) | Chunk::Quality(_) | Chunk::End(_) => None,
    }
}

fn split_waits(waits: &Waits) -> Option<(Chunk, Chunk)> {
    let (mut first, at) = (waits.clone(), waits.start_ns.len() / 2);
    (at > 0).then(|| {
        let second = Waits {
            start_ns: cut(&mut first.start_ns, at),
            duration_ns: cut(&mut first.duration_ns, at),
            run_queue_ns: cut(&mut first.run_queue_ns, at),
            count: cut(&mut first.count, at),
            thread: cut(&mut first.thread, at),
            stack: cut(&mut first.stack, at),
            class: cut(&mut first.class, at),
            waker: cut(&mut first.waker, at),
        };
        (Chunk::Waits(first), Chunk::Waits(second))
    })
}

fn split_faults(faults: &PageFaults) -> Option<(Chunk, Chunk)> {
    let (mut first, at) = (faults.clone(), faults.time_ns.len() / 2);
    (at > 0).then(|| {
        let second = PageFaults {
            time_ns: cut(&mut first.time_ns, at),
            thread: cut(&mut first.thread, at),
            stack: cut(&mut first.stack, at),
            weight: cut(&mut first.weight, at),
        };
        (Chunk::PageFaults(first), Chunk::PageFaults(second))
    })
}

fn split_readings(readings: &Readings) -> Option<(Chunk, Chunk)> {
    let (mut first, at) = (readings.clone(), readings.time_ns.len() / 2);
    (at > 0).then(|| {
        let second = Readings {
            time_ns: cut(&mut first.time_ns, at),
            series: cut(&mut first.series, at),
            value: cut(&mut first.value, at),
        };
        (Chunk::Readings(first), Chunk::Readings(second))
    })
}

/// What of a column lies from `at` on, taken off it.
fn cut<T>(column: &mut Vec<T>, at: usize) -> Vec<T> {
    column.split_off(at.min(column.len()))
}
