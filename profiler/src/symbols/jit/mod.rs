//! Names of code made at run time, per process: from jitdump files and from perf maps.

mod code_map;
mod dump;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod perf_map;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use self::{dump::Dump, perf_map::PerfMap};
use super::locate::without_mark;
use crate::{
    capture::model::{Module, ModuleKind, Symbol},
    process,
};

/// Jitdump files of one process, at most.
const MOST_DUMPS: usize = 16;

/// What the processes of a capture say of the code that they made.
#[derive(Debug, Default)]
pub(super) struct JitSymbols {
    by_pid: BTreeMap<u32, JitProcess>,
}

#[derive(Debug)]
struct JitProcess {
    map: PerfMap,
    /// By the path that the process mapped.
    dumps: BTreeMap<PathBuf, Dump>,
    /// The pid that the process sees itself; kept when it has ended.
    inner_pid: u32,
    /// Its user; kept when it has ended.
    owner: Option<u32>,
}

impl JitSymbols {
    /// Reads what a process has written so far, so that it is known when the process has ended.
    pub(super) fn hold(&mut self, pid: u32, modules: &[Module]) {
        let process = self.by_pid.entry(pid);
        process
            .or_insert_with(|| JitProcess::new(pid))
            .refresh(pid, modules);
    }

    /// Names of code that process `pid` made; `modules` are all of the capture, among which may be
    /// mapped jitdump files.
    pub(super) fn lookup(
        &mut self,
        pid: u32,
        modules: &[Module],
        addresses: &[u64],
    ) -> Vec<Vec<Symbol>> {
        self.hold(pid, modules);
        let process = self.by_pid.get(&pid);
        let name = |address: &u64| process?.name(*address);
        let name = |address: &u64| name(address).unwrap_or_default();
        addresses.iter().map(name).collect()
    }
}

impl JitProcess {
    fn new(pid: u32) -> Self {
        Self {
            map: PerfMap::default(),
            dumps: BTreeMap::new(),
            inner_pid: pid,
            owner: None,
        }
    }

    /// Reads what has been added since the last look. Anybody may write to `/tmp`: a file's owner
    /// must be the process's user, or ours where the process was never seen.
    fn refresh(&mut self, pid: u32, modules: &[Module]) {
        let folder = PathBuf::from(format!("/proc/{pid}"));
        if let Some(inner) = process::inner_pid(pid) {
            self.inner_pid = inner;
        }
        if let Ok(metadata) = fs::metadata(&folder) {
            self.owner = Some(metadata.uid());
        }
        let ours = || fs::metadata("/proc/self").ok().map(|m| m.uid());
        let Some(owner) = self.owner.or_else(ours) else {
            return;
        };
        let inner = self.inner_pid;
        let maps = [
            folder.join(format!("root/tmp/perf-{inner}.map")),
            PathBuf::from(format!("/tmp/perf-{pid}.map")),
        ];
        self.map.refresh(&maps, owner);
        let dumps = dumps(&folder, &[inner, pid], modules);
        for (stated, places) in dumps {
            if self.dumps.len() < MOST_DUMPS || self.dumps.contains_key(&stated) {
                self.dumps
                    .entry(stated)
                    .or_default()
                    .refresh(&places, owner);
            }
        }
    }

    fn name(&self, address: u64) -> Option<Vec<Symbol>> {
        let dumped = self.dumps.values().find_map(|dump| dump.name(address));
        let symbol = dumped.or_else(|| self.map.name(address))?;
        Some(vec![symbol])
    }
}

/// Jitdump files: those that the process has mapped, those among the capture's modules, and where
/// runtimes put them. Each with the places from which it may be opened.
fn dumps(folder: &Path, pids: &[u32], modules: &[Module]) -> BTreeMap<PathBuf, Vec<PathBuf>> {
    let names: BTreeSet<String> = pids.iter().map(|pid| format!("jit-{pid}.dump")).collect();
    let is_dump = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| names.contains(name))
    };
    let maps = fs::read(folder.join("maps")).unwrap_or_default();
    let maps = String::from_utf8_lossy(&maps);
    let mapped = maps
        .lines()
        .filter_map(|line| line.find('/').map(|at| &line[at..]));
    let files = modules
        .iter()
        .filter(|module| module.kind == ModuleKind::File);
    let known = mapped.chain(files.map(|module| module.path.as_str()));
    let mut paths: BTreeSet<PathBuf> = known
        .map(|path| PathBuf::from(without_mark(path)))
        .filter(|path| is_dump(path))
        .collect();
    let working = fs::read_link(folder.join("cwd")).unwrap_or_default();
    paths.extend(
        names
            .iter()
            .flat_map(|name| [working.join(name), Path::new("/tmp").join(name)]),
    );
    let places = |path: PathBuf| {
        let inside = path.strip_prefix("/").ok()?;
        let places = vec![folder.join("root").join(inside), path.clone()];
        Some((path, places))
    };
    paths.into_iter().filter_map(places).collect()
}

/// Opens the first of the places that is a regular file of `owner`.
fn open(places: &[PathBuf], owner: u32) -> Option<(fs::File, fs::Metadata)> {
    places.iter().find_map(|place| {
        // Looked at before it is opened: opening a pipe would wait.
        let is_ours = |m: &fs::Metadata| m.is_file() && m.uid() == owner;
        fs::metadata(place).ok().filter(is_ours)?;
        let file = fs::File::open(place).ok()?;
        let metadata = file.metadata().ok().filter(is_ours)?;
        Some((file, metadata))
    })
}
