//! What is read alongside the samples, on a thread of its own: memory, threads, sockets and more.
//!
//! The thread is called `readings`. It reads `/proc`, control groups and netlink, and leaves what
//! it found in a bounded buffer, which the recorder empties at each flush. It keeps within a
//! budget of CPU time: each kind of reading states a share of one CPU, and one whose readings took
//! more waits until the share has made up for it.
//!
//! A new kind costs one file here and one line in [`kind::all`].

mod activity;
mod batch;
mod descriptors;
mod disk;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod groups;
mod kind;
mod memory;
mod oom;
mod pressure;
mod processes;
mod rollup;
mod run;
mod sink;
mod sockets;
mod threads;

use std::{
    fs::File,
    io::{self, Write},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
};

pub use batch::Batch;

use crate::sys::pidfd;

/// Processes that are read in detail; more are counted.
pub const MOST_PROCESSES: usize = 64;
/// Threads that are read in detail at once, over all processes; more are counted.
pub const MOST_THREADS: usize = 256;

/// Whose readings are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Processes of the capture; the first one is its target.
    pub pids: Vec<u32>,
    /// Whether children born meanwhile are looked for and belong to it. Where the sampler tells
    /// of births, [`ReadingsReader::add_process`] is cheaper and misses none.
    pub finds_children: bool,
}

/// What the reading thread and its owner share.
#[derive(Debug)]
struct Shared {
    stop: AtomicBool,
    cpu_ns: AtomicU64,
    user_ns: AtomicU64,
    kernel_ns: AtomicU64,
    batch: Mutex<Batch>,
    /// Processes that were born, and when.
    added: Mutex<Vec<(u32, u64)>>,
}

/// Reads alongside a capture. Dropping it stops it.
#[derive(Debug)]
pub struct ReadingsReader {
    shared: Arc<Shared>,
    /// A byte in it wakes the thread.
    wake: File,
    thread: Option<JoinHandle<()>>,
}

impl ReadingsReader {
    /// Starts reading; times count from `start_ns` (`CLOCK_MONOTONIC`, nanoseconds). Fails where
    /// no thread or pipe is to be had.
    pub fn start(scope: Scope, start_ns: u64) -> io::Result<Self> {
        let (woken, wake) = pidfd::pipe()?;
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            cpu_ns: AtomicU64::new(0),
            user_ns: AtomicU64::new(0),
            kernel_ns: AtomicU64::new(0),
            batch: Mutex::default(),
            added: Mutex::default(),
        });
        let for_thread = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("readings".to_owned())
            .spawn(move || run::run(&scope, start_ns, &for_thread, &woken))?;
        Ok(Self {
            shared,
            wake,
            thread: Some(thread),
        })
    }

    /// Takes a process in that the sampler saw being born at `born_ns` (nanoseconds since the
    /// capture's start), so that it is read from now on.
    pub fn add_process(&self, pid: u32, born_ns: u64) {
        let mut added = self
            .shared
            .added
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        added.push((pid, born_ns));
        // One byte is enough for all of them: the pipe never fills, so that nobody waits here.
        if added.len() == 1 {
            self.wake();
        }
    }

    /// What was read since the last call; never waits for a reading.
    pub fn take(&self) -> Batch {
        let mut batch = self
            .shared
            .batch
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *batch)
    }

    /// CPU time that reading took so far, nanoseconds.
    pub fn cpu_ns(&self) -> u64 {
        self.shared.cpu_ns.load(Ordering::Relaxed)
    }

    /// User and kernel CPU time of all processes that were read, those that ended included,
    /// nanoseconds since each began.
    pub fn target_cpu_ns(&self) -> (u64, u64) {
        let load = |time: &AtomicU64| time.load(Ordering::Relaxed);
        (load(&self.shared.user_ns), load(&self.shared.kernel_ns))
    }

    /// Reads a last time, where that is cheap, and ends; what was not taken yet.
    pub fn stop(&mut self) -> Batch {
        self.end();
        self.take()
    }

    fn wake(&self) {
        // A thread that has ended needs no waking.
        let _ = (&self.wake).write(&[1]);
    }

    fn end(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.wake();
        if let Some(thread) = self.thread.take() {
            // A panic in there has been printed; the readings so far are kept.
            let _ = thread.join();
        }
    }
}

impl Drop for ReadingsReader {
    fn drop(&mut self) {
        self.end();
    }
}
