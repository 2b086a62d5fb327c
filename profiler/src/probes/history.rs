//! The workspace's own captures, baselines and reviews.

use std::{
    collections::BTreeMap,
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
    bench::Baseline,
    capture::file::{CAPTURE_EXTENSION, summarise},
    workspace::Workspace,
};

/// Reads what the workspace keeps. A file that cannot be read is passed over: it proves nothing.
pub(super) fn gather(workspace: &Workspace, judged_at: jiff::Timestamp) -> Gathered<HistoryFacts> {
    let failed = |folder: PathBuf| {
        move |error: io::Error| Absent::Failed {
            why: format!(
                "cannot read the workspace's history in {}: {error}",
                folder.display()
            ),
        }
    };
    let reviews_folder = workspace.reviews_folder();
    let captures_folder = workspace.captures_folder();
    let baselines_folder = workspace.baselines_folder();
    let reviews = list(&reviews_folder).map_err(failed(reviews_folder))?;
    let captures = list(&captures_folder).map_err(failed(captures_folder))?;
    list(&baselines_folder).map_err(failed(baselines_folder.clone()))?;
    let reviewed: Vec<String> = reviews.iter().map(|folder| words_in(folder)).collect();
    Ok(HistoryFacts {
        captures: captures_of(&captures, &reviewed),
        baselines: baselines_in(&baselines_folder),
        reviews: reviews
            .iter()
            .filter_map(|folder| review(folder, judged_at))
            .collect(),
    })
}

/// Entries of a folder, sorted; none where there is no such folder.
fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    paths.sort();
    Ok(paths)
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

/// Files of a review that people's words are in.
const WORDS: [&str; 2] = ["decisions.ron", "review.ron"];

/// Everything that the RON files of a review say, where somebody has decided or written something:
/// evidence alone, which each `check` leaves behind with the name of its own capture, was looked at
/// by nobody.
fn words_in(review: &Path) -> String {
    let files = list(review).unwrap_or_default();
    let has_words = |path: &PathBuf| WORDS.contains(&name_of(path).as_str());
    if !files.iter().any(has_words) {
        return String::new();
    }
    files
        .iter()
        .filter(|path| has_extension(path, "ron"))
        .filter_map(|path| read_small(path))
        .collect()
}

fn captures_of(paths: &[PathBuf], reviewed: &[String]) -> Vec<CaptureEntry> {
    let mut captures: Vec<CaptureEntry> = paths
        .iter()
        .filter(|path| has_extension(path, CAPTURE_EXTENSION))
        .filter_map(|path| {
            let file = name_of(path);
            let started_at = summarise(path).ok()?.header.started_at;
            let linked = reviewed.iter().any(|words| words.contains(&file));
            Some(CaptureEntry {
                file,
                started_at,
                linked,
            })
        })
        .collect();
    captures.sort_by(|a, b| {
        b.started_at
            .cmp(&a.started_at)
            .then_with(|| a.file.cmp(&b.file))
    });
    captures
}

/// Reads RON of which only a few fields matter here, whatever else the file holds.
fn read_ron<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    let options =
        ron::Options::default().with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME);
    options.from_str(&read_small(path)?).ok()
}

/// Baselines that can be read, sorted by name.
fn baselines_in(folder: &Path) -> Vec<BaselineEntry> {
    let listed = Baseline::list(folder).unwrap_or_default();
    listed
        .into_iter()
        .filter_map(|(_, baseline)| Some(baseline.ok()?.entry()))
        .collect()
}

/// The approvals of a milestone, as far as they matter here.
#[derive(Deserialize)]
#[serde(rename = "ScrutineerSignOffs")]
struct SignOffs {
    sign_offs: Vec<SignOff>,
}

#[derive(Deserialize)]
struct SignOff {
    at: jiff::Timestamp,
}

/// What people wrote down, as far as it matters here.
#[derive(Deserialize)]
#[serde(rename = "ScrutineerReview")]
struct Written {
    #[serde(default)]
    actions: BTreeMap<String, Action>,
}

#[derive(Deserialize)]
struct Action {
    due: jiff::civil::Date,
    done: Option<serde::de::IgnoredAny>,
}

/// A review's folder: approvals lie in `signatures/`, actions in `review.ron`.
fn review(folder: &Path, judged_at: jiff::Timestamp) -> Option<ReviewEntry> {
    if !folder.is_dir() {
        return None;
    }
    let files = list(&folder.join("signatures")).ok()?;
    let signed_at = files
        .iter()
        .filter(|path| has_extension(path, "ron"))
        .filter_map(|path| read_ron::<SignOffs>(path))
        .flat_map(|file| file.sign_offs)
        .map(|sign_off| sign_off.at)
        .max();
    let today = judged_at.to_zoned(jiff::tz::TimeZone::UTC).date();
    let written: Option<Written> = read_ron(&folder.join("review.ron"));
    let actions = written.iter().flat_map(|written| written.actions.values());
    let overdue = actions.filter(|action| action.done.is_none() && action.due < today);
    Some(ReviewEntry {
        name: name_of(folder),
        signed_at,
        overdue_actions: overdue.count() as u32,
    })
}

#[cfg(test)]
mod tests {
    use scrutineer_evidence::{capture::Sampler, process::Runtime};

