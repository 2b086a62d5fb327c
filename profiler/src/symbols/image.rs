//! An ELF file that holds symbols or debug information: its sections, uncompressed within limits.

use std::{borrow::Cow, collections::BTreeMap, io::Read as _, path::Path, sync::OnceLock};

use object::{
    CompressionFormat, Endianness, Object as _, ObjectSection as _,
    elf::FileHeader64,
    read::{CompressedData, CompressedFileRange, elf::ElfFile},
};

use crate::sys::mapped::Mapped;

/// Largest size to which one section is uncompressed, whatever it states, bytes.
const LARGEST_SECTION_BYTES: u64 = 1 << 30;
/// Largest size to which all sections of one file are uncompressed together, bytes.
const LARGEST_TOTAL_BYTES: u64 = 3 << 30;
/// Largest symbol table in `.gnu_debugdata` that is uncompressed, bytes.
const LARGEST_DEBUGDATA_BYTES: u64 = 64 << 20;
/// Memory that the dictionary of `.gnu_debugdata` may need, kibibytes.
const LARGEST_DICTIONARY_KIB: u32 = 64 << 10;

/// An ELF file of 64 bits, parsed.
pub(super) type Elf<'data> = ElfFile<'data, FileHeader64<Endianness>>;

/// Where a section lies.
#[derive(Debug)]
struct Section {
    address: u64,
    /// Size in the file, bytes; as stated where it is compressed.
    size: u64,
    stored: CompressedFileRange,
}

/// An ELF file.
#[derive(Debug)]
pub(super) struct Image {
    bytes: Bytes,
    build_id: Vec<u8>,
    /// By name; `.zdebug_info` counts as `.debug_info`.
    sections: BTreeMap<String, Section>,
    /// Debug sections that are compressed in the file.
    unpacked: OnceLock<BTreeMap<String, Vec<u8>>>,
}

#[derive(Debug)]
enum Bytes {
    File(Mapped),
    Memory(Vec<u8>),
}

impl Image {
    /// Opens a file; `None` where it is no ELF file of 64 bits, or cannot be read.
    pub(super) fn open(path: &Path) -> Option<Self> {
        Self::parse(Bytes::File(Mapped::open(path).ok()?))
    }

    fn parse(bytes: Bytes) -> Option<Self> {
        let elf = Elf::parse(bytes.as_slice()).ok()?;
        let build_id = elf.build_id().ok().flatten().unwrap_or_default().to_vec();
        let mut sections = BTreeMap::new();
        for section in elf.sections() {
            let (Ok(name), Ok(stored)) = (section.name(), section.compressed_file_range()) else {
                continue;
            };
            let name = match name.strip_prefix(".zdebug_") {
                Some(rest) => format!(".debug_{rest}"),
                None => name.to_owned(),
            };
            let section = Section {
                address: section.address(),
                size: section.size(),
                stored,
            };
            sections.entry(name).or_insert(section);
        }
        Some(Self {
            build_id,
            sections,
            unpacked: OnceLock::new(),
            bytes,
        })
    }

    /// Build id, empty where the file has none.
    pub(super) fn build_id(&self) -> &[u8] {
        &self.build_id
    }

