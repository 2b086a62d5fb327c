//! Names of kernel functions from `/proc/kallsyms`, where it shows addresses.

use std::{
    fs::{self, File},
    io::{self, Read},
    ops::Range,
    path::Path,
};

use scrutineer_evidence::system::MachineKey;

use super::{bare_symbol, kernel_cache};
use crate::capture::{helper, model::Symbol};

/// Read at a time: what the kernel writes and we parse stays in the processor's cache.
const PIECE_BYTES: usize = 64 << 10;
/// More names than any kernel has are refused.
const MOST_NAME_BYTES: usize = 256 << 20;

/// The kernel's functions, sorted by address; empty where they may not be read.
#[derive(Debug, Default)]
pub(super) struct KernelSymbols {
    pub(super) functions: Vec<Function>,
    /// All names, one behind the other.
    pub(super) names: String,
    /// Where the kernel's own functions lie, from `_stext` to `_etext`.
    pub(super) core: Option<Range<u64>>,
    /// Whether functions outside of that are known too, as far as they may be.
    pub(super) is_whole: bool,
}

/// Where a function begins, and its name's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Function {
    pub(super) start: u64,
    /// Place of its name among all names.
    pub(super) name_start: u32,
    pub(super) name_end: u32,
}

impl KernelSymbols {
    /// Those of the running kernel, by the helper where this process may not see them.
    pub(super) fn now() -> Self {
        let own = File::open("/proc/kallsyms").and_then(Self::read);
        let own = own.unwrap_or_default();
        if !own.functions.is_empty() {
            return own;
        }
        let helped = helper::kernel_symbols().map(Self::read);
        helped.and_then(Result::ok).unwrap_or_default()
    }

    /// Reads text in the form of `/proc/kallsyms`.
    pub(super) fn read(mut text: impl Read) -> io::Result<Self> {
        let mut symbols = Self {
            is_whole: true,
            ..Self::default()
        };
        let mut core = Core::default();
        let mut buffer = vec![0; PIECE_BYTES];
        let mut kept = 0;
        loop {
            let read = match text.read(&mut buffer[kept..]) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let filled = &buffer[..kept + read];
            let lines_end = if read == 0 {
                filled.len()
            } else {
                filled
                    .iter()
                    .rposition(|byte| *byte == b'\n')
                    .map_or(0, |at| at + 1)
            };
            for line in filled[..lines_end].split(|byte| *byte == b'\n') {
                symbols.push(line, &mut core);
            }
            let end = filled.len();
            if read == 0 || symbols.names.len() > MOST_NAME_BYTES {
                break;
            }
            buffer.copy_within(lines_end..end, 0);
            kept = end - lines_end;
            if kept == PIECE_BYTES {
                // No line is so long: this is something else.
                break;
            }
        }
        let names = &symbols.names;
        let name = |f: &Function| &names[f.name_start as usize..f.name_end as usize];
        symbols
            .functions
            .sort_by(|a, b| a.start.cmp(&b.start).then_with(|| name(a).cmp(name(b))));
        symbols.functions.dedup_by_key(|function| function.start);
        symbols.core = core.range();
        Ok(symbols)
    }

    #[cfg(feature = "fuzzing")]
    pub(super) fn is_sorted(&self) -> bool {
        self.functions.is_sorted_by_key(|function| function.start)
    }

    /// Keeps a line that states a function: `ffffffff81000000 T _stext`, of modules with `[name]`
    /// behind. Without permission all addresses are 0.
    fn push(&mut self, line: &[u8], core: &mut Core) {
        let mut words = line.split(|byte| matches!(byte, b' ' | b'\t'));
        let (Some(start), Some(kind), Some(name)) = (
            words.next().and_then(hexadecimal),
            words.next(),
            words.next(),
        ) else {
            return;
        };
        core.see(start, name);
        if !matches!(kind, b"t" | b"T" | b"w" | b"W") {
            return;
        }
        let Ok(name) = str::from_utf8(name) else {
            return;
        };
        if start == 0 || name.is_empty() {
            return;
        }
        let name_start = self.names.len() as u32;
        self.names.push_str(name);
        self.functions.push(Function {
            start,
            name_start,
            name_end: self.names.len() as u32,
        });
    }

    /// Those of the running kernel where a capture was made since it booted; the kernel lies
    /// elsewhere after each boot.
    pub(super) fn since(
        captured_at: jiff::Timestamp,
        machine: &MachineKey,
        cache_folder: Option<&Path>,
    ) -> Self {
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let booted = booted_at().is_some_and(|booted| booted <= captured_at.as_second());
        if !booted || release.trim() != machine.kernel {
            return Self::default();
        }
        cache_folder
            .and_then(kernel_cache::load)
            .unwrap_or_else(|| {
                let symbols = Self::now();
                if let Some(folder) = cache_folder {
                    kernel_cache::save(folder, &symbols);
                }
                symbols
            })
    }

