//! tmp
use super::{Exit, Run};
/// tmp
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}
impl Run for Arguments { fn run(self) -> anyhow::Result<Exit> { Ok(Exit::Fine) } }
