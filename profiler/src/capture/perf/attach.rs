//! Opens the events of every thread of a process, and of those born meanwhile.

use std::{collections::HashSet, io, os::fd::OwnedFd, thread, time::Duration};

use perf_event_open_sys::bindings::perf_event_attr;

use super::{PerfSampler, attributes::EventChoice, rings, threads};
use crate::{
    capture::{CaptureError, tables::Tables, unwind::Unwinder},
    sys,
};

/// How often the list of threads is read before it is taken as it is: a program that makes
/// threads without end is inherited from anyway.
const MOST_ROUNDS: usize = 100;
/// How long a record of a thread's birth may take to arrive after `/proc` shows the thread.
const BIRTH_RECORD_DELAY: Duration = Duration::from_millis(2);

/// How to sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerfOptions {
    /// Sampling frequency, hertz; held at what the kernel allows.
    pub frequency_hz: u32,
    /// Bytes of user stack copied with each sample.
    pub stack_dump_bytes: u32,
    /// Whether sampling begins with the target's next exec rather than at once.
    pub from_exec: bool,
}

/// Why attaching failed.
#[derive(Debug)]
pub enum AttachError {
    /// Perf events are refused here; another way of sampling may work.
    Refused(io::Error),
    /// Something else.
    Failed(CaptureError),
}

impl AttachError {
    fn from_open(source: io::Error, pid: u32) -> Self {
        match source.raw_os_error() {
            Some(libc::EACCES | libc::EPERM | libc::ENOSYS | libc::ENOENT | libc::EOPNOTSUPP) => {
                Self::Refused(source)
            }
            Some(libc::ESRCH) => Self::Failed(CaptureError::NoSuchProcess { pid }),
            Some(libc::EMFILE | libc::ENFILE) => Self::Failed(CaptureError::System {
                what: "opening an event for each thread and CPU (raise the limit of open files \
                       with `ulimit -n`)"
                    .to_owned(),
                source,
            }),
            _ => Self::failed("perf_event_open", source),
        }
    }

    fn from_mappings(source: io::Error, pid: u32) -> Self {
        match source.raw_os_error() {
            Some(libc::EACCES | libc::EPERM) => Self::Failed(CaptureError::NotPermitted {
                pid,
                why: "the system keeps its memory map closed to us, so stacks cannot be followed"
                    .to_owned(),
                remedy: format!("sudo scrutineer record -p {pid}"),
            }),
            Some(libc::ENOENT | libc::ESRCH) => Self::Failed(CaptureError::NoSuchProcess { pid }),
            _ => Self::failed("reading the target's mappings", source),
        }
    }

    fn failed(what: &str, source: io::Error) -> Self {
        Self::Failed(CaptureError::System {
            what: what.to_owned(),
            source,
        })
    }
}

impl PerfSampler {
    /// Opens everything for process `pid`: its threads, those born later, and its children.
    /// Children's samples bear their own pids.
    pub fn attach(
        pid: u32,
        options: PerfOptions,
        tables: &mut Tables,
    ) -> Result<Self, AttachError> {
        sys::limits::raise();
        let choice = EventChoice::best_for(pid).map_err(|e| AttachError::from_open(e, pid))?;
        let (frequency_hz, warnings) = allowed_frequency(options.frequency_hz);
        let rings = rings::map_all(frequency_hz, options.stack_dump_bytes)
            .map_err(|source| AttachError::failed("mapping the rings of perf events", source))?;
        let mut attributes = choice.attributes(frequency_hz, options.stack_dump_bytes);
        if options.from_exec {
            attributes.set_disabled(1);
            attributes.set_enable_on_exec(1);
        }
        let mut sampler = Self {
            choice,
            frequency_hz,
            stack_dump_bytes: options.stack_dump_bytes,
            parse_info: choice.parse_info(),
            rings,
            events: Vec::new(),
            followed: HashSet::new(),
            end_watch: sys::pidfd::open(pid).ok(),
            unwinder: Unwinder::new(pid),
            finished: Vec::new(),
            kernel_module: None,
            lost: 0,
            was_throttled: false,
            warnings,
            scratch: Vec::new(),
            frames: Vec::new(),
        };
        sampler.open_threads(pid, &attributes, tables)?;
        if !options.from_exec {
            sampler
                .unwinder
                .load_process(pid, tables)
                .map_err(|source| AttachError::from_mappings(source, pid))?;
        }
        Ok(sampler)
    }

    fn open_threads(
        &mut self,
        pid: u32,
        attributes: &perf_event_attr,
        tables: &mut Tables,
    ) -> Result<(), AttachError> {
        for round in 0..MOST_ROUNDS {
            if round > 0 {
                // A thread that a followed one has made since is followed already.
                thread::sleep(BIRTH_RECORD_DELAY);
                self.apply_happenings(tables);
            }
            let listed = threads::list(pid)
                .map_err(|_| CaptureError::NoSuchProcess { pid })
                .map_err(AttachError::Failed)?;
            let unknown: Vec<u32> = listed
                .into_iter()
                .filter(|tid| !self.followed.contains(tid))
                .collect();
            if unknown.is_empty() {
                break;
            }
            for tid in unknown {
                self.open_thread(tid, attributes)
                    .map_err(|source| AttachError::from_open(source, pid))?;
                if let Some(name) = threads::name(pid, tid) {
                    tables.name_thread(pid, tid, &name);
                }
                self.followed.insert(tid);
            }
        }
        if self.events.is_empty() {
            return Err(AttachError::Failed(CaptureError::NoSuchProcess { pid }));
        }
        Ok(())
    }

    fn open_thread(&mut self, tid: u32, attributes: &perf_event_attr) -> io::Result<()> {
        let mut events: Vec<OwnedFd> = Vec::with_capacity(self.rings.len());
        for cpu_ring in &self.rings {
            let event = match sys::perf::open(attributes, tid, cpu_ring.cpu) {
                Ok(event) => event,
                // It ended after it was listed.
                Err(error) if error.raw_os_error() == Some(libc::ESRCH) => return Ok(()),
                Err(error) => return Err(error),
            };
            sys::perf::redirect(&event, &cpu_ring.ring)?;
            events.push(event);
        }
        self.events.append(&mut events);
        Ok(())
    }
}

/// The frequency held at what the kernel allows, with a sentence where it had to be.
fn allowed_frequency(wanted_hz: u32) -> (u32, Vec<String>) {
    let path = "/proc/sys/kernel/perf_event_max_sample_rate";
    let allowed = std::fs::read_to_string(path)
        .ok()
        .and_then(|text| text.trim().parse().ok());
    match allowed {
        Some(allowed_hz) if allowed_hz < wanted_hz => {
            let warning = format!(
                "The kernel allows {allowed_hz} samples a second, not {wanted_hz}; to allow more: \
                 sudo sysctl kernel.perf_event_max_sample_rate={wanted_hz}"
            );
            (allowed_hz, vec![warning])
        }
        _ => (wanted_hz, Vec::new()),
    }
}
