//! Scrutineer: without arguments the window, else a subcommand.

mod baselines;
mod captures;
mod cli;
mod demo;
mod flame_picture;
mod gathering;
mod interrupt;
mod jobs;
mod progress_line;
mod review;
// The folder of the same name will take this file’s place.
#[path = "window.rs"]
mod window;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
