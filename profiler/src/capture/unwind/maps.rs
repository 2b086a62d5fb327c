//! A process's mappings: parsing `/proc/PID/maps`, and telling files from code made at run time.

use std::{io, ops::Range};

/// An executable mapping, as `/proc/PID/maps` or an `MMAP2` record states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Addresses in the target.
    pub range: Range<u64>,
    /// Offset of the mapping in its file.
    pub file_offset: u64,
    /// Major and minor number of the file's device.
    pub device: (u32, u32),
    /// Inode of the file, 0 for anonymous memory.
    pub inode: u64,
    /// Path as the target sees it, perhaps with ` (deleted)` at its end; `[vdso]` and the like;
    /// empty or `//anon` for anonymous memory.
    pub path: String,
}

const DELETED: &str = " (deleted)";

impl Mapping {
    /// Whether it is the vDSO.
    pub fn is_vdso(&self) -> bool {
        self.path == "[vdso]"
    }

    /// Whether a file stands behind it.
    pub fn is_file(&self) -> bool {
        self.inode != 0 && self.path.starts_with('/') && !self.path.starts_with("//")
    }

    /// The path without the mark of a deleted file, and whether it bore the mark.
    pub fn clean_path(&self) -> (&str, bool) {
        match self.path.strip_suffix(DELETED) {
            Some(path) => (path, true),
            None => (&self.path, false),
        }
    }
}

/// Where old programs entered the kernel; nothing runs there any more.
const VSYSCALL: &str = "[vsyscall]";

/// The executable mappings of a process, in order of address.
pub(super) fn read(pid: u32) -> io::Result<Vec<Mapping>> {
    let text = std::fs::read(format!("/proc/{pid}/maps"))?;
    Ok(String::from_utf8_lossy(&text)
        .lines()
        .filter_map(parse_line)
        .filter(|mapping| mapping.path != VSYSCALL)
        .collect())
}

/// Parses a line of `/proc/PID/maps`; `None` for a mapping that is not executable.
pub(super) fn parse_line(line: &str) -> Option<Mapping> {
    let mut fields = line.splitn(6, ' ');
    let (start, end) = fields.next()?.split_once('-')?;
    if fields.next()?.as_bytes().get(2) != Some(&b'x') {
        return None;
    }
    let file_offset = fields.next()?;
    let (major, minor) = fields.next()?.split_once(':')?;
    let inode = fields.next()?;
    let path = fields.next().unwrap_or("").trim_start();
    Some(Mapping {
        range: u64::from_str_radix(start, 16).ok()?..u64::from_str_radix(end, 16).ok()?,
        file_offset: u64::from_str_radix(file_offset, 16).ok()?,
        device: (
            u32::from_str_radix(major, 16).ok()?,
            u32::from_str_radix(minor, 16).ok()?,
        ),
        inode: inode.parse().ok()?,
        path: path.replace("\\012", "\n"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executable_lines_are_parsed_and_others_left_out() {
        let line =
            "7f00-8f00 r-xp 00026000 fe:01 1234                       /usr/lib/a b.so (deleted)";
        let mapping = parse_line(line).expect("an executable mapping");
        assert_eq!(mapping.range, 0x7f00..0x8f00);
        assert_eq!(mapping.file_offset, 0x26000);
        assert_eq!(mapping.device, (0xfe, 1));
        assert_eq!(mapping.clean_path(), ("/usr/lib/a b.so", true));
        assert!(mapping.is_file());
        assert_eq!(parse_line("7f00-8f00 rw-p 00000000 00:00 0 "), None);
    }

    #[test]
    fn anonymous_memory_is_no_file() {
        let mapping = parse_line("7f00-8f00 rwxp 00000000 00:00 0 ").expect("executable");
        assert!(!mapping.is_file());
        assert_eq!(mapping.path, "");
    }
}
