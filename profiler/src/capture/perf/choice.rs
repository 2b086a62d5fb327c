//! Which clock samples, and whether kernel code is seen: tried, not guessed.

use std::io;

use scrutineer_evidence::capture::Sampler as SamplerKind;

use super::{
    opener::{EventOpener, OwnOpener, Scope},
    wish::{EventRole, EventWish},
};
use crate::capture::model::CallGraph;

/// What is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventChoice {
    /// [`SamplerKind::PerfCycles`] or [`SamplerKind::PerfCpuClock`].
    pub clock: SamplerKind,
    /// Whether kernel code is sampled too.
    pub kernel: bool,
}

impl EventChoice {
    /// Every choice, the best first.
    const ALL: [Self; 4] = [
        Self::new(SamplerKind::PerfCycles, true),
        Self::new(SamplerKind::PerfCycles, false),
        Self::new(SamplerKind::PerfCpuClock, true),
        Self::new(SamplerKind::PerfCpuClock, false),
    ];

    const fn new(clock: SamplerKind, kernel: bool) -> Self {
        Self { clock, kernel }
    }

    /// The best choice that works for the calling thread, as tried just now; the error of the
    /// most modest one where none works.
    pub fn best_for_us() -> io::Result<Self> {
        let own = Scope::Thread {
            pid: std::process::id(),
            tid: 0,
        };
        Self::best(own, &mut OwnOpener)
    }

    /// The best choice that works in a scope by an opener, as tried just now; the error of the
    /// most modest one where none works.
    pub(crate) fn best(scope: Scope<'_>, opener: &mut dyn EventOpener) -> io::Result<Self> {
        let cpu = super::cpus::online()?.first().copied().unwrap_or(0);
        let mut refusal = io::Error::from(io::ErrorKind::Unsupported);
        for choice in Self::ALL {
            match opener.open(&choice.trial(), scope, cpu) {
                Ok(_) => return Ok(choice),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    /// An event that is opened and closed again.
    fn trial(self) -> EventWish {
        EventWish {
            role: EventRole::Cpu,
            clock: self.clock,
            kernel: self.kernel,
            frequency_hz: 1,
            call_graph: CallGraph::Dwarf,
            stack_dump_bytes: 8,
            follows_children: true,
            from_exec: false,
            held_back: true,
            wakes_each: false,
        }
    }
}
