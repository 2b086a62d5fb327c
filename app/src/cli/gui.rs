//! `gui`: the window.

use std::path::PathBuf;

use super::{Exit, Run};
use crate::window;

/// Open the window, on a capture where one is given (as no command at all does)
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "\
Examples:
  scrutineer gui
  scrutineer gui .scrutineer/captures/ledgerd-20260311T091500Z.scrutineer")]
pub(super) struct Arguments {
    /// Capture, or another tool's profile, to open
    file: Option<PathBuf>,
}

impl Run for Arguments {
    fn run(self) -> anyhow::Result<Exit> {
        window::run(self.file, std::env::current_dir()?)?;
        Ok(Exit::Fine)
    }
}
