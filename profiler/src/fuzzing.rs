//! Entry points of the fuzz targets in `tests/fuzz`: what reads bytes that others wrote. None may
//! panic, whatever the bytes.

use std::{
    fs::File,
    io::{Seek as _, Write as _},
    os::fd::AsRawFd as _,
    path::{Path, PathBuf},
    sync::OnceLock,
};

pub use crate::{
    capture::{
        helper::fuzzing::helper_messages,
        interpreters::fuzzing::python_memory,
        perf::fuzzing::perf_records,
        readings::fuzzing::thread_files,
        unwind::fuzzing::{elf_image, proc_maps},
    },
    formats::read::fuzzing::{
        foreign_chrome, foreign_collapsed, foreign_dhat, foreign_firefox, foreign_heaptrack,
        foreign_packed, foreign_perf_data, foreign_perf_script, foreign_pprof, foreign_speedscope,
    },
    memory::fuzzing::memory_files,
    probes::{cgroup::fuzzing::group_files, sockets::fuzzing::socket_answers},
    process::fuzzing::stat_file,
    symbols::fuzzing::{elf_symbols, jitdump, kernel_symbols, perf_map, symbol_cache},
};

/// Addresses that are looked up in what was read.
pub(crate) const SOME_ADDRESSES: [u64; 8] =
    [0, 1, 0x1000, 0x1001, 0x1139, 0x2000, 0x40_1000, u64::MAX];

/// Writes bytes into a file without a name, and gives the path that it can be opened by until the
/// next call.
pub(crate) fn scratch(bytes: &[u8]) -> PathBuf {
    static FILE: OnceLock<File> = OnceLock::new();
    let mut file = FILE.get_or_init(|| {
        let folder = ["/dev/shm", "/tmp"]
            .iter()
            .find(|path| Path::new(path).is_dir());
        let name = format!("scrutineer-fuzz-{}", std::process::id());
        let path = Path::new(folder.unwrap_or(&".")).join(name);
        let file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path);
        let file = file.expect("the folder can be written to");
        std::fs::remove_file(path).expect("it was just made");
        file
    });
    file.set_len(0).expect("the file is ours");
    file.rewind().expect("the file is ours");
    file.write_all(bytes).expect("there is room");
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

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
