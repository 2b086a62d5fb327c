//! Opens the files behind a target's mappings once each, also when they were deleted or replaced.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{image::Image, maps::Mapping, recorded::RecordedFiles};
use crate::capture::{
    interpreters::PythonBinary,
    model::{Module, ModuleKind},
};

/// A file, or other code, as one or more mappings refer to it.
#[derive(Debug)]
pub(super) struct LoadedModule {
    /// What the capture file says of it.
    pub(super) module: Module,
    /// What unwinding needs, where the file could be read and is an ELF file.
    pub(super) image: Option<Image>,
    /// The Python interpreter that it holds.
    pub(super) python: Option<Arc<PythonBinary>>,
}

type FileKey = ((u32, u32), u64, String);

/// When more files are held, those that nothing maps any more are let go: a program that loads new
/// libraries without end must not fill memory and descriptors.
const MOST_FILES: usize = 1_024;

/// Every file that was opened so far.
#[derive(Clone, Debug)]
pub(super) struct Files {
    target: u32,
    loaded: HashMap<FileKey, Arc<LoadedModule>>,
    vdso: Option<Arc<LoadedModule>>,
    /// What a recording of another tool says of its files; `None` for processes that run.
    recorded: Option<Arc<RecordedFiles>>,
}

impl Files {
    /// Nothing opened yet.
    pub(super) fn new(target: u32) -> Self {
        Self {
            target,
            loaded: HashMap::new(),
            vdso: None,
            recorded: None,
        }
    }

    /// Files of a recording that another tool made.
    pub(super) fn recorded(recorded: RecordedFiles) -> Self {
        Self {
            recorded: Some(Arc::new(recorded)),
            ..Self::new(0)
        }
    }

    /// The module behind a mapping of process `pid`.
    pub(super) fn load(&mut self, pid: u32, mapping: &Mapping) -> Arc<LoadedModule> {
        if mapping.is_vdso() {
            return self
                .vdso
                .get_or_insert_with(|| Arc::new(load_vdso(self.recorded.as_deref())))
                .clone();
        }
        if !mapping.is_file() {
            return Arc::new(run_time_code(pid, self.target));
        }
        let key = (mapping.device, mapping.inode, mapping.path.clone());
        if let Some(loaded) = self.loaded.get(&key) {
            return loaded.clone();
        }
        let loaded = match &self.recorded {
            Some(recorded) => recorded.load(mapping),
            None => load_file(pid, mapping).unwrap_or_else(|| run_time_code(pid, self.target)),
        };
        let loaded = Arc::new(loaded);
        if self.loaded.len() >= MOST_FILES {
            self.loaded
                .retain(|_, loaded| Arc::strong_count(loaded) > 1);
        }
        self.loaded.insert(key, loaded.clone());
        loaded
    }
}

fn run_time_code(pid: u32, target: u32) -> LoadedModule {
    // Addresses of code made at run time mean something in their own process alone.
    let path = if pid == target {
        "[jit]".to_owned()
    } else {
        format!("[jit:{pid}]")
    };
    let module = Module {
        kind: ModuleKind::Jit,
        path,
        build_id: Vec::new(),
        deleted: false,
    };
    LoadedModule {
        module,
        image: None,
        python: None,
    }
}

fn load_vdso(recorded: Option<&RecordedFiles>) -> LoadedModule {
    let own = read_own_vdso().ok();
    let image = own.as_deref().and_then(Image::from_memory);
    // Another kernel's looks different.
    let image = image.filter(|image| recorded.is_none_or(|files| files.is_vdso(image)));
    let module = Module {
        kind: ModuleKind::Vdso,
        path: "[vdso]".to_owned(),
        build_id: image
            .as_ref()
            .map(|image| image.build_id.clone())
            .unwrap_or_default(),
        deleted: false,
    };
    LoadedModule {
        module,
        image,
        python: None,
    }
}

/// The kernel maps the same vDSO into every process, so ours serves for all.
fn read_own_vdso() -> io::Result<Vec<u8>> {
    let mapping = super::maps::read(std::process::id())?
        .into_iter()
        .find(Mapping::is_vdso)
        .ok_or(io::ErrorKind::NotFound)?;
    let mut bytes = vec![0; (mapping.range.end - mapping.range.start) as usize];
    let mut memory = File::open("/proc/self/mem")?;
    memory.seek(SeekFrom::Start(mapping.range.start))?;
    memory.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// `None` where it is memory that bears a name, and no ELF file.
fn load_file(pid: u32, mapping: &Mapping) -> Option<LoadedModule> {
    let (path, marked_deleted) = mapping.clean_path();
    let opened = open(pid, mapping);
    let replaced = opened.as_ref().is_some_and(|(_, by_path)| !by_path)
        && std::fs::metadata(path_in_root(pid, path))
            .map_or(true, |metadata| metadata.ino() != mapping.inode);
    let mut python = opened
        .as_ref()
        .and_then(|(file, _)| PythonBinary::of_file(path, file));
    let image = opened.and_then(|(file, _)| Image::from_file(file));
    if let (Some(python), Some(image)) = (&mut python, &image) {
        python.add_split_parts(|address| super::cfi::part_at(image, address));
    }
    if image.is_none() && path.starts_with("/memfd:") {
        return None;
    }
    let module = Module {
        kind: ModuleKind::File,
        path: path.to_owned(),
        build_id: image
            .as_ref()
            .map(|image| image.build_id.clone())
            .unwrap_or_default(),
        deleted: marked_deleted || replaced,
    };
    Some(LoadedModule {
        module,
        image,
        python: python.map(Arc::new),
    })
}

/// Opens the very file that is mapped, and says whether it was found by its path.
fn open(pid: u32, mapping: &Mapping) -> Option<(File, bool)> {
    let (path, deleted) = mapping.clean_path();
    let same_inode = |file: &File| file.metadata().is_ok_and(|m| m.ino() == mapping.inode);
    let by_path = || File::open(path_in_root(pid, path)).ok();
    // The process may be gone already; what it mapped is mostly still in its place.
    let in_place = || {
        by_path()
            .filter(same_inode)
            .or_else(|| File::open(path).ok().filter(same_inode))
    };
    if !deleted && let Some(file) = in_place() {
        return Some((file, true));
    }
    let range = &mapping.range;
    let by_mapping = format!("/proc/{pid}/map_files/{:x}-{:x}", range.start, range.end);
    // `map_files` wants a privilege; `exe` does not, and serves the main executable.
    let held = [
        PathBuf::from(by_mapping),
        PathBuf::from(format!("/proc/{pid}/exe")),
    ]
    .iter()
    .find_map(|path| File::open(path).ok().filter(same_inode))
    .map(|file| (file, false));
    // Layered file systems state other inodes for a mapping than for its path.
    held.or_else(|| by_path().filter(|_| !deleted).map(|file| (file, true)))
}

fn path_in_root(pid: u32, path: &str) -> PathBuf {
    let root = PathBuf::from(format!("/proc/{pid}/root"));
    root.join(Path::new(path).strip_prefix("/").unwrap_or(Path::new(path)))
}
