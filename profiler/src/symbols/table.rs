//! Functions by address, from symbol tables and from the unwind table.

use std::cmp::Reverse;

use addr2line::gimli::{
    BaseAddresses, CieOrFde, DebugFrame, EhFrame, EndianSlice, LittleEndian, UnwindOffset,
    UnwindSection,
};
use object::{
    Endianness,
    elf::{SHF_EXECINSTR, STT_FUNC, STT_GNU_IFUNC, STT_NOTYPE, SectionFlags},
    read::elf::{SectionHeader as _, Sym as _},
};

use super::image::{Elf, Image};

/// Longest name that is read, bytes.
const LARGEST_NAME_BYTES: usize = 1 << 20;

/// Functions of symbol tables, by address.
#[derive(Debug, Default)]
pub(super) struct SymbolTable {
    functions: Vec<Function>,
    /// Furthest end of the functions up to each position.
    reach: Vec<u64>,
}

/// A function; its name lies in the image that it came from.
#[derive(Clone, Copy, Debug)]
struct Function {
    start: u64,
    /// 0 where it is not stated.
    size: u64,
    /// Where the image states the name, bytes from its beginning.
    name_at: u64,
    /// Position of the image among those that the table was made from.
    image: u8,
    /// Of several names for one address, the highest rank is the best.
    rank: u8,
}

/// What a symbol table says of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found<'a> {
    /// Name as the table states it.
    pub(super) name: &'a str,
    /// Where the function begins.
    pub(super) start: u64,
    /// Whether the table states that the address lies within the function.
    pub(super) is_within: bool,
}

impl SymbolTable {
    /// The functions of `images`; of several names for one address, an earlier image's counts.
    pub(super) fn of(images: &[&Image]) -> Self {
        let mut functions = Vec::new();
        for (image, position) in images.iter().zip(0..) {
            let Some(elf) = image.elf() else { continue };
            collect(&elf, position, &mut functions);
        }
        functions.sort_unstable_by_key(|f| {
            (
                f.start,
                Reverse(f.rank),
                f.image,
                Reverse(f.size),
                f.name_at,
            )
        });
        functions.dedup_by_key(|f| f.start);
        let mut furthest = 0;
        let reach = functions.iter().map(|f| {
            furthest = furthest.max(f.start.saturating_add(f.size));
            furthest
        });
        Self {
            reach: reach.collect(),
            functions,
        }
    }

    /// The function at an address; `images` are those that the table was made from. Without one
    /// that holds it, the one before that states no size.
    pub(super) fn find<'a>(&self, images: &[&'a Image], address: u64) -> Option<Found<'a>> {
        let after = self.functions.partition_point(|f| f.start <= address);
        let mut open_ended = None;
        for position in (0..after).rev() {
            let function = &self.functions[position];
            if address - function.start < function.size {
                return function.found(images, true);
            }
            if function.size == 0 && position + 1 == after {
                open_ended = Some(function);
            }
            if self.reach[position] <= address {
                break;
            }
        }
        open_ended?.found(images, false)
    }
}

impl SymbolTable {
    /// Start and end of the function that states to hold an address, the innermost of several.
    pub(super) fn range(&self, address: u64) -> Option<(u64, u64)> {
        let after = self.functions.partition_point(|f| f.start <= address);
        for position in (0..after).rev() {
            let function = &self.functions[position];
            if address - function.start < function.size {
                return Some((function.start, function.start.saturating_add(function.size)));
            }
            if self.reach[position] <= address {
                break;
            }
        }
        None
    }
}

impl Function {
    fn found<'a>(&self, images: &[&'a Image], is_within: bool) -> Option<Found<'a>> {
        let image = images.get(usize::from(self.image))?;
        let text = image.bytes().get(self.name_at as usize..)?;
        let text = &text[..text.len().min(LARGEST_NAME_BYTES)];
        let length = text.iter().position(|byte| *byte == 0)?;
        Some(Found {
            name: std::str::from_utf8(&text[..length]).ok()?,
            start: self.start,
            is_within,
        })
    }
}

fn collect(elf: &Elf<'_>, image: u8, functions: &mut Vec<Function>) {
    let endian = Endianness::Little;
    let sections = elf.elf_section_table();
    let is_code: Vec<bool> = sections
        .iter()
        .map(|section| section.sh_flags(endian) & SHF_EXECINSTR != SectionFlags(0))
        .collect();
    for table in [elf.elf_symbol_table(), elf.elf_dynamic_symbol_table()] {
        let Ok(strings) = sections.section(table.string_section()) else {
            continue;
        };
        let strings = strings.sh_offset(endian);
        for symbol in table.iter() {
            let (kind, name) = (symbol.st_type(), symbol.st_name(endian));
            let section = usize::from(symbol.st_shndx(endian).0);
            let is_function = [STT_FUNC, STT_GNU_IFUNC, STT_NOTYPE].contains(&kind);
            let is_elsewhere = is_code.get(section) == Some(&false);
            if !is_function || is_elsewhere || name == 0 || symbol.is_undefined(endian) {
                continue;
            }
            let size = symbol.st_size(endian);
            functions.push(Function {
                start: symbol.st_value(endian),
                size,
                name_at: strings.saturating_add(u64::from(name)),
                image,
                rank: u8::from(size > 0) * 2 + u8::from(kind != STT_NOTYPE),
            });
        }
    }
}

/// Start and end of the code of each entry of the unwind table, sorted.
pub(super) fn unwind_ranges(image: &Image) -> Vec<(u64, u64)> {
    let bases = BaseAddresses::default()
        .set_eh_frame(image.address_of(".eh_frame"))
        .set_text(image.address_of(".text"))
        .set_got(image.address_of(".got"));
    let mut ranges = Vec::new();
    if let Some(data) = image.section(".eh_frame") {
        add_ranges(&EhFrame::new(&data, LittleEndian), &bases, &mut ranges);
    }
    if ranges.is_empty() {
        let data = image.debug_section(".debug_frame");
        add_ranges(&DebugFrame::new(data, LittleEndian), &bases, &mut ranges);
    }
    ranges.sort_unstable();
    ranges
}

fn add_ranges<'data, S>(section: &S, bases: &BaseAddresses, ranges: &mut Vec<(u64, u64)>)
where
    S: UnwindSection<EndianSlice<'data, LittleEndian>>,
    S::Offset: UnwindOffset<usize>,
{
    let mut entries = section.entries(bases);
    // What was read before a damaged entry is still right.
    while let Ok(Some(entry)) = entries.next() {
        if let CieOrFde::Fde(partial) = entry
            && let Ok(fde) = partial.parse(S::cie_from_offset)
        {
            ranges.push((fde.initial_address(), fde.end_address()));
        }
    }
}
