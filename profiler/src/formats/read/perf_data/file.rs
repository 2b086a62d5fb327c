//! The parts of the file: events, what was noted of the machine, and the bytes of the records.

use std::collections::HashMap;

use super::{NAME, attributes::Event, cursor::Cursor};
use crate::formats::read::ReadError;

/// Features, as perf numbers them.
const FEATURE_BUILD_ID: usize = 2;
const FEATURE_KERNEL: usize = 4;
const FEATURE_ARCHITECTURE: usize = 6;
const FEATURE_CPUS: usize = 7;
const FEATURE_CPU_MODEL: usize = 8;
const FEATURE_COMMAND_LINE: usize = 11;
const FEATURE_EVENTS: usize = 12;
const FEATURES: usize = 256;
/// Records that perf itself writes, beside the kernel's.
const RECORD_ATTRIBUTE: u32 = 64;
const RECORD_TRACING_DATA: u32 = 66;
const RECORD_BUILD_ID: u32 = 67;
const RECORD_AUX_TRACE: u32 = 71;
const RECORD_EVENT_UPDATE: u32 = 78;
const RECORD_FEATURE: u32 = 80;
const EVENT_UPDATE_NAME: u64 = 2;
/// A build id states its length itself.
const MISC_BUILD_ID_SIZE: u16 = 1 << 15;
/// The header of a file that went through a pipe is its magic and this length.
const PIPE_HEADER_BYTES: u64 = 16;

/// A record: what it is, bits about it, and what stands in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) kind: u32,
    pub(super) misc: u16,
    pub(super) body: &'a [u8],
}

/// A file, its records not yet looked at.
#[derive(Debug, Default)]
pub(super) struct PerfFile<'a> {
    pub(super) events: Vec<Event>,
    /// Build ids by path.
    pub(super) build_ids: HashMap<String, Vec<u8>>,
    pub(super) kernel: String,
    pub(super) architecture: String,
    pub(super) cpu_model: String,
    pub(super) cpus: u32,
    /// When the file was written, seconds since 1970.
    pub(super) written_s: i64,
    pub(super) command_line: Vec<String>,
    /// Bytes of records, one stretch after the other.
    pub(super) stretches: Vec<&'a [u8]>,
}

/// Whether the file went through a pipe: its header says nothing then.
pub(super) fn is_piped(bytes: &[u8]) -> bool {
    let size = bytes.get(8..).and_then(|rest| Cursor(rest).u64());
    size == Some(PIPE_HEADER_BYTES)
}

/// Where the records of a file lie.
pub(super) fn data_range(bytes: &[u8]) -> Option<std::ops::Range<usize>> {
    if is_piped(bytes) {
        return Some(PIPE_HEADER_BYTES as usize..bytes.len());
    }
    let mut cursor = Cursor(bytes.get(40..)?);
    section(&mut cursor, bytes)
}

/// A place and a length; cut at the end of the file, so that what is left of one is read.
fn section(cursor: &mut Cursor<'_>, bytes: &[u8]) -> Option<std::ops::Range<usize>> {
    let start = usize::try_from(cursor.u64()?).ok()?;
    let length = usize::try_from(cursor.u64()?).ok()?;
    // A recording that was killed has not written its length yet.
    let end = match length {
        0 => bytes.len(),
        length => start.checked_add(length)?.min(bytes.len()),
    };
    (start <= end).then_some(start..end)
}

impl<'a> PerfFile<'a> {
    /// Reads the header and all that stands in no record; `unpacked` are the records that were
    /// compressed.
    pub(super) fn parse(bytes: &'a [u8], unpacked: Option<&'a [u8]>) -> Result<Self, ReadError> {
        let mut file = Self::default();
        let found = file
            .parse_header(bytes)
            .ok_or_else(|| damaged("its header is cut short"));
        let data = found?;
        file.stretches.push(data);
        file.stretches.extend(unpacked);
        file.read_own_records(data);
        if file.events.is_empty() {
            return Err(damaged("it says nothing of the events that were recorded"));
        }
        Ok(file)
    }

    fn parse_header(&mut self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let data = data_range(bytes)?;
        if is_piped(bytes) {
            return bytes.get(data);
        }
        let mut cursor = Cursor(bytes.get(16..)?);
        let attribute_bytes = usize::try_from(cursor.u64()?).ok()?;
        let attributes = section(&mut cursor, bytes)?;
        self.read_attributes(bytes, bytes.get(attributes)?, attribute_bytes);
        cursor.take(32)?;
        let mut places = Cursor(bytes.get(data.end..).unwrap_or(&[]));
        for feature in 0..FEATURES {
            let word = cursor.0.get(feature / 64 * 8..feature / 64 * 8 + 8)?;
            let word = u64::from_le_bytes(word.try_into().ok()?);
            if word & 1 << (feature % 64) == 0 {
                continue;
            }
            let Some(place) = section(&mut places, bytes) else {
                break;
            };
            self.read_feature(feature, &bytes[place]);
        }
        bytes.get(data)
    }

