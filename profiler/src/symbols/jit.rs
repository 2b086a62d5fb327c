//! Names of code made at run time, from perf maps: `<start> <size> <name>` a line, hexadecimal.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::bare_symbol;
use crate::capture::model::Symbol;

/// Largest perf map that is read, bytes.
const LARGEST_MAP: u64 = 1 << 30;

/// The perf map of one process, read again when it has changed.
#[derive(Debug)]
pub(super) struct PerfMaps {
    pid: u32,
    seen: Option<(PathBuf, u64, SystemTime)>,
    functions: CodeMap,
}

impl PerfMaps {
    pub(super) fn new(pid: u32) -> Self {
        Self {
            pid,
            seen: None,
            functions: CodeMap::default(),
        }
    }

    pub(super) fn lookup(&mut self, addresses: &[u64]) -> Vec<Vec<Symbol>> {
        self.refresh();
        let name = |address: &u64| {
            self.functions
                .name(*address)
                .map(|name| vec![bare_symbol(name)])
                .unwrap_or_default()
        };
        addresses.iter().map(name).collect()
    }

    fn refresh(&mut self) {
        let Some((path, metadata)) = find(self.pid) else {
            return;
        };
        let Ok(modified) = metadata.modified() else {
            return;
        };
        let now = (path, metadata.len(), modified);
        if self.seen.as_ref() == Some(&now) || metadata.len() > LARGEST_MAP {
            return;
        }
        if let Ok(text) = fs::read(&now.0) {
            self.functions = CodeMap::parse(&String::from_utf8_lossy(&text));
            self.seen = Some(now);
        }
    }
}

/// The process's map: in its own root under the pid that it has there, else in ours. Anybody may
/// write to `/tmp`: the owner must be the process's user, or ours where the process is gone.
fn find(pid: u32) -> Option<(PathBuf, fs::Metadata)> {
    let folder = PathBuf::from(format!("/proc/{pid}"));
    let owner = fs::metadata(&folder)
        .or_else(|_| fs::metadata("/proc/self"))
        .ok()?
        .uid();
    let inside = inner_pid(&folder).unwrap_or(pid);
    let candidates = [
        folder.join(format!("root/tmp/perf-{inside}.map")),
        PathBuf::from(format!("/tmp/perf-{pid}.map")),
    ];
    candidates.into_iter().find_map(|path| {
        let metadata = fs::metadata(&path).ok()?;
        (metadata.is_file() && metadata.uid() == owner).then_some((path, metadata))
    })
}

/// The pid that the process sees itself: the last of `NSpid`.
fn inner_pid(folder: &Path) -> Option<u32> {
    let status = fs::read_to_string(folder.join("status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("NSpid:"))?;
    line.split_ascii_whitespace().last()?.parse().ok()
}

/// Functions by address. Memory is used again: a later line takes the place of earlier ones.
#[derive(Debug, Default)]
struct CodeMap {
    /// Start to end and name; ranges do not overlap.
    functions: BTreeMap<u64, (u64, String)>,
}

impl CodeMap {
    fn parse(text: &str) -> Self {
        let mut map = Self::default();
        for line in text.lines() {
            map.add(line);
        }
        map
    }

    /// Adds a line; one that is half written or malformed is left out.
    fn add(&mut self, line: &str) -> Option<()> {
        let (start, rest) = line.trim_start().split_once(' ')?;
        let (size, name) = rest.trim_start().split_once(' ')?;
        let number = |text: &str| u64::from_str_radix(text.trim_start_matches("0x"), 16).ok();
        let start = number(start)?;
        let end = start.checked_add(number(size)?)?;
        let covered: Vec<u64> = self
            .functions
            .range(start..end)
            .map(|(at, _)| *at)
            .collect();
        for start in covered {
            self.functions.remove(&start);
        }
        if let Some((_, (before_end, _))) = self.functions.range_mut(..start).next_back() {
            *before_end = start.min(*before_end);
        }
        self.functions.insert(start, (end, name.trim().to_owned()));
        Some(())
    }

    fn name(&self, address: u64) -> Option<&str> {
        let (_, (end, name)) = self.functions.range(..=address).next_back()?;
        (address < *end).then_some(name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_code_takes_the_place_of_earlier_code_at_the_same_address() {
        let map =
            CodeMap::parse("1000 100 old\n1100 80 kept\n1080 20 new one\n1080 20 newest\nzz\n12");
        assert_eq!(map.name(0x1000), Some("old"));
        assert_eq!(map.name(0x1080), Some("newest"));
        assert_eq!(map.name(0x10a0), None);
        assert_eq!(map.name(0x117f), Some("kept"));
        assert_eq!(map.name(0x1180), None);
    }

    #[test]
    fn a_map_is_read_again_when_it_has_grown() {
        let pid = std::process::id();
        let path = PathBuf::from(format!("/tmp/perf-{pid}.map"));
        let mut maps = PerfMaps::new(pid);
        fs::write(&path, "1000 10 first\n").expect("the map can be changed");
        let before = maps.lookup(&[0x1001, 0x2001]);
        fs::write(&path, "1000 10 first\n2000 10 second\n").expect("the map can be changed");
        let after = maps.lookup(&[0x1001, 0x2001]);
        fs::remove_file(&path).expect("the map can be changed");
        assert_eq!(before, [vec![bare_symbol("first")], vec![]]);
        assert_eq!(
            after,
            [vec![bare_symbol("first")], vec![bare_symbol("second")]]
        );
    }
}
