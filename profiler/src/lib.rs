//! Measures a process: captures, symbols, profiles, probes and baselines. Judges nothing, draws
//! nothing.
//!
//! # How a capture flows
//!
//! `capture::recorder` runs on a thread of its own and owns a `Sampler` (perf events, else ptrace).
//! The sampler unwinds as it drains and interns frames and stacks into `capture::tables`; what is
//! new goes as chunks into `capture::file`, flushed every 500 ms. That file is the only channel: a
//! live view follows it with `CaptureTail`, so a slow reader can never hold a recording up. Chunks
//! build a `profile::Profile` by appending; `symbols` names raw frames in batches, live and once
//! more at the end, when the names are appended to the file.
//!
//! # What was learned
//!
//! - Residency is strongly autocorrelated. Trend-free prewhitening (Yue) finds a false trend in
//!   59 % of trendless AR(1) series with r = 0.8; plain Mann–Kendall in 37 %; prewhitening after
//!   Wang and Swail, which `memory::growth` does, in 3 %.
//! - A function split into a hot and a cold part (`_PyEval_EvalFrameDefault`) comes out of the
//!   debug information with the address of either part and no size: `symbols` asks the symbol table.
//! - Debug information of line tables alone states bare names (`serve`); the symbol table has the
//!   path (`shop::http::serve`).
//! - Nobody else may wait for a child while a ptrace sampler lives: `waitpid` would take its stops.
//! - An evidence file in JSON replays exactly only with `serde_json`'s `float_roundtrip`.

pub mod bench;
pub mod capture;
pub mod formats;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod memory;
pub mod noise;
pub mod probes;
pub mod process;
pub mod profile;
pub mod progress;
pub mod redaction;
pub mod symbols;
mod sys;
pub mod workspace;
