//! A review's folder in the workspace: what lies where, and how it is read and written.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use scrutineer_checklists::{
    review::{Decisions, Milestone, MilestoneHead, Review, SignOffs},
    ron_text,
};
use scrutineer_evidence::{EVIDENCE_SCHEMA_VERSION, Evidence};
use scrutineer_profiler::{plain_text, workspace::Workspace};

use super::{now_to_the_second, write_whole};
use crate::cli::Usage;

/// Name of the review that is under way where none is named.
pub(crate) const CURRENT: &str = "current";

/// Names of reviews and milestones are file names on every system.
const LONGEST_NAME: usize = 64;

/// So much of a file is read for what stands first in it.
const HEAD_BYTES: u64 = 16 << 10;

/// Largest milestone that is read, bytes; a hostile file must not fill the memory.
const LARGEST_MILESTONE_BYTES: u64 = 256 << 20;

/// A review's folder: `.scrutineer/reviews/<name>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReviewFolder {
    path: PathBuf,
    name: String,
}

/// A milestone as it lies in its file.
#[derive(Clone, Debug)]
pub(crate) struct StoredMilestone {
    /// What it holds.
    pub(crate) milestone: Milestone,
    /// The file's text: what is signed.
    pub(crate) text: String,
}

impl ReviewFolder {
    /// The folder of a name, which need not exist yet.
    pub(crate) fn named(workspace: &Workspace, name: &str) -> Result<Self> {
        check_name("review", name)?;
        Ok(Self {
            path: workspace.reviews_folder().join(name),
            name: name.to_owned(),
        })
    }

    /// The review that is under way where none is named.
    pub(crate) fn current(workspace: &Workspace) -> Self {
        Self {
            path: workspace.reviews_folder().join(CURRENT),
            name: CURRENT.to_owned(),
        }
    }