    fn read_attributes(&mut self, file: &[u8], bytes: &[u8], size: usize) {
        if size < 80 {
            return;
        }
        for attribute in bytes.chunks_exact(size) {
            let Some(mut event) = Event::parse(attribute) else {
                continue;
            };
            let mut place = Cursor(&attribute[size - 16..]);
            let ids = section(&mut place, file);
            // Without ids the place is 0 and the length too.
            if let Some(ids) = ids.filter(|ids| ids.start > 0 && ids.end < file.len()) {
                event.ids = super::cursor::words(&file[ids]).collect();
            }
            self.events.push(event);
        }
    }

    /// What a pipe brings in records stands in the header of a file.
    fn read_own_records(&mut self, data: &'a [u8]) {
        for record in Walk::over(data) {
            match record.kind {
                RECORD_ATTRIBUTE => self.add_event(record.body),
                RECORD_BUILD_ID => self.add_build_id(record.misc, record.body),
                RECORD_FEATURE => {
                    let mut cursor = Cursor(record.body);
                    if let Some(feature) = cursor.u64() {
                        self.read_feature(feature as usize, cursor.0);
                    }
                }
                RECORD_EVENT_UPDATE => {
                    let _ = self.rename_event(record.body);
                }
                _ => {}
            }
        }
    }

    fn add_event(&mut self, body: &[u8]) {
        let size = Cursor(body.get(4..).unwrap_or(&[])).u32();
        let Some(mut event) = Event::parse(body) else {
            return;
        };
        let ids = size.and_then(|size| body.get(size as usize..));
        event.ids = super::cursor::words(ids.unwrap_or(&[])).collect();
        self.events.push(event);
    }

    fn rename_event(&mut self, body: &[u8]) -> Option<()> {
        let mut cursor = Cursor(body);
        let (kind, id) = (cursor.u64()?, cursor.u64()?);
        let event = self.events.iter_mut().find(|event| event.ids.contains(&id));
        if kind == EVENT_UPDATE_NAME {
            event?.name = cursor.text();
        }
        Some(())
    }

    fn read_feature(&mut self, feature: usize, bytes: &[u8]) {
        let mut cursor = Cursor(bytes);
        let text = || Cursor(bytes).counted_text().unwrap_or_default();
        match feature {
            FEATURE_BUILD_ID => {
                for record in Walk::over(bytes) {
                    self.add_build_id(record.misc, record.body);
                }
            }
            FEATURE_KERNEL => self.kernel = text(),
            FEATURE_ARCHITECTURE => self.architecture = text(),
            FEATURE_CPUS => self.cpus = cursor.u32().unwrap_or(0),
            FEATURE_CPU_MODEL => self.cpu_model = text(),
            FEATURE_COMMAND_LINE => {
                let count = cursor.u32().unwrap_or(0);
                let words = (0..count).map_while(|_| cursor.counted_text());
                self.command_line = words.collect();
            }
            FEATURE_EVENTS => {
                let _ = self.name_events(bytes);
            }
            _ => {}
        }
    }

    /// Names come in the order of the attributes.
    fn name_events(&mut self, bytes: &[u8]) -> Option<()> {
        let mut cursor = Cursor(bytes);
        let (count, size) = (cursor.u32()?, cursor.u32()?);
        for position in 0..count as usize {
            let attribute = cursor.take(size as usize)?;
            let ids = cursor.u32()?;
            let name = cursor.counted_text()?;
            let ids = super::cursor::words(cursor.words(u64::from(ids))?).collect();
            if position == self.events.len() {
                self.events.push(Event::parse(attribute)?);
            }
            let event = self.events.get_mut(position)?;
            event.name = name;
            event.ids = ids;
        }
        Some(())
    }

    fn add_build_id(&mut self, misc: u16, body: &[u8]) {
        let (Some(id), Some(path)) = (body.get(4..28), body.get(28..)) else {
            return;
        };
        let length = if misc & MISC_BUILD_ID_SIZE == 0 {
            20
        } else {
            usize::from(id[20]).min(20)
        };
        self.build_ids
            .insert(Cursor(path).text(), id[..length].to_vec());
    }

    /// Whether stacks can be unwound here.
    pub(super) fn is_x86_64(&self) -> bool {
        self.architecture.is_empty() || self.architecture == "x86_64"
    }
}

pub(super) fn damaged(what: &str) -> ReadError {
    ReadError::Damaged {
        format: NAME,
        what: what.to_owned(),
    }
}

/// The records of a stretch, as far as they are whole.
pub(super) struct Walk<'a> {
    rest: &'a [u8],
    /// Bytes that are left where records end that make no sense.
    pub(super) left: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn over(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            left: 0,
        }
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let mut cursor = Cursor(self.rest);
        self.left = self.rest.len();
        let (kind, misc) = (cursor.u32()?, cursor.u16()?);
        let size = usize::from(cursor.u16()?);
        let body = self.rest.get(8..size)?;
        // These are followed by bytes that their size does not count.
        let behind = match kind {
            RECORD_TRACING_DATA => u64::from(Cursor(body).u32()?.checked_next_multiple_of(8)?),
            RECORD_AUX_TRACE => Cursor(body).u64()?,
            _ => 0,
        };
        let next = usize::try_from(behind).ok()?.checked_add(size)?;
        self.rest = self.rest.get(next..)?;
        self.left = self.rest.len();
        Some(Record { kind, misc, body })
    }
}
