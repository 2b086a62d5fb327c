//! The source and the machine code of a function side by side, with what each line and each
//! instruction costs.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use scrutineer_profiler::{
    capture::model::{Frame, NONE, Symbol},
    profile::{
        Profile, Selection,
        addresses::{AddressCost, costs_of, hottest_frame},
        lines::lines_of,
    },
    symbols::{
        SymbolSources, Symbolizer,
        code::{Instruction, disassemble},
    },
};

use super::source::{self, SourceLine};

/// Lines that are shown before the first one that is known, and after the last.
const AROUND: u32 = 3;
/// Lines that are shown at most.
const MOST_LINES: u32 = 5_000;

/// An instruction with its cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CodeLine {
    pub(crate) address: u64,
    pub(crate) text: String,
    /// Line of the function's source, 0 where unknown or of another function's.
    pub(crate) line: u32,
    /// The function that was inlined here.
    pub(crate) inlined: Option<String>,
    pub(crate) cost: AddressCost,
}

/// The source and the code of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listing {
    pub(crate) function: u32,
    /// Path of the file that holds most of its cost; empty where no line is known.
    pub(crate) file: String,
    /// Whether the file could be read here.
    pub(crate) has_text: bool,
    pub(crate) lines: Vec<SourceLine>,
    pub(crate) code: Vec<CodeLine>,
    /// Why there is no code, or less than all.
    pub(crate) note: String,
    /// Weight of the selection.
    pub(crate) whole: u64,
    /// Weight of the function, and that in the shown code.
    pub(crate) shares: [u64; 2],
}

/// Lists a function of a profile whose stacks are as they were captured.
pub(super) fn listing(
    profile: &Profile,
    selection: &Selection,
    function: u32,
    folders: &[PathBuf],
) -> Listing {
    let mut listing = Listing {
        function,
        whole: profile.total(selection),
        ..Listing::default()
    };
    let costs = lines_of(profile, selection, function);
    let mut by_file: BTreeMap<u32, u64> = BTreeMap::new();
    for cost in &costs {
        *by_file.entry(cost.file).or_default() += cost.total_weight;
    }
    let file = by_file
        .into_iter()
        .max_by_key(|(file, weight)| (*weight, u32::MAX - file));
    let file = file.map(|(file, _)| file);
    let path = file.and_then(|file| profile.files.get(file as usize));
    listing.file = path.cloned().unwrap_or_default();
    code(profile, selection, &mut listing);
    let costs = costs.iter().filter(|cost| Some(cost.file) == file);
    let costs: BTreeMap<u32, (u64, u64)> = costs
        .map(|cost| (cost.line, (cost.self_weight, cost.total_weight)))
        .collect();
    lines(&mut listing, &costs, folders);
    listing
}

/// The lines from the first to the last that is known.
fn lines(listing: &mut Listing, costs: &BTreeMap<u32, (u64, u64)>, folders: &[PathBuf]) {
    let path = Path::new(&listing.file);
    let text = source::read(path).or_else(|| source::find(path, folders));
    listing.has_text = text.is_some();
    let known = listing
        .code
        .iter()
        .map(|code| code.line)
        .filter(|line| *line > 0);
    let known = known.chain(costs.keys().copied());
    let (first, last) = known.fold((u32::MAX, 0), |(first, last), line| {
        (first.min(line), last.max(line))
    });
    if last == 0 {
        return;
    }
    let first = first.saturating_sub(AROUND).max(1);
    let last = (last + AROUND).min(first + MOST_LINES);
    let count = text.as_ref().map_or(u32::MAX, |text| text.len() as u32);
    let numbers =
        (first..=last.min(count)).filter(|line| text.is_some() || costs.contains_key(line));
    let line = |number: u32| {
        let (self_weight, total_weight) = costs.get(&number).copied().unwrap_or_default();
        let line = text.as_ref().and_then(|text| text.get(number as usize - 1));
        SourceLine {
            number,
            text: line.map_or_else(String::new, |line| line.replace('\t', "    ")),
            self_weight,
            total_weight,
        }
    };
    listing.lines = numbers.map(line).collect();
}

/// The code of the function that holds the hottest address, with its costs and lines.
fn code(profile: &Profile, selection: &Selection, listing: &mut Listing) {
    let Some((module, address)) = hottest_frame(profile, selection, listing.function) else {
        "Where its code lies is not known.".clone_into(&mut listing.note);
        return;
    };
    let mut symbolizer = Symbolizer::for_capture(profile, SymbolSources::default());
    let Some(known) = profile.modules.get(module as usize) else {
        return;
    };
    let code = match symbolizer.code(module, known, address) {
        Ok(code) => code,
        Err(error) => {
            listing.note = format!("{error}.");
            return;
        }
    };
    let end = code.start + code.bytes.len() as u64;
    let costs = costs_of(profile, selection, module, (code.start, end));
    let instructions = disassemble(&code);
    let frames: Vec<(u32, Frame)> = (0..)
        .zip(&instructions)
        .map(|(id, Instruction { address, .. })| {
            let address = *address;
            (id, Frame { module, address })
        })
        .collect();
    let symbols = symbolizer.lookup(&profile.modules, &frames);
    let name = profile.functions[listing.function as usize].name.as_str();
    let lines = instructions
        .into_iter()
        .zip(&symbols)
        .map(|(instruction, found)| {
            let end = instruction.address + u64::from(instruction.length);
            let cost = costs.range(instruction.address..end).fold(
                AddressCost::default(),
                |sum, (_, cost)| AddressCost {
                    self_weight: sum.self_weight + cost.self_weight,
                    total_weight: sum.total_weight + cost.total_weight,
                },
            );
            let (line, inlined) = place_of(&found.symbols, name, &listing.file);
            CodeLine {
                address: instruction.address,
                text: instruction.text,
                line,
                inlined,
                cost,
            }
        });
    listing.code = lines.collect();
    shares(profile, selection, (module, code.start, end), listing);
    if code.is_cut {
        "The function is longer: its first mebibyte is shown.".clone_into(&mut listing.note);
    }
}

/// How much of the function's weight lies in the shown code; an inlined one has more elsewhere.
fn shares(
    profile: &Profile,
    selection: &Selection,
    (module, start, end): (u32, u64, u64),
    listing: &mut Listing,
) {
    for row in profile.weighed(selection) {
        let (mut at, mut is_on, mut is_shown) = (row.stack, false, false);
        while at != NONE {
            let frame = profile.stacks.frame[at as usize];
            let holds = profile.logical_of(frame).iter();
            if holds
                .clone()
                .any(|logical| logical.function == listing.function)
            {
                let raw = profile.frames[frame as usize];
                is_on = true;
                is_shown |= raw.module == module && (start..end).contains(&raw.address);
            }
            at = profile.stacks.parent[at as usize];
        }
        listing.shares[0] += u64::from(is_on) * row.weight;
        listing.shares[1] += u64::from(is_shown) * row.weight;
    }
}

/// The line of the function at an instruction, and who was inlined there.
fn place_of(symbols: &[Symbol], name: &str, file: &str) -> (u32, Option<String>) {
    let own = symbols.iter().position(|symbol| symbol.name == name);
    let own = own.or_else(|| symbols.len().checked_sub(1));
    let Some(own) = own else {
        return (0, None);
    };
    let symbol = &symbols[own];
    let line = if symbol.file == file { symbol.line } else { 0 };
    let inlined = symbols[..own].first().map(|inner| inner.name.clone());
    (line, inlined)
}
