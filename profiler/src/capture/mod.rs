//! Capturing: find or launch a target, sample it, unwind, and write the capture file.

pub mod ability;
pub mod error;
pub mod file;
pub mod helper;
pub(crate) mod interpreters;
mod launch;
pub mod model;
pub mod perf;
pub mod ptrace;
pub mod readings;
pub mod recorder;
pub mod sampler;
pub mod tables;
pub mod target;
pub mod unwind;
pub(crate) mod waits;

pub use error::CaptureError;
