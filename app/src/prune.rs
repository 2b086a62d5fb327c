//! Which captures go and which stay: by age, by what all take, never one that is pinned or used.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result};
use scrutineer_profiler::{
    capture::file::{self, CAPTURE_EXTENSION},
    workspace::Workspace,
};
use scrutineer_ui::settings::PrunePolicy;
use serde::Serialize;

use crate::{capture_note, captures};

/// A capture without an end that was written to so lately may still be recorded.
const STILL_WRITTEN: Duration = Duration::from_mins(10);

const BYTES_PER_MIB: u64 = 1 << 20;

/// Why a capture goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Why {
    /// It is older than the limit.
    Age,
    /// All together take more than the limit.
    Size,
}

/// A capture that goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Doomed {
    /// File.
    pub(crate) path: PathBuf,
    /// What it takes, bytes.
    pub(crate) bytes: u64,
    /// When it began.
    pub(crate) started_at: jiff::Timestamp,
    /// Why it goes.
    pub(crate) why: Why,
}

/// What pruning does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Plan {
    /// What goes, oldest first.
    pub(crate) removed: Vec<Doomed>,
    /// Captures that a limit would take, and that stay as they are pinned or used.
    pub(crate) kept: Vec<PathBuf>,
    /// Files that stay as they cannot be read as captures.
    pub(crate) unreadable: Vec<PathBuf>,
    /// What stays takes, bytes.
    pub(crate) bytes_after: u64,
}

impl Plan {
    /// What goes takes, bytes.
    pub(crate) fn bytes_removed(&self) -> u64 {
        self.removed.iter().map(|doomed| doomed.bytes).sum()
    }
}

/// A capture of the folder.
struct Candidate {
    path: PathBuf,
    bytes: u64,
    started_at: jiff::Timestamp,
    /// Whether no limit takes it, known without its digest.
    is_held: bool,
}

/// Works out what goes. Fails where what uses captures cannot be read: then none may go.
pub(crate) fn plan(
    workspace: &Workspace,
    policy: PrunePolicy,
    now: jiff::Timestamp,
) -> Result<Plan> {
    let mentions = Mentions::of(workspace)?;
    let mut plan = Plan::default();
    let mut candidates = Vec::new();
    for path in captures_in(&workspace.captures_folder())? {
        match candidate(&path, &mentions)? {
            Some(candidate) => candidates.push(candidate),
            None => plan.unreadable.push(path),
        }
    }
    candidates.sort_by(|a, b| (a.started_at, &a.path).cmp(&(b.started_at, &b.path)));
    let oldest = policy
        .max_age_days
        .map(|days| now - jiff::SignedDuration::from_hours(24 * i64::from(days)));
    let most_bytes = policy
        .max_total_mib
        .map(|mib| mib.saturating_mul(BYTES_PER_MIB));
    plan.bytes_after = candidates.iter().map(|candidate| candidate.bytes).sum();
    for candidate in candidates {
        let why = if oldest.is_some_and(|oldest| candidate.started_at < oldest) {
            Why::Age
        } else if most_bytes.is_some_and(|most| plan.bytes_after > most) {
            Why::Size
        } else {
            continue;
        };
        if candidate.is_held || mentions.hold_digest_of(&candidate.path)? {
            plan.kept.push(candidate.path);
            continue;
        }
        plan.bytes_after -= candidate.bytes;
        plan.removed.push(Doomed {
            path: candidate.path,
            bytes: candidate.bytes,
            started_at: candidate.started_at,
            why,
        });
    }
    Ok(plan)
}

/// A size in words: `1.4 GiB`.
pub(crate) fn size(bytes: u64) -> String {
    let mib = bytes as f64 / BYTES_PER_MIB as f64;
    if mib >= 1024.0 {
        format!("{:.1} GiB", mib / 1024.0)
    } else {
        format!("{mib:.1} MiB")
    }
}

/// Removes what goes, with what was written to it.
pub(crate) fn carry_out(plan: &Plan) -> Result<()> {
    for doomed in &plan.removed {
        for path in [doomed.path.clone(), capture_note::path_of(&doomed.path)] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| {
                        format!(
                            "cannot remove {}; change its folder's permissions",
                            path.display()
                        )
                    });
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Files that bear the extension of captures, sorted.
fn captures_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = files_in(folder)?;
    paths.retain(|path| path.extension().is_some_and(|e| e == CAPTURE_EXTENSION));
    Ok(paths)
}

/// `None` where the file cannot be read as a capture.
fn candidate(path: &Path, mentions: &Mentions) -> Result<Option<Candidate>> {
    let Ok(summary) = file::summarise(path) else {
        return Ok(None);
    };
    let metadata =
        fs::metadata(path).with_context(|| format!("cannot look at {}", path.display()))?;
    let written = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    // A time in the future is one of a clock that was set back: as if it were written now.
    let is_fresh = written.elapsed().map_or(true, |age| age < STILL_WRITTEN);
    let is_recorded = summary.duration_ns.is_none() && is_fresh;
    let is_pinned = capture_note::load(path)?.pinned;
    Ok(Some(Candidate {
        is_held: is_recorded || is_pinned || mentions.hold_name_of(path),
        path: path.to_owned(),
        bytes: metadata.len(),
        started_at: summary.header.started_at,
    }))
}

/// What reviews, baselines' and pins' files say: a capture that they name is in use.
struct Mentions {
    texts: Vec<String>,
}

