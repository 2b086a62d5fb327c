//! Scrutineer: without arguments the window, else a subcommand.

mod captures;
mod cli;
mod demo;
mod flame_picture;
mod gathering;
mod interrupt;
mod jobs;
mod progress_line;
mod window;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
