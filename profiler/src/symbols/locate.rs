//! Finds the very file that was mapped, or none, through any process of the capture.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::{linux::fs::MetadataExt as _, unix::fs::MetadataExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use super::image::Image;
use crate::capture::model::Module;

/// Distinct roots that are looked below, at most.
const MOST_ROOTS: usize = 256;
/// Least time between two looks at the mappings of all processes.
const MAPPINGS_AGE: Duration = Duration::from_secs(1);

/// A file that holds a module's code.
#[derive(Clone, Debug)]
pub(super) struct Located {
    /// Path that it was opened by.
    pub(super) path: PathBuf,
    /// Path as the target sees it.
    pub(super) module_path: String,
    /// The file.
    pub(super) image: Arc<Image>,
    /// Roots below which its debug files may lie: first the one in which it was found.
    pub(super) roots: Vec<PathBuf>,
}

/// The processes of a capture, as ways to their files.
#[derive(Debug)]
pub(super) struct Processes {
    pids: BTreeSet<u32>,
    /// `/proc/PID/root`, one for each way of seeing files, ours last; found when first needed.
    roots: Option<Vec<PathBuf>>,
    mappings: Option<(Instant, Mappings)>,
}

/// Files by path, without the mark of the deleted ones.
type Mappings = BTreeMap<String, Vec<Mapping>>;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Mapping {
    /// `/proc/PID/map_files/<start>-<end>`, or `/proc/PID/exe`.
    file: PathBuf,
    /// `None` where it is the executable.
    inode: Option<u64>,
}

impl Processes {
    pub(super) fn new(pids: impl IntoIterator<Item = u32>) -> Self {
        Self {
            pids: pids.into_iter().filter(|pid| *pid != 0).collect(),
            roots: None,
            mappings: None,
        }
    }

    /// The lowest pid.
    pub(super) fn first(&self) -> Option<u32> {
        self.pids.first().copied()
    }

    /// Adds a process; `false` where it is known.
    pub(super) fn add(&mut self, pid: u32) -> bool {
        let is_new = pid != 0 && self.pids.insert(pid);
        if is_new {
            self.roots = None;
            self.mappings = None;
        }
        is_new
    }

    /// Finds a module's file: below the processes' roots, by its mapping (which outlives the
    /// file's name), and by its own path.
    pub(super) fn find(
        &mut self,
        module: &Module,
        captured_at: Option<jiff::Timestamp>,
    ) -> Option<Located> {
        let path = without_mark(&module.path);
        let inside = path.strip_prefix('/')?;
        let roots = self.roots();
        // By build id, the first file that bears it is the one; else mappings must tell.
        let mapped = if module.build_id.is_empty() {
            self.mappings_of(path)
        } else {
            Vec::new()
        };
        let of_root = |root: &PathBuf| {
            let file = root.join(inside);
            Some((
                open(&file, module, &mapped, captured_at)?,
                file,
                root.clone(),
            ))
        };
        let mut found = roots.iter().find_map(of_root);
        if found.is_none() {
            let mapped = self.mappings_of(path);
            found = mapped.iter().find_map(|mapping| {
                let image = open(&mapping.file, module, &mapped, captured_at)?;
                Some((image, mapping.file.clone(), root_of(&mapping.file)))
            });
        }
        let (image, file, root) = found?;
        let mut below = vec![root, PathBuf::from("/")];
        below.dedup();
        Some(Located {
            path: file,
            module_path: path.to_owned(),
            image: Arc::new(image),
            roots: below,
        })
    }

    fn roots(&mut self) -> Vec<PathBuf> {
        let pids = &self.pids;
        let roots = self.roots.get_or_insert_with(|| {
            let ours = view(Path::new("/proc/self"));
            let mut seen = BTreeSet::from_iter(ours);
            let views = pids.iter().filter_map(|pid| {
                let folder = PathBuf::from(format!("/proc/{pid}"));
                seen.insert(view(&folder)?).then(|| folder.join("root"))
            });
            let mut roots: Vec<PathBuf> = views.take(MOST_ROOTS).collect();
            roots.push(PathBuf::from("/"));
            roots
        });
        roots.clone()
    }

    fn mappings_of(&mut self, path: &str) -> Vec<Mapping> {
        let is_fresh = |read: &Instant| read.elapsed() < MAPPINGS_AGE;
        if !self
            .mappings
            .as_ref()
            .is_some_and(|(read, _)| is_fresh(read))
        {
            self.mappings = Some((Instant::now(), mappings(&self.pids)));
        }
        let mappings = self.mappings.as_ref();
        let of_path = mappings.and_then(|(_, mappings)| mappings.get(path));
        of_path.cloned().unwrap_or_default()
    }
}