    /// Every review of a workspace, sorted by name.
    pub(crate) fn list(workspace: &Workspace) -> Result<Vec<Self>> {
        let folder = workspace.reviews_folder();
        let listed = names_in(&folder, Path::is_dir)?;
        let named = listed.into_iter().map(|name| Self {
            path: folder.join(&name),
            name,
        });
        Ok(named.collect())
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether anything of it was written yet.
    pub(crate) fn exists(&self) -> bool {
        self.path.is_dir()
    }

    /// The evidence; `None` where nothing was gathered yet.
    pub(crate) fn evidence(&self) -> Result<Option<Evidence>> {
        self.read("evidence.ron", evidence_of)
    }

    /// Keeps the evidence, so that every verdict can be replayed. Gives the file.
    pub(crate) fn save_evidence(&self, evidence: &Evidence) -> Result<PathBuf> {
        self.write("evidence.ron", &ron_text::print(evidence))
    }

    /// People's decisions; none where the file is missing.
    pub(crate) fn decisions(&self) -> Result<Decisions> {
        let decisions = self.read("decisions.ron", |text, path| {
            // `path:line:column: what` when joined, the form that editors jump to.
            Decisions::parse(text).with_context(|| path.display().to_string())
        })?;
        Ok(decisions.unwrap_or_default())
    }

    /// Stores people's decisions.
    pub(crate) fn save_decisions(&self, decisions: &Decisions) -> Result<PathBuf> {
        self.write("decisions.ron", &decisions.print())
    }

    /// What people wrote down; `None` where nobody did.
    pub(crate) fn review(&self) -> Result<Option<Review>> {
        self.read("review.ron", |text, path| {
            Review::parse(text).with_context(|| path.display().to_string())
        })
    }

    /// What people wrote down, or a review that is opened just now.
    pub(crate) fn review_or_new(&self, by: &str) -> Result<Review> {
        let written = self.review()?;
        Ok(written.unwrap_or_else(|| Review::new("", by, now_to_the_second())))
    }

    /// Stores what people wrote down.
    pub(crate) fn save_review(&self, review: &Review) -> Result<PathBuf> {
        self.write("review.ron", &review.print())
    }

    /// Names of its milestones, sorted.
    pub(crate) fn milestones(&self) -> Result<Vec<String>> {
        let names = names_in(&self.path.join("milestones"), |path| {
            path.extension().is_some_and(|extension| extension == "ron")
        })?;
        let stems = names.iter().filter_map(|name| name.strip_suffix(".ron"));
        Ok(stems.map(ToOwned::to_owned).collect())
    }

    /// Where a milestone lies.
    pub(crate) fn milestone_path(&self, name: &str) -> Result<PathBuf> {
        check_name("milestone", name)?;
        Ok(self.path.join(format!("milestones/{name}.ron")))
    }

    /// A milestone.
    pub(crate) fn milestone(&self, name: &str) -> Result<StoredMilestone> {
        let path = self.milestone_path(name)?;
        if !path.exists() {
            let known = self.milestones()?.join(", ");
            let known = if known.is_empty() {
                "it has none yet; `scrutineer review milestone NAME` freezes one".to_owned()
            } else {
                format!("there are: {known}")
            };
            return Err(Usage(format!(
                "the review \"{}\" has no milestone \"{name}\"; {known}",
                self.name
            ))
            .into());
        }
        StoredMilestone::read(&path)
    }

    /// The heads of its milestones, in the order in which they were frozen.
    pub(crate) fn heads(&self) -> Result<Vec<MilestoneHead>> {
        let mut heads = Vec::new();
        for name in self.milestones()? {
            let path = self.milestone_path(&name)?;
            let beginning = beginning(&path, HEAD_BYTES)
                .with_context(|| format!("cannot read {}", path.display()))?;
            heads.push(
                MilestoneHead::parse(&beginning)
                    .or_else(|_| StoredMilestone::read(&path).map(|stored| stored.head()))
                    .with_context(|| path.display().to_string())?,
            );
        }
        heads.sort_by(|a, b| (a.frozen_at, &a.name).cmp(&(b.frozen_at, &b.name)));
        Ok(heads)
    }

    /// When the evidence was judged, from the beginning of its file; `None` where there is none.
    pub(crate) fn judged_at(&self) -> Result<Option<jiff::Timestamp>> {
        let path = self.path.join("evidence.ron");
        let beginning = match beginning(&path, HEAD_BYTES) {
            Ok(beginning) => beginning,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        let stated = beginning
            .lines()
            .find_map(|line| line.trim().strip_prefix("judged_at: \""))
            .and_then(|rest| rest.split('"').next()?.parse().ok());
        match stated {
            Some(at) => Ok(Some(at)),
            None => Ok(self.evidence()?.map(|evidence| evidence.judged_at)),
        }
    }

    /// Freezes a milestone. One of the same name is never overwritten. Gives the file.
    pub(crate) fn freeze(&self, milestone: &Milestone) -> Result<PathBuf> {
        let path = self.milestone_path(&milestone.name)?;
        if path.exists() {
            return Err(Usage(format!(
                "there is a milestone \"{}\" already, and milestones never change; choose another \
                 name",
                milestone.name
            ))
            .into());
        }
        write_whole(&path, milestone.print().as_bytes())?;
        Ok(path)
    }

    /// Approvals of a milestone.
    pub(crate) fn sign_offs(&self, milestone: &str) -> Result<SignOffs> {
        let file = Self::sign_offs_file(milestone)?;
        let sign_offs = self.read(&file, |text, path| {
            SignOffs::parse(text).with_context(|| path.display().to_string())
        })?;
        Ok(sign_offs.unwrap_or_default())
    }

    /// Stores the approvals of a milestone.
    pub(crate) fn save_sign_offs(&self, milestone: &str, sign_offs: &SignOffs) -> Result<PathBuf> {
        let file = Self::sign_offs_file(milestone)?;
        self.write(&file, &sign_offs.print())
    }

    fn sign_offs_file(milestone: &str) -> Result<String> {
        check_name("milestone", milestone)?;
        Ok(format!("signatures/{milestone}.ron"))
    }

    fn read<T>(
        &self,
        file: &str,
        parse: impl FnOnce(&str, &Path) -> Result<T>,
    ) -> Result<Option<T>> {
        let path = self.path.join(file);
        match plain_text::read(&path) {
            Ok(text) => parse(&text, &path).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    fn write(&self, file: &str, text: &str) -> Result<PathBuf> {
        let path = self.path.join(file);
        write_whole(&path, text.as_bytes())?;
        Ok(path)
    }
}

impl StoredMilestone {
    /// Reads a milestone's file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let reading = || format!("cannot read {}", path.display());
        let bytes = fs::metadata(path).with_context(reading)?.len();
        if bytes > LARGEST_MILESTONE_BYTES {
            bail!(
                "{} has {bytes} bytes; a milestone has at most {LARGEST_MILESTONE_BYTES}",
                path.display()
            );
        }
        let text = plain_text::read(path).with_context(reading)?;
        Self::of(text).with_context(|| path.display().to_string())
    }

    /// What stands first in it.
    fn head(&self) -> MilestoneHead {
        let milestone = &self.milestone;
        MilestoneHead {
            version: milestone.version,
            name: milestone.name.clone(),
            frozen_at: milestone.frozen_at,
            frozen_by: milestone.frozen_by.clone(),
            counts: milestone.counts.clone(),
        }
    }

    /// Parses a milestone's text.
    pub(crate) fn of(text: String) -> Result<Self> {
        let milestone = Milestone::parse(&text)?;
        Ok(Self { milestone, text })
    }
}

/// The beginning of a text file; a letter that is cut in two is replaced.
fn beginning(path: &Path, bytes: u64) -> io::Result<String> {
    let mut beginning = Vec::new();
    fs::File::open(path)?
        .take(bytes)
        .read_to_end(&mut beginning)?;
    Ok(String::from_utf8_lossy(&beginning).into_owned())
}

/// Parses evidence that was saved.
pub(crate) fn evidence_of(text: &str, path: &Path) -> Result<Evidence> {
    let evidence: Evidence = ron_text::parse(text).with_context(|| path.display().to_string())?;
    if evidence.schema_version > EVIDENCE_SCHEMA_VERSION {
        bail!(
            "{} was written by a newer Scrutineer (format {}, this one reads up to \
             {EVIDENCE_SCHEMA_VERSION}); update Scrutineer to read it",
            path.display(),
            evidence.schema_version
        );
    }
    Ok(evidence)
}

/// Names in a folder that a test lets pass, sorted; none where there is no such folder.
fn names_in(folder: &Path, is_meant: impl Fn(&Path) -> bool) -> Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", folder.display()));
        }
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            is_meant(&entry.path()).then(|| entry.file_name().into_string().ok())?
        })
        .collect();
    names.sort();
    Ok(names)
}