    use super::*;
    use crate::{
        bench::{CaptureSummary, SaveMode},
        capture::{
            file::CaptureWriter,
            model::{CallGraph, CaptureHeader, Chunk, Subject},
        },
        process::machine_key,
    };

    /// When the tests judge.
    fn at() -> jiff::Timestamp {
        "2026-03-10T12:00:00Z".parse().unwrap()
    }

    fn workspace() -> (tempfile::TempDir, Workspace) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("scrutineer.ron"), "(version: 1)").unwrap();
        let workspace = Workspace::find(folder.path()).unwrap();
        (folder, workspace)
    }

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn write_capture(path: &Path, started_at: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let header = CaptureHeader {
            product_version: "0".into(),
            started_at: started_at.parse().unwrap(),
            pid: 1,
            name: "ledgerd".into(),
            command_line: "ledgerd".into(),
            executable: String::new(),
            runtime: Runtime::Rust,
            launched: false,
            frequency_hz: 999,
            sampler: Sampler::PerfCpuClock,
            kernel_frames: false,
            stack_dump_bytes: 0,
            machine: machine_key(),
            commit: None,
            subject: Subject::Processes,
            follows_children: true,
            call_graph: CallGraph::Dwarf,
            wait_source: None,
            page_faults: false,
            by_helper: false,
        };
        let mut writer = CaptureWriter::create(path).unwrap();
        writer.write(&Chunk::Header(header)).unwrap();
        writer.flush().unwrap();
    }

    #[test]
    fn a_workspace_without_history_has_an_empty_one() {
        let (_folder, workspace) = workspace();
        let facts = gather(&workspace, at()).unwrap();
        assert!(
            facts.captures.is_empty() && facts.baselines.is_empty() && facts.reviews.is_empty()
        );
    }

    #[test]
    fn captures_are_newest_first_and_linked_where_a_review_names_them() {
        let (_folder, workspace) = workspace();
        let captures = workspace.captures_folder();
        write_capture(&captures.join("old.scrutineer"), "2026-01-01T00:00:00Z");
        write_capture(&captures.join("new.scrutineer"), "2026-02-01T00:00:00Z");
        write(&captures.join("torn.scrutineer"), "no capture");
        let review = workspace.reviews_folder().join("spring");
        write(&review.join("evidence.ron"), "(file: \"old.scrutineer\")");
        let checked = workspace.reviews_folder().join("unread");
        write(&checked.join("evidence.ron"), "(file: \"new.scrutineer\")");
        write(
            &review.join("signatures/2026-q1.ron"),
            "ScrutineerSignOffs(version: 1, sign_offs: [\
             SignOff(name: \"me\", at: \"2026-02-01T00:00:00Z\"),\
             (name: \"you\", at: \"2026-03-01T00:00:00Z\", signature: None)])",
        );
        write(
            &review.join("review.ron"),
            "ScrutineerReview(version: 1, actions: {\
             \"a-1\": (what: \"x\", due: \"2026-03-09\", done: None),\
             \"a-2\": (what: \"y\", due: \"2026-03-10\", done: None),\
             \"a-3\": Action(what: \"z\", due: \"2026-01-01\", done: Some(Done(by: \"me\"))),\
             })",
        );
        let facts = gather(&workspace, at()).unwrap();
        let found: Vec<(&str, bool)> = facts
            .captures
            .iter()
            .map(|entry| (entry.file.as_str(), entry.linked))
            .collect();
        assert_eq!(found, [("new.scrutineer", false), ("old.scrutineer", true)]);
        assert_eq!(facts.reviews[0].name, "spring");
        assert_eq!(
            facts.reviews[0].signed_at,
            Some("2026-03-01T00:00:00Z".parse().unwrap())
        );
        assert_eq!(facts.reviews[0].overdue_actions, 1);
    }

    #[test]
    fn a_baseline_without_a_commit_is_incomplete_and_a_broken_one_is_passed_over() {
        let (_folder, workspace) = workspace();
        let folder = workspace.baselines_folder();
        let run = CaptureSummary {
            target: "ledgerd".into(),
            started_at: "2026-01-01T00:00:00Z".parse().unwrap(),
            duration_s: 10.0,
            frequency_hz: 999,
            sampler: Sampler::PerfCpuClock,
            samples: 100,
            lost: 0,
            top_functions: Vec::new(),
            cpu_cores: None,
            memory: None,
        };
        for (name, commit) in [("a", Some("c".to_owned())), ("b", None)] {
            let baseline = Baseline {
                name: name.into(),
                saved_at: "2026-01-01T00:00:00Z".parse().unwrap(),
                machine: machine_key(),
                commit,
                dirty: None,
                runs: vec![run.clone(), run.clone()],
            };
            baseline.save(&folder, SaveMode::New).unwrap();
        }
        write(&folder.join("broken.ron"), "(");
        let facts = gather(&workspace, at()).unwrap();
        let found: Vec<(&str, u32, bool)> = facts
            .baselines
            .iter()
            .map(|b| (b.name.as_str(), b.runs, b.complete))
            .collect();
        assert_eq!(found, [("a", 2, true), ("b", 2, false)]);
    }
}
