//! Measures a process: captures, symbols, profiles, probes and baselines. Judges nothing, draws
//! nothing.

pub mod bench;
pub mod capture;
pub mod formats;
pub mod memory;
pub mod probes;
pub mod process;
pub mod profile;
pub mod progress;
pub mod redaction;
pub mod symbols;
mod sys;
pub mod workspace;
