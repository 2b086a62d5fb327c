//! Threads of the target: CPU time, run-queue waits and context switches over the window.

use std::{collections::BTreeMap, fs, io, time::Duration};

use scrutineer_evidence::{
    Gathered,
    tasks::{Task, TaskFacts},
};

use super::{absent_for, window::Watch};
use crate::process::{stat, thread_stat};

/// Counters of one thread since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counters {
    run_ns: u64,
    wait_ns: u64,
    voluntary: u64,
    involuntary: u64,
}

#[derive(Debug)]
struct Seen {
    name: String,
    state: char,
    /// Zero for a thread that was born in the window.
    first: Counters,
    last: Counters,
}

/// CPU time of the whole process, threads that ended included.
#[derive(Clone, Copy, Debug)]
struct CpuTime {
    user_ns: u64,
    kernel_ns: u64,
}

/// Reads the threads at the start, every second, and at the end.
#[derive(Debug)]
pub(super) struct TaskWatch {
    pid: u32,
    /// By thread id and start time, because ids are used again.
    threads: BTreeMap<(u32, u64), Seen>,
    counts: Vec<u32>,
    first_cpu: CpuTime,
    last_cpu: CpuTime,
}

impl Watch for TaskWatch {
    type Facts = TaskFacts;

    fn start(pid: u32) -> Gathered<Self> {
        let absent = |error| absent_for(pid, "threads", &error);
        let cpu = cpu_time(pid).map_err(absent)?;
        let mut watch = Self {
            pid,
            threads: BTreeMap::new(),
            counts: Vec::new(),
            first_cpu: cpu,
            last_cpu: cpu,
        };
        watch.read_threads().map_err(absent)?;
        watch
            .threads
            .values_mut()
            .for_each(|seen| seen.first = seen.last);
        Ok(watch)
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn read(&mut self, _elapsed: Duration) {
        // An error means that the target has ended: what was read before holds.
        if let Ok(cpu) = cpu_time(self.pid)
            && self.read_threads().is_ok()
        {
            self.last_cpu = cpu;
        }
    }

    fn finish(self, window: Duration) -> Gathered<TaskFacts> {
        let user_ns = self.last_cpu.user_ns.saturating_sub(self.first_cpu.user_ns);
        let kernel_ns = self
            .last_cpu
            .kernel_ns
            .saturating_sub(self.first_cpu.kernel_ns);
        let cpu_ns = user_ns + kernel_ns;
        Ok(TaskFacts {
            window_s: window.as_secs_f64(),
            tasks: self
                .threads
                .into_iter()
                .map(|((tid, _), seen)| task(tid, seen))
                .collect(),
            counts: self.counts,
            cpu_ns,
            kernel_share: if cpu_ns == 0 {
                0.0
            } else {
                kernel_ns as f64 / cpu_ns as f64
            },
        })
    }
}

impl TaskWatch {
    fn read_threads(&mut self) -> io::Result<()> {
        let mut count = 0;
        for entry in fs::read_dir(format!("/proc/{}/task", self.pid))? {
            let Some(tid) = entry?
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
            else {
                continue;
            };
            match self.read_thread(tid) {
                Ok(()) => count += 1,
                Err(error) if ended(&error) => {}
                Err(error) => return Err(error),
            }
        }
        if count == 0 {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.counts.push(count);
        Ok(())
    }

    fn read_thread(&mut self, tid: u32) -> io::Result<()> {
        let folder = format!("/proc/{}/task/{tid}", self.pid);
        let stat = thread_stat(self.pid, tid)?;
        let schedstat = fs::read_to_string(format!("{folder}/schedstat"))?;
        let status = fs::read_to_string(format!("{folder}/status"))?;
        let last = parse_counters(&schedstat, &status)
            .ok_or_else(|| io::Error::other("the kernel shows no scheduler statistics"))?;
        let seen = self
            .threads
            .entry((tid, stat.started_ticks))
            .or_insert_with(|| Seen {
                name: String::new(),
                state: stat.state,
                first: Counters::default(),
                last,
            });
        (seen.name, seen.state, seen.last) = (stat.name, stat.state, last);
        Ok(())
    }
}

fn ended(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(libc::ESRCH)
}

fn cpu_time(pid: u32) -> io::Result<CpuTime> {
    stat(pid).map(|stat| CpuTime {
        user_ns: stat.user_ns,
        kernel_ns: stat.kernel_ns,
    })
}

fn task(tid: u32, seen: Seen) -> Task {
    let Seen {
        name,
        state,
        first,
        last,
    } = seen;
    Task {
        tid,
        name,
        state,
        run_ns: last.run_ns.saturating_sub(first.run_ns),
        wait_ns: last.wait_ns.saturating_sub(first.wait_ns),
        voluntary_switches: last.voluntary.saturating_sub(first.voluntary),
        involuntary_switches: last.involuntary.saturating_sub(first.involuntary),
    }
}

/// `schedstat` holds nanoseconds on a CPU, nanoseconds on the run queue and time slices; see the
/// kernel's `Documentation/scheduler/sched-stats.rst`.
fn parse_counters(schedstat: &str, status: &str) -> Option<Counters> {
    let mut fields = schedstat.split_ascii_whitespace();
    let switches = |name: &str| -> Option<u64> {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name))?
            .trim()
            .parse()
            .ok()
    };
    Some(Counters {
        run_ns: fields.next()?.parse().ok()?,
        wait_ns: fields.next()?.parse().ok()?,
        voluntary: switches("voluntary_ctxt_switches:")?,
        involuntary: switches("nonvoluntary_ctxt_switches:")?,
    })
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicBool, Ordering},
        },
        thread,
        time::Instant,
    };

    use super::*;

    #[test]
    fn counters_are_parsed_and_a_kernel_without_them_is_noticed() {
        let status = "Name:\tx\nvoluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t9\n";
        let counters = parse_counters("100 20 3\n", status).unwrap();
        assert_eq!(
            counters,
            Counters {
                run_ns: 100,
                wait_ns: 20,
                voluntary: 7,
                involuntary: 9
            }
        );
        assert_eq!(parse_counters("", status), None);
        assert_eq!(parse_counters("100 20 3", "Name:\tx\n"), None);
    }

    #[test]
    fn a_thread_born_in_the_window_is_counted_from_zero_and_a_busy_one_ran() {
        let pid = std::process::id();
        let mut watch = TaskWatch::start(pid).unwrap();
        let before = watch.counts[0];
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let busy = thread::Builder::new()
            .name("busy-in-window".into())
            .spawn(move || {
                let begin = Instant::now();
                while !stopped.load(Ordering::Relaxed) || begin.elapsed().as_millis() < 100 {
                    std::hint::spin_loop();
                }
            })
            .unwrap();
        thread::sleep(Duration::from_millis(150));
        watch.read(Duration::from_millis(150));
        stop.store(true, Ordering::Relaxed);
        busy.join().unwrap();
        watch.read(Duration::from_millis(200));
        let facts = watch.finish(Duration::from_millis(200)).unwrap();
        let task = facts
            .tasks
            .iter()
            .find(|task| task.name == "busy-in-window")
            .unwrap();
        assert!(task.run_ns > 0, "{task:?}");
        assert!(facts.tasks.is_sorted_by_key(|task| task.tid));
        assert_eq!(facts.counts.len(), 3);
        assert!(before >= 1 && facts.cpu_ns > 0);
        assert!((0.0..=1.0).contains(&facts.kernel_share));
    }

    #[test]
    fn a_target_that_ends_leaves_what_was_read() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let mut watch = TaskWatch::start(child.id()).unwrap();
        watch.read(Duration::from_millis(1));
        child.kill().unwrap();
        child.wait().unwrap();
        watch.read(Duration::from_millis(2));
        let facts = watch.finish(Duration::from_millis(2)).unwrap();
        assert_eq!(facts.counts, [1, 1]);
        assert_eq!(facts.tasks[0].tid, child.id());
    }
}
