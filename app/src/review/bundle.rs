//! A review in one file: a milestone with its approvals, captures and page, as a gzipped tar.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use scrutineer_checklists::ron_text;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Newest version of the format that is understood.
const BUNDLE_FORMAT_VERSION: u32 = 1;

/// The list of what a bundle holds, first in it.
const MANIFEST: &str = "bundle.ron";

/// Most files of a bundle.
const MOST_FILES: usize = 1_000;
/// Largest list, bytes.
const LARGEST_MANIFEST_BYTES: u64 = 1 << 20;
/// Largest text that is held in memory, bytes: milestones and approvals.
const LARGEST_TEXT_BYTES: u64 = 256 << 20;
/// Largest file, bytes: a capture of hours.
const LARGEST_FILE_BYTES: u64 = 64 << 30;

/// What a bundle says that it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "ScrutineerBundle", deny_unknown_fields)]
struct Manifest {
    version: u32,
    review: String,
    milestone: String,
    files: BTreeMap<String, BundledFile>,
}

/// A file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BundledFile {
    /// Its length.
    pub(crate) bytes: u64,
    /// SHA-256, hexadecimal.
    pub(crate) digest: String,
}

/// A bundle that was read: every file was compared with the list's digest on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bundle {
    /// Name of the review.
    pub(crate) review: String,
    /// Name of the milestone.
    pub(crate) milestone: String,
    /// Files with their digests.
    pub(crate) files: BTreeMap<String, BundledFile>,
    /// Texts of the milestone and of its approvals, by file.
    pub(crate) texts: BTreeMap<String, String>,
    /// What does not fit the list.
    pub(crate) doubts: Vec<String>,
}

/// The milestone's file within a bundle.
pub(crate) const MILESTONE_FILE: &str = "milestone.ron";
/// The approvals' file within a bundle.
pub(crate) const SIGN_OFFS_FILE: &str = "signatures.ron";

/// Where a capture lies within a bundle.
pub(crate) fn in_bundle(capture: &str) -> String {
    format!("captures/{capture}")
}

/// What goes into a bundle, under which name.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// A text.
    Text(String),
    /// A file on the disk.
    File(PathBuf),
}

impl Bundle {
    /// Writes a bundle. The same parts give the same bytes: times and owners are left out.
    pub(crate) fn write(
        to: &Path,
        (review, milestone): (&str, &str),
        parts: &BTreeMap<String, Part>,
    ) -> Result<()> {
        let mut files = BTreeMap::new();
        for (name, part) in parts {
            files.insert(name.clone(), part.listed()?);
        }
        let manifest = Manifest {
            version: BUNDLE_FORMAT_VERSION,
            review: review.to_owned(),
            milestone: milestone.to_owned(),
            files,
        };
        let beside = to.with_extension("part");
        let written = write_tar(&beside, &manifest, parts).and_then(|()| {
            std::fs::rename(&beside, to).with_context(|| format!("cannot write {}", to.display()))
        });
        written.inspect_err(|_| drop(std::fs::remove_file(&beside)))
    }

    /// Reads a bundle and compares every file with the list. Nothing is unpacked.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let reading = || format!("cannot read {}", path.display());
        let file = File::open(path).with_context(reading)?;
        let mut archive = tar::Archive::new(GzDecoder::new(io::BufReader::new(file)));
        let mut entries = archive
            .entries()
            .with_context(|| format!("{} is not a bundle", path.display()))?;
        let first = entries
            .next()
            .with_context(|| format!("{} is empty, and not a bundle", path.display()))?;
        let mut first = first.with_context(|| format!("{} is not a bundle", path.display()))?;
        let manifest = manifest(&mut first, path)?;
        let mut bundle = Self {
            review: manifest.review,
            milestone: manifest.milestone,
            files: manifest.files,
            texts: BTreeMap::new(),
            doubts: Vec::new(),
        };
        let mut missing = bundle.files.clone();
        for entry in entries.take(MOST_FILES) {
            let mut entry = entry.with_context(|| format!("{} is damaged", path.display()))?;
            let name = entry.path().map(|name| name.to_string_lossy().into_owned());
            let name = name.with_context(|| format!("{} is damaged", path.display()))?;
            let Some(listed) = missing.remove(&name) else {
                let doubt = format!("{name} is not in the bundle's list");
                bundle.doubts.push(doubt);
                continue;
            };
            let is_text = name == MILESTONE_FILE || name == SIGN_OFFS_FILE;
            let (found, text) = look_at(&mut entry, is_text).with_context(reading)?;
            if found != listed {
                let doubt = format!("{name} is not what the bundle's list says");
                bundle.doubts.push(doubt);
            }
            if let Some(text) = text {
                bundle.texts.insert(name, text);
            }
        }
        let lacking = missing.keys().map(|name| format!("{name} is missing"));
        bundle.doubts.extend(lacking);
        Ok(bundle)
    }
}

impl Part {
    fn listed(&self) -> Result<BundledFile> {
        let mut reader = self.open()?;
        let (listed, _) =
            look_at(&mut reader, false).with_context(|| format!("cannot read {}", self.words()))?;
        Ok(listed)
    }

