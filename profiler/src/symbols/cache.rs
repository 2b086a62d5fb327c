//! Names on disk, kept across captures: one file per build id and per set of debug files.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};

use crate::capture::model::Symbol;

/// Version of the format, and of the way in which names are made: a change of either gets a
/// folder of its own.
const FOLDER: &str = "v1";
const MAGIC: &[u8; 8] = b"scrsyms1";
/// Magic, CRC-32 of the rest, size of the unpacked rest.
const HEAD_BYTES: usize = 8 + 4 + 8;
/// Ending of the files.
const EXTENSION: &str = "symbols";
/// Largest size to which one file is unpacked, bytes.
const LARGEST_ENTRY_BYTES: u64 = 128 << 20;
/// Addresses of one module that are kept; what is looked up beyond them is looked up each time. This
/// bounds the memory of a long capture's lookup, as the size bounds the file.
const MOST_ADDRESSES: usize = 50_000;
/// Size of all files together beyond which the oldest go, bytes.
const LARGEST_CACHE_BYTES: u64 = 256 << 20;
/// Age at which a file that is read is marked as used again.
const TOUCH_AGE: Duration = Duration::from_hours(1);
/// Age at which a file that was not finished is left over from a crash.
const LEFT_OVER_AGE: Duration = Duration::from_hours(1);

/// Folder of cached symbols: `$XDG_CACHE_HOME/scrutineer/symbols`, else below `~/.cache`; `None`
/// where neither is known.
pub fn default_cache_folder() -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(cache.join("scrutineer/symbols"))
}

/// The names of one module, as far as they were looked up before.
#[derive(Debug)]
pub(super) struct CachedModule {
    path: PathBuf,
    known: BTreeMap<u64, Vec<Symbol>>,
    is_changed: bool,
    /// Of the file when it was read.
    modified: Option<SystemTime>,
}

/// What a file holds.
#[derive(Default, Serialize, Deserialize)]
struct Stored {
    /// Names and paths; the symbols refer to their positions.
    texts: Vec<String>,
    /// Sorted.
    addresses: Vec<u64>,
    /// Of each address, innermost first.
    symbols: Vec<Vec<StoredSymbol>>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct StoredSymbol {
    name: u32,
    file: u32,
    line: u32,
    inlined: bool,
}

impl CachedModule {
    /// Reads what is known of a module; nothing where the file is missing or damaged.
    pub(super) fn open(folder: &Path, build_id: &str, fingerprint: &str) -> Self {
        let name = format!("{build_id}-{fingerprint}.{EXTENSION}");
        let path = folder.join(FOLDER).join(name);
        let mut module = Self {
            path,
            known: BTreeMap::new(),
            is_changed: false,
            modified: None,
        };
        touch(&module.path);
        module.refresh();
        module
    }

    /// Reads what others have added since the last look.
    pub(super) fn refresh(&mut self) {
        let modified = fs::metadata(&self.path).and_then(|m| m.modified()).ok();
        if modified.is_some() && modified != self.modified {
            self.modified = modified;
            for (address, symbols) in read(&self.path).unwrap_or_default() {
                self.known.entry(address).or_insert(symbols);
            }
        }
    }

    pub(super) fn get(&self, address: u64) -> Option<&Vec<Symbol>> {
        self.known.get(&address)
    }

    /// Keeps the names of an address, as long as there are not too many.
    pub(super) fn insert(&mut self, address: u64, symbols: Vec<Symbol>) {
        if self.known.len() < MOST_ADDRESSES {
            self.known.insert(address, symbols);
            self.is_changed = true;
        }
    }

    /// Writes what was added, with what others have added meanwhile.
    pub(super) fn save(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.is_changed) {
            return Ok(());
        }
        let folder = self.path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        make_folder(folder)?;
        // Without the lock one of two writers would lose what it added: no more than time.
        let lock = File::create(folder.join("lock"))?;
        match lock.lock() {
            Err(error) if error.kind() != io::ErrorKind::Unsupported => return Err(error),
            _ => {}
        }
        for (address, symbols) in read(&self.path).unwrap_or_default() {
            self.known.entry(address).or_insert(symbols);
        }
        let Some(bytes) = pack(&self.known) else {
            return Ok(());
        };
        write_whole(&self.path, &bytes)?;
        prune(folder, LARGEST_CACHE_BYTES, &self.path);
        Ok(())
    }
}

