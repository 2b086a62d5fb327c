//! From frames to names, files and lines.

mod elf;
mod jit;
mod kernel;
mod locate;
mod vdso;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::{
    capture::model::{Frame, FrameSymbols, Module, ModuleKind, Symbol},
    profile::Profile,
};

/// Where a target's files are found on this machine.
#[derive(Clone, Debug)]
pub struct SymbolSources {
    /// Pid of the target, for `/proc/PID/root`, `/proc/PID/map_files` and perf maps.
    pub pid: u32,
}

/// Looks frames up in batches. Not `Send`: make it on the worker thread that uses it.
///
/// Names come from the very file that was mapped or not at all: build ids must be equal, and a
/// file without one must be the mapped inode or unchanged since the capture began.
#[derive(Debug)]
pub struct Symbolizer {
    sources: SymbolSources,
    /// When the capture began; `None` while it runs.
    captured_at: Option<jiff::Timestamp>,
    /// Files by module id, `None` where the mapped file is not to be had.
    files: BTreeMap<u32, Option<elf::ElfSymbols>>,
    kernel: Option<kernel::KernelSymbols>,
    vdso: Option<vdso::VdsoSymbols>,
    jit: jit::PerfMaps,
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
            jit: jit::PerfMaps::new(sources.pid),
            sources,
            captured_at: None,
            files: BTreeMap::new(),
            kernel: None,
            vdso: None,
        }
    }

    /// A symbolizer for a capture that was made earlier: addresses of the kernel and of code made
    /// at run time mean nothing any more where the machine or the process is another.
    pub fn for_capture(profile: &Profile) -> Self {
        let header = &profile.header;
        let mut symbolizer = Self::new(SymbolSources { pid: header.pid });
        symbolizer.captured_at = Some(header.started_at);
        symbolizer.kernel = Some(kernel::KernelSymbols::since(
            header.started_at,
            &header.machine,
        ));
        symbolizer
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
        for (id, positions) in by_module {
            let Some(module) = modules.get(id as usize) else {
                continue;
            };
            let addresses: Vec<u64> = positions.iter().map(|p| frames[*p].1.address).collect();
            let names = self.lookup_in(id, module, &addresses);
            for (position, symbols) in positions.into_iter().zip(names) {
                found[position].symbols = symbols;
            }
        }
        found
    }

    fn lookup_in(&mut self, id: u32, module: &Module, addresses: &[u64]) -> Vec<Vec<Symbol>> {
        let nothing = || vec![Vec::new(); addresses.len()];
        match module.kind {
            ModuleKind::File => {
                let sources = &self.sources;
                let captured_at = self.captured_at;
                let file = self.files.entry(id).or_insert_with(|| {
                    locate::find(sources.pid, module, captured_at).map(elf::ElfSymbols::new)
                });
                file.as_mut()
                    .map_or_else(nothing, |file| file.lookup(addresses))
            }
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
            ModuleKind::Jit => self.jit.lookup(addresses),
        }
    }
}

/// Looks up the frames of a profile that have not been looked up yet: the chunk to append to the
/// capture file and to push into the profile's builder. Empty where there is nothing to do.
pub fn symbolize_profile(
    symbolizer: &mut Symbolizer,
    profile: &Profile,
    moment: Moment,
) -> Vec<FrameSymbols> {
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
