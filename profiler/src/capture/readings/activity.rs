//! CPU time, page faults and thread counts of whole processes.

use std::time::Duration;

use super::{
    kind::{Kind, Turn},
    processes::Process,
    sink::Sink,
};
use crate::{
    capture::model::{Activity, SeriesKind},
    memory::reader::descriptors,
    process::{self, Stat},
};

/// Processes read at once beside the target.
const AT_ONCE: usize = 4;

/// Reads the target each time and the other processes in turn.
#[derive(Debug, Default)]
pub(super) struct Activities {
    turn: Turn,
}

impl Kind for Activities {
    fn every(&self) -> Duration {
        Duration::from_millis(500)
    }

    fn budget(&self) -> u64 {
        40
    }

    fn read(&mut self, processes: &[Process], out: &mut Sink) {
        let Some((target, others)) = processes.split_first() else {
            return;
        };
        if let Some((time_ns, stat)) = read_process(target, out) {
            out.batch().activity.push(Activity {
                time_ns,
                user_ns: stat.user_ns,
                kernel_ns: stat.kernel_ns,
                threads: stat.threads,
                descriptors: descriptors(target.pid),
            });
        }
        for at in self.turn.take(others.len(), AT_ONCE) {
            read_process(&others[at], out);
        }
    }
}

fn read_process(process: &Process, out: &mut Sink) -> Option<(u64, Stat)> {
    let pid = process.pid;
    let time_ns = out.now_ns();
    let stat = process::stat(pid).ok()?;
    if matches!(stat.state, 'Z' | 'X') {
        return None;
    }
    out.cpu_time(pid, stat.user_ns, stat.kernel_ns);
    let counters = [
        (SeriesKind::ProcessUserNs, stat.user_ns),
        (SeriesKind::ProcessKernelNs, stat.kernel_ns),
        (SeriesKind::MinorFaults, stat.minor_faults),
        (SeriesKind::MajorFaults, stat.major_faults),
    ];
    for (kind, value) in counters {
        out.counter(time_ns, kind, (pid, 0), process.born_after_ns, value);
    }
    out.process(
        time_ns,
        SeriesKind::ProcessThreads,
        pid,
        u64::from(stat.threads),
    );
    Some((time_ns, stat))
}