fn read(path: &Path) -> Option<BTreeMap<u64, Vec<Symbol>>> {
    let file = File::open(path).ok()?;
    let mut bytes = Vec::new();
    file.take(LARGEST_ENTRY_BYTES + 1)
        .read_to_end(&mut bytes)
        .ok()?;
    unpack(&bytes)
}

pub(super) fn unpack(bytes: &[u8]) -> Option<BTreeMap<u64, Vec<Symbol>>> {
    let (head, rest) = bytes.split_at_checked(HEAD_BYTES)?;
    let (magic, head) = head.split_at(MAGIC.len());
    let (crc, size) = head.split_first_chunk::<4>()?;
    let size = u64::from_le_bytes(size.try_into().ok()?);
    let is_whole = magic == MAGIC
        && size <= LARGEST_ENTRY_BYTES
        && crc32fast::hash(rest) == u32::from_le_bytes(*crc);
    if !is_whole {
        return None;
    }
    let unpacked = lz4_flex::block::decompress(rest, size as usize).ok()?;
    let stored: Stored = postcard::from_bytes(&unpacked).ok()?;
    if stored.addresses.len() != stored.symbols.len() {
        return None;
    }
    let text = |id: u32| stored.texts.get(id as usize).cloned();
    let symbol = |s: &StoredSymbol| {
        Some(Symbol {
            name: text(s.name)?,
            file: text(s.file)?,
            line: s.line,
            inlined: s.inlined,
        })
    };
    let symbols = |symbols: &Vec<StoredSymbol>| symbols.iter().map(symbol).collect::<Option<_>>();
    let rows = stored.addresses.iter().zip(&stored.symbols);
    rows.map(|(address, row)| Some((*address, symbols(row)?)))
        .collect()
}

/// `None` where it would be too large to be read again.
fn pack(known: &BTreeMap<u64, Vec<Symbol>>) -> Option<Vec<u8>> {
    let mut stored = Stored::default();
    let mut ids: BTreeMap<&str, u32> = BTreeMap::new();
    for (address, symbols) in known {
        let mut id = |text| {
            *ids.entry(text).or_insert_with(|| {
                stored.texts.push(String::from(text));
                stored.texts.len() as u32 - 1
            })
        };
        let row = symbols.iter().map(|symbol| StoredSymbol {
            name: id(&symbol.name),
            file: id(&symbol.file),
            line: symbol.line,
            inlined: symbol.inlined,
        });
        let row = row.collect();
        stored.symbols.push(row);
        stored.addresses.push(*address);
    }
    let unpacked = postcard::to_stdvec(&stored).ok()?;
    if unpacked.len() as u64 > LARGEST_ENTRY_BYTES {
        return None;
    }
    let packed = lz4_flex::block::compress(&unpacked);
    let mut bytes = Vec::with_capacity(HEAD_BYTES + packed.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&crc32fast::hash(&packed).to_le_bytes());
    bytes.extend_from_slice(&(unpacked.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&packed);
    Some(bytes)
}

/// Makes a folder that nobody else may look into, where it is not there.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

/// Replaces a file whole: readers see the old one or the new one.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let partial = path.with_extension(format!("{}-{number}.part", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&partial)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        // A full disk must not be kept full.
        let _ = fs::remove_file(&partial);
    }
    written
}

/// Marks a file as used, so that it is not among the first to go.
fn touch(path: &Path) {
    let is_old = |modified: SystemTime| modified.elapsed().is_ok_and(|age| age > TOUCH_AGE);
    let file = OpenOptions::new().append(true).open(path);
    let Ok(file) = file else { return };
    let modified = file.metadata().and_then(|metadata| metadata.modified());
    if modified.is_ok_and(is_old) {
        // One that cannot be marked goes earlier.
        let _ = file.set_modified(SystemTime::now());
    }
}

