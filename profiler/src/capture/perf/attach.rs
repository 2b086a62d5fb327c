//! Opens the events of a subject: of every thread there is, and of those born meanwhile.

use std::{
    collections::HashSet,
    io,
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
    thread,
    time::Duration,
};

use super::{
    EndWatch, EventChoice, EventRole, EventWish, PerfSampler, Scope, SwitchTaker,
    opener::{EventOpener, OwnOpener},
    records::Reader,
    rings::RoleRings,
    stack_copy::StackCopy,
    threads,
    wake_ups::WakeUpBudget,
};
use crate::{
    capture::{
        CaptureError, model::CallGraph, sampler::SamplerCounters, tables::Tables, unwind::Unwinder,
    },
    sys::{self, clock},
};

/// How often the list of threads is read before it is taken as it is: a program that makes
/// threads without end is inherited from anyway.
pub(super) const MOST_ROUNDS: usize = 100;
/// How long a record of a thread's birth may take to arrive after `/proc` shows the thread.
pub(super) const BIRTH_RECORD_DELAY: Duration = Duration::from_millis(2);
/// Page faults recorded a second that the rings have room for.
const PAGE_FAULTS_HZ: u32 = 4_000;
/// Stack bytes copied with switches and page faults, which need no adapting: what they miss is
/// counted.
const OTHER_STACK_BYTES: u32 = 16 << 10;

/// What is sampled.
#[derive(Clone, Debug)]
pub enum PerfSubject {
    /// These processes with all their threads; at least one.
    Processes(Vec<u32>),
    /// The processes of a control group: its folder, opened.
    Cgroup(Arc<OwnedFd>),
    /// Every process of the machine.
    System,
}

/// How to sample.
#[derive(Debug)]
pub struct PerfOptions {
    /// Sampling frequency, hertz; held at what the kernel allows.
    pub frequency_hz: u32,
    /// How stacks are followed.
    pub call_graph: CallGraph,
    /// Bytes of user stack copied with each sample; as many as stacks need where `None`.
    pub stack_dump_bytes: Option<u32>,
    /// Whether processes born meanwhile are sampled too.
    pub follows_children: bool,
    /// Whether sampling begins with the target's next exec rather than at once.
    pub from_exec: bool,
    /// Whether page faults are recorded with their stacks.
    pub page_faults: bool,
    /// Makes waits of context switches, where they are to be recorded.
    pub switch_taker: Option<Box<dyn SwitchTaker>>,
    /// The number of the tracepoint of wake-ups, where they are to be recorded too.
    pub wakeup_tracepoint: Option<u64>,
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

impl PerfSubject {
    /// The processes that it names; none for groups and the whole machine.
    fn pids(&self) -> &[u32] {
        match self {
            Self::Processes(pids) => pids,
            Self::Cgroup(_) | Self::System => &[],
        }
    }

    /// A scope to try what is permitted in.
    pub(crate) fn trial_scope(&self) -> Scope<'_> {
        match self {
            Self::Processes(pids) => {
                let pid = pids.first().copied().unwrap_or(0);
                Scope::Thread { pid, tid: pid }
            }
            Self::Cgroup(folder) => Scope::Cgroup(folder.as_fd()),
            Self::System => Scope::Everyone,
        }
    }

    /// The scope that is opened once per CPU; `None` where each thread is opened by itself.
    pub(super) fn whole_scope(&self) -> Option<Scope<'_>> {
        match self {
            Self::Processes(_) => None,
            Self::Cgroup(_) | Self::System => Some(self.trial_scope()),
        }
    }
}

