//! What a sample costs the sampled thread: measured on a thread of our own, stored, and estimated
//! where it was not measured.

use std::{env, fs, hint::black_box, io, path::PathBuf, thread};

use scrutineer_evidence::capture::Sampler as SamplerKind;
use serde::{Deserialize, Serialize};

use super::spin;
use crate::{
    capture::{
        model::CallGraph,
        perf::{EventChoice, EventOpener, EventRole, EventWish, OwnOpener, Scope},
    },
    sys::{
        self,
        clock::{monotonic_ns, thread_cpu_ns},
        perf::Ring,
    },
};

/// High, so that the cost rises above the noise; held at what the kernel allows.
const FREQUENCY_HZ: u32 = 9_999;
/// With and without sampling take turns so often.
const ROUNDS: usize = 24;
/// Iterations of about 200 µs in each turn.
const ITERATIONS: u64 = 50;
const RING_BYTES: usize = 512 << 10;
/// `PERF_RECORD_SAMPLE`.
const SAMPLE: u32 = 9;
/// The copy that the dear end of the line is measured with.
const LARGE_COPY_BYTES: u32 = 32 << 10;
/// Stack that lies above the measured frames, so that there is as much to copy.
const STACK_ABOVE_BYTES: usize = 64 << 10;

/// Time that the sampled thread loses per sample: a base, and so much per KiB of stack copied.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleCost {
    /// With no stack copied, nanoseconds.
    pub base_ns: f64,
    /// Per KiB of stack copied, nanoseconds.
    pub per_kib_ns: f64,
    /// Whether it was measured on this machine.
    pub is_measured: bool,
}

impl Default for SampleCost {
    /// A rough figure for where nothing was measured, derived from one machine (2-core virtual
    /// machine, Linux 6.18, software clock) on which samples with copies of 32 KiB took 6 to 8 µs
    /// in all; how that splits is assumed. Machines differ much: on another (Intel Xeon, the same
    /// kernel) the timer's interrupt alone takes 20 µs, and the copy 2.4 µs.
    fn default() -> Self {
        Self {
            base_ns: 600.0,
            per_kib_ns: 200.0,
            is_measured: false,
        }
    }
}

impl SampleCost {
    /// Of a sample that copies so much of the stack, nanoseconds.
    pub fn of(&self, stack_dump_bytes: u32) -> f64 {
        self.base_ns + self.per_kib_ns * f64::from(stack_dump_bytes) / 1024.0
    }

    /// Share of a target's CPU time that its samples took, 0..1; `None` where it used none.
    pub fn share(&self, samples: u64, stack_dump_bytes: u32, cpu_ns: u64) -> Option<f64> {
        let cost_ns = samples as f64 * self.of(stack_dump_bytes);
        (cpu_ns > 0).then(|| (cost_ns / cpu_ns as f64).min(1.0))
    }

    fn through(small: f64, large: f64) -> Self {
        let base_ns = small.max(0.0);
        let per_kib_ns = (large - base_ns).max(0.0) / (f64::from(LARGE_COPY_BYTES) / 1024.0);
        Self {
            base_ns,
            per_kib_ns,
            is_measured: true,
        }
    }
}

/// Measures for about a second: the same work on a thread of our own, sampled and not sampled in
/// turns. Fails where perf events are refused.
pub fn measure_sample_cost() -> io::Result<SampleCost> {
    thread::Builder::new()
        .name("calibration".to_owned())
        .spawn(|| {
            spin::pin();
            let small = cost_ns(8)?;
            let large = cost_ns(LARGE_COPY_BYTES)?;
            Ok(SampleCost::through(small, large))
        })?
        .join()
        .unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))
}

#[expect(
    clippy::large_stack_arrays,
    reason = "it is there to be a part of the stack"
)]
fn cost_ns(stack_dump_bytes: u32) -> io::Result<f64> {
    // Touched, so that it is there to be copied.
    let above = black_box([1_u8; STACK_ABOVE_BYTES]);
    let turns = spin::calibrated_turns();
    let mut probe = Sampled::open(stack_dump_bytes)?;
    let mut costs: Vec<f64> = (0..ROUNDS)
        .filter_map(|round| {
            // Either goes first in turn, so that drift favours neither.
            let (sampled_run, plain_ns) = if round % 2 == 0 {
                let plain_ns = work(turns);
                (probe.work(turns), plain_ns)
            } else {
                let run = probe.work(turns);
                (run, work(turns))
            };
            let (spent_ns, samples) = sampled_run;
            (samples > 0).then(|| (spent_ns as f64 - plain_ns as f64) / samples as f64)
        })
        .collect();
    black_box(above);
    costs.sort_unstable_by(f64::total_cmp);
    costs
        .get(costs.len() / 2)
        .copied()
        .ok_or_else(|| io::Error::other("no sample was taken"))
}

/// CPU time of the iterations, nanoseconds.
fn work(turns: u64) -> u64 {
    let start = thread_cpu_ns();
    for _ in 0..ITERATIONS {
        spin::work(turns);
    }
    thread_cpu_ns() - start
}

