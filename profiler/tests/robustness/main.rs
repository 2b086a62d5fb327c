//! Recording harms nobody: not the target, whatever it does, not the machine, and not ourselves.

#[path = "../recording/capture.rs"]
#[allow(dead_code, reason = "shared with the recording tests")]
mod capture;
#[path = "../recording/programs.rs"]
#[allow(dead_code, reason = "shared with the recording tests")]
mod programs;

mod attaching;
mod limits;
mod restless;
mod setup;