impl PerfSampler {
    /// Opens everything for a subject: its threads, those born later, and its children where they
    /// are followed. Samples bear the pids of their own processes.
    pub fn attach(
        subject: PerfSubject,
        options: PerfOptions,
        mut opener: Box<dyn EventOpener>,
        tables: &mut Tables,
    ) -> Result<Self, AttachError> {
        sys::limits::raise();
        let first_pid = subject.pids().first().copied().unwrap_or(0);
        let choice = EventChoice::best(subject.trial_scope(), opener.as_mut())
            .map_err(|error| AttachError::from_open(error, first_pid))?;
        let (frequency_hz, warnings) = allowed_frequency(options.frequency_hz);
        let stack_copy = StackCopy::new(options.stack_dump_bytes, clock::monotonic_ns());
        let cpu_wish = EventWish {
            role: EventRole::Cpu,
            clock: choice.clock,
            kernel: choice.kernel,
            frequency_hz,
            call_graph: options.call_graph,
            stack_dump_bytes: stack_copy.bytes(),
            follows_children: options.follows_children,
            from_exec: options.from_exec,
            held_back: false,
            wakes_each: false,
        };
        let roles = vec![map(cpu_wish, opener.as_mut())?];
        let mut sampler = Self {
            choice,
            opener,
            roles,
            cpu_events: Vec::new(),
            other_events: Vec::new(),
            followed: HashSet::new(),
            births: None,
            processes: subject.pids().iter().copied().collect(),
            end_watch: EndWatch::over(subject.pids()),
            woken: None,
            unwinder: Unwinder::new(first_pid),
            stack_copy,
            finished: Vec::new(),
            reader: Reader::default(),
            switch_taker: None,
            switch_events: Vec::new(),
            wake_up_budget: WakeUpBudget::default(),
            counters: SamplerCounters::default(),
            warnings,
            scratch: Vec::new(),
            described: 0,
            wakes_in_vain: false,
            subject,
        };
        sampler.add_roles(&cpu_wish, options)?;
        sampler.open_all(tables)?;
        if !cpu_wish.from_exec {
            sampler.load_processes(tables)?;
        }
        Ok(sampler)
    }

    /// Whether a subject may be sampled with the rights of this process.
    pub(crate) fn may_sample(subject: &PerfSubject) -> bool {
        EventChoice::best(subject.trial_scope(), &mut OwnOpener).is_ok()
    }

    /// Maps the rings of the roles beside CPU time. One that is refused is left out, and said.
    fn add_roles(&mut self, cpu_wish: &EventWish, options: PerfOptions) -> Result<(), AttachError> {
        let beside = EventWish {
            stack_dump_bytes: OTHER_STACK_BYTES.min(cpu_wish.stack_dump_bytes),
            ..*cpu_wish
        };
        if options.page_faults {
            let wish = EventWish {
                role: EventRole::PageFaults,
                frequency_hz: PAGE_FAULTS_HZ,
                ..beside
            };
            self.add_role(wish, "Page faults")?;
        }
        if let Some(taker) = options.switch_taker {
            let wish = EventWish {
                role: EventRole::Switches,
                ..beside
            };
            if self.add_role(wish, "Context switches")? {
                self.switch_taker = Some(taker);
            }
        }
        if let (Some(tracepoint), true) = (options.wakeup_tracepoint, self.switch_taker.is_some()) {
            let wish = EventWish {
                role: EventRole::Wakeups { tracepoint },
                ..beside
            };
            self.add_wake_ups(wish)?;
        }
        Ok(())
    }

    pub(super) fn add_role(&mut self, wish: EventWish, what: &str) -> Result<bool, AttachError> {
        let cpu = self.roles[0].rings.first().map_or(0, |ring| ring.cpu);
        let trial = EventWish {
            held_back: true,
            ..wish
        };
        match self.opener.open(&trial, self.subject.trial_scope(), cpu) {
            Ok(_) => {
                self.roles.push(map(wish, self.opener.as_mut())?);
                Ok(true)
            }
            Err(error) => {
                self.warnings.push(format!(
                    "{what} cannot be recorded here ({error}); `scrutineer doctor` tells the \
                     command that would enable it"
                ));
                Ok(false)
            }
        }
    }

    fn open_all(&mut self, tables: &mut Tables) -> Result<(), AttachError> {
        if self.subject.whole_scope().is_some() {
            for role in 0..self.roles.len() {
                let events = self
                    .open_whole(role, false)
                    .map_err(|error| AttachError::from_open(error, 0))?;
                self.keep(role, events);
            }
            return Ok(());
        }
        for pid in self.subject.pids().to_vec() {
            self.open_process(pid, tables)?;
        }
        for role in 0..self.roles.len() {
            if self.roles[role].is_machine_wide {
                let events = self
                    .open_whole(role, false)
                    .map_err(|error| AttachError::from_open(error, 0))?;
                self.keep(role, events);
            }
        }
        if self.cpu_events.is_empty() {
            let pid = self.subject.pids().first().copied().unwrap_or(0);
            return Err(AttachError::Failed(CaptureError::NoSuchProcess { pid }));
        }
        Ok(())
    }

