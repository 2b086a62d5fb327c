//! Names, lines and inlined functions from an ELF file, and FDE starts where it is stripped.

use std::{cell::OnceCell, fs};

use blazesym::symbolize::{
    Input, Sym, Symbolized,
    source::{Elf, Source},
};
use gimli::{BaseAddresses, CieOrFde, EhFrame, LittleEndian, UnwindSection as _};
use object::{Object as _, ObjectSection as _};

use super::{bare_symbol, locate::Located};
use crate::capture::model::Symbol;

/// Symbols of one file.
#[derive(Debug)]
pub(super) struct ElfSymbols {
    located: Located,
    symbolizer: blazesym::symbolize::Symbolizer,
    /// Code of each FDE as start and end, sorted; read when first needed.
    functions: OnceCell<Vec<(u64, u64)>>,
}

impl ElfSymbols {
    pub(super) fn new(located: Located) -> Self {
        let symbolizer = blazesym::symbolize::Symbolizer::builder()
            .enable_auto_reload(false)
            .enable_code_info(true)
            .enable_inlined_fns(true)
            .enable_demangling(true)
            .set_debug_dirs(Some(&located.debug_folders))
            .build();
        Self {
            located,
            symbolizer,
            functions: OnceCell::new(),
        }
    }

    /// Names of addresses as the file states them, innermost first each.
    pub(super) fn lookup(&self, addresses: &[u64]) -> Vec<Vec<Symbol>> {
        let input = Input::VirtOffset(addresses);
        let mut elf = Elf::new(&self.located.path);
        let mut found = self.symbolizer.symbolize(&Source::Elf(elf.clone()), input);
        if found
            .as_ref()
            .map_or(true, |found| found.iter().all(is_unknown))
        {
            // A debug file that is damaged or does not belong must not cost the symbol table.
            elf.debug_syms = false;
            found = self
                .symbolizer
                .symbolize(&Source::Elf(elf), input)
                .or(found);
        }
        let Ok(found) = found else {
            return addresses
                .iter()
                .map(|address| self.made_up(*address))
                .collect();
        };
        let mut table = Elf::new(&self.located.path);
        table.debug_syms = false;
        let stated = self
            .symbolizer
            .symbolize(&Source::Elf(table), input)
            .unwrap_or_default();
        let mut stated = stated.iter().map(Symbolized::as_sym);
        let named = addresses.iter().zip(&found);
        named
            .map(|(address, found)| self.name(*address, found, stated.next().flatten()))
            .collect()
    }

    fn name(&self, address: u64, found: &Symbolized<'_>, stated: Option<&Sym<'_>>) -> Vec<Symbol> {
        let Symbolized::Sym(sym) = found else {
            return self.made_up(address);
        };
        let stated = stated.filter(|stated| self.is_credible(address, stated));
        match stated {
            // Debug information that holds line tables alone states `serve` where the symbol table
            // has `shop::http::serve`.
            Some(stated) if is_fuller(&stated.name, &sym.name) => {
                let mut symbols = symbols(sym);
                if let Some(physical) = symbols.last_mut() {
                    physical.name = stated.name.to_string();
                }
                symbols
            }
            _ if self.is_credible(address, sym) => symbols(sym),
            // A function that the compiler split into a hot and a cold part bears the address of
            // either and no size: the symbol table tells whether the address belongs to it.
            Some(stated) if stated.name == sym.name => symbols(sym),
            Some(stated) => symbols(stated),
            None => self.made_up(address),
        }
    }

    /// A symbol without a size reaches to the next one, however far: in a file that lost its
    /// local symbols it would lend its name to strangers. The unwind table tells where functions
    /// begin.
    fn is_credible(&self, address: u64, sym: &Sym<'_>) -> bool {
        sym.size.is_some_and(|size| size > 0)
            || self
                .function_start(address)
                .is_none_or(|start| sym.addr >= start)
    }

    /// `fun_<address>` of the function that holds the address, where the unwind table knows it.
    fn made_up(&self, address: u64) -> Vec<Symbol> {
        let start = self.function_start(address);
        start
            .map(|start| vec![bare_symbol(format!("fun_{start:x}"))])
            .unwrap_or_default()
    }

    fn function_start(&self, address: u64) -> Option<u64> {
        let functions = self
            .functions
            .get_or_init(|| functions(&self.located).unwrap_or_default());
        let after = functions.partition_point(|(start, _)| *start <= address);
        let (start, end) = *functions[..after].last()?;
        (address < end).then_some(start)
    }
}

/// Whether `stated` is `name` with its path in front.
fn is_fuller(stated: &str, name: &str) -> bool {
    let bare = name.split('<').next().unwrap_or(name);
    !bare.is_empty() && !bare.contains("::") && stated.contains("::") && stated.contains(bare)
}

fn is_unknown(found: &Symbolized<'_>) -> bool {
    matches!(found, Symbolized::Unknown(_))
}

/// The symbol with its inlined functions; each file and line is that of the code within it.
fn symbols(sym: &Sym<'_>) -> Vec<Symbol> {
    let symbol = |name: &str, code: Option<&blazesym::symbolize::CodeInfo<'_>>, inlined| Symbol {
        name: name.to_owned(),
        file: code.map_or_else(String::new, |code| {
            code.to_path().to_string_lossy().into_owned()
        }),
        line: code.and_then(|code| code.line).unwrap_or(0),
        inlined,
    };
    let inlined = sym.inlined.iter().rev();
    let mut symbols: Vec<Symbol> = inlined
        .map(|f| symbol(&f.name, f.code_info.as_ref(), true))
        .collect();
    symbols.push(symbol(&sym.name, sym.code_info.as_deref(), false));
    symbols
}

/// Start and end of the code of each FDE in `.eh_frame`, sorted.
fn functions(located: &Located) -> Option<Vec<(u64, u64)>> {
    let file = fs::File::open(&located.path).ok()?;
    let cache = object::ReadCache::new(file);
    let elf = object::File::parse(&cache).ok()?;
    let section = elf.section_by_name(".eh_frame")?;
    let data = section.uncompressed_data().ok()?;
    let mut eh_frame = EhFrame::new(&data, LittleEndian);
    eh_frame.set_address_size(if elf.is_64() { 8 } else { 4 });
    let text = elf
        .section_by_name(".text")
        .map_or(0, |text| text.address());
    let got = elf.section_by_name(".got").map_or(0, |got| got.address());
    let bases = BaseAddresses::default()
        .set_eh_frame(section.address())
        .set_text(text)
        .set_got(got);
    let mut functions = Vec::new();
    let mut entries = eh_frame.entries(&bases);
    // What was read before a damaged entry is still right.
    while let Ok(Some(entry)) = entries.next() {
        if let CieOrFde::Fde(partial) = entry
            && let Ok(fde) = partial.parse(EhFrame::cie_from_offset)
        {
            functions.push((fde.initial_address(), fde.end_address()));
        }
    }
    functions.sort_unstable();
    Some(functions)
}
