//! From frames to names, files and lines.

mod cache;
pub mod code;
mod debug_files;
mod debuginfod;
mod demangle;
mod dwarf;
mod elf;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod image;
mod jit;
mod kernel;
mod kernel_cache;
mod locate;
mod table;
mod vdso;
mod workers;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, path::PathBuf};

use self::{
    cache::CachedModule,
    debug_files::Search,
    debuginfod::Questions,
    elf::ElfSymbols,
    locate::{Located, Processes},
    workers::Job,
};
pub use self::{
    cache::default_cache_folder,
    debuginfod::{Debuginfod, DebuginfodAnswers, DebuginfodError},
};
pub(crate) use self::{debug_files::hexadecimal, demangle::demangle};
use crate::{
    capture::model::{Frame, FrameSymbols, Module, ModuleKind, Symbol},
    profile::Profile,
};
pub(crate) use image::uncompress;

/// Where a target's files are found on this machine, and where names may come from.
#[derive(Clone, Debug, Default)]
pub struct SymbolSources {
    /// Pids of the capture, for `/proc/PID/root`, `/proc/PID/map_files`, perf maps and jitdump
    /// files: the target first. Any of them will do for a file that several have mapped.
    pub pids: Vec<u32>,
    /// Folder of the names that earlier captures looked up ([`default_cache_folder`]); `None`
    /// neither reads nor keeps any.
    pub cache_folder: Option<PathBuf>,
    /// Servers that are asked for debug files of modules without symbols; `None` asks nobody.
    pub debuginfod: Option<Debuginfod>,
}

impl SymbolSources {
    /// The files of one process, without a cache and without asking anybody.
    pub fn of(pid: u32) -> Self {
        Self {
            pids: vec![pid],
            ..Self::default()
        }
    }
}

/// Looks frames up in batches, with two threads where there is much to look up.
///
/// Names come from the very file that was mapped or not at all: build ids must be equal, and a
/// file without one must be the mapped inode or unchanged since the capture began.
#[derive(Debug)]
pub struct Symbolizer {
    processes: Processes,
    /// Process whose code is called `[jit]` without a pid.
    target: Option<u32>,
    cache_folder: Option<PathBuf>,
    questions: Option<Questions>,
    answers: DebuginfodAnswers,
    /// When the capture began; `None` while it runs.
    captured_at: Option<jiff::Timestamp>,
    /// Files by module id, `None` where the mapped file is not to be had.
    files: BTreeMap<u32, Option<File>>,
    kernel: Option<kernel::KernelSymbols>,
    vdso: Option<vdso::VdsoSymbols>,
    jit: jit::JitSymbols,
}

/// A module's file.
#[derive(Debug)]
struct File {
    symbols: ElfSymbols,
    cached: Option<CachedModule>,
    /// Whether the servers were asked for its debug file.
    was_asked: bool,
}

/// Whether frames that got no name may still get one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The target runs: code made at run time may be named later, so it is asked for again.
    Live,
    /// The last lookup of the capture.
    Final,
}

impl Symbolizer {
    /// A symbolizer for a target that is captured now, with nothing loaded yet.
    pub fn new(sources: SymbolSources) -> Self {
        Self {
            target: sources.pids.first().copied().filter(|pid| *pid != 0),
            processes: Processes::new(sources.pids),
            cache_folder: sources.cache_folder,
            questions: sources.debuginfod.map(Questions::to),
            answers: DebuginfodAnswers::default(),
            captured_at: None,
            files: BTreeMap::new(),
            kernel: None,
            vdso: None,
            jit: jit::JitSymbols::default(),
        }
    }

    /// A symbolizer for a capture that was made earlier, of whose processes all are looked
    /// through: addresses of the kernel and of code made at run time mean nothing any more where
    /// the machine or the process is another.
    pub fn for_capture(profile: &Profile, sources: SymbolSources) -> Self {
        let mut symbolizer = Self::new(sources);
        symbolizer.finish_with(profile);
        symbolizer
    }

    /// The recording has ended, and this is what it captured: names come from what is held, and
    /// from what is still as it was.
    pub fn finish_with(&mut self, profile: &Profile) {
        let header = &profile.header;
        self.add_processes([header.pid]);
        self.add_processes(pids_of(profile));
        self.target = Some(header.pid).filter(|pid| *pid != 0);
        self.captured_at = Some(header.started_at);
        self.files.retain(|_, file| file.is_some());
        let kernel = kernel::KernelSymbols::since(
            header.started_at,
            &header.machine,
            self.cache_folder.as_deref(),
        );
        self.kernel = Some(kernel);
    }

