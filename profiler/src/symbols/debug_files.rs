//! Finds the files that hold a module's debug information, as debuggers look for them.

use std::{
    fmt::Write as _,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest as _, Sha256};

use super::{dwarf::DebugFiles, image::Image, locate::Located};

/// Folder of the system's debug files, below a root.
const SYSTEM_FOLDER: &str = "usr/lib/debug";

/// Debug files that may belong to a module: they are there, and not opened yet.
#[derive(Debug)]
pub(super) struct Search {
    separate: Vec<Candidate>,
    packages: Vec<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Candidate {
    path: PathBuf,
    check: Check,
}

/// What tells that a debug file belongs to the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    /// Its build id is the module's.
    BuildId,
    /// CRC-32 of the whole file, as `.gnu_debuglink` states it.
    Crc(u32),
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Files with debug information; `None` where there is none.
    pub(super) files: Option<Arc<DebugFiles>>,
    /// Whether something that the debug information refers to is missing.
    pub(super) lacks_parts: bool,
}

impl Search {
    /// Looks for files, without opening them.
    pub(super) fn of(located: &Located) -> Self {
        let image = &located.image;
        let mut separate = Vec::new();
        if !image.has(".debug_info") {
            separate = by_build_id(&located.roots, image.build_id(), "debug", Check::BuildId);
            separate.extend(by_link(located));
        }
        separate.retain(|candidate| is_other_file(&candidate.path, &located.path));
        let packages = packages(located, &separate);
        Self { separate, packages }
    }

    /// Adds a debug file that somebody else found by the build id.
    pub(super) fn add(&mut self, path: PathBuf) {
        let check = Check::BuildId;
        self.separate.push(Candidate { path, check });
    }

    /// Stands for all that names are made from: it changes when a debug file comes, goes or is
    /// replaced, and when the module's file is stripped.
    pub(super) fn fingerprint(&self, image: &Image) -> String {
        let mut digest = Sha256::new();
        for (name, size) in image.outline() {
            digest.update(format!("{name} {size}\n"));
        }
        let separate = self.separate.iter().map(|candidate| &candidate.path);
        for path in separate.chain(&self.packages) {
            if let Ok(metadata) = fs::metadata(path) {
                let (seconds, nanoseconds) = (metadata.mtime(), metadata.mtime_nsec());
                let length = metadata.len();
                digest.update(path.as_os_str().as_encoded_bytes());
                digest.update(format!("\n{length} {seconds} {nanoseconds}\n"));
            }
        }
        hexadecimal(&digest.finalize()[..8])
    }

    /// Opens the first file that belongs to the module, with all that goes with it.
    pub(super) fn open(&self, located: &Located) -> Found {
        let own = || {
            let image = &located.image;
            image.has(".debug_info").then(|| Arc::clone(image))
        };
        let Some((main, path)) = self
            .separate
            .iter()
            .find_map(|candidate| candidate.open(&located.image))
            .map(|(image, path)| (Arc::new(image), path))
            .or_else(|| Some((own()?, located.path.clone())))
        else {
            return Found::default();
        };
        let shared = shared_file(&main, &path, &located.roots);
        let lacks_parts = shared.is_none() && main.has(".gnu_debugaltlink");
        let package = self.packages.iter().find_map(|path| Image::open(path));
        let folder = located.folder();
        let files = DebugFiles {
            main,
            shared,
            package: package.filter(|package| package.has(".debug_cu_index")),
            roots: located.roots.clone(),
            folder,
        };
        Found {
            files: Some(Arc::new(files)),
            lacks_parts,
        }
    }
}

impl Candidate {
    fn open(&self, module: &Image) -> Option<(Image, PathBuf)> {
        let image = Image::open(&self.path)?;
        let ids = (image.build_id(), module.build_id());
        let belongs = match self.check {
            Check::BuildId => ids.0 == ids.1,
            // A file that states another build id is spared the checksum.
            Check::Crc(crc) => {
                (ids.0.is_empty() || ids.1.is_empty() || ids.0 == ids.1)
                    && crc32fast::hash(image.bytes()) == crc
            }
        };
        belongs.then(|| (image, self.path.clone()))
    }
}

fn is_other_file(path: &Path, module: &Path) -> bool {
    let identity = |path: &Path| fs::metadata(path).ok().map(|m| (m.dev(), m.ino()));
    identity(path) != identity(module)
}

