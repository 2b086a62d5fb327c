//! The helper's side: gives up what it does not need, then answers requests one by one.

use std::{
    fs::File,
    io::{self, Write},
    os::fd::{AsFd, OwnedFd},
    path::Path,
    process::ExitCode,
};

use super::{
    NAME,
    ownership::{self, Ownership},
    protocol::{Powers, REQUEST_BYTES, Refusal, Reply, Request, Scope, Unreadable},
};
use crate::{
    capture::perf::{self, EventOpener, EventWish, OwnOpener, attributes},
    sys::{
        self,
        capabilities::{self, CapabilitySet},
        confine,
        exec_guard::ExecGuard,
    },
};

/// The socket is the standard input: it is inherited without a word more between the two.
const CHANNEL: i32 = 0;

const TRACEPOINTS: [&str; 2] = [
    "/sys/kernel/tracing/events/sched/sched_waking/id",
    "/sys/kernel/debug/tracing/events/sched/sched_waking/id",
];

/// All that the helper is ever given.
pub(super) const CAPABILITIES: CapabilitySet = CapabilitySet::PERFMON
    .union(CapabilitySet::SYSLOG)
    .union(CapabilitySet::DAC_READ_SEARCH);

/// What it keeps while it answers.
const KEPT: CapabilitySet = CapabilitySet::PERFMON.union(CapabilitySet::SYSLOG);

/// Whether this process is the helper and must be nothing else: by the name of its file, and
/// whenever executing it brought privileges, whatever it was called by.
pub fn is_helper() -> bool {
    let has_name = |path: &Path| path.file_name().is_some_and(|name| name == NAME);
    capabilities::gained_by_exec()
        || std::env::current_exe().is_ok_and(|path| has_name(&path))
        || std::env::args_os()
            .next()
            .is_some_and(|word| has_name(word.as_ref()))
}

/// Is the helper until the caller closes the socket. Call it before anything else runs: it closes
/// every other descriptor and forgets the environment.
pub fn run() -> ExitCode {
    match Server::start() {
        Ok(mut server) => {
            server.serve();
            ExitCode::SUCCESS
        }
        Err(why) => {
            let _ = writeln!(
                io::stderr(),
                "error: {why}. This is the helper of scrutineer, which starts it by itself; run \
                 `scrutineer record` instead"
            );
            ExitCode::from(2)
        }
    }
}

#[derive(Debug)]
struct Server {
    channel: OwnedFd,
    ownership: Ownership,
    powers: Powers,
}

/// What was granted beside the answer, or why it was not.
type Granted = Result<Option<OwnedFd>, (Refusal, i32)>;

