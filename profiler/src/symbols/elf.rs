//! Names, lines and inlined functions from an ELF file and its debug files.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::{
    bare_symbol,
    debug_files::{Found, Search},
    demangle::demangle,
    dwarf::{DebugInfo, DwarfFrame},
    image::Image,
    locate::Located,
    table::{self, SymbolTable},
};
use crate::capture::model::Symbol;

/// How many threads may look up in one file at once, each with a reader of its own.
pub(super) const READERS: usize = 2;

/// Symbols of one file; everything is read when first needed.
#[derive(Debug)]
pub(super) struct ElfSymbols {
    located: Located,
    search: Search,
    debug: OnceLock<Found>,
    readers: [Mutex<Reader>; READERS],
    table: OnceLock<Table>,
    /// Code of each entry of the unwind table as start and end, sorted.
    functions: OnceLock<Vec<(u64, u64)>>,
}

/// A reader of debug information.
#[derive(Debug, Default)]
enum Reader {
    /// Not needed so far.
    #[default]
    Unread,
    /// There is none, or it is damaged.
    Nothing,
    Ready(DebugInfo),
}

/// Functions of all symbol tables of a file.
#[derive(Debug)]
struct Table {
    debugdata: Option<Image>,
    symbols: SymbolTable,
}

impl ElfSymbols {
    pub(super) fn new(located: Located, search: Search) -> Self {
        Self {
            located,
            search,
            debug: OnceLock::new(),
            readers: Default::default(),
            table: OnceLock::new(),
            functions: OnceLock::new(),
        }
    }

    /// Stands for all that names are made from.
    pub(super) fn fingerprint(&self) -> String {
        self.search.fingerprint(&self.located.image)
    }

    /// The file.
    pub(super) fn located(&self) -> &Located {
        &self.located
    }

    /// Whether the files are as they were when they were opened.
    pub(super) fn is_unchanged(&self) -> bool {
        let debug = self.debug.get().and_then(|found| found.files.as_ref());
        self.located.image.is_unchanged()
            && debug.is_none_or(|files| {
                let others = [&files.shared, &files.package];
                files.main.is_unchanged() && others.into_iter().flatten().all(Image::is_unchanged)
            })
    }

    /// Whether anything beyond the file's headers was read.
    #[cfg(test)]
    pub(super) fn has_been_used(&self) -> bool {
        self.table.get().is_some()
    }

    /// Whether the file names its own functions, or a debug file does.
    pub(super) fn has_symbols(&self) -> bool {
        self.located.image.has(".symtab") || self.debug().files.is_some()
    }

    /// Whether debug information that was needed was not to be had: a later lookup may find more.
    pub(super) fn lacks_parts(&self) -> bool {
        let lacks_units = self.readers.iter().any(|reader| {
            let reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
            matches!(&*reader, Reader::Ready(info) if info.lacks_units())
        });
        lacks_units || self.debug.get().is_some_and(|debug| debug.lacks_parts)
    }

    /// Names of addresses as the file states them, innermost first each; `reader` is below
    /// [`READERS`], and another thread must use another one, or it waits.
    pub(super) fn lookup(&self, addresses: &[u64], reader: usize) -> Vec<Vec<Symbol>> {
        let mut slot = self.readers[reader]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if matches!(*slot, Reader::Unread) {
            let files = self.debug().files.as_ref();
            // Debug information that is damaged costs the lines, not the symbol table.
            let info = files.and_then(|files| DebugInfo::new(Arc::clone(files)).ok());
            *slot = info.map_or(Reader::Nothing, Reader::Ready);
        }
        let debug_info = match &*slot {
            Reader::Ready(info) => Some(info),
            _ => None,
        };
        addresses
            .iter()
            .map(|address| {
                let frames = debug_info.map(|info| info.find(*address));
                self.name(*address, frames.unwrap_or_default())
            })
            .collect()
    }

