//! Memory of a running process, read a page at a time and remembered for the length of one sample.

use std::io;

use crate::sys::ptrace;

const PAGE_BYTES: usize = 4096;
/// Pages that one sample may read; deeper chains are cut.
const MOST_PAGES: usize = 128;

/// Reads the memory of one process.
#[derive(Debug)]
pub(super) struct TargetMemory {
    pid: u32,
    /// Addresses of the pages that are held, and their bytes behind one another.
    held: Vec<u64>,
    bytes: Vec<u8>,
    last: usize,
    refused: bool,
    /// What stands for the process: an address and the bytes from there on.
    #[cfg(feature = "fuzzing")]
    pub(super) stand_in: Option<(u64, Vec<u8>)>,
}

impl TargetMemory {
    /// The memory of process `pid`.
    pub(super) fn new(pid: u32) -> Self {
        Self {
            pid,
            held: Vec::new(),
            bytes: Vec::new(),
            last: 0,
            refused: false,
            #[cfg(feature = "fuzzing")]
            stand_in: None,
        }
    }

    /// Whether the system refused to let it be read.
    pub(super) fn is_refused(&self) -> bool {
        self.refused
    }

    /// Forgets what was read, so that it is read anew.
    pub(super) fn forget(&mut self) {
        self.held.clear();
        self.last = 0;
    }

    /// Eight bytes; `None` where nothing is mapped.
    pub(super) fn word(&mut self, address: u64) -> Option<u64> {
        self.array(address).map(u64::from_le_bytes)
    }

    /// `N` bytes, at most a page; `None` where not all of them are mapped.
    pub(super) fn array<const N: usize>(&mut self, address: u64) -> Option<[u8; N]> {
        let mut array = [0; N];
        self.copy(address, &mut array)?;
        Some(array)
    }

    /// Fills `buffer` from what was read in this sample, or reads it.
    fn copy(&mut self, address: u64, buffer: &mut [u8]) -> Option<()> {
        let mut at = address;
        let mut filled = 0;
        while filled < buffer.len() {
            let offset = at as usize % PAGE_BYTES;
            let count = (PAGE_BYTES - offset).min(buffer.len() - filled);
            let page = self.page(at - offset as u64)?;
            buffer[filled..filled + count].copy_from_slice(&page[offset..offset + count]);
            filled += count;
            at = at.checked_add(count as u64)?;
        }
        Some(())
    }

    /// Reads `count` bytes past what is remembered: what is read once and kept by its reader.
    pub(super) fn read(&mut self, address: u64, count: usize) -> Option<Vec<u8>> {
        let mut buffer = vec![0; count];
        let read = self.fetch(address, &mut buffer)?;
        (read == count).then_some(buffer)
    }

    fn page(&mut self, start: u64) -> Option<&[u8]> {
        let slot = if self.held.get(self.last) == Some(&start) {
            self.last
        } else if let Some(slot) = self.held.iter().position(|held| *held == start) {
            slot
        } else {
            self.load(start)?
        };
        self.last = slot;
        self.bytes.get(slot * PAGE_BYTES..(slot + 1) * PAGE_BYTES)
    }

    fn load(&mut self, start: u64) -> Option<usize> {
        let slot = self.held.len();
        if slot >= MOST_PAGES {
            return None;
        }
        let end = (slot + 1) * PAGE_BYTES;
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        let mut bytes = std::mem::take(&mut self.bytes);
        let read = self.fetch(start, &mut bytes[slot * PAGE_BYTES..end]);
        self.bytes = bytes;
        if read != Some(PAGE_BYTES) {
            return None;
        }
        self.held.push(start);
        Some(slot)
    }

    fn fetch(&mut self, address: u64, buffer: &mut [u8]) -> Option<usize> {
        #[cfg(feature = "fuzzing")]
        if let Some((start, bytes)) = &self.stand_in {
            let from = usize::try_from(address.checked_sub(*start)?).ok()?;
            let there = bytes.get(from..)?;
            let count = there.len().min(buffer.len());
            buffer[..count].copy_from_slice(&there[..count]);
            return (count > 0).then_some(count);
        }
        match ptrace::read_memory(self.pid, address, buffer) {
            Ok(count) => Some(count),
            Err(error) => {
                self.refused |= error.kind() == io::ErrorKind::PermissionDenied;
                None
            }
        }
    }
}