impl Server {
    fn start() -> Result<Self, &'static str> {
        let has_none = CapabilitySet::empty();
        let permitted = capabilities::permitted().unwrap_or(has_none);
        // Without any right in effect first: whatever fails below, fails without one.
        capabilities::keep_only(CAPABILITIES).map_err(|_| "its capabilities cannot be bounded")?;
        let caller = ownership::caller().ok_or("it runs as another user than who called it")?;
        if !sys::channel::maker(&io::stdin()).is_ok_and(|maker| maker == caller.uid) {
            return Err("its standard input is no socket of the caller's");
        }
        let wakeup_tracepoint = tracepoint();
        capabilities::keep_only(KEPT).map_err(|_| "its capabilities cannot be bounded")?;
        confine::strip(CHANNEL).map_err(|_| "it cannot be confined")?;
        let channel = io::stdin()
            .as_fd()
            .try_clone_to_owned()
            .map_err(|_| "its socket cannot be held")?;
        let ownership = Ownership::new(caller).ok_or("/proc is not what it should be")?;
        confine::filter_system_calls().map_err(|_| "system calls cannot be filtered")?;
        let has = |capability| permitted.contains(capability);
        Ok(Self {
            channel,
            ownership,
            powers: Powers {
                events: has(CapabilitySet::PERFMON),
                kernel_symbols: has(CapabilitySet::SYSLOG),
                wakeup_tracepoint: wakeup_tracepoint.filter(|_| has(CapabilitySet::PERFMON)),
            },
        })
    }

    fn serve(&mut self) {
        // One byte more than a request, so that a longer one shows.
        let mut buffer = [0; REQUEST_BYTES + 1];
        while let Ok(packet) = sys::channel::receive(&self.channel, &mut buffer) {
            if packet.length == 0 {
                return;
            }
            let bytes = if packet.is_cut {
                &[][..]
            } else {
                &buffer[..packet.length]
            };
            let decoded = Request::decode(bytes, self.powers.wakeup_tracepoint);
            let (sequence, granted) = match decoded {
                Ok((request, sequence)) => {
                    (sequence, self.grant(request, packet.descriptor.as_ref()))
                }
                Err(Unreadable::OtherVersion(_)) => (0, Err(refused(Refusal::OtherVersion))),
                Err(Unreadable::Malformed) => (0, Err(refused(Refusal::Malformed))),
            };
            if self.answer(sequence, granted).is_err() {
                return;
            }
        }
    }

    fn answer(&self, sequence: u32, granted: Granted) -> io::Result<()> {
        let (outcome, descriptor) = match granted {
            Ok(descriptor) => (Ok(()), descriptor),
            Err(why) => (Err(why), None),
        };
        let reply = Reply {
            sequence,
            outcome,
            powers: self.powers,
        };
        let beside = descriptor.as_ref().map(AsFd::as_fd);
        sys::channel::send(&self.channel, &reply.encode(), beside)
    }

    fn grant(&self, request: Request, beside: Option<&OwnedFd>) -> Granted {
        let takes_descriptor = matches!(
            request,
            Request::Event {
                scope: Scope::Cgroup,
                ..
            }
        );
        if beside.is_some() != takes_descriptor {
            return Err(refused(Refusal::Malformed));
        }
        match request {
            Request::Hello => Ok(None),
            Request::KernelSymbols => with(CapabilitySet::SYSLOG, || File::open("/proc/kallsyms"))
                .map(|file| Some(file.into()))
                .map_err(|error| by_kernel(&error)),
            Request::Leader {
                pid,
                tid,
                cpu,
                watermark_bytes,
            } => self
                .open_in_thread(pid, tid, || {
                    let attributes = attributes::leader(watermark_bytes as usize);
                    sys::perf::open(&attributes, sys::perf::Scope::Thread(tid), cpu)
                })
                .map(Some),
            Request::Event { wish, scope, cpu } => self.event(&wish, scope, cpu, beside).map(Some),
        }
    }

    fn event(
        &self,
        wish: &EventWish,
        scope: Scope,
        cpu: u32,
        folder: Option<&OwnedFd>,
    ) -> Result<OwnedFd, (Refusal, i32)> {
        match (scope, folder) {
            (Scope::Thread { pid, tid }, None) => {
                let scope = perf::Scope::Thread { pid, tid };
                self.open_in_thread(pid, tid, || OwnOpener.open(wish, scope, cpu))
            }
            (Scope::Everyone, None) => self.open_beyond(wish, perf::Scope::Everyone, cpu),
            (Scope::Cgroup, Some(folder)) => {
                self.open_beyond(wish, perf::Scope::Cgroup(folder.as_fd()), cpu)
            }
            _ => Err(refused(Refusal::Malformed)),
        }
    }

    /// Opens an event of a thread, which must be the caller's from before until after.
    fn open_in_thread(
        &self,
        pid: u32,
        tid: u32,
        open: impl FnOnce() -> io::Result<OwnedFd>,
    ) -> Result<OwnedFd, (Refusal, i32)> {
        let guard = with(CapabilitySet::PERFMON, || ExecGuard::open(tid))
            .map_err(|error| by_kernel(&error))?;
        let owned = self.ownership.check(pid, tid).map_err(refused)?;
        let event = with(CapabilitySet::PERFMON, open).map_err(|error| by_kernel(&error))?;
        let held = with(CapabilitySet::PERFMON, || Ok(guard.holds())).unwrap_or(false);
        if held && owned.lives() {
            Ok(event)
        } else {
            Err(refused(Refusal::Gone))
        }
    }

    /// Opens what reaches beyond the caller's processes with the caller's own rights. Root has them
    /// all, so its capability is used.
    fn open_beyond(
        &self,
        wish: &EventWish,
        scope: perf::Scope<'_>,
        cpu: u32,
    ) -> Result<OwnedFd, (Refusal, i32)> {
        let rights = if self.ownership.uid() == 0 {
            CapabilitySet::PERFMON
        } else {
            CapabilitySet::empty()
        };
        with(rights, || OwnOpener.open(wish, scope, cpu)).map_err(|error| {
            match error.raw_os_error() {
                Some(libc::EACCES | libc::EPERM) => refused(Refusal::BeyondOwn),
                _ => by_kernel(&error),
            }
        })
    }
}

/// Does one thing with these capabilities effective.
fn with<T>(rights: CapabilitySet, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    capabilities::make_effective(rights)?;
    let result = act();
    capabilities::make_effective(CapabilitySet::empty())?;
    result
}

const fn refused(why: Refusal) -> (Refusal, i32) {
    (why, why.errno())
}

fn by_kernel(error: &io::Error) -> (Refusal, i32) {
    match error.raw_os_error() {
        Some(libc::ESRCH) => refused(Refusal::Gone),
        errno => (Refusal::ByKernel, errno.unwrap_or(libc::EIO)),
    }
}

/// The number of the tracepoint of wake-ups, which the kernel shows to root alone.
fn tracepoint() -> Option<u32> {
    with(CapabilitySet::DAC_READ_SEARCH, || {
        Ok(TRACEPOINTS.iter().find_map(|path| {
            let text = std::fs::read_to_string(path).ok()?;
            text.trim().parse().ok().filter(|&number: &u32| number > 0)
        }))
    })
    .ok()
    .flatten()
}
