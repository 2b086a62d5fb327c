//! Scrutineer: without arguments the window, else a subcommand.

mod baselines;
mod captures;
mod cli;
mod demo;
mod flame_picture;
mod gathering;
mod interrupt;
mod jobs;
mod own_profile;
mod progress_line;
mod review;
mod window;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
