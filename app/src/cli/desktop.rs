//! `desktop`: the entry, icon and file type by which a desktop knows the window.

use std::{path::Path, process::Command};

use anyhow::{Context, anyhow};

use super::{Exit, Run, write_to_stdout};
use crate::{desktop, xdg};

/// Put the window into the desktop's menu and open captures with it, or take that back
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Writes a desktop entry, the icon and the file type of captures below $XDG_DATA_HOME
(~/.local/share), for this user alone; `remove` takes exactly these files away again. The entry
starts the binary that runs this command: install it anew after the binary was moved.

Examples:
  scrutineer desktop install
  scrutineer desktop remove")]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Write entry, icon and file type
    Install,
    /// Remove them
    Remove,
}

impl Run for Arguments {
    fn run(self) -> anyhow::Result<Exit> {
        let data = xdg::data_home().ok_or_else(|| {
            anyhow!(
                "there is no folder for the user's data: neither HOME nor XDG_DATA_HOME names \
                 one; set XDG_DATA_HOME to a whole path"
            )
        })?;
        let (paths, done) = match self.action {
            Action::Install => {
                let program =
                    std::env::current_exe().context("cannot tell where this binary is")?;
                (desktop::install(&data, &program)?, "Installed")
            }
            Action::Remove => (desktop::remove(&data)?, "Removed"),
        };
        for (program, folder) in [
            ("update-mime-database", data.join("mime")),
            ("update-desktop-database", data.join("applications")),
        ] {
            refresh(program, &folder);
        }
        let lines: String = paths.iter().map(|path| line(path)).collect();
        write_to_stdout(lines.as_bytes())?;
        if paths.is_empty() {
            eprintln!("Nothing was installed here");
        } else {
            eprintln!("{done}. Some desktops show it only after the next login.");
        }
        Ok(Exit::Fine)
    }
}

fn line(path: &Path) -> String {
    format!("{}\n", path.display())
}

/// Has the desktop's cache of a folder made anew. Without it the desktop finds the files later.
fn refresh(program: &str, folder: &Path) {
    if !folder.is_dir() {
        return;
    }
    match Command::new(program).arg(folder).output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            eprintln!("warning: {program} failed: {}", said.trim());
        }
        Err(_) => eprintln!("note: {program} is not here; the desktop may need a login to notice"),
    }
}
