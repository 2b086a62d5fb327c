//! The command line: a subcommand is one file here and one line in the list below.

mod annotations;
mod exit;
mod promises;

use std::{io::Write, path::Path, process::ExitCode};

use anyhow::Context;
use clap::{CommandFactory, Parser};
use scrutineer_profiler::workspace::Workspace;

pub(crate) use exit::{Exit, Usage, sentence};

/// A subcommand's arguments, and what they do.
trait Run {
    /// Does the work. Errors become one sentence and an exit code in [`exit`].
    fn run(self) -> anyhow::Result<Exit>;
}

macro_rules! subcommands {
    ($($module:ident: $variant:ident,)*) => {
        $(mod $module;)*

        #[derive(Debug, clap::Subcommand)]
        enum Command {
            $($variant($module::Arguments),)*
        }

        impl Run for Command {
            fn run(self) -> anyhow::Result<Exit> {
                match self { $(Self::$variant(arguments) => arguments.run(),)* }
            }
        }
    };
}

subcommands! {
    demo: Demo,
    record: Record,
    report: Report,
    diff: Diff,
    convert: Convert,
    check: Check,
    review: Review,
    verify: Verify,
    checklist: Checklist,
    baseline: Baseline,
    prune: Prune,
    init: Init,
    doctor: Doctor,
    gui: Gui,
    desktop: Desktop,
    completions: Completions,
    demo_service: DemoService,
}

/// See where a Linux program spends its time and memory, and judge it against a performance
/// guideline with evidence.
///
/// Without a command the window opens. Everything else works without a display.
#[derive(Debug, Parser)]
#[command(name = "scrutineer", version, after_help = AFTER_HELP, max_term_width = 100)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
}

const AFTER_HELP: &str = "\
First steps:
  scrutineer demo                        see all of it work, on a bundled service with known faults
  scrutineer doctor                      what can be captured on this machine, and how to get more
  scrutineer record -p 4711 -d 30        sample a running process for 30 seconds
  scrutineer report FILE --format svg -o flame.svg

Review a service:
  scrutineer init                        write a commented scrutineer.ron into this folder
  scrutineer check --pid 4711            gather evidence and judge the 56 items of the guideline
  scrutineer baseline save before        keep the latest capture's figures, to compare with later

Exit codes:
  0  fine                   1  findings (an item fails, or a baseline moved)
  2  wrong usage            3  could not run
  4  inconclusive (too little data)

Data goes to standard output; progress and words go to standard error.";

/// Runs the command line of this process.
pub(crate) fn run() -> ExitCode {
    let outcome = match CommandLine::parse().command {
        Some(command) => command.run(),
        None => gui::Arguments::default().run(),
    };
    exit::conclude(outcome)
}

/// The whole command line, for shell completions.
fn definition() -> clap::Command {
    CommandLine::command()
}

/// Writes data to standard output, at once: a reader that has had enough (`| head`) ends it
/// quietly, see [`exit::conclude`].
fn write_to_stdout(data: &[u8]) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout
        .write_all(data)
        .and_then(|()| stdout.flush())
        .context("cannot write to standard output")
}

/// The workspace that holds for a folder.
fn find_workspace(folder: &Path) -> anyhow::Result<Workspace> {
    if !folder.exists() {
        let what = format!(
            "there is no folder {}; name one with --workspace",
            folder.display()
        );
        return Err(Usage(what).into());
    }
    crate::settings::workspace(folder)
}

/// Columns to lay text out in: as many as `COLUMNS` says, else 100.
fn terminal_width() -> usize {
    let columns = std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok());
    columns.unwrap_or(100)
}

/// Writes a serialisable value to standard output as indented JSON.
fn write_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    write_to_stdout(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_of_the_command_line_is_sound() {
        definition().debug_assert();
    }
}
