//! The kernel's own functions on disk, so that they are read once per boot: making `/proc/kallsyms`
//! takes the kernel some tens of milliseconds each time.
//!
//! Kept are functions between `_stext` and `_etext` alone, which stay as they are until the next
//! boot; those of modules and of BPF programs come and go.
//!
//! The file: magic, CRC-32 of the rest, start and end of the range, number of functions, of each its
//! start (`u64`) and the end of its name among all names (`u32`), then the names; little-endian.

use std::{fs, ops::Range, path::Path};

use super::{
    cache,
    kernel::{Function, KernelSymbols},
};

const MAGIC: &[u8; 8] = b"scrkern1";
const HEAD_BYTES: usize = 8 + 4 + 8 + 8 + 4;
const ROW_BYTES: usize = 12;
/// Larger files are none of ours.
const LARGEST_BYTES: u64 = 64 << 20;

/// What an earlier capture of this boot has kept.
pub(super) fn load(folder: &Path) -> Option<KernelSymbols> {
    let path = folder.join(name()?);
    if fs::metadata(&path).ok()?.len() > LARGEST_BYTES {
        return None;
    }
    unpack(&fs::read(path).ok()?)
}

/// Keeps the kernel's own functions for later captures, and forgets those of earlier boots. What
/// cannot be written is read again.
pub(super) fn save(folder: &Path, symbols: &KernelSymbols) {
    let (Some(name), Some(bytes)) = (name(), pack(symbols)) else {
        return;
    };
    if cache::make_folder(folder).is_err() {
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(|other| {
            other.starts_with("kernel-") && other.ends_with(".functions") && other != name
        });
        if is_ours {
            let _ = fs::remove_file(entry.path());
        }
    }
    let _ = cache::write_whole(&folder.join(name), &bytes);
}

fn name() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let boot = boot.trim();
    let is_id = !boot.is_empty() && boot.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    is_id.then(|| format!("kernel-{boot}.functions"))
}

/// `None` where the range is unknown, or nothing lies in it.
fn pack(symbols: &KernelSymbols) -> Option<Vec<u8>> {
    let core = symbols.core.as_ref()?;
    let inside = |function: &&Function| core.contains(&function.start);
    let functions: Vec<&Function> = symbols.functions.iter().filter(inside).collect();
    if functions.is_empty() {
        return None;
    }
    let mut names = String::new();
    let mut rest = Vec::with_capacity(HEAD_BYTES + functions.len() * ROW_BYTES);
    rest.extend_from_slice(&core.start.to_le_bytes());
    rest.extend_from_slice(&core.end.to_le_bytes());
    rest.extend_from_slice(&(functions.len() as u32).to_le_bytes());
    for function in functions {
        names.push_str(symbols.name_of(function));
        rest.extend_from_slice(&function.start.to_le_bytes());
        rest.extend_from_slice(&(names.len() as u32).to_le_bytes());
    }
    rest.extend_from_slice(names.as_bytes());
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&crc32fast::hash(&rest).to_le_bytes());
    bytes.extend_from_slice(&rest);
    Some(bytes)
}

/// `None` for what is damaged.
pub(super) fn unpack(bytes: &[u8]) -> Option<KernelSymbols> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (crc, rest) = rest.split_first_chunk::<4>()?;
    if crc32fast::hash(rest) != u32::from_le_bytes(*crc) {
        return None;
    }
    let (start, rest) = rest.split_first_chunk::<8>()?;
    let (end, rest) = rest.split_first_chunk::<8>()?;
    let core = u64::from_le_bytes(*start)..u64::from_le_bytes(*end);
    let (count, rest) = rest.split_first_chunk::<4>()?;
    let count = u32::from_le_bytes(*count) as usize;
    let (rows, names) = rest.split_at_checked(count.checked_mul(ROW_BYTES)?)?;
    let names = str::from_utf8(names).ok()?;
    let functions = functions(rows, names, &core)?;
    Some(KernelSymbols {
        functions,
        names: names.to_owned(),
        core: Some(core),
        is_whole: false,
    })
}

/// `None` unless all are in order, in the range, and have names.
fn functions(rows: &[u8], names: &str, core: &Range<u64>) -> Option<Vec<Function>> {
    let mut name_start = 0;
    let mut last = None;
    rows.chunks_exact(ROW_BYTES)
        .map(|row| {
            let start = u64::from_le_bytes(row[..8].try_into().ok()?);
            let name_end = u32::from_le_bytes(row[8..].try_into().ok()?);
            names.get(name_start as usize..name_end as usize)?;
            let is_next = last.is_none_or(|last| last < start);
            last = Some(start);
            let function = Function {
                start,
                name_start: std::mem::replace(&mut name_start, name_end),
                name_end,
            };
            (is_next && core.contains(&start)).then_some(function)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "ffffffff81000000 T _stext\nffffffff81000100 t do_work\n\
        ffffffff81000180 d data\nffffffff81000200 T _etext\nffffffffc0000000 t helper\t[module]\n";

    fn symbols() -> KernelSymbols {
        KernelSymbols::read(TEXT.as_bytes()).unwrap()
    }

    #[test]
    fn the_kernels_own_functions_come_back_and_those_of_modules_do_not() {
        let back = unpack(&pack(&symbols()).unwrap()).unwrap();
        assert!(!back.is_whole);
        assert_eq!(
            back.core,
            Some(0xffff_ffff_8100_0000..0xffff_ffff_8100_0200)
        );
        let names: Vec<_> = back.functions.iter().map(|f| back.name_of(f)).collect();
        assert_eq!(names, ["_stext", "do_work"]);
    }

    #[test]
    fn what_is_damaged_is_refused() {
        let bytes = pack(&symbols()).unwrap();
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert!(unpack(&damaged).is_none(), "byte {at}");
            assert!(unpack(&bytes[..at]).is_none(), "length {at}");
        }
    }

    #[test]
    fn a_kernel_that_hides_its_addresses_is_not_kept() {
        let hidden: Vec<String> = TEXT
            .lines()
            .map(|line| format!("{:016x}{}\n", 0, &line[16..]))
            .collect();
        let hidden = hidden.concat();
        let symbols = KernelSymbols::read(hidden.as_bytes()).unwrap();
        assert!(pack(&symbols).is_none());
    }

    #[test]
    fn the_next_capture_finds_what_was_kept_and_older_boots_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("symbols");
        fs::create_dir(&folder).unwrap();
        let older = folder.join("kernel-00000000-0000-0000-0000-000000000000.functions");
        fs::write(&older, "old").unwrap();
        assert!(load(&folder).is_none());
        save(&folder, &symbols());
        assert_eq!(load(&folder).unwrap().functions.len(), 2);
        assert!(!older.exists());
    }
}