/// `.build-id/ab/cdef….debug` below the folder of debug files of each root.
fn by_build_id(roots: &[PathBuf], id: &[u8], extension: &str, check: Check) -> Vec<Candidate> {
    // Shorter ids are none.
    if id.len() < 4 {
        return Vec::new();
    }
    let (first, rest) = (hexadecimal(&id[..1]), hexadecimal(&id[1..]));
    let name = format!("{SYSTEM_FOLDER}/.build-id/{first}/{rest}.{extension}");
    let paths = roots.iter().map(|root| root.join(&name));
    paths
        .filter(|path| path.is_file())
        .map(|path| Candidate { path, check })
        .collect()
}

/// The file that `.gnu_debuglink` names: beside the module, in `.debug`, in the system's folder.
fn by_link(located: &Located) -> Vec<Candidate> {
    let Some((name, crc)) = debug_link(&located.image) else {
        return Vec::new();
    };
    let mut paths = Vec::new();
    for (folder, system) in located.folders() {
        paths.push(folder.join(&name));
        paths.push(folder.join(".debug").join(&name));
        paths.push(system.join(&name));
    }
    let check = Check::Crc(crc);
    paths
        .into_iter()
        .filter(|path| path.is_file())
        .map(|path| Candidate { path, check })
        .collect()
}

impl Located {
    /// Folders of the module's file below each root, each with its twin among the system's debug
    /// files.
    fn folders(&self) -> impl Iterator<Item = (PathBuf, PathBuf)> {
        let inside = Path::new(&self.module_path).parent();
        let inside = inside.and_then(|folder| folder.strip_prefix("/").ok());
        self.roots.iter().filter_map(move |root| {
            let system = root.join(SYSTEM_FOLDER);
            Some((root.join(inside?), system.join(inside?)))
        })
    }

    /// Folder of the module's file, below the root in which it was found.
    fn folder(&self) -> Option<PathBuf> {
        self.folders().next().map(|(folder, _)| folder)
    }
}

/// Name and checksum in `.gnu_debuglink`; a name with folders in it is none.
fn debug_link(image: &Image) -> Option<(String, u32)> {
    let section = image.section(".gnu_debuglink")?;
    let length = section.iter().position(|byte| *byte == 0)?;
    let name = std::str::from_utf8(&section[..length]).ok()?;
    let crc_at = (length + 1).next_multiple_of(4);
    let crc = section.get(crc_at..crc_at + 4)?;
    let crc = u32::from_le_bytes(crc.try_into().ok()?);
    let is_plain = !name.is_empty() && name != ".." && !name.contains('/');
    is_plain.then(|| (name.to_owned(), crc))
}

/// The file that `.gnu_debugaltlink` names, with the build id that it states.
fn shared_file(image: &Image, path: &Path, roots: &[PathBuf]) -> Option<Image> {
    let section = image.section(".gnu_debugaltlink")?;
    let length = section.iter().position(|byte| *byte == 0)?;
    let stated = Path::new(std::str::from_utf8(&section[..length]).ok()?);
    let id = &section[length + 1..];
    let mut paths: Vec<PathBuf> = Vec::new();
    if let Ok(inside) = stated.strip_prefix("/") {
        paths.extend(roots.iter().map(|root| root.join(inside)));
    } else {
        // The path is relative to where the debug file really lies.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        paths.extend(path.parent().map(|folder| folder.join(stated)));
    }
    let by_id = by_build_id(roots, id, "debug", Check::BuildId);
    paths.extend(by_id.into_iter().map(|candidate| candidate.path));
    let images = paths.iter().filter_map(|path| Image::open(path));
    images.into_iter().find(|image| image.build_id() == id)
}

/// Packages of split units: `<file>.dwp` beside the module or its debug file, and among the
/// system's debug files.
fn packages(located: &Located, separate: &[Candidate]) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    if let Some(name) = Path::new(&located.module_path).file_name() {
        for (folder, system) in located.folders() {
            paths.extend([folder.join(name), system.join(name)]);
        }
    }
    paths.extend(separate.iter().flat_map(|candidate| {
        let bare = candidate.path.with_extension("");
        [candidate.path.clone(), bare]
    }));
    for path in &mut paths {
        path.as_mut_os_string().push(".dwp");
    }
    paths.retain(|path| path.is_file());
    paths.dedup();
    paths
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(digits, "{byte:02x}").expect("writing to a string cannot fail");
    }
    digits
}
