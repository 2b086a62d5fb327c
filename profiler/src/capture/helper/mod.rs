//! The privileged helper: a copy of the program under a name of its own, which alone carries
//! capabilities, opens perf events for its caller's own processes, and does nothing else.
//!
//! # What it may do, and how that is bounded
//!
//! - It carries `cap_perfmon` (events whatever `perf_event_paranoid` says), `cap_syslog` (addresses
//!   in `/proc/kallsyms`) and `cap_dac_read_search` (the number of one tracepoint, read once at the
//!   start, then given up for good). None is effective but for the one call that needs it.
//! - Before it reads a request it forgets its environment, closes what it inherited, forbids itself
//!   new privileges and puts itself behind a system call filter that knows reading, events and its
//!   socket alone.
//! - Requests are packets of a fixed size with numbers alone ([`protocol`]). The attributes of an
//!   event are built here; nothing of the caller's reaches the kernel unread.
//! - `CAP_PERFMON` reaches every user's processes, so whose a target is, is checked here
//!   ([`ownership`]): by the ids in its status, and by the kernel's own judgement of whether the
//!   caller, without any capability, could trace it. What holds for a process must hold while its
//!   event is opened: [`ExecGuard`](crate::sys::exec_guard::ExecGuard) notices a program with more
//!   privileges that was executed in between. (After that the kernel itself ends the events of a
//!   thread that executes such a program.)
//! - The whole machine and control groups are opened without any capability: only where the caller
//!   is permitted them anyway.
//! - Wake-ups are recorded in the context of the thread that wakes, which may be anybody's: their
//!   events copy neither stacks nor registers.
//! - Locked memory is charged to whoever maps a ring, so no `cap_ipc_lock` is needed.

mod client;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod install;
mod ownership;
mod protocol;
mod server;
#[cfg(test)]
mod tests;

pub use client::{HelperError, HelperOpener, find, forbid, kernel_symbols};
pub use install::{InstallError, Installed, default_path, inspect, install, remove};
pub use protocol::{Powers, Refusal, VERSION};
pub use server::{is_helper, run};

/// The file name under which the program is the helper and nothing else.
pub const NAME: &str = "scrutineer-helper";
