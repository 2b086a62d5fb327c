//! Perf maps: `<start> <size> <name>` a line, hexadecimal.

use std::{
    fs::{File, Metadata},
    os::unix::fs::{FileExt as _, MetadataExt as _},
    path::PathBuf,
};

use super::{super::bare_symbol, code_map::CodeMap, open};
use crate::capture::model::Symbol;

/// Largest perf map that is read, bytes.
const LARGEST_MAP_BYTES: u64 = 1 << 30;
/// How much of what was read last is compared, to tell a map that grew from one that was written
/// anew, bytes.
const TAIL_BYTES: usize = 256;

/// The perf map of one process, of which only what is new is read.
#[derive(Debug, Default)]
pub(super) struct PerfMap {
    /// Device, inode and time of the last change, of the file that was read last.
    seen: Option<(u64, u64, i64, i64)>,
    /// How much of it was read, bytes: whole lines.
    read: u64,
    /// The last bytes that were read.
    tail: Vec<u8>,
    functions: CodeMap<String>,
}

impl PerfMap {
    /// Reads what was added to the first file of `owner` among `places`.
    pub(super) fn refresh(&mut self, places: &[PathBuf], owner: u32) {
        let Some((file, metadata)) = open(places, owner) else {
            return;
        };
        let now = (
            metadata.dev(),
            metadata.ino(),
            metadata.mtime(),
            metadata.mtime_nsec(),
        );
        if metadata.len() > LARGEST_MAP_BYTES
            || (self.seen == Some(now) && metadata.len() == self.read)
        {
            return;
        }
        if !self.has_grown(&file, &metadata) {
            self.functions.clear();
            self.read = 0;
            self.tail.clear();
        }
        self.seen = Some(now);
        let mut text = vec![0; (metadata.len() - self.read) as usize];
        if file.read_exact_at(&mut text, self.read).is_err() {
            return;
        }
        // The last line may be half written.
        let whole = text
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        text.truncate(whole);
        for line in String::from_utf8_lossy(&text).lines() {
            add(&mut self.functions, line);
        }
        self.read += whole as u64;
        self.tail
            .extend_from_slice(&text[whole.saturating_sub(TAIL_BYTES)..]);
        let surplus = self.tail.len().saturating_sub(TAIL_BYTES);
        self.tail.drain(..surplus);
    }

    fn has_grown(&self, file: &File, metadata: &Metadata) -> bool {
        let is_same = self
            .seen
            .is_some_and(|(device, inode, ..)| (device, inode) == (metadata.dev(), metadata.ino()));
        let mut tail = vec![0; self.tail.len()];
        let at = self.read.saturating_sub(tail.len() as u64);
        is_same
            && metadata.len() >= self.read
            && file.read_exact_at(&mut tail, at).is_ok()
            && tail == self.tail
    }

    pub(super) fn name(&self, address: u64) -> Option<Symbol> {
        self.functions
            .find(address)
            .map(|(_, name)| bare_symbol(name.as_str()))
    }
}

/// Adds a line; one that is malformed is left out.
fn add(functions: &mut CodeMap<String>, line: &str) -> Option<()> {
    let (start, rest) = line.trim_start().split_once(' ')?;
    let (size, name) = rest.trim_start().split_once(' ')?;
    let number = |text: &str| u64::from_str_radix(text.trim_start_matches("0x"), 16).ok();
    functions.add(number(start)?, number(size)?, name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn parse(text: &str) -> CodeMap<String> {
        let mut functions = CodeMap::default();
        for line in text.lines() {
            add(&mut functions, line);
        }
        functions
    }

    #[test]
    fn later_code_takes_the_place_of_earlier_code_at_the_same_address() {
        let map = parse("1000 100 old\n1100 80 kept\n1080 20 new one\n1080 20 newest\nzz\n12");
        let name = |address| map.find(address).map(|(_, name)| name.as_str());
        assert_eq!(name(0x1000), Some("old"));
        assert_eq!(name(0x1080), Some("newest"));
        assert_eq!(name(0x10a0), None);
        assert_eq!(name(0x117f), Some("kept"));
        assert_eq!(name(0x1180), None);
    }

    #[test]
    fn a_map_that_was_written_anew_is_read_from_its_beginning() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("perf.map");
        let owner = fs::metadata(folder.path()).expect("it is there").uid();
        let mut map = PerfMap::default();
        let mut names = |text: &str| {
            fs::write(&path, text).expect("the map can be written");
            map.refresh(std::slice::from_ref(&path), owner);
            [0x1000, 0x2000, 0x3000].map(|address| map.name(address).map(|symbol| symbol.name))
        };
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(names("1000 10 a\n2000 10 hal"), [some("a"), None, None]);
        assert_eq!(
            names("1000 10 a\n2000 10 half\n"),
            [some("a"), some("half"), None]
        );
        let anew = "1000 10 other\n2000 10 half\n3000 10 more\n";
        assert_eq!(names(anew), [some("other"), some("half"), some("more")]);
        assert_eq!(names("3000 10 c\n"), [None, None, some("c")]);
        assert_eq!(names(""), [None, None, None]);
    }

    #[test]
    fn a_map_of_somebody_else_is_not_believed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("perf.map");
        fs::write(&path, "1000 10 a\n").expect("the map can be written");
        let owner = fs::metadata(&path).expect("it is there").uid();
        let mut map = PerfMap::default();
        map.refresh(&[path], owner + 1);
        assert_eq!(map.name(0x1000), None);
    }
}