/// Removes the files that were not used for longest until all fit, but never `kept`.
fn prune(folder: &Path, most_bytes: u64, kept: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let mut files = Vec::new();
    for entry in entries.flatten() {
        let (path, Ok(metadata)) = (entry.path(), entry.metadata()) else {
            continue;
        };
        let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let extension = path.extension().and_then(|extension| extension.to_str());
        let is_left_over =
            extension == Some("part") && modified.elapsed().is_ok_and(|age| age > LEFT_OVER_AGE);
        if is_left_over {
            let _ = fs::remove_file(&path);
        } else if extension == Some(EXTENSION) {
            files.push((modified, metadata.len(), path));
        }
    }
    files.sort();
    let mut total: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
    for (_, bytes, path) in files {
        if total <= most_bytes {
            break;
        }
        if path != kept && fs::remove_file(&path).is_ok() {
            total -= bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbols::bare_symbol;

    fn symbol(name: &str) -> Vec<Symbol> {
        let inlined = Symbol {
            name: format!("{name}::inner"),
            file: "src/a.rs".into(),
            line: 7,
            inlined: true,
        };
        vec![inlined, bare_symbol(name)]
    }

    #[test]
    fn names_are_there_again_and_with_another_set_of_debug_files_are_not() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut module = CachedModule::open(folder.path(), "ab12", "first");
        module.insert(0x1000, symbol("serve"));
        module.insert(0x2000, Vec::new());
        module.save().expect("it can be written");
        let again = CachedModule::open(folder.path(), "ab12", "first");
        assert_eq!(again.get(0x1000), Some(&symbol("serve")));
        assert_eq!(again.get(0x2000), Some(&Vec::new()));
        assert_eq!(again.get(0x3000), None);
        for (build_id, fingerprint) in [("ab12", "second"), ("ab13", "first")] {
            let other = CachedModule::open(folder.path(), build_id, fingerprint);
            assert_eq!(other.get(0x1000), None);
        }
    }

    #[test]
    fn a_damaged_file_is_ignored_and_rebuilt() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut module = CachedModule::open(folder.path(), "ab12", "f");
        module.insert(0x1000, symbol("serve"));
        module.save().expect("it can be written");
        let whole = fs::read(&module.path).expect("it was written");
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x10;
            fs::write(&module.path, &damaged).expect("it can be written");
            let read = CachedModule::open(folder.path(), "ab12", "f");
            assert!(
                read.get(0x1000)
                    .is_none_or(|found| *found == symbol("serve"))
            );
            fs::write(&module.path, &whole[..at]).expect("it can be written");
            let read = CachedModule::open(folder.path(), "ab12", "f");
            assert_eq!(read.get(0x1000), None, "cut at {at}");
        }
        let mut read = CachedModule::open(folder.path(), "ab12", "f");
        read.insert(0x2000, symbol("other"));
        read.save().expect("it can be written");
        let again = CachedModule::open(folder.path(), "ab12", "f");
        assert_eq!(again.get(0x2000), Some(&symbol("other")));
    }

    #[test]
    fn writers_at_the_same_time_lose_nothing_that_another_wrote() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::thread::scope(|scope| {
            for writer in 0..8_u64 {
                let folder = folder.path();
                scope.spawn(move || {
                    for step in 0..8_u64 {
                        let mut module = CachedModule::open(folder, "ab12", "f");
                        module.insert(writer * 100 + step, symbol("name"));
                        module.save().expect("it can be written");
                    }
                });
            }
        });
        let module = CachedModule::open(folder.path(), "ab12", "f");
        assert_eq!(module.known.len(), 64);
        let entries = fs::read_dir(folder.path().join(FOLDER)).expect("it is there");
        assert_eq!(entries.count(), 2, "the file and the lock");
    }

    #[test]
    fn the_files_that_were_not_used_for_longest_go_first() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut paths = Vec::new();
        for age in [3_u64, 1, 2] {
            let path = folder.path().join(format!("{age}.{EXTENSION}"));
            fs::write(&path, [0; 100]).expect("it can be written");
            let file = File::options()
                .append(true)
                .open(&path)
                .expect("it is there");
            let then = SystemTime::now() - Duration::from_secs(age * 1_000);
            file.set_modified(then).expect("it is ours");
            paths.push(path);
        }
        prune(folder.path(), 200, Path::new("/none"));
        assert_eq!(
            paths.iter().map(|path| path.exists()).collect::<Vec<_>>(),
            [false, true, true]
        );
        prune(folder.path(), 0, &paths[2]);
        assert_eq!(
            paths.iter().map(|path| path.exists()).collect::<Vec<_>>(),
            [false, false, true]
        );
    }
}