/// A name becomes a file's: letters, digits, `-`, `_` and `.`, and no `.` in front.
fn check_name(what: &str, name: &str) -> Result<()> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    if name.is_empty()
        || name.len() > LONGEST_NAME
        || name.starts_with('.')
        || !name.chars().all(fits)
    {
        return Err(Usage(format!(
            "\"{name}\" cannot be the name of a {what}: use at most {LONGEST_NAME} letters, \
             digits, \"-\", \"_\" and \".\", with no \".\" in front"
        ))
        .into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace() -> (tempfile::TempDir, Workspace) {
        let root = tempfile::tempdir().unwrap();
        let workspace = Workspace::without_file(root.path().to_owned());
        (root, workspace)
    }

    #[test]
    fn names_that_leave_the_folder_are_refused() {
        let (_root, workspace) = workspace();
        for name in ["", "..", "../x", "a/b", ".hidden", "a b", &"x".repeat(65)] {
            let error = ReviewFolder::named(&workspace, name).unwrap_err();
            assert!(error.is::<Usage>(), "{name}");
        }
        assert!(ReviewFolder::named(&workspace, "2026-q1_ledger.v2").is_ok());
    }

    #[test]
    fn a_decisions_file_with_a_typo_is_told_with_its_place() {
        let (_root, workspace) = workspace();
        let folder = ReviewFolder::current(&workspace);
        let path = folder.path().join("decisions.ron");
        write_whole(&path, b"(version: 1, itemz: {})").unwrap();
        let text = format!("{:#}", folder.decisions().unwrap_err());
        assert!(
            text.contains("decisions.ron") && text.contains("itemz"),
            "{text}"
        );
    }

    #[test]
    fn what_was_never_written_is_absent_and_no_error() {
        let (_root, workspace) = workspace();
        let folder = ReviewFolder::current(&workspace);
        assert_eq!(folder.decisions().unwrap(), Decisions::default());
        assert!(folder.evidence().unwrap().is_none() && folder.review().unwrap().is_none());
        assert!(folder.milestones().unwrap().is_empty() && !folder.exists());
        assert!(ReviewFolder::list(&workspace).unwrap().is_empty());
    }

    #[test]
    fn reviews_are_listed_by_name() {
        let (_root, workspace) = workspace();
        for name in ["spring", "autumn"] {
            let folder = ReviewFolder::named(&workspace, name).unwrap();
            let now = jiff::Timestamp::UNIX_EPOCH;
            folder.save_review(&Review::new("", "ada", now)).unwrap();
        }
        let listed = ReviewFolder::list(&workspace).unwrap();
        let names: Vec<&str> = listed.iter().map(ReviewFolder::name).collect();
        assert_eq!(names, ["autumn", "spring"]);
    }
}
