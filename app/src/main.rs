//! Scrutineer: without arguments the window, else a subcommand.

mod baselines;
mod capture_note;
mod captures;
mod cli;
mod demo;
mod desktop;
mod flame_picture;
mod gathering;
mod interrupt;
mod jobs;
mod open_tabs;
mod own_profile;
mod pins;
mod preflight;
mod progress_line;
mod prune;
mod review;
mod settings;
#[cfg(test)]
mod testing;
mod window;
mod xdg;

use std::process::ExitCode;

use scrutineer_profiler::capture::helper;

fn main() -> ExitCode {
    // Before anything else: as the helper, this program must never be anything else.
    if helper::is_helper() {
        return helper::run();
    }
    cli::run()
}