    pub(super) fn lookup(&mut self, addresses: &[u64]) -> Vec<Vec<Symbol>> {
        let is_elsewhere = |address: &u64| !self.core.as_ref().is_some_and(|c| c.contains(address));
        if !self.is_whole && self.core.is_some() && addresses.iter().any(is_elsewhere) {
            // Modules and BPF programs.
            let whole = Self::now();
            if whole.functions.is_empty() {
                self.is_whole = true;
            } else {
                *self = whole;
            }
        }
        addresses
            .iter()
            .map(|address| self.name(*address))
            .collect()
    }

    fn name(&self, address: u64) -> Vec<Symbol> {
        let after = self
            .functions
            .partition_point(|function| function.start <= address);
        let function = self.functions[..after].last();
        function
            .map(|function| vec![bare_symbol(self.name_of(function))])
            .unwrap_or_default()
    }

    pub(super) fn name_of(&self, function: &Function) -> &str {
        &self.names[function.name_start as usize..function.name_end as usize]
    }
}

/// The symbols between which the kernel's own functions lie.
#[derive(Debug, Default)]
struct Core {
    start: u64,
    end: u64,
}

impl Core {
    fn see(&mut self, address: u64, name: &[u8]) {
        match name {
            b"_stext" => self.start = address,
            b"_etext" => self.end = address,
            _ => {}
        }
    }

    fn range(&self) -> Option<Range<u64>> {
        (0 < self.start && self.start < self.end).then_some(self.start..self.end)
    }
}

/// A number of up to 16 hexadecimal digits.
fn hexadecimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 16 {
        return None;
    }
    digits.iter().try_fold(0, |number, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(number << 4 | u64::from(digit))
    })
}

/// When the machine booted, Unix seconds (`btime` of `/proc/stat`).
fn booted_at() -> Option<i64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let line = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_get_the_function_that_begins_before_them() {
        let kernel = KernelSymbols::read(
            "ffffffff81000000 T _stext\nffffffff81000100 t do_work\nffffffff81000180 d data\n\
             ffffffffc0000000 t helper\t[module]\nffffffff81000100 t __alias"
                .as_bytes(),
        )
        .unwrap();
        let name = |address| {
            kernel
                .name(address)
                .into_iter()
                .map(|s| s.name)
                .collect::<String>()
        };
        assert_eq!(name(0xffff_ffff_8100_01a0), "__alias");
        assert_eq!(name(0xffff_ffff_8100_0099), "_stext");
        assert_eq!(name(0xffff_ffff_c000_0010), "helper");
        assert_eq!(name(0x1000), "");
    }

    #[test]
    fn hidden_addresses_name_nothing() {
        let hidden = "0000000000000000 T _stext\n0000000000000000 t do_work\n";
        let kernel = KernelSymbols::read(hidden.as_bytes()).unwrap();
        assert!(kernel.functions.is_empty());
    }

    #[test]
    fn lines_that_arrive_in_pieces_are_read_whole() {
        struct Pieces<'a>(&'a [u8]);
        impl Read for Pieces<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let length = self.0.len().min(7).min(buffer.len());
                let (now, later) = self.0.split_at(length);
                buffer[..length].copy_from_slice(now);
                self.0 = later;
                Ok(length)
            }
        }
        let lines: Vec<String> = (1..9000)
            .map(|number| format!("ffffffff{:08x} t function_{number}\n", number * 16))
            .collect();
        let text = lines.concat();
        let kernel = KernelSymbols::read(Pieces(text.as_bytes())).unwrap();
        assert_eq!(kernel.functions.len(), 8999);
        let last = kernel.name(0xffff_ffff_0000_0000 + 8999 * 16 + 3);
        assert_eq!(last[0].name, "function_8999");
    }

    #[test]
    fn what_has_no_lines_is_left_after_a_piece() {
        let kernel = KernelSymbols::read(io::repeat(b'f')).unwrap();
        assert!(kernel.functions.is_empty());
    }

    #[test]
    fn a_capture_from_before_the_boot_or_another_kernel_gets_no_names() {
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let mut machine = crate::profile::testing::header().machine;
        machine.kernel = kernel.trim().to_owned();
        assert!(
            KernelSymbols::since(jiff::Timestamp::UNIX_EPOCH, &machine, None)
                .functions
                .is_empty()
        );
        machine.kernel = "0.0.1".into();
        assert!(
            KernelSymbols::since(jiff::Timestamp::now(), &machine, None)
                .functions
                .is_empty()
        );
    }
}
