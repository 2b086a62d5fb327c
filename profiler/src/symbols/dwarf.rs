//! Functions, inlined functions and lines at addresses, from DWARF, also where it is split.

use std::{
    cell::Cell,
    path::{Path, PathBuf},
    sync::Arc,
};

use addr2line::{
    Context, LookupContinuation as _, LookupResult, SplitDwarfLoad,
    gimli::{
        AbbreviationsCacheStrategy, Dwarf, DwarfPackage, EndianSlice, Error, LittleEndian,
        SectionId,
    },
};
use self_cell::self_cell;
use typed_arena::Arena;

use super::image::Image;

/// Split units that are loaded from files of their own, at most.
const MOST_SPLIT_UNITS: usize = 10_000;
/// Frames at one address, at most.
const MOST_FRAMES: usize = 512;

type Reader<'data> = EndianSlice<'data, LittleEndian>;

/// The files that hold a module's debug information.
#[derive(Debug)]
pub(super) struct DebugFiles {
    /// The file with `.debug_info`: the module's own or a separate one.
    pub(super) main: Arc<Image>,
    /// What several debug files share (`.gnu_debugaltlink`).
    pub(super) shared: Option<Image>,
    /// Split units in one file (`.dwp`).
    pub(super) package: Option<Image>,
    /// Folders below which the paths of split units in files of their own (`.dwo`) are looked for.
    pub(super) roots: Vec<PathBuf>,
    /// Folder of the module's file.
    pub(super) folder: Option<PathBuf>,
}

/// A function at an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DwarfFrame {
    /// Name as it is stated, mangled where that is known; `None` where lines alone are known.
    pub(super) name: Option<String>,
    /// Source file, empty where unknown.
    pub(super) file: String,
    /// Line, 0 where unknown.
    pub(super) line: u32,
}

/// The files, and split units that are opened on the way.
struct Opened {
    files: Arc<DebugFiles>,
    split_units: Arena<Image>,
}

struct Parsed<'data> {
    context: Context<Reader<'data>>,
    package: Option<DwarfPackage<Reader<'data>>>,
    /// Whether a split unit was not to be had.
    lacks_units: Cell<bool>,
}

self_cell!(
    struct OpenedAndParsed {
        owner: Opened,
        #[not_covariant]
        dependent: Parsed,
    }
);

/// The debug information of one module, for one thread at a time.
pub(super) struct DebugInfo(OpenedAndParsed);

impl std::fmt::Debug for DebugInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DebugInfo").finish_non_exhaustive()
    }
}

impl DebugInfo {
    /// Reads where the units lie, and nothing of what they hold.
    pub(super) fn new(files: Arc<DebugFiles>) -> Result<Self, Error> {
        let opened = Opened {
            files,
            split_units: Arena::new(),
        };
        OpenedAndParsed::try_new(opened, |opened| Parsed::of(opened)).map(Self)
    }

    /// The functions at an address, innermost first; empty where nothing is known.
    pub(super) fn find(&self, address: u64) -> Vec<DwarfFrame> {
        self.0
            .with_dependent(|opened, parsed| parsed.find(opened, address).unwrap_or_default())
    }

    /// Whether a split unit that was needed was not to be had.
    pub(super) fn lacks_units(&self) -> bool {
        self.0.with_dependent(|_, parsed| parsed.lacks_units.get())
    }
}

impl<'data> Parsed<'data> {
    fn of(opened: &'data Opened) -> Result<Self, Error> {
        let files = &opened.files;
        let mut dwarf = load(&files.main, |id| Some(id.name()))?;
        if let Some(shared) = &files.shared {
            dwarf.set_sup(load(shared, |id| Some(id.name()))?);
        }
        dwarf.populate_abbreviations_cache(AbbreviationsCacheStrategy::Duplicates);
        let package = files.package.as_ref().and_then(|package| {
            let section = |id: SectionId| Ok(reader(package, id.dwo_name()));
            DwarfPackage::load::<_, Error>(section, reader(package, None)).ok()
        });
        Ok(Self {
            context: Context::from_dwarf(dwarf)?,
            package,
            lacks_units: Cell::new(false),
        })
    }

    fn find(&self, opened: &'data Opened, address: u64) -> Result<Vec<DwarfFrame>, Error> {
        let mut result = self.context.find_frames(address);
        let mut frames = loop {
            match result {
                LookupResult::Output(frames) => break frames?,
                LookupResult::Load { load, continuation } => {
                    let unit = self.split_unit(opened, &load);
                    self.lacks_units
                        .set(self.lacks_units.get() || unit.is_none());
                    result = continuation.resume(unit.map(Arc::new));
                }
            }
        };
        let mut found = Vec::new();
        while let Some(frame) = frames.next()?
            && found.len() < MOST_FRAMES
        {
            let name = frame.function.as_ref();
            let location = frame.location.as_ref();
            found.push(DwarfFrame {
                name: name.and_then(|name| Some(name.raw_name().ok()?.into_owned())),
                file: location.and_then(|l| l.file).unwrap_or_default().to_owned(),
                line: location.and_then(|l| l.line).unwrap_or(0),
            });
        }
        Ok(found)
    }

    fn split_unit(
        &self,
        opened: &'data Opened,
        load: &SplitDwarfLoad<Reader<'data>>,
    ) -> Option<Dwarf<Reader<'data>>> {
        let packed = self.package.as_ref();
        let packed = packed.and_then(|package| package.find_cu(load.dwo_id, &load.parent).ok()?);
        packed.or_else(|| lone_unit(opened, load))
    }
}

/// A split unit from a file of its own, where that bears the id.
fn lone_unit<'data>(
    opened: &'data Opened,
    load: &SplitDwarfLoad<Reader<'data>>,
) -> Option<Dwarf<Reader<'data>>> {
    let text = |reader: &Option<Reader<'data>>| {
        let text = std::str::from_utf8(reader.as_ref()?.slice()).ok()?;
        Some(PathBuf::from(text))
    };
    let path = text(&load.path)?;
    let stated = text(&load.comp_dir).unwrap_or_default().join(&path);
    let files = &opened.files;
    let below = |root: &PathBuf| root.join(stated.strip_prefix("/").unwrap_or(&stated));
    let beside = |folder: &PathBuf| Some(folder.join(path.file_name()?));
    let mut places: Vec<PathBuf> = files.roots.iter().map(below).collect();
    places.extend(files.folder.as_ref().and_then(beside));
    places
        .iter()
        .find_map(|place| open_unit(opened, load, place))
}

fn open_unit<'data>(
    opened: &'data Opened,
    wanted: &SplitDwarfLoad<Reader<'data>>,
    path: &Path,
) -> Option<Dwarf<Reader<'data>>> {
    if opened.split_units.len() >= MOST_SPLIT_UNITS {
        return None;
    }
    let image = &*opened.split_units.alloc(Image::open(path)?);
    let mut dwarf = load(image, SectionId::dwo_name).ok()?;
    let header = dwarf.units().next().ok()??;
    let unit = dwarf.unit(header).ok()?;
    if unit.dwo_id != Some(wanted.dwo_id) {
        return None;
    }
    dwarf.make_dwo(&wanted.parent);
    Some(dwarf)
}

fn load(
    image: &Image,
    name: impl Fn(SectionId) -> Option<&'static str>,
) -> Result<Dwarf<Reader<'_>>, Error> {
    Dwarf::load(|id| Ok(reader(image, name(id))))
}

fn reader<'data>(image: &'data Image, name: Option<&str>) -> Reader<'data> {
    let section = name.map_or(&[][..], |name| image.debug_section(name));
    EndianSlice::new(section, LittleEndian)
}
