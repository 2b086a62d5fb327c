//! The workspace: `scrutineer.ron` and what lies in `.scrutineer/`.

mod draft;
mod file;
mod git;
mod policy;
mod services;

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
};

use scrutineer_evidence::declared::DeclaredFacts;

pub use draft::{Findings, Service, draft, draft_from, look_around};
pub use git::git_commit;
pub use policy::{CheckPolicy, Reaction};
pub use services::{DeclaredCache, DeclaredDatabase};

/// Name of the workspace file.
pub const WORKSPACE_FILE: &str = "scrutineer.ron";

/// Version of the workspace file's format; a newer one is refused.
pub const WORKSPACE_VERSION: u32 = 1;

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
    /// Databases whose statistics may be read.
    pub databases: Vec<DeclaredDatabase>,
    /// Caches whose statistics may be read.
    pub caches: Vec<DeclaredCache>,
    /// Limits overridden, by item id: what the file says, for the item's rule to read.
    pub overrides: BTreeMap<String, ron::Value>,
    /// The team's own checklists, below the root.
    pub checklists: Vec<PathBuf>,
    /// What `check` makes of promises that were not kept.
    pub check: CheckPolicy,
    /// Whether `scrutineer.ron` was found.
    pub has_file: bool,
    /// Where the user wants captures that are made outside of a workspace; `None` for the data
    /// folder.
    pub user_captures: Option<PathBuf>,
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
        /// What is wrong there, with a suggestion where one is near.
        what: String,
    },
}

impl Workspace {
    /// Loads the workspace that `folder` lies in: the nearest ancestor with a `scrutineer.ron`,
    /// else `folder` itself with defaults.
    pub fn find(folder: &Path) -> Result<Self, WorkspaceError> {
        let folder = std::path::absolute(folder).map_err(|source| WorkspaceError::Read {
            path: folder.to_owned(),
            source,
        })?;
        match folder
            .ancestors()
            .map(|root| root.join(WORKSPACE_FILE))
            .find(|path| path.is_file())
        {
            Some(path) => Self::load(&path),
            None => Ok(Self::without_file(folder)),
        }
    }

    /// A workspace that declares nothing.
    pub fn without_file(root: PathBuf) -> Self {
        Self {
            root,
            declared: DeclaredFacts::default(),
            target_name: None,
            metrics_url: None,
            stalled_request_s: None,
            databases: Vec::new(),
            caches: Vec::new(),
            overrides: BTreeMap::new(),
            checklists: Vec::new(),
            check: CheckPolicy::default(),
            has_file: false,
            user_captures: None,
        }
    }

    /// Loads the workspace of this `scrutineer.ron`.
    pub fn load(path: &Path) -> Result<Self, WorkspaceError> {
        let text = crate::plain_text::read(path).map_err(|source| WorkspaceError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, path)
    }

    /// Reads the text of the workspace file that lies at `path`.
    pub fn parse(text: &str, path: &Path) -> Result<Self, WorkspaceError> {
        file::parse(text, path)
    }

    /// `.scrutineer/captures` below the root where a workspace file is, else where the user wants
    /// them, else the data folder (`$XDG_DATA_HOME/scrutineer/captures`,
    /// `~/.local/share/scrutineer/captures`).
    pub fn captures_folder(&self) -> PathBuf {
        if self.has_file {
            return self.root.join(".scrutineer/captures");
        }
        if let Some(folder) = &self.user_captures {
            return folder.clone();
        }
        data_folder(
            env::var_os("XDG_DATA_HOME").map(PathBuf::from),
            env::home_dir(),
        )
        .join("scrutineer/captures")
    }

    /// Makes the captures' folder, and keeps git away from it.
    pub fn prepare_captures_folder(&self) -> io::Result<PathBuf> {
        let folder = self.captures_folder();
        fs::create_dir_all(&folder)?;
        let ignore = folder.join(".gitignore");
        if self.has_file && !ignore.exists() {
            fs::write(&ignore, "*\n")?;
        }
        Ok(folder)
    }

    /// `.scrutineer/baselines` below the root.
    pub fn baselines_folder(&self) -> PathBuf {
        self.root.join(".scrutineer/baselines")
    }

    /// `.scrutineer/pins` below the root where a workspace file is, else beside the user's
    /// captures.
    pub fn pins_folder(&self) -> PathBuf {
        if self.has_file {
            return self.root.join(".scrutineer/pins");
        }
        let captures = self.captures_folder();
        captures.parent().unwrap_or(&captures).join("pins")
    }

    /// `.scrutineer/reviews` below the root.
    pub fn reviews_folder(&self) -> PathBuf {
        self.root.join(".scrutineer/reviews")
    }
}

/// The XDG base directory specification: a relative `$XDG_DATA_HOME` is ignored.
fn data_folder(xdg_data_home: Option<PathBuf>, home: Option<PathBuf>) -> PathBuf {
    xdg_data_home
        .filter(|folder| folder.is_absolute())
        .or_else(|| home.map(|home| home.join(".local/share")))
        .unwrap_or_else(env::temp_dir)
}

#[cfg(test)]
mod tests;
