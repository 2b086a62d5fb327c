//! Baselines: RON files with runs, machine, commit and digest.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use scrutineer_evidence::{history::BaselineEntry, system::MachineKey};
use serde::{Deserialize, Serialize};

use super::{ron_file, summary::CaptureSummary};

/// Most runs that a baseline keeps; the oldest go first.
const MOST_RUNS: usize = 50;

/// What later runs are compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Name, and name of the file without `.ron`.
    pub name: String,
    /// When it was saved, or a run was added.
    pub saved_at: jiff::Timestamp,
    /// The machine that all runs come from.
    pub machine: MachineKey,
    /// Commit of the workspace's repository, where known.
    pub commit: Option<String>,
    /// Whether the repository had changes that were not committed, where known.
    pub dirty: Option<bool>,
    /// The runs, in the order in which they were added.
    pub runs: Vec<CaptureSummary>,
}

/// A name with its baseline, or what is wrong with it.
pub type ListedBaseline = (String, Result<Baseline, BaselineError>);

/// What saving does where the name is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveMode {
    /// Refuse.
    New,
    /// Take its place.
    Replace,
    /// Add the runs to those that it has, on the same machine alone.
    Append,
}

/// What can be wrong with a baseline.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// The name cannot be a file's.
    #[error(
        "`{name}` cannot name a baseline; use 1 to 64 letters, digits, `.`, `_` and `-`, and begin \
         with a letter or a digit"
    )]
    InvalidName {
        /// The name asked for.
        name: String,
    },
    /// The name is taken.
    #[error(
        "there is a baseline named {name} already; replace it with --replace, or choose another name"
    )]
    Exists {
        /// The name asked for.
        name: String,
    },
    /// There is none of this name.
    #[error("there is no baseline named {name}; {}", known(names))]
    NotFound {
        /// The name asked for.
        name: String,
        /// Names that there are, sorted.
        names: Vec<String>,
    },
    /// A run without samples says nothing.
    #[error(
        "the capture holds no samples, so it cannot be a baseline; record for longer, or under load"
    )]
    NoSamples,
    /// One run, counted twice, would make the runs look steadier than they are.
    #[error(
        "the baseline {name} holds this run already (of {started_at}); record another one to append"
    )]
    SameRun {
        /// The name asked for.
        name: String,
        /// When the run began.
        started_at: jiff::Timestamp,
    },
    /// Runs of two machines cannot be one baseline.
    #[error(
        "the baseline {name} comes from another machine ({machine}); save this run under another name"
    )]
    OtherMachine {
        /// The name asked for.
        name: String,
        /// CPU model and cores of the stored one.
        machine: String,
    },
    /// The file cannot be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write {path}: {source}; what was there before is unchanged", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not valid.
    #[error("{path}:{line}:{column}: {what}", path = path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong there.
        what: String,
    },
    /// The file is something else.
    #[error("{path} is no baseline: it says that it is `{format}`", path = path.display())]
    OtherFormat {
        /// The file.
        path: PathBuf,
        /// What it says it is.
        format: String,
    },
    /// The file was written by a newer product.
    #[error("{path} has version {version} of the format; update scrutineer to read it", path = path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// The file says something else than what was saved.
    #[error(
        "{path} was changed after it was saved: its digest does not match. Restore it (`git checkout`), \
         or save it again with --replace", path = path.display()
    )]
    Edited {
        /// The file.
        path: PathBuf,
    },
}

fn known(names: &[String]) -> String {
    if names.is_empty() {
        return "none has been saved yet: `scrutineer baseline save NAME`".to_owned();
    }
    format!("there are: {}", names.join(", "))
}

impl Baseline {
    /// Saves into `folder` ([`crate::workspace::Workspace::baselines_folder`]); returns what is
    /// stored now, with the runs that were there before where they were appended to.
    pub fn save(self, folder: &Path, mode: SaveMode) -> Result<Self, BaselineError> {
        let path = path_of(folder, &self.name)?;
        if self.runs.is_empty() || self.runs.iter().any(|run| run.samples == 0) {
            return Err(BaselineError::NoSamples);
        }
        let baseline = match (mode, path.exists()) {
            (SaveMode::New, true) => return Err(BaselineError::Exists { name: self.name }),
            (SaveMode::Append, true) => ron_file::read(&path)?.with(self)?,
            _ => self,
        };
        ron_file::write(&path, &baseline)?;
        Ok(baseline)
    }

