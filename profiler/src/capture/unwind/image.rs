//! What unwinding needs of an ELF file: its segments, call frame information and build id, read
//! into memory, so that a file that is truncated or deleted later does no harm.

use std::{
    fs::File,
    ops::Range,
    sync::{Arc, OnceLock},
};

use gimli::{BaseAddresses, EndianSlice, LittleEndian, UnwindSection};
use object::{
    Object, ObjectSection, ObjectSymbol, ReadCache, ReadRef,
    elf::{FileHeader64, PF_X, PT_LOAD},
    read::elf::{ElfFile, ProgramHeader},
};

/// Sections larger than this are not unwound by: a damaged header must not exhaust memory.
const LARGEST_SECTION_BYTES: u64 = 512 << 20;
/// Symbol tables larger than this are not searched for start functions.
const LARGEST_SYMBOL_TABLE_BYTES: u64 = 32 << 20;
/// How far after the entry point code still counts as the start function.
const ENTRY_CODE_BYTES: u64 = 64;
/// Where threads of musl's C library begin, which comes without unwind information. Others call
/// functions so too: it counts in a file that holds this library alone.
const MUSL_THREAD_START: &str = "start";
const MUSL_MARKS: [&str; 2] = ["__pthread_exit", "__clone"];
/// Functions without a caller, beside those whose unwind information says so.
const START_FUNCTIONS: &[&str] = &[
    "_start",
    "_start_c",
    // musl's C library comes without unwind information: its caller is the entry code alone.
    "libc_start_main_stage2",
    "__start",
    "start_thread",
    "clone",
    "__clone",
    "clone3",
    "__clone3",
    "_rt0_amd64_linux",
    "runtime.goexit",
    "runtime.goexit.abi0",
    "runtime.mstart",
    "runtime.mstart.abi0",
    "runtime.mstart1",
    "runtime.rt0_go",
    "runtime.rt0_go.abi0",
];

/// Bytes of a section, shared between the mappings of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct SectionBytes(Arc<[u8]>);

impl std::ops::Deref for SectionBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// A section with the range of virtual addresses that the file states.
#[derive(Clone, Debug)]
pub(super) struct Section {
    /// Virtual addresses, as the ELF file states them.
    pub(super) range: Range<u64>,
    /// Contents, uncompressed.
    pub(super) bytes: SectionBytes,
}

/// An executable `PT_LOAD` segment.
#[derive(Clone, Debug)]
struct Segment {
    file_range: Range<u64>,
    address: u64,
}

/// What unwinding needs of an ELF file.
#[derive(Debug)]
pub(super) struct Image {
    /// Lowest virtual address of any segment.
    pub(super) base: u64,
    /// Build id; empty where there is none.
    pub(super) build_id: Vec<u8>,
    /// `.text`.
    pub(super) text: Option<Range<u64>>,
    /// `.got`.
    pub(super) got: Option<Range<u64>>,
    /// `.eh_frame`.
    pub(super) eh_frame: Option<Section>,
    /// `.eh_frame_hdr`.
    pub(super) eh_frame_hdr: Option<Section>,
    /// `.debug_frame`, read only where there is no `.eh_frame`.
    pub(super) debug_frame: Option<Section>,
    entry: u64,
    executable_segments: Vec<Segment>,
    /// The file, held open so that a deleted one stays readable; none for the vDSO.
    file: Option<File>,
    start_functions: OnceLock<Vec<Range<u64>>>,
    fde_index: OnceLock<Vec<(u64, usize)>>,
}

impl Image {
    /// Reads a file; `None` where it is no 64-bit little-endian ELF file.
    pub(super) fn from_file(file: File) -> Option<Self> {
        let mut image = {
            let cache = ReadCache::new(&file);
            Self::parse(&cache)?
        };
        image.file = Some(file);
        Some(image)
    }

    /// Reads an image from memory: the vDSO.
    pub(super) fn from_memory(bytes: &[u8]) -> Option<Self> {
        Self::parse(bytes)
    }

    fn parse<'data, R: ReadRef<'data>>(data: R) -> Option<Self> {
        let elf = ElfFile::<FileHeader64<object::Endianness>, R>::parse(data).ok()?;
        if elf.is_little_endian() {
            Some(Self::from_elf(&elf))
        } else {
            None
        }
    }

    fn from_elf<'data, R: ReadRef<'data>>(
        elf: &ElfFile<'data, FileHeader64<object::Endianness>, R>,
    ) -> Self {
        let endian = elf.endian();
        let loads = || {
            elf.elf_program_headers()
                .iter()
                .filter(|header| header.p_type(endian) == PT_LOAD)
        };
        let range = |name| {
            elf.section_by_name(name)
                .map(|section| section_range(&section))
        };
        let eh_frame = section(elf, ".eh_frame");
        Self {
            base: loads()
                .map(|header| header.p_vaddr(endian))
                .min()
                .unwrap_or(0)
                & !0xfff,
            build_id: elf.build_id().ok().flatten().unwrap_or_default().to_vec(),
            text: range(".text"),
            got: range(".got"),
            eh_frame_hdr: section(elf, ".eh_frame_hdr"),
            debug_frame: match eh_frame {
                Some(_) => None,
                None => section(elf, ".debug_frame"),
            },
            eh_frame,
            entry: elf.entry(),
            executable_segments: loads()
                .filter(|header| header.p_flags(endian) & PF_X == PF_X)
                .map(|header| Segment {
                    file_range: header.p_offset(endian)
                        ..header
                            .p_offset(endian)
                            .saturating_add(header.p_filesz(endian)),
                    address: header.p_vaddr(endian),
                })
                .collect(),
            file: None,
            start_functions: OnceLock::new(),
            fde_index: OnceLock::new(),
        }
    }

