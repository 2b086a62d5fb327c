//! The workspace's own captures, baselines and reviews.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use scrutineer_evidence::{
    Absent, Gathered,
    history::{BaselineEntry, CaptureEntry, HistoryFacts, ReviewEntry},
};
use serde::Deserialize;

use super::source::read_small;
use crate::{
    capture::file::{CAPTURE_EXTENSION, summarise},
    workspace::Workspace,
};

/// Reads what the workspace keeps. A file that cannot be read is passed over: it proves nothing.
pub(super) fn gather(workspace: &Workspace) -> Gathered<HistoryFacts> {
    let failed = |folder: PathBuf| {
        move |error: io::Error| Absent::Failed {
            why: format!("cannot read the workspace's history in {}: {error}", folder.display()),
        }
    };
    let reviews_folder = workspace.reviews_folder();
    let captures_folder = workspace.captures_folder();
    let baselines_folder = workspace.baselines_folder();
    let reviews = list(&reviews_folder).map_err(failed(reviews_folder))?;
    let captures = list(&captures_folder).map_err(failed(captures_folder))?;
    let baselines = list(&baselines_folder).map_err(failed(baselines_folder))?;
    let reviewed: Vec<String> = reviews.iter().map(|folder| words_in(folder)).collect();
    Ok(HistoryFacts {
        captures: captures_of(&captures, &reviewed),
        baselines: baselines.iter().filter_map(|path| baseline(path)).collect(),
        reviews: reviews.iter().filter_map(|folder| review(folder)).collect(),
    })
}

/// Entries of a folder, sorted; none where there is no such folder.
fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
    paths.sort();
    Ok(paths)
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

/// Everything that the RON files of a review say.
fn words_in(review: &Path) -> String {
    let files = list(review).unwrap_or_default();
    files.iter().filter(|path| has_extension(path, "ron")).filter_map(|path| read_small(path)).collect()
}

fn captures_of(paths: &[PathBuf], reviewed: &[String]) -> Vec<CaptureEntry> {
    let mut captures: Vec<CaptureEntry> = paths
        .iter()
        .filter(|path| has_extension(path, CAPTURE_EXTENSION))
        .filter_map(|path| {
            let file = name_of(path);
            let started_at = summarise(path).ok()?.header.started_at;
            let linked = reviewed.iter().any(|words| words.contains(&file));
            Some(CaptureEntry { file, started_at, linked })
        })
        .collect();
    captures.sort_by(|a, b| b.started_at.cmp(&a.started_at).then_with(|| a.file.cmp(&b.file)));
    captures
}
