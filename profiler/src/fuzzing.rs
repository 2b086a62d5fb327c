//! Entry points of the fuzz targets in `tests/fuzz`: what reads bytes that others wrote. None may
//! panic, whatever the bytes.

pub use crate::{
    capture::{
        perf::fuzzing::perf_records,
        readings::fuzzing::thread_files,
        unwind::fuzzing::{elf_image, proc_maps},
    },
    memory::fuzzing::memory_files,
    probes::{cgroup::fuzzing::group_files, sockets::fuzzing::socket_answers},
    process::fuzzing::stat_file,
};

/// Text as the parsers of text get it.
pub(crate) fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// Takes numbers off the front of the bytes; zeros when they have run out.
#[derive(Debug)]
pub(crate) struct Numbers<'a>(pub(crate) &'a [u8]);

impl<'a> Numbers<'a> {
    pub(crate) fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    pub(crate) fn u8(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    pub(crate) fn u16(&mut self) -> u16 {
        u16::from(self.u8()) | u16::from(self.u8()) << 8
    }

    pub(crate) fn u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        let taken = self.take(8);
        bytes[..taken.len()].copy_from_slice(taken);
        u64::from_le_bytes(bytes)
    }
}