    /// The virtual address that the file states for the byte at `file_offset`, by the executable
    /// segments alone: other segments may overlap it in the file and be shifted differently.
    pub(super) fn address_of_offset(&self, file_offset: u64) -> Option<u64> {
        let segment = self.executable_segments.iter().find(|segment| {
            (segment.file_range.start & !0xfff..segment.file_range.end).contains(&file_offset)
        })?;
        Some(
            segment
                .address
                .wrapping_add(file_offset)
                .wrapping_sub(segment.file_range.start),
        )
    }

    /// Addresses at which gimli resolves relative pointers.
    pub(super) fn bases(&self) -> BaseAddresses {
        let start = |section: &Option<Section>| section.as_ref().map_or(0, |s| s.range.start);
        let range_start = |range: &Option<Range<u64>>| range.as_ref().map_or(0, |r| r.start);
        BaseAddresses::default()
            .set_eh_frame(start(&self.eh_frame))
            .set_eh_frame_hdr(start(&self.eh_frame_hdr))
            .set_text(range_start(&self.text))
            .set_got(range_start(&self.got))
    }

    /// Whether a virtual address lies in a function that is known to have no caller: the entry
    /// code or one of [`START_FUNCTIONS`].
    pub(super) fn is_start_function(&self, address: u64) -> bool {
        let entry = self.entry..self.entry.saturating_add(ENTRY_CODE_BYTES);
        (self.entry != 0 && entry.contains(&address))
            || self
                .start_functions
                .get_or_init(|| self.find_start_functions().unwrap_or_default())
                .iter()
                .any(|range| range.contains(&address))
    }

    fn find_start_functions(&self) -> Option<Vec<Range<u64>>> {
        let cache = ReadCache::new(self.file.as_ref()?);
        let elf = ElfFile::<FileHeader64<object::Endianness>, _>::parse(&cache).ok()?;
        let table_bytes: u64 = [".symtab", ".strtab"]
            .iter()
            .filter_map(|name| elf.section_by_name(name))
            .map(|section| section.size())
            .sum();
        if table_bytes > LARGEST_SYMBOL_TABLE_BYTES {
            return None;
        }
        let has = |wanted: &str| {
            elf.symbols()
                .any(|symbol| symbol.is_definition() && symbol.name() == Ok(wanted))
        };
        let holds_musl = MUSL_MARKS.iter().all(|mark| has(mark));
        let is_start = |symbol: &object::read::elf::ElfSymbol64<'_, '_, _, _>| {
            let is_musl_thread = |name| {
                holds_musl && name == MUSL_THREAD_START && symbol.is_local() && symbol.size() > 0
            };
            symbol
                .name()
                .is_ok_and(|name| START_FUNCTIONS.contains(&name) || is_musl_thread(name))
        };
        let ranges = elf
            .symbols()
            .chain(elf.dynamic_symbols())
            .filter(ObjectSymbol::is_definition)
            .filter(is_start)
            .map(|symbol| {
                let length = symbol.size().max(ENTRY_CODE_BYTES);
                symbol.address()..symbol.address().saturating_add(length)
            })
            .collect();
        Some(ranges)
    }

    /// Start address and section offset of each frame description, sorted; built on first use,
    /// for files that bring no `.eh_frame_hdr`.
    pub(super) fn fde_index<'a, S>(&'a self, section: &S) -> &'a [(u64, usize)]
    where
        S: UnwindSection<EndianSlice<'a, LittleEndian>>,
    {
        self.fde_index.get_or_init(|| {
            let bases = self.bases();
            let mut entries = section.entries(&bases);
            let mut index = Vec::new();
            while let Ok(Some(entry)) = entries.next() {
                if let gimli::CieOrFde::Fde(partial) = entry
                    && let Ok(fde) = partial.parse(S::cie_from_offset)
                {
                    index.push((fde.initial_address(), fde.offset()));
                }
            }
            index.sort_unstable();
            index
        })
    }
}

fn section_range<'data, S: ObjectSection<'data>>(section: &S) -> Range<u64> {
    section.address()..section.address().saturating_add(section.size())
}

fn section<'data, R: ReadRef<'data>>(
    elf: &ElfFile<'data, FileHeader64<object::Endianness>, R>,
    name: &str,
) -> Option<Section> {
    let section = elf.section_by_name(name)?;
    if section.size() == 0 || section.size() > LARGEST_SECTION_BYTES {
        return None;
    }
    let stored = section.compressed_data().ok()?;
    let bytes = crate::symbols::uncompress(stored)?;
    Some(Section {
        range: section_range(&section),
        bytes: SectionBytes(Arc::from(&*bytes)),
    })
}
