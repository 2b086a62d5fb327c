//! Finds the very file that was mapped, or none.

use std::{
    fs,
    os::{linux::fs::MetadataExt as _, unix::fs::MetadataExt as _},
    path::{Path, PathBuf},
};

use object::Object as _;

use crate::capture::model::Module;

/// A file that holds a module's code, and where its debug files may lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Located {
    /// Path to open.
    pub(super) path: PathBuf,
    /// Folders in which separate debug files are looked for.
    pub(super) debug_folders: Vec<PathBuf>,
}

/// Finds a module's file: below the target's root, by its mapping (which outlives the file's
/// name), and by its own path.
pub(super) fn find(
    pid: u32,
    module: &Module,
    captured_at: Option<jiff::Timestamp>,
) -> Option<Located> {
    let path = without_mark(&module.path);
    if !path.starts_with('/') {
        return None;
    }
    let root = PathBuf::from(format!("/proc/{pid}/root"));
    let in_root = root.join(&path[1..]);
    let mapping = mapping(pid, path);
    let mut candidates = vec![in_root.clone()];
    candidates.extend(mapping.as_ref().map(|mapping| mapping.file.clone()));
    let executable = PathBuf::from(format!("/proc/{pid}/exe"));
    let is_executable = |target: PathBuf| target.to_str().is_some_and(|t| without_mark(t) == path);
    if fs::read_link(&executable).is_ok_and(is_executable) {
        candidates.push(executable);
    }
    candidates.push(PathBuf::from(path));
    let inode = mapping.map(|mapping| mapping.inode);
    let debug_folders = debug_folders(&root, &in_root, path);
    let path = candidates
        .into_iter()
        .find(|file| is_it(file, module, inode, captured_at))?;
    Some(Located {
        path,
        debug_folders,
    })
}

/// A path as it was before the kernel marked it as deleted.
fn without_mark(path: &str) -> &str {
    path.strip_suffix(" (deleted)").unwrap_or(path)
}

/// Whether `file` is what was mapped.
fn is_it(
    file: &Path,
    module: &Module,
    mapped_inode: Option<u64>,
    captured_at: Option<jiff::Timestamp>,
) -> bool {
    let Ok(metadata) = fs::metadata(file) else {
        return false;
    };
    if !metadata.is_file() {
        return false;
    }
    if !module.build_id.is_empty() {
        return build_id(file).is_some_and(|id| id == module.build_id);
    }
    if let Some(inode) = mapped_inode {
        return metadata.ino() == inode;
    }
    // The mapping is gone and the file bears no id: only one that has not been touched since will
    // do. The time of the last change of the inode sees renames too, unlike the modification's.
    !module.deleted
        && captured_at.is_some_and(|captured_at| metadata.st_ctime() < captured_at.as_second())
}

/// Build id of an ELF file; `None` where it has none or cannot be read.
fn build_id(file: &Path) -> Option<Vec<u8>> {
    let file = fs::File::open(file).ok()?;
    let cache = object::ReadCache::new(file);
    let elf = object::File::parse(&cache).ok()?;
    elf.build_id().ok().flatten().map(<[u8]>::to_vec)
}

struct Mapping {
    /// `/proc/PID/map_files/<start>-<end>`.
    file: PathBuf,
    inode: u64,
}

/// The first mapping of `path` in `/proc/PID/maps`.
fn mapping(pid: u32, path: &str) -> Option<Mapping> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).ok()?;
    maps.lines().find_map(|line| {
        // address, permissions, offset, device, inode, path
        let mut rest = line;
        let mut field = || {
            let (field, after) = rest.trim_start().split_once(' ')?;
            rest = after;
            Some(field)
        };
        let (range, _, _, _, inode) = (field()?, field()?, field()?, field()?, field()?);
        if without_mark(rest.trim_start()) != path {
            return None;
        }
        // The link's name has no leading zeros, unlike the line's.
        let (start, end) = range.split_once('-')?;
        let start = u64::from_str_radix(start, 16).ok()?;
        let end = u64::from_str_radix(end, 16).ok()?;
        let file = PathBuf::from(format!("/proc/{pid}/map_files/{start:x}-{end:x}"));
        Some(Mapping {
            file,
            inode: inode.parse().ok()?,
        })
    })
}

/// Folders of separate debug files, as gdb searches them: beside the file, in `.debug` below, and
/// the system's, first the target's own.
fn debug_folders(root: &Path, in_root: &Path, path: &str) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for file in [in_root, Path::new(path)] {
        if let Some(folder) = file.parent() {
            folders.extend([folder.join(".debug"), folder.to_path_buf()]);
        }
    }
    folders.extend([root.join("usr/lib/debug"), PathBuf::from("/usr/lib/debug")]);
    folders.retain(|folder| folder.is_dir());
    folders
}