/// An event of the calling thread, and its ring.
struct Sampled {
    event: std::os::fd::OwnedFd,
    ring: Ring,
}

impl Sampled {
    fn open(stack_dump_bytes: u32) -> io::Result<Self> {
        let choice = EventChoice::best_for_us()?;
        let allowed_hz = fs::read_to_string("/proc/sys/kernel/perf_event_max_sample_rate")
            .ok()
            .and_then(|text| text.trim().parse().ok());
        let wish = EventWish {
            role: EventRole::Cpu,
            clock: choice.clock,
            kernel: choice.kernel,
            frequency_hz: FREQUENCY_HZ.min(allowed_hz.unwrap_or(FREQUENCY_HZ)),
            call_graph: CallGraph::Dwarf,
            stack_dump_bytes,
            follows_children: false,
            from_exec: false,
            held_back: true,
            wakes_each: false,
        };
        debug_assert_ne!(choice.clock, SamplerKind::Ptrace, "ptrace is no perf event");
        let own = Scope::Thread {
            pid: std::process::id(),
            tid: 0,
        };
        let cpu = rustix::thread::sched_getcpu() as u32;
        let leader = OwnOpener.open_leader((RING_BYTES / 2) as u32, cpu)?;
        let ring = Ring::map(leader, RING_BYTES)?;
        let event = OwnOpener.open(&wish, own, cpu)?;
        sys::perf::redirect(&event, &ring)?;
        Ok(Self { event, ring })
    }

    /// CPU time of the iterations, nanoseconds, and the samples taken meanwhile.
    fn work(&mut self, turns: u64) -> (u64, u64) {
        let mut scratch = Vec::new();
        if sys::perf::enable(&self.event).is_err() {
            return (0, 0);
        }
        let start = thread_cpu_ns();
        let (mut samples, mut counting_ns) = (0, 0);
        for _ in 0..ITERATIONS {
            spin::work(turns);
            // Emptied at once, and the time for that left out: a recorder on another CPU does it.
            let since = monotonic_ns();
            let head = self.ring.head();
            self.ring
                .visit(self.ring.tail(), head, &mut scratch, |record| {
                    samples += u64::from(record.kind == SAMPLE);
                });
            self.ring.release(head);
            counting_ns += monotonic_ns() - since;
        }
        let spent = (thread_cpu_ns() - start).saturating_sub(counting_ns);
        // One that cannot be stopped is noticed: the turns without it come out as dear.
        let _ = sys::perf::disable(&self.event);
        (spent, samples)
    }
}

/// The stored measurement of this machine, else the documented default.
pub fn stored_sample_cost() -> SampleCost {
    path()
        .and_then(|path| fs::read(path).ok())
        .and_then(|bytes| serde_json::from_slice::<SampleCost>(&bytes).ok())
        .filter(|cost| cost.base_ns.is_finite() && cost.base_ns >= 0.0 && cost.per_kib_ns >= 0.0)
        .unwrap_or_default()
}

/// Stores a measurement in the user's cache folder, for recordings to come; says where.
pub fn store_sample_cost(cost: &SampleCost) -> io::Result<PathBuf> {
    let path = path().ok_or_else(|| io::Error::other("neither HOME nor XDG_CACHE_HOME is set"))?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let partial = path.with_extension(format!("{}.part", std::process::id()));
    fs::write(&partial, serde_json::to_vec(cost)?)?;
    fs::rename(&partial, &path)?;
    Ok(path)
}

fn path() -> Option<PathBuf> {
    let absolute = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(cache.join("scrutineer").join("sample-cost.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_grows_with_the_copy_and_the_share_with_the_samples() {
        let cost = SampleCost::through(2_000.0, 6_000.0);
        assert!((cost.of(0) - 2_000.0).abs() < 1e-9);
        assert!((cost.of(LARGE_COPY_BYTES) - 6_000.0).abs() < 1e-9);
        assert!((cost.of(LARGE_COPY_BYTES / 2) - 4_000.0).abs() < 1e-9);
        let share = cost.share(1_000, LARGE_COPY_BYTES, 1_000_000_000).unwrap();
        assert!((share - 0.006).abs() < 1e-12);
        assert_eq!(cost.share(1, 0, 0), None);
        assert_eq!(cost.share(u64::MAX, 0, 1), Some(1.0));
    }

    #[test]
    fn noise_never_makes_samples_earn_time() {
        let cost = SampleCost::through(-50.0, -80.0);
        assert!(cost.of(LARGE_COPY_BYTES).abs() < f64::EPSILON);
    }

    #[test]
    fn samples_of_our_own_thread_are_taken_and_cost_something_finite() {
        match measure_sample_cost() {
            Ok(cost) => {
                assert!(cost.is_measured);
                assert!(
                    cost.base_ns.is_finite() && cost.per_kib_ns.is_finite(),
                    "{cost:?}"
                );
            }
            Err(error) => sys::tests_skip(
                "samples_of_our_own_thread_are_taken_and_cost_something_finite",
                &format!("perf events are refused: {error}"),
            ),
        }
    }
}