    pub(super) fn keep(&mut self, role: usize, events: Vec<OwnedFd>) {
        if role == 0 {
            self.cpu_events.extend(events);
        } else {
            let role = self.roles[role].wish.role;
            let events = events.into_iter().map(|event| (role, event));
            self.other_events.extend(events);
        }
    }

    /// Opens the events of a role over a whole group or machine.
    pub(super) fn open_whole(&mut self, role: usize, held_back: bool) -> io::Result<Vec<OwnedFd>> {
        let role = &self.roles[role];
        let wish = EventWish {
            held_back,
            ..role.wish
        };
        let scope = if role.is_machine_wide {
            Scope::Everyone
        } else {
            self.subject.trial_scope()
        };
        let mut events = Vec::with_capacity(role.rings.len());
        for cpu_ring in &role.rings {
            let event = self.opener.open(&wish, scope, cpu_ring.cpu)?;
            sys::perf::redirect(&event, &cpu_ring.ring)?;
            events.push(event);
        }
        Ok(events)
    }

    fn open_process(&mut self, pid: u32, tables: &mut Tables) -> Result<(), AttachError> {
        for round in 0..MOST_ROUNDS {
            if round > 0 {
                // A thread that a followed one has made since is followed already.
                thread::sleep(BIRTH_RECORD_DELAY);
                self.apply_happenings(tables);
            }
            let listed = match threads::list(pid) {
                Ok(listed) => listed,
                // One of several may have ended since they were listed.
                Err(_) if self.subject.pids().len() > 1 => return Ok(()),
                Err(_) => return Err(AttachError::Failed(CaptureError::NoSuchProcess { pid })),
            };
            let unknown: Vec<u32> = listed
                .into_iter()
                .filter(|tid| !self.followed.contains(tid))
                .collect();
            if unknown.is_empty() {
                break;
            }
            for tid in unknown {
                for role in self.roles_by_thread() {
                    let events = self
                        .open_thread(role, pid, tid, false)
                        .map_err(|source| AttachError::from_open(source, pid))?;
                    self.keep(role, events);
                }
                if let Some(name) = threads::name(pid, tid) {
                    tables.name_thread(pid, tid, &name);
                }
                self.followed.insert(tid);
            }
        }
        Ok(())
    }

    fn roles_by_thread(&self) -> Vec<usize> {
        let roles = self.roles.iter().enumerate();
        roles
            .filter(|(_, role)| !role.is_machine_wide)
            .map(|(position, _)| position)
            .collect()
    }

    /// Opens the events of a role for a thread; none where it has ended since it was listed.
    pub(super) fn open_thread(
        &mut self,
        role: usize,
        pid: u32,
        tid: u32,
        held_back: bool,
    ) -> io::Result<Vec<OwnedFd>> {
        let role = &self.roles[role];
        let wish = EventWish {
            held_back,
            ..role.wish
        };
        let mut events: Vec<OwnedFd> = Vec::with_capacity(role.rings.len());
        for cpu_ring in &role.rings {
            let event = match self
                .opener
                .open(&wish, Scope::Thread { pid, tid }, cpu_ring.cpu)
            {
                Ok(event) => event,
                Err(error) if error.raw_os_error() == Some(libc::ESRCH) => return Ok(Vec::new()),
                Err(error) => return Err(error),
            };
            sys::perf::redirect(&event, &cpu_ring.ring)?;
            events.push(event);
        }
        Ok(events)
    }

    fn load_processes(&mut self, tables: &mut Tables) -> Result<(), AttachError> {
        let pids = self.subject.pids().to_vec();
        for &pid in &pids {
            match self.unwinder.load_process(pid, tables) {
                Ok(()) => self.describe(pid, tables),
                Err(_) if pids.len() > 1 => {}
                Err(source) => return Err(AttachError::from_mappings(source, pid)),
            }
        }
        Ok(())
    }
}

fn map(wish: EventWish, opener: &mut dyn EventOpener) -> Result<RoleRings, AttachError> {
    RoleRings::map(wish, opener)
        .map_err(|source| AttachError::failed("mapping the rings of perf events", source))
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
