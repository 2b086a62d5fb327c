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
//! Perf events come in roles (`capture::perf::EventRole`): CPU time, switches, page faults and
//! wake-ups, each with rings of its own per CPU, so that a flood of one kind cannot lose another's
//! records. An `EventOpener` opens them, with our own rights or through the privileged helper.
//! `capture::waits` pairs switches to waits, or polls where those are refused;
//! `capture::interpreters` merges interpreted functions; `capture::readings` reads `/proc`, control
//! groups and sockets on a thread of its own.
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
//! - A timer interrupt alone costs a virtual machine some 20 µs a sample: 4,999 Hz takes 8 % of the
//!   target's work under any profiler, with stacks or without. Compare the cost per sample: perf
//!   starts late and loses a third of its samples at that rate with 32 KiB copies, and so looks
//!   cheap.
//! - Waking the recorder with each sample costs the target some 19 µs a sample: at 4,999 Hz a tenth of
//!   a Python program's work. Looking every 150 µs instead costs it a third of that, and the
//!   recorder more.
//! - The size of the rings (0.5 to 16 MiB) makes no measurable difference to the target.
//! - Page faults in frequency mode tell bursts to the wrong functions: a fixed period does not.
//! - A per-thread event of `sched_waking` fires in the waker: it tells the target's own wakers alone.
//!   Events of whole CPUs tell the others too, but on 6.18 none that an idle CPU's interrupt woke,
//!   except on the first CPU: perf misses them as well, the tracing file system shows them.
//! - `/proc/PID`'s owner does not tell whether a program is dumpable: opening `maps` does.
//! - A program whose rounds take about a sampling period keeps step with it: a function of 34 % had
//!   27 % of the samples for as long as its rounds took 3.0 ms at 999 Hz. Targets of tests vary
//!   their rounds.
//! - The mapper, not the opener, is charged for a ring: a helper needs no `CAP_IPC_LOCK`.
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
pub mod plain_text;
pub mod probes;
pub mod process;
pub mod profile;
pub mod progress;
pub mod redaction;
mod statistics;
pub mod symbols;
mod sys;
pub mod workspace;