    fn open(&self) -> Result<Box<dyn Read + '_>> {
        Ok(match self {
            Self::Text(text) => Box::new(text.as_bytes()),
            Self::File(path) => {
                let file = File::open(path);
                Box::new(file.with_context(|| format!("cannot read {}", path.display()))?)
            }
        })
    }

    fn words(&self) -> String {
        match self {
            Self::Text(_) => "a text".into(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

fn write_tar(path: &Path, manifest: &Manifest, parts: &BTreeMap<String, Part>) -> Result<()> {
    let writing = || format!("cannot write {}; is there room?", path.display());
    let file = File::create(path).with_context(writing)?;
    let mut archive = tar::Builder::new(GzEncoder::new(file, Compression::default()));
    let text = ron_text::print(manifest);
    append(&mut archive, MANIFEST, text.len() as u64, text.as_bytes()).with_context(writing)?;
    for (name, part) in parts {
        let bytes = manifest.files.get(name).map_or(0, |file| file.bytes);
        // A capture that grows meanwhile is cut where the list says that it ends.
        append(&mut archive, name, bytes, part.open()?.take(bytes)).with_context(writing)?;
    }
    let encoder = archive.into_inner().with_context(writing)?;
    let mut file = encoder.finish().with_context(writing)?;
    file.flush().with_context(writing)
}

fn append(
    archive: &mut tar::Builder<GzEncoder<File>>,
    name: &str,
    bytes: u64,
    content: impl Read,
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o644);
    header.set_mtime(0);
    archive.append_data(&mut header, name, content)
}

fn manifest(entry: &mut tar::Entry<'_, impl Read>, path: &Path) -> Result<Manifest> {
    let is_list = entry.path().is_ok_and(|name| name.as_os_str() == MANIFEST);
    if !is_list || entry.size() > LARGEST_MANIFEST_BYTES {
        bail!("{} is not a bundle of Scrutineer's", path.display());
    }
    let mut text = String::new();
    entry
        .take(LARGEST_MANIFEST_BYTES)
        .read_to_string(&mut text)
        .with_context(|| format!("{} is damaged", path.display()))?;
    let manifest: Manifest =
        ron_text::parse(&text).with_context(|| format!("{}, {MANIFEST}", path.display()))?;
    if manifest.version > BUNDLE_FORMAT_VERSION {
        bail!(
            "{} was written by a newer Scrutineer; update Scrutineer to read it",
            path.display()
        );
    }
    Ok(manifest)
}

/// Length and digest of what is read, with the text where it is wanted.
fn look_at(reader: &mut dyn Read, is_text: bool) -> io::Result<(BundledFile, Option<String>)> {
    let mut sha = Sha256::new();
    let mut text = is_text.then(Vec::new);
    let mut bytes = 0;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        sha.update(&buffer[..count]);
        bytes += count as u64;
        let most = if is_text {
            LARGEST_TEXT_BYTES
        } else {
            LARGEST_FILE_BYTES
        };
        if bytes > most {
            return Err(io::Error::other("a file in it is larger than any of ours"));
        }
        if let Some(text) = &mut text {
            text.extend_from_slice(&buffer[..count]);
        }
    }
    let digest: [u8; 32] = sha.finalize().into();
    let digest = digest
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let text = text.map(|text| String::from_utf8_lossy(&text).into_owned());
    Ok((BundledFile { bytes, digest }, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(folder: &Path) -> BTreeMap<String, Part> {
        let capture = folder.join("a.scrutineer");
        std::fs::write(&capture, vec![7; 200_000]).unwrap();
        BTreeMap::from([
            (MILESTONE_FILE.to_owned(), Part::Text("frozen".into())),
            ("captures/a.scrutineer".to_owned(), Part::File(capture)),
        ])
    }

    fn written(folder: &Path, name: &str) -> PathBuf {
        let path = folder.join(name);
        Bundle::write(&path, ("spring", "2026-q1"), &parts(folder)).unwrap();
        path
    }

    #[test]
    fn a_bundle_is_read_as_it_was_written_and_the_same_parts_give_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (
            written(folder.path(), "one"),
            written(folder.path(), "other"),
        );
        assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&other).unwrap());
        let bundle = Bundle::read(&one).unwrap();
        assert_eq!((&*bundle.review, &*bundle.milestone), ("spring", "2026-q1"));
        assert_eq!(bundle.texts[MILESTONE_FILE], "frozen");
        assert_eq!(bundle.files["captures/a.scrutineer"].bytes, 200_000);
        assert_eq!(bundle.doubts, Vec::<String>::new());
        assert!(!folder.path().join("one.part").exists());
    }

    #[test]
    fn a_file_that_was_exchanged_or_added_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("forged");
        let manifest = Manifest {
            version: 1,
            review: "spring".into(),
            milestone: "m".into(),
            files: BTreeMap::from([
                (
                    MILESTONE_FILE.to_owned(),
                    Part::Text("true".into()).listed().unwrap(),
                ),
                ("lost".to_owned(), Part::Text("x".into()).listed().unwrap()),
            ]),
        };
        let forged = BTreeMap::from([
            (MILESTONE_FILE.to_owned(), Part::Text("lies".into())),
            ("more".to_owned(), Part::Text(String::new())),
        ]);
        write_tar(&path, &manifest, &forged).unwrap();
        let doubts = Bundle::read(&path).unwrap().doubts.join("; ");
        for words in [
            "milestone.ron is not what",
            "more is not in the bundle's list",
            "lost is missing",
        ] {
            assert!(doubts.contains(words), "{doubts}");
        }
    }

    #[test]
    fn what_is_no_bundle_ends_in_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        for content in [&b""[..], b"ScrutineerMilestone(", &[0x1f, 0x8b, 8, 0, 0]] {
            std::fs::write(&path, content).unwrap();
            assert!(Bundle::read(&path).is_err());
        }
        let whole = std::fs::read(written(folder.path(), "whole")).unwrap();
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert!(Bundle::read(&path).is_err());
    }
}
