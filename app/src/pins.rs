//! The workspace's pins: a file a pin, with its picture beside it, so that git merges them.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use scrutineer_checklists::{
    document::{PinnedCapture, PinnedView},
    ron_text,
};
use scrutineer_profiler::{capture::file::CAPTURE_EXTENSION, plain_text, workspace::Workspace};
use scrutineer_ui::pin::{PIN_FORMAT_VERSION, Pin};
use serde::Deserialize;

use crate::{
    capture_note, captures,
    review::{who, write_whole},
};

/// The part that every version of the format has.
#[derive(Deserialize)]
#[serde(rename = "ScrutineerPin")]
struct Header {
    version: u32,
}

/// Keeps a pin of a capture, with what only a look at the machine tells: who, when and the
/// captures' digests. The captures are pinned with it, so that they are not pruned; of those that
/// it is compared with the pin names the files. Gives the pin's id.
pub(crate) fn keep(workspace: &Workspace, capture: &Path, mut pin: Pin) -> Result<String> {
    let shown = &mut pin.shown;
    shown.by = who(workspace);
    shown.pinned_at = jiff::Timestamp::now();
    shown.capture.file = capture.to_string_lossy().into_owned();
    let others = shown.bases.iter_mut().chain(&mut shown.candidates);
    let mut files = Vec::new();
    for capture in std::iter::once(&mut shown.capture).chain(others) {
        files.push(identify(workspace, capture)?);
    }
    let begin = shown.pinned_at.strftime("%Y%m%dT%H%M%SZ").to_string();
    let digest = ron_text::digest(&pin);
    let id = format!("{begin}-{}", &digest[..8]);
    pin.shown.id.clone_from(&id);
    // Only what lies among the captures is ever pruned; beside other files nothing is written.
    let folder = workspace.captures_folder();
    for capture in files.iter().filter(|file| file.starts_with(&folder)) {
        capture_note::change(capture, |note| note.pinned = true)?;
    }
    write(workspace, &pin)?;
    let shown = &pin.shown;
    let picture = scrutineer_report::html::picture(&shown.picture, &shown.total, shown.selected);
    write_whole(&file(workspace, &id, "svg"), picture.as_bytes())?;
    Ok(id)
}

/// Notes the digest of a pinned capture, and its file as the workspace names it; gives the file.
fn identify(workspace: &Workspace, capture: &mut PinnedCapture) -> Result<PathBuf> {
    let path = Path::new(&capture.file);
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    capture.digest = captures::digest(&path)?;
    let below = path.strip_prefix(&workspace.root).unwrap_or(&path);
    capture.file = below.to_string_lossy().into_owned();
    Ok(path)
}

fn file(workspace: &Workspace, id: &str, extension: &str) -> PathBuf {
    workspace.pins_folder().join(format!("{id}.{extension}"))
}

fn write(workspace: &Workspace, pin: &Pin) -> Result<()> {
    let path = file(workspace, &pin.shown.id, "ron");
    write_whole(&path, ron_text::print(pin).as_bytes())
}

/// The pin of an id.
pub(crate) fn load(workspace: &Workspace, id: &str) -> Result<Pin> {
    // An id becomes a path: never one of another folder.
    if id.is_empty() || id.contains(['/', '\0']) || id.starts_with('.') {
        bail!("“{id}” is no pin's name");
    }
    read(&file(workspace, id, "ron"))
}

fn read(path: &Path) -> Result<Pin> {
    let text = plain_text::read(path)
        .with_context(|| format!("cannot read the pin {}", path.display()))?;
    if let Ok(Header { version }) = ron_text::parse(&text)
        && version > PIN_FORMAT_VERSION
    {
        bail!(
            "{} has format version {version}, and this Scrutineer reads version \
             {PIN_FORMAT_VERSION}; update Scrutineer to read it",
            path.display()
        );
    }
    let mut pin: Pin = ron_text::parse(&text).with_context(|| path.display().to_string())?;
    // The file's name holds, whoever copied it.
    pin.shown.id = path
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    Ok(pin)
}

/// What documents show of all pins, the oldest first. One that cannot be read is an error: it
/// would be missing without a word.
pub(crate) fn shown(workspace: &Workspace) -> Result<Vec<PinnedView>> {
    let folder = workspace.pins_folder();
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot list {}", folder.display()));
        }
    };
    let paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()
        .with_context(|| format!("cannot list {}", folder.display()))?;
    let pins = paths
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == "ron"));
    let mut pins = pins
        .map(|path| Ok(read(path)?.shown))
        .collect::<Result<Vec<_>>>()?;
    pins.sort_by(|a, b| (a.pinned_at, &a.id).cmp(&(b.pinned_at, &b.id)));
    Ok(pins)
}