    /// Loads a baseline and checks its digest.
    pub fn load(folder: &Path, name: &str) -> Result<Self, BaselineError> {
        let path = path_of(folder, name)?;
        if path.exists() {
            return ron_file::read(&path);
        }
        Err(BaselineError::NotFound {
            name: name.to_owned(),
            names: names(folder)?,
        })
    }

    /// Whether there is a baseline of this name.
    pub fn exists(folder: &Path, name: &str) -> Result<bool, BaselineError> {
        Ok(path_of(folder, name)?.exists())
    }

    /// All baselines in `folder`, sorted by name, each with what is wrong with it if it cannot be
    /// read. Empty where there is no such folder.
    pub fn list(folder: &Path) -> Result<Vec<ListedBaseline>, BaselineError> {
        let load = |name: String| {
            let baseline = Self::load(folder, &name);
            (name, baseline)
        };
        Ok(names(folder)?.into_iter().map(load).collect())
    }

    /// What rules read of it.
    pub fn entry(&self) -> BaselineEntry {
        BaselineEntry {
            name: self.name.clone(),
            saved_at: self.saved_at,
            runs: self.runs.len() as u32,
            complete: self.commit.is_some() && !self.machine.cpu_model.is_empty(),
        }
    }

    fn with(mut self, newer: Self) -> Result<Self, BaselineError> {
        if self.machine != newer.machine {
            let machine = format!("{}, {} cores", self.machine.cpu_model, self.machine.cores);
            return Err(BaselineError::OtherMachine {
                name: self.name,
                machine,
            });
        }
        if let Some(run) = newer.runs.iter().find(|run| self.runs.contains(run)) {
            return Err(BaselineError::SameRun {
                name: self.name,
                started_at: run.started_at,
            });
        }
        self.runs.extend(newer.runs);
        self.runs.drain(..self.runs.len().saturating_sub(MOST_RUNS));
        Ok(Self {
            runs: self.runs,
            ..newer
        })
    }
}

fn path_of(folder: &Path, name: &str) -> Result<PathBuf, BaselineError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let valid = name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(allowed);
    if valid {
        return Ok(folder.join(format!("{name}.ron")));
    }
    Err(BaselineError::InvalidName {
        name: name.to_owned(),
    })
}

