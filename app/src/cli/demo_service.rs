//! `demo-service`: the bundled service that `demo` starts as its child.

use super::{Exit, Run};
use crate::demo::service;

/// Run the demo's service alone, until standard input closes
#[derive(Debug, clap::Args)]
#[command(hide = true)]
pub(super) struct Arguments {}

impl Run for Arguments {
    fn run(self) -> anyhow::Result<Exit> {
        service::run()?;
        Ok(Exit::Fine)
    }
}
