//! What is read from the ELF file of a Python interpreter: its version, where its loop lies, and
//! where its types are.

use std::{collections::BTreeSet, fs::File, ops::Range};

use object::{Object, ObjectSection, ObjectSymbol, ReadCache};

use super::layout::{self, Layout};

/// The function that interprets, with the parts that a compiler splits off it.
const LOOP: &str = "_PyEval_EvalFrameDefault";

/// A stack no deeper than this is that of any function.
const SHALLOW_BYTES: i64 = 64;

/// What a file that holds the interpreter states; addresses as the ELF file states them.
#[derive(Clone, Debug)]
pub(crate) struct PythonBinary {
    /// Minor version: 11 of 3.11.
    pub(in crate::capture::interpreters) minor: u8,
    pub(super) is_free_threaded: bool,
    /// Code of the interpreter's loop.
    pub(crate) loop_ranges: Vec<Range<u64>>,
    /// Where the function itself begins.
    pub(in crate::capture::interpreters) loop_start: u64,
    /// Where jumps out of the function lead to.
    jumps: BTreeSet<u64>,
    pub(super) code_type: u64,
    pub(super) frame_type: u64,
}

impl PythonBinary {
    /// Reads a mapped file; `None` where it holds no CPython interpreter of version 3.
    pub(crate) fn of_file(path: &str, file: &File) -> Option<Self> {
        let name = path.rsplit('/').next()?;
        if !name.contains("python") {
            return None;
        }
        let cache = ReadCache::new(file);
        let elf = object::File::parse(&cache).ok()?;
        let mut loop_ranges = Vec::new();
        let (mut code_type, mut frame_type, mut version) = (None, None, None);
        let mut loop_start = None;
        for symbol in elf.dynamic_symbols().chain(elf.symbols()) {
            if !symbol.is_definition() {
                continue;
            }
            match symbol.name() {
                Ok("PyCode_Type") => code_type = Some(symbol.address()),
                Ok("PyFrame_Type") => frame_type = Some(symbol.address()),
                Ok("Py_Version") => version = Some(symbol.address()),
                Ok(name) if name.strip_prefix(LOOP).is_some_and(is_part) => {
                    if name == LOOP {
                        loop_start = Some(symbol.address());
                    }
                    let range = symbol.address()..symbol.address() + symbol.size();
                    if !range.is_empty() && !loop_ranges.contains(&range) {
                        loop_ranges.push(range);
                    }
                }
                _ => {}
            }
        }
        let jumps = loop_ranges
            .iter()
            .filter_map(|range| {
                let bytes = bytes_at(&elf, range.start, range.end - range.start)?;
                Some(jumps_out_of(range, bytes))
            })
            .flatten()
            .collect();
        let (stated, is_free_threaded) = version_in(name).unwrap_or_default();
        let minor = version
            .and_then(|address| minor_at(&elf, address))
            .or((stated != 0).then_some(stated))?;
        (!loop_ranges.is_empty()).then_some(Self {
            minor,
            is_free_threaded,
            loop_ranges,
            loop_start: loop_start?,
            jumps,
            code_type: code_type?,
            frame_type: frame_type?,
        })
    }

    /// An interpreter of version 3.`minor` with its loop and types at these addresses.
    #[cfg(feature = "fuzzing")]
    pub(in crate::capture::interpreters) fn of_memory(
        minor: u8,
        loop_start: u64,
        code_type: u64,
        frame_type: u64,
    ) -> Self {
        let whole = loop_start..loop_start + 0x1000;
        Self {
            minor,
            is_free_threaded: false,
            loop_ranges: vec![whole],
            loop_start,
            jumps: BTreeSet::new(),
            code_type,
            frame_type,
        }
    }

    /// Adds the parts that a compiler split off the loop, where the file does not name them: code
    /// that the loop jumps to, and where the stack is as deep as it is in the middle of the loop.
    /// `part_at` gives the range of code described together at an address, and that depth.
    pub(crate) fn add_split_parts(&mut self, part_at: impl Fn(u64) -> Option<(Range<u64>, i64)>) {
        let whole = self
            .loop_ranges
            .iter()
            .find(|range| range.start == self.loop_start)
            .cloned();
        let middle = whole.map(|range| range.start + (range.end - range.start) / 2);
        let Some((_, depth)) = middle.and_then(&part_at) else {
            return;
        };
        for target in std::mem::take(&mut self.jumps) {
            if depth > SHALLOW_BYTES
                && !self.loop_ranges.iter().any(|range| range.contains(&target))
                && let Some((range, at_target)) = part_at(target)
                && at_target == depth
                && range.contains(&target)
            {
                self.loop_ranges.push(range);
            }
        }
    }

    /// The version in words: `CPython 3.14`.
    pub(in crate::capture::interpreters) fn version(&self) -> String {
        let build = if self.is_free_threaded {
            " without the global lock"
        } else {
            ""
        };
        format!("CPython 3.{}{build}", self.minor)
    }

    /// The layout of its version; `None` where it is not read.
    pub(super) fn layout(&self) -> Option<&'static Layout> {
        // Objects of the build without a global lock begin with other fields.
        layout::layout(self.minor).filter(|_| !self.is_free_threaded)
    }
}

/// Whether what follows on a function's name marks a part of it.
fn is_part(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('.')
}

/// `Py_Version` is a number like `0x030b07f0`.
fn minor_at<'data, R: object::ReadRef<'data>>(
    elf: &object::File<'data, R>,
    address: u64,
) -> Option<u8> {
    let bytes = bytes_at(elf, address, 8)?;
    let number = u64::from_le_bytes(bytes.try_into().ok()?);
    (number >> 24 == 3).then_some((number >> 16) as u8)
}

fn bytes_at<'data, R: object::ReadRef<'data>>(
    elf: &object::File<'data, R>,
    address: u64,
    count: u64,
) -> Option<&'data [u8]> {
    elf.sections()
        .find_map(|section| section.data_range(address, count).ok().flatten())
}

/// Where conditional and plain near jumps in a function's code lead to outside of it. Whatever
/// looks like one counts: what is no jump leads nowhere that fits.
fn jumps_out_of(range: &Range<u64>, bytes: &[u8]) -> Vec<u64> {
    let jump = |at: usize| {
        let distance_at = match bytes[at..] {
            [0x0f, 0x80..=0x8f, ..] => at + 2,
            [0xe9, ..] => at + 1,
            _ => return None,
        };
        let distance = i32::from_le_bytes(*bytes.get(distance_at..)?.first_chunk()?);
        let next = range.start + distance_at as u64 + 4;
        let target = next.wrapping_add_signed(distance.into());
        (!range.contains(&target)).then_some(target)
    };
    (0..bytes.len()).filter_map(jump).collect()
}

/// Minor version, and whether it is the build without a global lock, from a file's name.
fn version_in(name: &str) -> Option<(u8, bool)> {
    let (_, rest) = name.split_once("python3.")?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let minor = rest[..digits].parse().ok()?;
    Some((minor, rest[digits..].starts_with('t')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_state_the_version() {
        assert_eq!(version_in("libpython3.10.so.1.0"), Some((10, false)));
        assert_eq!(version_in("python3.8"), Some((8, false)));
        assert_eq!(version_in("python3.13t"), Some((13, true)));
        assert_eq!(version_in("libboost_python311.so"), None);
    }

    #[test]
    fn a_file_without_an_interpreter_is_none() {
        let own = std::env::current_exe().unwrap();
        assert!(
            PythonBinary::of_file("/usr/lib/libpython3.so", &File::open(own).unwrap()).is_none()
        );
    }
}
