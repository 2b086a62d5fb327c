//! What a person wrote to a capture, and whether it is pinned: a small file beside it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use scrutineer_checklists::ron_text;
use serde::{Deserialize, Serialize};

use crate::review::write_whole;

/// Newest version of the file's format that is understood.
const NOTE_FORMAT_VERSION: u32 = 1;

/// What a person wrote to a capture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "ScrutineerCaptureNote", deny_unknown_fields)]
pub(crate) struct CaptureNote {
    version: u32,
    /// Words; empty for none.
    #[serde(default)]
    pub(crate) note: String,
    /// Whether the capture is never pruned.
    #[serde(default)]
    pub(crate) pinned: bool,
}

impl Default for CaptureNote {
    fn default() -> Self {
        Self {
            version: NOTE_FORMAT_VERSION,
            note: String::new(),
            pinned: false,
        }
    }
}

/// The part that every version of the format has.
#[derive(Deserialize)]
#[serde(rename = "ScrutineerCaptureNote")]
struct Header {
    version: u32,
}

/// The file beside a capture: `ledgerd-20260311T091500Z.note.ron`.
pub(crate) fn path_of(capture: &Path) -> PathBuf {
    capture.with_extension("note.ron")
}

/// Reads what was written to a capture; nothing where there is no file.
pub(crate) fn load(capture: &Path) -> Result<CaptureNote> {
    let path = path_of(capture);
    let text = match scrutineer_profiler::plain_text::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(CaptureNote::default()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    if let Ok(Header { version }) = ron_text::parse(&text)
        && version > NOTE_FORMAT_VERSION
    {
        bail!(
            "{} has format version {version}, and this Scrutineer reads version \
             {NOTE_FORMAT_VERSION}; update Scrutineer to read it",
            path.display()
        );
    }
    ron_text::parse(&text).with_context(|| path.display().to_string())
}

/// Changes what is written to a capture. A file that cannot be read is left as it is; one that
/// would say nothing is removed.
pub(crate) fn change(capture: &Path, change: impl FnOnce(&mut CaptureNote)) -> Result<()> {
    let mut note = load(capture)?;
    change(&mut note);
    let path = path_of(capture);
    if note == CaptureNote::default() {
        return match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", path.display()))
            }
            _ => Ok(()),
        };
    }
    write_whole(&path, ron_text::print(&note).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_kept_beside_the_capture_and_goes_when_it_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let capture = folder.path().join("a-1.scrutineer");
        change(&capture, |note| note.note = "after the fix".into()).unwrap();
        change(&capture, |note| note.pinned = true).unwrap();
        let note = load(&capture).unwrap();
        assert_eq!((note.note.as_str(), note.pinned), ("after the fix", true));
        change(&capture, |note| {
            (note.note, note.pinned) = (String::new(), false);
        })
        .unwrap();
        assert!(!path_of(&capture).exists());
        assert_eq!(load(&capture).unwrap(), CaptureNote::default());
    }

    #[test]
    fn a_note_that_cannot_be_read_is_told_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let capture = folder.path().join("a-1.scrutineer");
        fs::write(path_of(&capture), "(version: 1, note: 5)").unwrap();
        let error = format!("{:#}", change(&capture, |_| ()).unwrap_err());
        assert!(error.contains("a-1.note.ron"), "{error}");
        assert!(path_of(&capture).exists());
    }
}
