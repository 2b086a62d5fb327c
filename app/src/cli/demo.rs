//! `demo`: the whole way once, on a bundled service with known faults.

use std::{path::PathBuf, time::Duration};

use super::{Exit, Run, write_to_stdout};
use crate::{
    demo::{self, DemoOptions},
    interrupt::Interrupt,
    progress_line::ProgressLine,
    window,
};

/// See all of it work: profile, judge and compare a bundled service with known faults
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Starts a small HTTP service (a hot function, a contended lock, a slow leak, an uncompressed and
unpaginated route), attaches to it from outside as to any stranger's process, drives it over
loopback, judges the guideline, stores a baseline on the first run and compares with it on later
ones, and writes review.html. All of it lies in one folder with a workspace file of its own, which
declares the demo's short window. Nothing leaves this machine, and no privilege is needed.

Examples:
  scrutineer demo
  scrutineer demo --seconds 30 --out /tmp/tour --no-window")]
pub(super) struct Arguments {
    /// Length of the capture in seconds
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,

    /// Folder of the demo's workspace
    #[arg(long, value_name = "DIR", default_value = demo::FOLDER)]
    out: PathBuf,

    /// Do not open the window on the result
    #[arg(long)]
    no_window: bool,
}

impl Run for Arguments {
    fn run(self) -> anyhow::Result<Exit> {
        let progress = ProgressLine::new(Interrupt::install()?);
        let options = DemoOptions {
            length: Duration::from_secs(self.seconds),
            folder: self.out.clone(),
        };
        let result = demo::run(&options, &progress)?;
        for warning in &result.warnings {
            progress.say(&format!("warning: {warning}"));
        }
        progress.clear();
        write_to_stdout(result.summary().as_bytes())?;
        if self.no_window {
            return Ok(Exit::Fine);
        }
        if !window::has_display() {
            progress.say("There is no display here, so no window opens; the report holds it all.");
            return Ok(Exit::Fine);
        }
        window::run(result.capture_path(), self.out)?;
        Ok(Exit::Fine)
    }
}