/// `/proc/PID/root` of the process whose `/proc` folder holds `file`.
fn root_of(file: &Path) -> PathBuf {
    let folder: PathBuf = file.components().take(3).collect();
    folder.join("root")
}

/// What a process sees as its files: its mount namespace and its root folder.
fn view(process: &Path) -> Option<(PathBuf, u64, u64)> {
    let namespace = fs::read_link(process.join("ns/mnt")).ok()?;
    let root = fs::metadata(process.join("root")).ok()?;
    Some((namespace, root.dev(), root.ino()))
}

/// A path as it was before the kernel marked it as deleted.
pub(super) fn without_mark(path: &str) -> &str {
    path.strip_suffix(" (deleted)").unwrap_or(path)
}

/// Opens `file` where it is what was mapped.
fn open(
    file: &Path,
    module: &Module,
    mapped: &[Mapping],
    captured_at: Option<jiff::Timestamp>,
) -> Option<Image> {
    let metadata = fs::metadata(file).ok()?;
    if !module.build_id.is_empty() {
        let image = Image::open(file)?;
        return (image.build_id() == module.build_id).then_some(image);
    }
    let mut inodes = mapped.iter().filter_map(|mapping| mapping.inode).peekable();
    let is_it = if inodes.peek().is_some() {
        inodes.any(|inode| inode == metadata.ino())
    } else {
        // The mapping is gone and the file bears no id: only one that has not been touched since
        // will do. The time of the last change of the inode sees renames too, unlike the
        // modification's.
        !module.deleted
            && captured_at.is_some_and(|captured_at| changed_before(&metadata, captured_at))
    };
    is_it.then(|| Image::open(file)).flatten()
}

/// Kernels stamp changes with a clock that lags behind by up to a tick, 10 ms at most.
const STAMPS_LAG_NS: i128 = 10_000_000;

/// Whether a file's inode was changed for the last time before a moment.
fn changed_before(metadata: &fs::Metadata, moment: jiff::Timestamp) -> bool {
    let changed_ns =
        i128::from(metadata.st_ctime()) * 1_000_000_000 + i128::from(metadata.st_ctime_nsec());
    changed_ns + STAMPS_LAG_NS < moment.as_nanosecond()
}

/// All files that the processes have mapped or run.
fn mappings(pids: &BTreeSet<u32>) -> Mappings {
    let mut mappings = Mappings::new();
    let mut add = |path: &str, file, inode| {
        let path = without_mark(path).to_owned();
        mappings
            .entry(path)
            .or_default()
            .push(Mapping { file, inode });
    };
    for pid in pids {
        let maps = fs::read(format!("/proc/{pid}/maps")).unwrap_or_default();
        for line in String::from_utf8_lossy(&maps).lines() {
            if let Some((range, inode, path)) = mapped_file(line) {
                let file = PathBuf::from(format!("/proc/{pid}/map_files/{range}"));
                add(path, file, Some(inode));
            }
        }
        let executable = PathBuf::from(format!("/proc/{pid}/exe"));
        if let Ok(path) = fs::read_link(&executable) {
            add(&path.to_string_lossy(), executable, None);
        }
    }
    mappings
}

/// Range as `map_files` names it, inode and path of a line of `/proc/PID/maps`, where it is of a
/// file.
fn mapped_file(line: &str) -> Option<(String, u64, &str)> {
    // address, permissions, offset, device, inode, path
    let mut rest = line;
    let mut field = || {
        let (field, after) = rest.trim_start().split_once(' ')?;
        rest = after;
        Some(field)
    };
    let (range, _, _, _, inode) = (field()?, field()?, field()?, field()?, field()?);
    let path = rest.trim_start();
    // The link's name has no leading zeros, unlike the line's.
    let (start, end) = range.split_once('-')?;
    let start = u64::from_str_radix(start, 16).ok()?;
    let end = u64::from_str_radix(end, 16).ok()?;
    let inode = inode.parse().ok()?;
    path.starts_with('/')
        .then(|| (format!("{start:x}-{end:x}"), inode, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_within_the_same_second_is_told_from_one_before() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let metadata = file.as_file().metadata().unwrap();
        let changed = jiff::Timestamp::new(metadata.ctime(), metadata.ctime_nsec() as i32).unwrap();
        let later = |milliseconds| changed + jiff::SignedDuration::from_millis(milliseconds);
        assert!(changed_before(&metadata, later(20)));
        assert!(!changed_before(&metadata, later(5)));
        assert!(!changed_before(&metadata, later(-500)));
    }
}