/// Names of the baselines in a folder, sorted.
fn names(folder: &Path) -> Result<Vec<String>, BaselineError> {
    let unreadable = |source| BaselineError::Read {
        path: folder.to_owned(),
        source,
    };
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(unreadable)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let file = entry.map_err(unreadable)?.file_name();
        let name = file.to_str().and_then(|file| file.strip_suffix(".ron"));
        names.extend(
            name.filter(|name| path_of(folder, name).is_ok())
                .map(str::to_owned),
        );
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::testing;

    fn baseline(name: &str) -> Baseline {
        let profile = testing::profile(&[vec!["main", "hot \"quoted\" {}"], vec!["main"]]);
        Baseline {
            name: name.into(),
            saved_at: "2026-03-14T10:00:00.123456789Z".parse().expect("a time"),
            machine: profile.header.machine.clone(),
            commit: Some("0a1b2c3".into()),
            dirty: Some(false),
            runs: vec![CaptureSummary {
                cpu_cores: Some(0.1 + 0.2),
                ..CaptureSummary::of(&profile, None)
            }],
        }
    }

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a temporary folder")
    }

    fn change(folder: &Path, from: &str, to: &str) {
        let path = folder.join("main.ron");
        let text = fs::read_to_string(&path).expect("the file is there");
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replacen(from, to, 1)).expect("it can be changed");
    }

    #[test]
    fn what_was_saved_is_loaded_and_listed() {
        let folder = folder();
        let deep = folder.path().join(".scrutineer/baselines");
        assert_eq!(
            Baseline::list(&deep)
                .expect("a missing folder is empty")
                .len(),
            0
        );
        for name in ["b", "a"] {
            baseline(name)
                .save(&deep, SaveMode::New)
                .expect("it is saved");
        }
        assert_eq!(
            Baseline::load(&deep, "a").expect("it is there"),
            baseline("a")
        );
        let listed = Baseline::list(&deep).expect("the folder can be read");
        assert_eq!(
            listed
                .iter()
                .map(|(name, _)| name.as_str())
                .collect::<Vec<_>>(),
            ["a", "b"]
        );
        assert_eq!(fs::read_dir(&deep).expect("the folder is there").count(), 2);
    }

    #[test]
    fn a_name_that_is_taken_is_refused_replaced_or_added_to() {
        let folder = folder();
        let save = |mode| baseline("main").save(folder.path(), mode);
        save(SaveMode::Append).expect("the first run makes the baseline");
        let error = save(SaveMode::New).expect_err("the name is taken");
        assert!(matches!(error, BaselineError::Exists { .. }));
        let error = save(SaveMode::Append).expect_err("one run is one run");
        assert!(matches!(error, BaselineError::SameRun { .. }));
        let mut second = baseline("main");
        second.runs[0].started_at += std::time::Duration::from_mins(1);
        let both = second.save(folder.path(), SaveMode::Append);
        assert_eq!(both.expect("a second run").runs.len(), 2);
        assert_eq!(
            save(SaveMode::Replace).expect("a fresh start").runs.len(),
            1
        );
        let mut other = baseline("main");
        other.machine.cores = 64;
        let error = other
            .save(folder.path(), SaveMode::Append)
            .expect_err("another machine");
        assert!(matches!(error, BaselineError::OtherMachine { .. }));
    }

    #[test]
    fn an_edit_by_hand_is_told_but_comments_and_spaces_are_not_edits() {
        let folder = folder();
        baseline("main")
            .save(folder.path(), SaveMode::New)
            .expect("it is saved");
        change(
            folder.path(),
            "samples: 2",
            "// two\n            samples:   2",
        );
        assert!(Baseline::load(folder.path(), "main").is_ok());
        change(folder.path(), "samples:   2", "samples: 3");
        let error = Baseline::load(folder.path(), "main").expect_err("it was edited");
        assert!(matches!(error, BaselineError::Edited { .. }));
    }

    #[test]
    fn a_typo_is_told_with_line_and_column() {
        let folder = folder();
        baseline("main")
            .save(folder.path(), SaveMode::New)
            .expect("it is saved");
        change(folder.path(), "duration_s", "duration");
        let error = Baseline::load(folder.path(), "main").expect_err("no such field");
        let BaselineError::Invalid {
            line, column, what, ..
        } = error
        else {
            panic!("{error}")
        };
        let text = fs::read_to_string(folder.path().join("main.ron")).expect("the file is there");
        let typo = text
            .lines()
            .position(|text| text.contains("duration:"))
            .expect("the typo");
        assert_eq!(line, typo + 1);
        assert!(column > 1 && what.contains("duration"), "{column}: {what}");
    }

    #[test]
    fn newer_and_foreign_files_are_refused_in_one_sentence() {
        let folder = folder();
        fs::write(
            folder.path().join("main.ron"),
            "(format: \"scrutineer-baseline\", version: 2, new: [])",
        )
        .expect("it can be written");
        let error = Baseline::load(folder.path(), "main").expect_err("it is newer");
        assert!(
            matches!(error, BaselineError::Newer { version: 2, .. }),
            "{error}"
        );
        fs::write(
            folder.path().join("main.ron"),
            "(format: \"else\", version: 1)",
        )
        .expect("written");
        let error = Baseline::load(folder.path(), "main").expect_err("it is foreign");
        assert!(
            matches!(error, BaselineError::OtherFormat { .. }),
            "{error}"
        );
    }

    #[test]
    fn names_that_leave_the_folder_are_refused() {
        let folder = folder();
        for name in ["", "../evil", "a/b", ".hidden", "-rf", "ü", &"x".repeat(65)] {
            let error = Baseline::load(folder.path(), name).expect_err("it is no name");
            assert!(
                matches!(error, BaselineError::InvalidName { .. }),
                "{name}: {error}"
            );
        }
    }

    #[test]
    fn a_missing_baseline_names_those_that_there_are() {
        let folder = folder();
        baseline("main")
            .save(folder.path(), SaveMode::New)
            .expect("it is saved");
        let error = Baseline::load(folder.path(), "mian").expect_err("a typo");
        assert_eq!(
            error.to_string(),
            "there is no baseline named mian; there are: main"
        );
    }

    #[test]
    fn a_full_disk_leaves_the_old_baseline_as_it_was() {
        let folder = folder();
        baseline("main")
            .save(folder.path(), SaveMode::New)
            .expect("it is saved");
        let partial = format!("main.{}.part", std::process::id());
        fs::create_dir(folder.path().join(partial)).expect("something is in the way");
        let mut newer = baseline("main");
        newer.commit = None;
        let error = newer
            .save(folder.path(), SaveMode::Replace)
            .expect_err("it cannot be written");
        assert!(matches!(error, BaselineError::Write { .. }), "{error}");
        assert_eq!(
            Baseline::load(folder.path(), "main").expect("it is whole"),
            baseline("main")
        );
    }
}
