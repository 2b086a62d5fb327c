//! Begins to trace every thread of a process, or says what stands in the way.

use std::{
    collections::BTreeMap,
    fs, io,
    time::{Duration, Instant},
};

use super::{MAX_PTRACE_HZ, PtraceSampler, STACK_BYTES, tracees::Tracees};
use crate::{
    capture::{CaptureError, sampler::SamplerCounters, tables::Tables, unwind::Unwinder},
    process,
    sys::{
        self,
        ptrace::{self, Ticker},
    },
};

impl PtraceSampler {
    /// Begins to trace every thread of a process, without stopping any, and samples those born
    /// later and its children too. A child that is held before its exec may be attached to: its
    /// own program is noticed.
    ///
    /// The frequency is held at [`MAX_PTRACE_HZ`]. Works for own children everywhere, for other
    /// own processes where Yama allows; else [`CaptureError::NotPermitted`] tells the command that
    /// would allow it.
    pub fn attach(pid: u32, frequency_hz: u32, tables: &mut Tables) -> Result<Self, CaptureError> {
        let frequency_hz = frequency_hz.clamp(1, MAX_PTRACE_HZ);
        let period = Duration::from_secs(1) / frequency_hz;
        // Two descriptors a thread.
        sys::limits::raise();
        let ticker = Ticker::start(period).map_err(Self::system)?;
        // From here on, dropping it lets go of what it holds.
        let mut sampler = Self {
            target: pid,
            frequency_hz,
            period,
            next_tick: Instant::now() + period,
            tracees: Tracees::default(),
            unwinder: Unwinder::new(pid),
            counters: SamplerCounters::default(),
            has_ended: false,
            status: None,
            is_detaching: false,
            reloaded_ns: BTreeMap::new(),
            stack: vec![0; STACK_BYTES].into_boxed_slice(),
            frames: Vec::new(),
            _ticker: ticker,
        };
        sampler.seize_threads(pid)?;
        sampler.tracees.name_new(tables);
        Ok(sampler)
    }

    /// Reads the list of threads until it holds none that is not traced: a traced thread's
    /// offspring is traced from its birth, so the list is stable then.
    fn seize_threads(&mut self, pid: u32) -> Result<(), CaptureError> {
        let gone = || CaptureError::NoSuchProcess { pid };
        loop {
            let mut has_new = false;
            for entry in fs::read_dir(format!("/proc/{pid}/task"))
                .map_err(|_| gone())?
                .flatten()
            {
                let Some(tid) = entry
                    .file_name()
                    .to_str()
                    .and_then(|name| name.parse().ok())
                else {
                    continue;
                };
                if self.tracees.contains(tid) {
                    continue;
                }
                match ptrace::seize(tid) {
                    Ok(()) => {}
                    Err(error) if error.raw_os_error() == Some(libc::ESRCH) => continue,
                    // Born of a traced thread since.
                    Err(_) if tracer_of(tid) == Some(ptrace::own_tid()) => {}
                    Err(error) => return Err(refused(pid, tid, &error)),
                }
                self.tracees.add(pid, tid);
                has_new = true;
            }
            if !has_new {
                break;
            }
        }
        if self.tracees.len() == 0 {
            Err(gone())
        } else {
            Ok(())
        }
    }
}

/// Thread that traces a thread.
fn tracer_of(tid: u32) -> Option<u32> {
    let status = fs::read(format!("/proc/{tid}/status")).ok()?;
    let status = String::from_utf8_lossy(&status);
    let tracer = status
        .lines()
        .find_map(|line| line.strip_prefix("TracerPid:"))?;
    tracer.trim().parse().ok().filter(|&tracer| tracer != 0)
}

/// Why the kernel refused, and the command that would allow it.
fn refused(pid: u32, tid: u32, error: &io::Error) -> CaptureError {
    let not_permitted = |why: String, remedy: &str| CaptureError::NotPermitted {
        pid,
        why,
        remedy: remedy.to_owned(),
    };
    if pid == std::process::id() {
        return not_permitted(
            "a process cannot trace itself".to_owned(),
            "start a second scrutineer and attach from there",
        );
    }
    if let Some(tracer) = tracer_of(tid) {
        let name = process::stat(tracer).map_or_else(|_| "?".to_owned(), |stat| stat.name);
        return not_permitted(
            format!("it is traced by process {tracer} ({name}) already"),
            &format!("end the debugger, `kill {tracer}`"),
        );
    }
    let scope = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").unwrap_or_default();
    refused_by(&scope, pid, error)
}

/// What Yama's setting (`kernel.yama.ptrace_scope`, empty without Yama) makes of a refusal.
fn refused_by(scope: &str, pid: u32, error: &io::Error) -> CaptureError {
    let not_permitted = |why: String, remedy: &str| CaptureError::NotPermitted {
        pid,
        why,
        remedy: remedy.to_owned(),
    };
    match scope.trim() {
        "1" => not_permitted(
            "kernel.yama.ptrace_scope is 1, which lets ptrace reach own children alone".to_owned(),
            "sudo sysctl kernel.yama.ptrace_scope=0 (or launch the program: scrutineer record -- \
             COMMAND)",
        ),
        "2" => not_permitted(
            "kernel.yama.ptrace_scope is 2, which keeps ptrace to administrators".to_owned(),
            "sudo sysctl kernel.yama.ptrace_scope=1, then launch the program with scrutineer \
             record -- COMMAND",
        ),
        "3" => not_permitted(
            "kernel.yama.ptrace_scope is 3, which forbids ptrace until the next boot".to_owned(),
            "set kernel.yama.ptrace_scope=1 in /etc/sysctl.d and reboot",
        ),
        _ => not_permitted(
            format!(
                "the kernel refused ptrace ({error}): the program has more privileges than you, \
                 or a container forbids it"
            ),
            &format!("sudo scrutineer record -p {pid}"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the file reads on machines with Yama.
    #[test]
    fn each_scope_of_yama_has_the_command_that_would_allow_it() {
        let refused = io::Error::from_raw_os_error(libc::EPERM);
        let told = |scope: &str| refused_by(scope, 7, &refused).to_string();
        for (scope, remedy) in [
            (
                "1\n",
                "To enable it: sudo sysctl kernel.yama.ptrace_scope=0 (or launch",
            ),
            (
                "2\n",
                "To enable it: sudo sysctl kernel.yama.ptrace_scope=1, then launch",
            ),
            (
                "3\n",
                "To enable it: set kernel.yama.ptrace_scope=1 in /etc/sysctl.d and reboot",
            ),
        ] {
            let words = told(scope);
            assert!(words.contains(remedy), "{words}");
            assert!(
                words.contains(&format!("ptrace_scope is {}", scope.trim())),
                "{words}"
            );
        }
        for scope in ["0\n", ""] {
            let words = told(scope);
            assert!(!words.contains("yama"), "{words}");
            assert!(words.contains("sudo scrutineer record -p 7"), "{words}");
        }
    }
}