/// The same, as the window lists them.
pub(crate) fn list(workspace: &Workspace) -> Result<Vec<Arc<PinnedView>>> {
    Ok(shown(workspace)?.into_iter().map(Arc::new).collect())
}

/// Changes the note of a pin.
pub(crate) fn note(workspace: &Workspace, id: &str, note: String) -> Result<()> {
    let mut pin = load(workspace, id)?;
    pin.shown.note = note;
    write(workspace, &pin)
}

/// Removes a pin with its picture. Its capture stays pinned until somebody unpins it.
pub(crate) fn remove(workspace: &Workspace, id: &str) -> Result<()> {
    load(workspace, id)?;
    for extension in ["ron", "svg"] {
        let path = file(workspace, id, extension);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", path.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The file of a pinned capture: where it lay, else wherever the workspace's captures hold one of
/// its digest.
pub(crate) fn find_capture(workspace: &Workspace, capture: &PinnedCapture) -> Result<PathBuf> {
    let there = workspace.root.join(&capture.file);
    let folder = workspace.captures_folder();
    let name = there.file_name().map(|name| folder.join(name));
    let mut tried: Vec<PathBuf> = std::iter::once(there.clone()).chain(name).collect();
    let others = fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut others: Vec<PathBuf> = others
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == CAPTURE_EXTENSION))
        .collect();
    others.sort();
    tried.extend(others);
    let is_it = |path: &PathBuf| {
        path.is_file() && captures::digest(path).is_ok_and(|digest| digest == capture.digest)
    };
    if let Some(found) = tried.into_iter().find(is_it) {
        return Ok(found);
    }
    if there.is_file() {
        bail!(
            "{} is not the capture that was pinned: its SHA-256 is not {}; put the pinned one \
             into {} to see the view again",
            there.display(),
            capture.digest,
            folder.display()
        );
    }
    bail!(
        "the capture of this pin is not here: put {} (SHA-256 {}) into {} to see the view again; \
         its picture is kept with the pin",
        there.file_name().unwrap_or_default().to_string_lossy(),
        capture.digest,
        folder.display()
    );
}

