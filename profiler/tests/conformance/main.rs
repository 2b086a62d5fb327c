//! Programs that keep account of what they do, and captures that must say the same.

#[path = "../recording/capture.rs"]
#[allow(dead_code, reason = "shared with the recording tests")]
mod capture;
#[path = "../support/named.rs"]
mod named;
#[path = "../recording/programs.rs"]
#[allow(dead_code, reason = "shared with the recording tests")]
mod programs;
#[path = "../robustness/setup.rs"]
#[allow(dead_code, reason = "shared with the robustness tests")]
mod setup;

mod account;
mod cpu_time;
mod growth;
mod waits;