    fn name(&self, address: u64, frames: Vec<DwarfFrame>) -> Vec<Symbol> {
        let stated = self.stated(address);
        let mut symbols = symbols(frames);
        let Some(physical) = symbols.last_mut() else {
            return match stated {
                Some(stated) => vec![bare_symbol(stated)],
                None => self.made_up(address),
            };
        };
        match stated {
            // Debug information that holds line tables alone states `serve` where the symbol table
            // has `shop::http::serve`.
            Some(stated) if is_fuller(&stated, &physical.name) => physical.name = stated,
            None if physical.name.is_empty() => {
                let Some(made_up) = self.made_up(address).pop() else {
                    return Vec::new();
                };
                physical.name = made_up.name;
            }
            _ => {}
        }
        symbols
    }

    /// What the symbol table calls the function at an address. A symbol without a size reaches to
    /// the next one, however far: in a file that lost its local symbols it would lend its name to
    /// strangers. The unwind table tells where functions begin.
    fn stated(&self, address: u64) -> Option<String> {
        let table = self.table.get_or_init(|| Table::of(self));
        let found = table.symbols.find(&self.images(table), address)?;
        let is_credible = found.is_within
            || self
                .function_start(address)
                .is_none_or(|start| found.start >= start);
        is_credible.then(|| demangle(found.name))
    }

    /// The images whose symbol tables count, the best first.
    fn images<'a>(&'a self, table: &'a Table) -> Vec<&'a Image> {
        self.images_with(table.debugdata.as_ref())
    }

    fn images_with<'a>(&'a self, debugdata: Option<&'a Image>) -> Vec<&'a Image> {
        let debug = self.debug().files.as_ref().map(|files| &*files.main);
        let own = Some(&*self.located.image);
        let is_own = debug.is_some_and(|debug| std::ptr::eq(debug, &raw const *self.located.image));
        let debug = debug.filter(|_| !is_own);
        [debug, own, debugdata].into_iter().flatten().collect()
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
            .get_or_init(|| table::unwind_ranges(&self.located.image));
        let after = functions.partition_point(|(start, _)| *start <= address);
        let (start, end) = *functions[..after].last()?;
        (address < end).then_some(start)
    }

    /// Start and end of the function at an address: as a symbol states it, else as the unwind table
    /// does.
    pub(super) fn range(&self, address: u64) -> Option<(u64, u64)> {
        let table = self.table.get_or_init(|| Table::of(self));
        table.symbols.range(address).or_else(|| {
            self.function_start(address)?;
            let functions = self.functions.get()?;
            let after = functions.partition_point(|(start, _)| *start <= address);
            functions[..after].last().copied()
        })
    }

    fn debug(&self) -> &Found {
        self.debug.get_or_init(|| self.search.open(&self.located))
    }
}

impl Table {
    fn of(file: &ElfSymbols) -> Self {
        let is_stripped = !file.has_symbols();
        let debugdata = is_stripped
            .then(|| file.located.image.debugdata())
            .flatten();
        let symbols = SymbolTable::of(&file.images_with(debugdata.as_ref()));
        Self { debugdata, symbols }
    }
}

/// Whether `stated` is `name` with its path in front, or the only one of both.
fn is_fuller(stated: &str, name: &str) -> bool {
    let bare = name.split('<').next().unwrap_or(name);
    name.is_empty()
        || (!bare.is_empty()
            && !bare.contains("::")
            && stated.contains("::")
            && stated.contains(bare))
}

/// The functions as symbols; the last holds the others.
fn symbols(frames: Vec<DwarfFrame>) -> Vec<Symbol> {
    let physical = frames.len().saturating_sub(1);
    let frames = frames.into_iter().enumerate();
    let symbols = frames.map(|(position, frame)| Symbol {
        name: frame.name.as_deref().map_or_else(String::new, demangle),
        file: frame.file,
        line: frame.line,
        inlined: position < physical,
    });
    // An inlined function without a name says nothing.
    symbols
        .filter(|s| !s.inlined || !s.name.is_empty())
        .collect()
}