/// A pin as the window hands it over.
#[cfg(test)]
pub(crate) fn example() -> Pin {
    ron_text::parse(tests::PIN).expect("it is a pin")
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const PIN: &str = "(version: 1, view: (mode: Flame, weight: \"cpu\", inverted: false, \
        range_s: Some((0.5, 1.25)), threads: None, wait_classes: None, \
        transforms: [Merge(Function(name: \"memcpy\", module: \"libc.so\"))], search: \"a|b\", \
        selected: [\"main\"], zoom: (0.25, 0.5), scroll: 0.0, by_total: false, unfolded: [0], \
        seen_s: None, thread_filter: \"\", thread_order: Cpu, hidden_threads: [], \
        first_threads: []), shown: (id: \"\", title: \"main\", note: \"why\", by: \"\", \
        pinned_at: \"1970-01-01T00:00:00Z\", scope: [], total: \"3 samples\", capture: (file: \"\", \
        digest: \"\", target: \"t\", started_at: \"1970-01-01T00:00:00Z\", commit: None), \
        selected: None, picture: (boxes: [(depth: 0, x: 0.0, width: 1.0, name: \"all\", \
        category: \"root\")], samples: 3, hidden: 0)))";

    struct Place {
        _folder: tempfile::TempDir,
        workspace: Workspace,
        capture: PathBuf,
    }

    impl Place {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("scrutineer.ron"), "(version: 1)").unwrap();
            let workspace = Workspace::find(folder.path()).unwrap();
            let capture = workspace.prepare_captures_folder().unwrap();
            let capture = capture.join("t-1.scrutineer");
            fs::write(&capture, "its bytes").unwrap();
            Self {
                _folder: folder,
                workspace,
                capture,
            }
        }

        fn pin(&self) -> String {
            keep(&self.workspace, &self.capture, example()).unwrap()
        }
    }

    #[test]
    fn a_pin_is_kept_with_its_picture_and_the_capture_is_held() {
        let place = Place::new();
        let id = place.pin();
        let pin = load(&place.workspace, &id).unwrap();
        assert_eq!(pin.view, example().view);
        assert_eq!(
            pin.shown.capture.file,
            ".scrutineer/captures/t-1.scrutineer"
        );
        assert_eq!(pin.shown.capture.digest.len(), 64);
        assert!(!pin.shown.by.is_empty());
        let folder = place.workspace.root.join(".scrutineer/pins");
        let svg = fs::read_to_string(folder.join(format!("{id}.svg"))).unwrap();
        assert!(svg.contains("flame graph of 3 samples"), "{svg}");
        assert!(capture_note::load(&place.capture).unwrap().pinned);
        let found = find_capture(&place.workspace, &pin.shown.capture).unwrap();
        assert_eq!(found, place.capture);
    }

    #[test]
    fn beside_a_file_of_another_profiler_nothing_is_written() {
        let place = Place::new();
        let elsewhere = tempfile::tempdir().unwrap();
        let file = elsewhere.path().join("perf.data");
        fs::write(&file, "theirs").unwrap();
        let id = keep(&place.workspace, &file, example()).unwrap();
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1);
        let pin = load(&place.workspace, &id).unwrap();
        assert_eq!(
            find_capture(&place.workspace, &pin.shown.capture).unwrap(),
            file
        );
    }

    #[test]
    fn all_captures_of_a_pinned_comparison_are_held_and_found() {
        let place = Place::new();
        let base = place.capture.with_file_name("before.scrutineer");
        fs::write(&base, "other bytes").unwrap();
        let mut pin = example();
        pin.shown.bases = vec![PinnedCapture {
            file: base.to_string_lossy().into_owned(),
            ..pin.shown.capture.clone()
        }];
        let id = keep(&place.workspace, &place.capture, pin).unwrap();
        let pin = load(&place.workspace, &id).unwrap();
        let named = &pin.shown.bases[0];
        assert_eq!(named.file, ".scrutineer/captures/before.scrutineer");
        assert_ne!(named.digest, pin.shown.capture.digest);
        assert!(capture_note::load(&base).unwrap().pinned);
        let moved = base.with_file_name("a.scrutineer");
        fs::rename(&base, &moved).unwrap();
        assert_eq!(find_capture(&place.workspace, named).unwrap(), moved);
    }

    #[test]
    fn notes_change_and_removal_leaves_nothing_behind() {
        let place = Place::new();
        let id = place.pin();
        note(&place.workspace, &id, "because".into()).unwrap();
        let pins = shown(&place.workspace).unwrap();
        assert_eq!((pins.len(), pins[0].note.as_str()), (1, "because"));
        assert_eq!(pins[0].id, id);
        remove(&place.workspace, &id).unwrap();
        assert!(shown(&place.workspace).unwrap().is_empty());
        let left = fs::read_dir(place.workspace.pins_folder()).unwrap();
        assert_eq!(left.count(), 0);
    }

    #[test]
    fn a_capture_is_found_by_its_digest_under_another_name_and_missed_in_a_sentence() {
        let place = Place::new();
        let pin = load(&place.workspace, &place.pin()).unwrap();
        let moved = place.capture.with_file_name("z.scrutineer");
        fs::rename(&place.capture, &moved).unwrap();
        assert_eq!(
            find_capture(&place.workspace, &pin.shown.capture).unwrap(),
            moved
        );
        fs::remove_file(moved).unwrap();
        let error = find_capture(&place.workspace, &pin.shown.capture).unwrap_err();
        assert!(error.to_string().contains("t-1.scrutineer"), "{error}");
        fs::write(&place.capture, "others").unwrap();
        let error = find_capture(&place.workspace, &pin.shown.capture).unwrap_err();
        assert!(error.to_string().contains("is not the capture"), "{error}");
    }

    #[test]
    fn a_pin_that_cannot_be_read_is_told_with_its_place() {
        let place = Place::new();
        let id = place.pin();
        let path = file(&place.workspace, &id, "ron");
        fs::write(&path, "(version: 1,\n views: ())").unwrap();
        let error = format!("{:#}", shown(&place.workspace).unwrap_err());
        assert!(error.contains("line 2"), "{error}");
        fs::write(&path, "(version: 7, all: New)").unwrap();
        let error = format!("{:#}", shown(&place.workspace).unwrap_err());
        assert!(error.contains("format version 7"), "{error}");
        assert!(load(&place.workspace, "../../scrutineer").is_err());
    }
}