    /// Opens the files of modules and reads what runtimes wrote, and looks nothing up: they are
    /// there then when the target has ended, or has deleted them.
    pub fn hold(&mut self, modules: &[Module]) {
        for (id, module) in (0..).zip(modules) {
            match module.kind {
                ModuleKind::File if !self.files.contains_key(&id) => {
                    let file = self.open(module);
                    self.files.insert(id, file);
                }
                ModuleKind::Jit => {
                    if let Some(pid) = self.maker_of(module) {
                        self.jit.hold(pid, modules);
                    }
                }
                _ => {}
            }
        }
    }

    /// Adds processes of the capture that were not known before; files that were not found are
    /// looked for again.
    pub fn add_processes(&mut self, pids: impl IntoIterator<Item = u32>) {
        let mut is_any_new = false;
        for pid in pids {
            is_any_new |= self.processes.add(pid);
        }
        if is_any_new {
            self.files.retain(|_, file| file.is_some());
        }
    }

    /// What debuginfod servers were asked, and what came of it.
    pub fn debuginfod_answers(&self) -> DebuginfodAnswers {
        self.answers
    }

    /// Keeps what was looked up for later captures. Dropping the symbolizer does it too, and does
    /// not tell when it fails.
    pub fn save_cache(&mut self) -> std::io::Result<()> {
        let files = self.files.values_mut().flatten();
        for cached in files.filter_map(|file| file.cached.as_mut()) {
            cached.save()?;
        }
        Ok(())
    }

    /// Names of `frames` (ids with their frames), in the order given; a frame that was looked up
    /// in vain has an empty list. Frames of stripped files get `fun_<address>` of their FDE.
    pub fn lookup(&mut self, modules: &[Module], frames: &[(u32, Frame)]) -> Vec<FrameSymbols> {
        let mut found: Vec<FrameSymbols> = frames
            .iter()
            .map(|(frame, _)| FrameSymbols {
                frame: *frame,
                symbols: Vec::new(),
            })
            .collect();
        let mut by_module: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (position, (_, frame)) in frames.iter().enumerate() {
            by_module.entry(frame.module).or_default().push(position);
        }
        let mut jobs = Vec::new();
        for (id, positions) in by_module {
            let Some(module) = modules.get(id as usize) else {
                continue;
            };
            let addresses = positions.iter().map(|p| frames[*p].1.address);
            if module.kind == ModuleKind::File {
                let rows = positions.iter().copied().zip(addresses).collect();
                jobs.extend(self.prepare(id, module, rows, &mut found));
                continue;
            }
            let addresses: Vec<u64> = addresses.collect();
            let names = self.lookup_elsewhere(module, modules, &addresses);
            for (position, symbols) in positions.into_iter().zip(names) {
                found[position].symbols = symbols;
            }
        }
        self.run(jobs, &mut found);
        found
    }

    /// Closes the file of a module, of which nothing will be looked up any more, and keeps its names
    /// for later captures.
    pub fn release(&mut self, module: u32) {
        let file = self.files.remove(&module).flatten();
        if let Some(mut cached) = file.and_then(|file| file.cached) {
            // A cache that cannot be written costs time at the next capture, and nothing else.
            let _ = cached.save();
        }
    }

    /// Opens the module's file, takes from the cache what it has, and returns what is left.
    fn prepare(
        &mut self,
        id: u32,
        module: &Module,
        rows: Vec<(usize, u64)>,
        found: &mut [FrameSymbols],
    ) -> Option<Job> {
        let has_changed = |file: &Option<File>| {
            let file = file.as_ref();
            file.is_some_and(|file| !file.symbols.is_unchanged())
        };
        if self.files.get(&id).is_some_and(has_changed) {
            self.files.remove(&id);
        }
        if !self.files.contains_key(&id) {
            let file = self.open(module);
            self.files.insert(id, file);
        }
        self.ask(id, module);
        let file = self.files.get_mut(&id)?.as_mut()?;
        if let Some(cached) = &mut file.cached
            && rows.iter().any(|(_, a)| cached.get(*a).is_none())
        {
            cached.refresh();
        }
        let mut left = Vec::new();
        for (position, address) in rows {
            match file.cached.as_ref().and_then(|cached| cached.get(address)) {
                Some(symbols) => found[position].symbols.clone_from(symbols),
                None => left.push((address, position)),
            }
        }
        left.sort_unstable();
        (!left.is_empty()).then_some(Job {
            module: id,
            rows: left,
        })
    }

    fn open(&mut self, module: &Module) -> Option<File> {
        let located = self.processes.find(module, self.captured_at)?;
        let search = Search::of(&located);
        Some(self.file(module, located, search, false))
    }

    fn file(&self, module: &Module, located: Located, search: Search, was_asked: bool) -> File {
        let symbols = ElfSymbols::new(located, search);
        let folder = self.cache_folder.as_ref();
        let cached = folder
            .filter(|_| !module.build_id.is_empty())
            .map(|folder| {
                let build_id = hexadecimal(&module.build_id);
                CachedModule::open(folder, &build_id, &symbols.fingerprint())
            });
        File {
            symbols,
            cached,
            was_asked,
        }
    }

