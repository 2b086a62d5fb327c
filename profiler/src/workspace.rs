//! The workspace: `scrutineer.ron` and what lies in `.scrutineer/`.

use std::path::{Path, PathBuf};

use scrutineer_evidence::declared::DeclaredFacts;

/// A workspace: a folder with its declarations.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The folder that holds `scrutineer.ron`, or the folder asked for where there is none.
    pub root: PathBuf,
    /// What the file declares; defaults where there is none.
    pub declared: DeclaredFacts,
    /// Name of the declared target process, where declared.
    pub target_name: Option<String>,
    /// URL of the metrics endpoint, where declared.
    pub metrics_url: Option<String>,
    /// How long a deliberately stalled request may be held open against the endpoints, seconds;
    /// `None` where the workspace does not allow the probe.
    pub stalled_request_s: Option<f64>,
    /// Whether `scrutineer.ron` was found.
    pub has_file: bool,
}

/// What can be wrong with a workspace file.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
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
        /// What is wrong there, with a suggestion where one is near.
        what: String,
    },
}

impl Workspace {
    /// Loads the workspace that `folder` lies in: the nearest ancestor with a `scrutineer.ron`,
    /// else `folder` itself with defaults.
    pub fn find(folder: &Path) -> Result<Self, WorkspaceError> {
        let _ = folder;
        todo!("probes room")
    }

    /// `.scrutineer/captures` below the root where a workspace file is, else the user's data
    /// folder (`$XDG_DATA_HOME/scrutineer/captures`, `~/.local/share/scrutineer/captures`).
    pub fn captures_folder(&self) -> PathBuf {
        todo!("probes room")
    }

    /// `.scrutineer/baselines` below the root.
    pub fn baselines_folder(&self) -> PathBuf {
        self.root.join(".scrutineer/baselines")
    }

    /// `.scrutineer/reviews` below the root.
    pub fn reviews_folder(&self) -> PathBuf {
        self.root.join(".scrutineer/reviews")
    }
}