    /// All bytes of the file.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    /// The file's headers and tables.
    pub(super) fn elf(&self) -> Option<Elf<'_>> {
        Elf::parse(self.bytes()).ok()
    }

    /// Whether the file is as it was when it was opened.
    pub(super) fn is_unchanged(&self) -> bool {
        match &self.bytes {
            Bytes::File(mapped) => mapped.is_unchanged(),
            Bytes::Memory(_) => true,
        }
    }

    /// Whether a section is there and holds something.
    pub(super) fn has(&self, name: &str) -> bool {
        let section = self.sections.get(name);
        section.is_some_and(|section| section.stored.compressed_size > 0)
    }

    /// Address of a section as the file states it, 0 where it is missing.
    pub(super) fn address_of(&self, name: &str) -> u64 {
        self.sections.get(name).map_or(0, |section| section.address)
    }

    /// Names and sizes of all sections, in order of their names: what tells a stripped file from
    /// a whole one.
    pub(super) fn outline(&self) -> impl Iterator<Item = (&str, u64)> {
        let sections = self.sections.iter();
        sections.map(|(name, section)| (name.as_str(), section.size))
    }

    /// Contents of a section, uncompressed; `None` where it is missing, damaged, or states a size
    /// beyond the limit.
    pub(super) fn section(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        uncompress(self.stored(name)?)
    }

    fn stored(&self, name: &str) -> Option<CompressedData<'_>> {
        let section = self.sections.get(name)?;
        // Sections such as `.bss` lie in no file.
        (section.stored.compressed_size > 0)
            .then(|| section.stored.data(self.bytes()).ok())
            .flatten()
    }

    /// Contents of a debug section, which stay for as long as the image does; empty where it is
    /// missing, damaged or too large.
    pub(super) fn debug_section(&self, name: &str) -> &[u8] {
        match self.stored(name) {
            Some(stored) if stored.format == CompressionFormat::None => stored.data,
            Some(_) => {
                let unpacked = self.unpacked.get_or_init(|| self.unpack());
                unpacked.get(name).map_or(&[], Vec::as_slice)
            }
            None => &[],
        }
    }

    fn unpack(&self) -> BTreeMap<String, Vec<u8>> {
        let mut left = LARGEST_TOTAL_BYTES;
        let mut unpacked = BTreeMap::new();
        for name in self.sections.keys().filter(|name| is_looked_into(name)) {
            let Some(stored) = self.stored(name) else {
                continue;
            };
            if stored.format == CompressionFormat::None || stored.uncompressed_size > left {
                continue;
            }
            left -= stored.uncompressed_size;
            if let Some(Cow::Owned(bytes)) = uncompress(stored) {
                unpacked.insert(name.clone(), bytes);
            }
        }
        unpacked
    }

    /// The small symbol table that distributions leave in stripped files (`.gnu_debugdata`).
    pub(super) fn debugdata(&self) -> Option<Self> {
        let packed = self.section(".gnu_debugdata")?;
        let mut unpacked = Vec::new();
        let reader = lzma_rust2::XzReader::new_mem_limit(&*packed, true, LARGEST_DICTIONARY_KIB);
        // One byte more than is permitted tells a table that is too large from one that fits.
        let read = reader
            .take(LARGEST_DEBUGDATA_BYTES + 1)
            .read_to_end(&mut unpacked);
        let fits = unpacked.len() as u64 <= LARGEST_DEBUGDATA_BYTES;
        (read.is_ok() && fits)
            .then(|| Self::parse(Bytes::Memory(unpacked)))
            .flatten()
    }
}

impl Bytes {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::File(mapped) => mapped,
            Self::Memory(bytes) => bytes,
        }
    }
}

/// Largest ratio of uncompressed to stored bytes: deflate reaches 1,032, and Zstandard seldom more
/// on debug information.
const LARGEST_RATIO: u64 = 4_096;

/// Debug sections that naming code needs; those of variables' locations and macros are large.
fn is_looked_into(name: &str) -> bool {
    let is_needless = |part: &str| name.contains(part);
    name.starts_with(".debug_")
        && !["loc", "mac", "names", "pub", "frame", "gdb"]
            .into_iter()
            .any(is_needless)
}

/// Uncompresses to the stated size and not a byte more. A size that the stored bytes cannot stand
/// for is refused before memory is taken for it.
pub(crate) fn uncompress(stored: CompressedData<'_>) -> Option<Cow<'_, [u8]>> {
    let is_compressed = stored.format != CompressionFormat::None;
    let most = (stored.data.len() as u64).saturating_mul(LARGEST_RATIO);
    if is_compressed && stored.uncompressed_size > most.min(LARGEST_SECTION_BYTES) {
        return None;
    }
    stored.decompress().ok()
}
