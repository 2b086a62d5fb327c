//! Files that another tool's recording names, where they are on this machine as they were then.

use std::{
    collections::HashMap,
    fs::File,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use super::{files::LoadedModule, image::Image, maps::Mapping};
use crate::capture::model::{Module, ModuleKind};

/// What a recording says of the files that were mapped.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecordedFiles {
    /// Build ids by path.
    pub(crate) build_ids: HashMap<String, Vec<u8>>,
    /// When the recording was written, seconds since 1970: a file without a build id that was
    /// changed later is another one.
    pub(crate) written_s: i64,
    /// Folder of files by build id that perf keeps: `~/.debug/.build-id`.
    pub(crate) kept: Option<PathBuf>,
}

impl RecordedFiles {
    /// The very file of a mapping, or its name alone.
    pub(super) fn load(&self, mapping: &Mapping) -> LoadedModule {
        let (path, deleted) = mapping.clean_path();
        let expected = self.build_ids.get(path).filter(|id| !id.is_empty());
        let image = self.image(path, expected, deleted);
        let own = image.as_ref().map(|image| image.build_id.clone());
        let module = Module {
            kind: ModuleKind::File,
            path: path.to_owned(),
            build_id: expected.cloned().or(own).unwrap_or_default(),
            deleted: deleted && expected.is_none(),
        };
        LoadedModule {
            module,
            image,
            python: None,
        }
    }

    /// Whether the vDSO is the one that was mapped.
    pub(super) fn is_vdso(&self, image: &Image) -> bool {
        self.build_ids.get("[vdso]") == Some(&image.build_id)
    }

    fn image(&self, path: &str, expected: Option<&Vec<u8>>, deleted: bool) -> Option<Image> {
        let Some(expected) = expected else {
            let file = open(Path::new(path)).filter(|_| !deleted)?;
            let is_older = file.metadata().ok()?.ctime() < self.written_s;
            return Image::from_file(file).filter(|_| is_older);
        };
        let is_it = |image: &Image| image.build_id == *expected;
        let in_place = open(Path::new(path))
            .and_then(Image::from_file)
            .filter(is_it);
        in_place.or_else(|| {
            let kept = self.kept.as_ref()?.join(place_of(expected)?);
            open(&kept).and_then(Image::from_file).filter(is_it)
        })
    }
}

/// Where perf keeps a file: `ab/cdef…/elf`.
fn place_of(build_id: &[u8]) -> Option<PathBuf> {
    let digits = crate::symbols::hexadecimal(build_id);
    let (folder, name) = digits.split_at_checked(2)?;
    Some(Path::new(folder).join(name).join("elf"))
}

/// Opens a regular file: the path comes from a file that anybody may have written.
fn open(path: &Path) -> Option<File> {
    let file = File::options()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
        .open(path)
        .ok()?;
    file.metadata().ok()?.is_file().then_some(file)
}