impl Mentions {
    fn of(workspace: &Workspace) -> Result<Self> {
        let mut texts = Vec::new();
        let mut folders = vec![workspace.reviews_folder(), workspace.pins_folder()];
        let mut seen = BTreeSet::new();
        while let Some(folder) = folders.pop() {
            for path in files_in(&folder)? {
                if path.is_dir() {
                    folders.extend(seen.insert(path.clone()).then_some(path));
                    continue;
                }
                let bytes = fs::read(&path).with_context(|| {
                    format!(
                        "nothing is pruned: cannot read {}, which may use a capture",
                        path.display()
                    )
                })?;
                texts.push(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        Ok(Self { texts })
    }

    fn hold(&self, word: &str) -> bool {
        self.texts.iter().any(|text| text.contains(word))
    }

    fn hold_name_of(&self, path: &Path) -> bool {
        let name = path.file_name().map(|name| name.to_string_lossy());
        name.is_some_and(|name| self.hold(&name))
    }

    /// Whether the capture is used under another name.
    fn hold_digest_of(&self, path: &Path) -> Result<bool> {
        if self.texts.is_empty() {
            return Ok(false);
        }
        Ok(self.hold(&captures::digest(path)?))
    }
}

/// Entries of a folder, sorted; none where there is no such folder.
fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot list {}", folder.display()));
        }
    };
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()
        .with_context(|| format!("cannot list {}", folder.display()))?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use scrutineer_profiler::capture::{file::CaptureWriter, model::Chunk};

    use super::*;
    use crate::testing;

    const NOW: &str = "2026-03-20T00:00:00Z";

    struct Shelf {
        folder: tempfile::TempDir,
        workspace: Workspace,
    }

    impl Shelf {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("scrutineer.ron"), "(version: 1)").unwrap();
            let workspace = Workspace::find(folder.path()).unwrap();
            workspace.prepare_captures_folder().unwrap();
            Self { folder, workspace }
        }

        /// A capture that began on a day of March, padded to a size.
        fn capture(&self, name: &str, day: u8, mib: u64) -> PathBuf {
            let path = self.workspace.captures_folder().join(name);
            let mut header = testing::capture_header();
            header.started_at = format!("2026-03-{day:02}T10:00:00Z").parse().unwrap();
            let mut writer = CaptureWriter::create(&path).unwrap();
            writer.write(&Chunk::Header(header)).unwrap();
            writer.flush().unwrap();
            drop(writer);
            let file = fs::File::options().append(true).open(&path).unwrap();
            file.set_len(mib * BYTES_PER_MIB).unwrap();
            // Its recording was killed long ago.
            file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
            path
        }

        fn plan(&self, max_age_days: Option<u32>, max_total_mib: Option<u64>) -> Plan {
            let policy = PrunePolicy {
                max_age_days,
                max_total_mib,
            };
            plan(&self.workspace, policy, NOW.parse().unwrap()).unwrap()
        }
    }

    fn gone(plan: &Plan) -> Vec<(String, Why)> {
        let name = |doomed: &Doomed| {
            let name = doomed.path.file_stem().unwrap().to_string_lossy();
            (name.into_owned(), doomed.why)
        };
        plan.removed.iter().map(name).collect()
    }

    #[test]
    fn what_is_older_goes_and_then_the_oldest_until_the_rest_fits() {
        let shelf = Shelf::new();
        for (name, day) in [("a", 1), ("b", 12), ("c", 15), ("d", 19)] {
            shelf.capture(&format!("{name}.scrutineer"), day, 2);
        }
        assert_eq!(gone(&shelf.plan(None, None)), []);
        let by_age = shelf.plan(Some(7), None);
        let name = |name: &str| name.to_owned();
        assert_eq!(
            gone(&by_age),
            [(name("a"), Why::Age), (name("b"), Why::Age)]
        );
        let both = shelf.plan(Some(10), Some(4));
        assert_eq!(gone(&both), [(name("a"), Why::Age), (name("b"), Why::Size)]);
        assert_eq!(both.bytes_removed(), 4 * BYTES_PER_MIB);
        assert_eq!(both.bytes_after, 4 * BYTES_PER_MIB);
        carry_out(&both).unwrap();
        let left = captures_in(&shelf.workspace.captures_folder()).unwrap();
        assert_eq!(left.len(), 2);
    }

    #[test]
    fn pinned_captures_and_those_of_a_review_stay_whatever_their_name_now() {
        let shelf = Shelf::new();
        let pinned = shelf.capture("pinned.scrutineer", 1, 1);
        capture_note::change(&pinned, |note| note.pinned = true).unwrap();
        let named = shelf.capture("named.scrutineer", 2, 1);
        let renamed = shelf.capture("renamed.scrutineer", 3, 1);
        let free = shelf.capture("free.scrutineer", 4, 1);
        let review = shelf.folder.path().join(".scrutineer/reviews/current");
        fs::create_dir_all(&review).unwrap();
        let digest = captures::digest(&renamed).unwrap();
        let evidence = format!("(file: \"named.scrutineer\", digest: \"{digest}\")");
        fs::write(review.join("evidence.ron"), evidence).unwrap();
        let plan = shelf.plan(Some(1), Some(0));
        assert_eq!(plan.removed.len(), 1);
        assert_eq!(plan.removed[0].path, free);
        assert_eq!(plan.kept, [pinned, named, renamed]);
    }

    #[test]
    fn what_is_no_capture_or_may_still_be_recorded_is_left_alone() {
        let shelf = Shelf::new();
        let path = shelf.capture("now.scrutineer", 1, 1);
        let file = fs::File::options().append(true).open(&path).unwrap();
        file.set_modified(SystemTime::now()).unwrap();
        let other = shelf.workspace.captures_folder().join("no.scrutineer");
        fs::write(&other, "not one").unwrap();
        let plan = shelf.plan(Some(1), None);
        assert_eq!(plan.removed, []);
        assert_eq!(plan.kept, [path]);
        assert_eq!(plan.unreadable, [other]);
    }
}
