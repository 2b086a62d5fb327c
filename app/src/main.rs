//! Scrutineer: without arguments the window, else a subcommand.

mod cli;
mod demo;
mod interrupt;
mod jobs;
mod progress_line;
mod window;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