    /// Asks the servers for the debug file of a module without symbols, once.
    fn ask(&mut self, id: u32, module: &Module) {
        let (Some(questions), Some(Some(file))) = (&mut self.questions, self.files.get_mut(&id))
        else {
            return;
        };
        if std::mem::replace(&mut file.was_asked, true) || file.symbols.has_symbols() {
            return;
        }
        let located = file.symbols.located().clone();
        let Some(path) = questions.ask(located.image.build_id(), &mut self.answers) else {
            return;
        };
        let mut search = Search::of(&located);
        search.add(path);
        let file = self.file(module, located, search, true);
        self.files.insert(id, Some(file));
    }

    fn run(&mut self, jobs: Vec<Job>, found: &mut [FrameSymbols]) {
        let file = |job: &Job| self.files.get(&job.module)?.as_ref();
        let with_files = jobs
            .iter()
            .filter_map(|job| Some((job, &file(job)?.symbols)));
        let names = workers::run(&with_files.collect::<Vec<_>>());
        for (job, names) in jobs.into_iter().zip(names) {
            let Some(Some(file)) = self.files.get_mut(&job.module) else {
                continue;
            };
            let is_whole = !file.symbols.lacks_parts();
            for ((address, position), symbols) in job.rows.into_iter().zip(names) {
                if let Some(cached) = file.cached.as_mut().filter(|_| is_whole) {
                    cached.insert(address, symbols.clone());
                }
                found[position].symbols = symbols;
            }
        }
    }

    fn lookup_elsewhere(
        &mut self,
        module: &Module,
        modules: &[Module],
        addresses: &[u64],
    ) -> Vec<Vec<Symbol>> {
        match module.kind {
            ModuleKind::Vdso => {
                let vdso = self.vdso.get_or_insert_with(vdso::VdsoSymbols::load);
                addresses
                    .iter()
                    .map(|address| vdso.lookup(module, *address))
                    .collect()
            }
            ModuleKind::Kernel => self
                .kernel
                .get_or_insert_with(kernel::KernelSymbols::now)
                .lookup(addresses),
            ModuleKind::Jit => match self.maker_of(module) {
                Some(pid) => self.jit.lookup(pid, modules, addresses),
                None => vec![Vec::new(); addresses.len()],
            },
            // The recorder named what is interpreted; whatever it did not name, nobody can.
            ModuleKind::File | ModuleKind::Interpreted => vec![Vec::new(); addresses.len()],
        }
    }

    /// The process that made the code of a module: `[jit:PID]`, or the target where no pid is
    /// stated.
    fn maker_of(&self, module: &Module) -> Option<u32> {
        let stated = module.path.strip_prefix("[jit:");
        match stated.and_then(|stated| stated.strip_suffix(']')) {
            Some(pid) => pid.parse().ok(),
            None => self.target.or_else(|| self.processes.first()),
        }
    }
}

impl Drop for Symbolizer {
    fn drop(&mut self) {
        // A cache that cannot be written costs time at the next capture, and nothing else.
        let _ = self.save_cache();
    }
}

/// All processes that a profile knows.
fn pids_of(profile: &Profile) -> impl Iterator<Item = u32> {
    let of_threads = profile.threads.iter().map(|thread| thread.pid);
    of_threads.chain(profile.processes.iter().map(|process| process.pid))
}

/// Looks up the frames of a profile that have not been looked up yet: the chunk to append to the
/// capture file and to push into the profile's builder. Empty where there is nothing to do.
pub fn symbolize_profile(
    symbolizer: &mut Symbolizer,
    profile: &Profile,
    moment: Moment,
) -> Vec<FrameSymbols> {
    symbolizer.add_processes(pids_of(profile));
    let frames: Vec<(u32, Frame)> = profile
        .frames_without_lookup()
        .into_iter()
        .map(|frame| (frame, profile.frames[frame as usize]))
        .collect();
    let mut found = symbolizer.lookup(&profile.modules, &frames);
    if moment == Moment::Live {
        found.retain(|names| {
            let module = profile.frames[names.frame as usize].module;
            let kind = profile
                .modules
                .get(module as usize)
                .map(|module| module.kind);
            !names.symbols.is_empty() || kind != Some(ModuleKind::Jit)
        });
    }
    found
}

/// Whether a name was made up for code without one: `fun_<address>`.
pub fn is_made_up(name: &str) -> bool {
    let digits = name.strip_prefix("fun_").unwrap_or("");
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

/// A symbol of which the name alone is known.
fn bare_symbol(name: impl Into<String>) -> Symbol {
    Symbol {
        name: name.into(),
        file: String::new(),
        line: 0,
        inlined: false,
    }
}
