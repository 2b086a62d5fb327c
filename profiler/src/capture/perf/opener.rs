//! Opening events: by ourselves, or through somebody who may more.

use std::{
    io,
    os::fd::{BorrowedFd, OwnedFd},
};

use super::{attributes, wish::EventWish};
use crate::sys;

/// Whose events are wished for.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    /// Those of one thread.
    Thread {
        /// The process that it belongs to.
        pid: u32,
        /// The thread.
        tid: u32,
    },
    /// Those of every thread on the CPU.
    Everyone,
    /// Those of the processes of a control group: its folder in the `perf_event` hierarchy
    /// (version 1) or in the unified one.
    Cgroup(BorrowedFd<'a>),
}

/// Opens events. An error bears the errno of `perf_event_open`.
pub trait EventOpener: Send + std::fmt::Debug {
    /// Opens one event on one CPU.
    fn open(&mut self, wish: &EventWish, scope: Scope<'_>, cpu: u32) -> io::Result<OwnedFd>;

    /// Opens the event that a ring on one CPU belongs to: it counts nothing, and wakes waiters up
    /// when so many bytes wait. It belongs to the calling thread, so that it never reports the end
    /// of another.
    fn open_leader(&mut self, watermark_bytes: u32, cpu: u32) -> io::Result<OwnedFd> {
        let attributes = attributes::leader(watermark_bytes as usize);
        sys::perf::open(&attributes, sys::perf::Scope::Thread(0), cpu)
    }

    /// Whether it is the privileged helper that opens.
    fn is_helper(&self) -> bool {
        false
    }
}

/// Opens events with the rights of this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct OwnOpener;

impl EventOpener for OwnOpener {
    fn open(&mut self, wish: &EventWish, scope: Scope<'_>, cpu: u32) -> io::Result<OwnedFd> {
        let scope = match scope {
            Scope::Thread { tid, .. } => sys::perf::Scope::Thread(tid),
            Scope::Everyone => sys::perf::Scope::Everyone,
            Scope::Cgroup(folder) => sys::perf::Scope::Cgroup(folder),
        };
        sys::perf::open(&attributes::of(wish), scope, cpu)
    }
}
