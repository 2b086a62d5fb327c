//! The window's tabs, kept by workspace until it is opened there again.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use scrutineer_checklists::ron_text;
use scrutineer_ui::open_tabs::{OpenTabs, TABS_FORMAT_VERSION};
use serde::Deserialize;

use crate::{review::write_whole, xdg};

/// The part that every version of the format has.
#[derive(Deserialize)]
#[serde(rename = "ScrutineerTabs")]
struct Header {
    version: u32,
}

/// The folder in which tabs are kept; `None` where the user has none.
pub(crate) fn folder() -> Option<PathBuf> {
    Some(xdg::state_home()?.join("scrutineer/tabs"))
}

/// The file of a workspace's tabs, named by the workspace's path.
fn file(folder: &Path, workspace: &Path) -> PathBuf {
    let digest = ron_text::digest(&workspace.to_string_lossy());
    folder.join(format!("{}.ron", &digest[..16]))
}

/// Keeps the tabs of a workspace; without any, the file goes.
pub(crate) fn keep(folder: &Path, workspace: &Path, tabs: &OpenTabs) -> Result<()> {
    let path = file(folder, workspace);
    if tabs.tabs.is_empty() {
        return match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", path.display()))
            }
            _ => Ok(()),
        };
    }
    write_whole(&path, ron_text::print(tabs).as_bytes())
}

/// The tabs that were open in a workspace last time.
pub(crate) fn load(folder: &Path, workspace: &Path) -> Result<OpenTabs> {
    let path = file(folder, workspace);
    let text = match scrutineer_profiler::plain_text::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(OpenTabs::default()),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", path.display()));
        }
    };
    if let Ok(Header { version }) = ron_text::parse(&text)
        && version > TABS_FORMAT_VERSION
    {
        bail!(
            "the tabs of last time are not opened: {} has format version {version}, and this \
             Scrutineer reads version {TABS_FORMAT_VERSION}",
            path.display()
        );
    }
    ron_text::parse(&text).with_context(|| {
        format!(
            "the tabs of last time are not opened: {} is damaged, and is written anew when the \
             window is closed",
            path.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pins;
    use scrutineer_ui::open_tabs::OpenTab;

    fn tabs() -> OpenTabs {
        OpenTabs {
            shown: 0,
            tabs: vec![OpenTab {
                path: "/captures/a.scrutineer".into(),
                view: pins::example().view,
                bases: vec!["/captures/b.scrutineer".into()],
                candidates: Vec::new(),
            }],
            ..OpenTabs::default()
        }
    }

    #[test]
    fn tabs_come_back_in_their_workspace_alone_and_go_with_the_last_one() {
        let folder = tempfile::tempdir().unwrap();
        let (here, there) = (Path::new("/work/a"), Path::new("/work/b"));
        assert_eq!(load(folder.path(), here).unwrap(), OpenTabs::default());
        keep(folder.path(), here, &tabs()).unwrap();
        assert_eq!(load(folder.path(), here).unwrap(), tabs());
        assert_eq!(load(folder.path(), there).unwrap(), OpenTabs::default());
        keep(folder.path(), here, &OpenTabs::default()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_newer_and_a_damaged_file_are_told_and_open_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let here = Path::new("/work/a");
        let path = file(folder.path(), here);
        fs::write(&path, "(version: 7, windows: 2)").unwrap();
        let error = load(folder.path(), here).unwrap_err().to_string();
        assert!(error.contains("format version 7"), "{error}");
        fs::write(&path, "(version: 1, tabs: [").unwrap();
        let error = load(folder.path(), here).unwrap_err().to_string();
        assert!(error.contains("is damaged"), "{error}");
    }
}
