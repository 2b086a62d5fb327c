//! The thread's work: who belongs to the capture, whose turn it is, and when to stop.

use std::{
    fs::File,
    io::Read,
    os::fd::{AsFd, BorrowedFd},
    sync::{PoisonError, atomic::Ordering},
    time::Duration,
};

use super::{
    Scope, Shared,
    kind::{self, Kind},
    oom::OomWatch,
    processes::Processes,
    sink::Sink,
};
use crate::{
    capture::model::SeriesKind,
    sys::{clock, pidfd},
};

/// What is due within this time is read at once, to wake up less often.
const TOGETHER_NS: u64 = 5_000_000;
/// Readings that took longer are not made once more at the end.
const CHEAP_NS: u64 = 20_000_000;
const COST_EVERY_NS: u64 = 1_000_000_000;

/// A kind with the time of its next reading.
struct Due {
    kind: Box<dyn Kind>,
    next_ns: u64,
    took_ns: u64,
    account: Account,
}

/// CPU time that a kind has earned and not used.
#[derive(Clone, Copy, Debug)]
struct Account {
    credit_ns: i64,
    /// Most that is saved up, nanoseconds.
    limit: i64,
    at_ns: u64,
}

impl Account {
    /// With so much to begin with, which is also the most that can be saved up.
    fn with(advance_ns: u64) -> Self {
        Self {
            credit_ns: advance_ns as i64,
            limit: advance_ns as i64,
            at_ns: 0,
        }
    }

    /// Takes what a reading took off what its share of a CPU has earned since; how long it must
    /// wait until that is earned too, nanoseconds.
    fn settle(&mut self, now_ns: u64, took_ns: u64, budget: u64) -> u64 {
        let budget = budget.max(1);
        let passed_ns = now_ns.saturating_sub(self.at_ns);
        let earned_ns = passed_ns.saturating_mul(budget) / 100_000;
        self.at_ns = now_ns;
        let credit_ns = self.credit_ns.saturating_add(earned_ns as i64);
        self.credit_ns = credit_ns.min(self.limit) - took_ns as i64;
        let owed_ns = self.credit_ns.min(0).unsigned_abs();
        owed_ns.saturating_mul(100_000) / budget
    }
}

impl Due {
    fn read(&mut self, processes: &Processes, out: &mut Sink) {
        let began_ns = out.now_ns();
        let began_cpu_ns = clock::thread_cpu_ns();
        self.kind.read(processes.living(), out);
        self.took_ns = clock::thread_cpu_ns() - began_cpu_ns;
        let budget = self.kind.budget();
        let pause_ns = self.account.settle(began_ns, self.took_ns, budget);
        let every_ns = rarer(self.kind.every().as_nanos() as u64, began_ns);
        self.next_ns = began_ns.saturating_add(pause_ns.max(every_ns));
    }
}

/// The time between two readings of a kind, later in a capture: what is read seldom anyway is read
/// still more seldom in a long one, where it makes as many points all the same.
fn rarer(every_ns: u64, elapsed_ns: u64) -> u64 {
    const SELDOM_NS: u64 = 500_000_000;
    let factor = match elapsed_ns / 1_000_000_000 {
        _ if every_ns < SELDOM_NS => 1,
        0..10 => 1,
        10..60 => 2,
        _ => 3,
    };
    every_ns * factor
}

/// Reads until asked to stop.
pub(super) fn run(scope: &Scope, start_ns: u64, shared: &Shared, woken: &File) {
    let mut out = Sink::new(start_ns);
    let mut processes = Processes::new(scope, &mut out);
    let mut oom = OomWatch::default();
    oom.watch(processes.living(), out.now_ns());
    let mut kinds: Vec<Due> = kind::all()
        .into_iter()
        .map(|kind| Due {
            next_ns: 0,
            took_ns: 0,
            account: Account::with(kind.advance_ns()),
            kind,
        })
        .collect();
    let mut next_cost_ns = 0;
    loop {
        let stops = shared.stop.load(Ordering::Relaxed);
        let added =
            std::mem::take(&mut *shared.added.lock().unwrap_or_else(PoisonError::into_inner));
        let ended = processes.refresh(&added, &mut out);
        oom.tell(&ended, &mut out);
        oom.watch(processes.living(), out.now_ns());
        for due in &mut kinds {
            let is_due = out.now_ns() + TOGETHER_NS >= due.next_ns;
            if is_due || (stops && due.took_ns < CHEAP_NS) {
                due.read(&processes, &mut out);
            }
        }
        let cpu_ns = clock::thread_cpu_ns();
        shared.cpu_ns.store(cpu_ns, Ordering::Relaxed);
        let (user_ns, kernel_ns) = out.cpu_times();
        shared.user_ns.store(user_ns, Ordering::Relaxed);
        shared.kernel_ns.store(kernel_ns, Ordering::Relaxed);
        let now_ns = out.now_ns();
        if stops || now_ns >= next_cost_ns {
            next_cost_ns = now_ns + COST_EVERY_NS;
            out.subject(now_ns, SeriesKind::ReadingCpuNs, "", cpu_ns);
        }
        if stops {
            out.close();
        }
        out.hand_over(&mut shared.batch.lock().unwrap_or_else(PoisonError::into_inner));
        if stops {
            return;
        }
        let next_ns = kinds.iter().map(|due| due.next_ns).min().unwrap_or(now_ns);
        let next_ns = next_ns.min(processes.next_ns());
        wait(&processes, woken, next_ns.saturating_sub(out.now_ns()));
    }
}

/// Until a process ends, somebody wakes us, or the time has passed.
fn wait(processes: &Processes, woken: &File, at_most_ns: u64) {
    let mut watched: Vec<BorrowedFd<'_>> = vec![woken.as_fd()];
    watched.extend(processes.watches());
    // Rounded up: a wait of 0 ms would spin until the time has come.
    let at_most = Duration::from_millis(at_most_ns.div_ceil(1_000_000));
    let ready = pidfd::wait(&watched, at_most).unwrap_or_default();
    if ready.first() == Some(&true) {
        // What is left in the pipe wakes us again.
        let _ = (&mut &*woken).read(&mut [0; 64]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costly_readings_keep_their_share_of_a_cpu_and_a_slow_first_one_is_forgiven() {
        let mut account = Account::with(4_000_000);
        assert_eq!(account.settle(0, 3_000_000, 200), 0);
        // 3 ms again: 2 ms are owed, at 0.2 % of a CPU.
        assert_eq!(account.settle(0, 3_000_000, 200), 1_000_000_000);
        let (mut now_ns, mut used_ns) = (1_000_000_000, 0);
        while now_ns < 100_000_000_000 {
            used_ns += 3_000_000;
            now_ns += account.settle(now_ns, 3_000_000, 200).max(500_000_000);
        }
        assert!((197_000_000..=203_000_000).contains(&used_ns), "{used_ns}");
    }

    #[test]
    fn long_captures_are_read_more_seldom_but_for_what_is_cheap() {
        const S: u64 = 1_000_000_000;
        assert_eq!(rarer(S, 9 * S), S);
        assert_eq!(rarer(S, 10 * S), 2 * S);
        assert_eq!(rarer(S, 3_600 * S), 3 * S);
        assert_eq!(rarer(S / 10, 3_600 * S), S / 10);
    }

    #[test]
    #[ignore = "measures; run alone with --nocapture"]
    fn cost_of_each_kind() {
        let scope = Scope {
            pids: vec![std::process::id()],
            finds_children: true,
        };
        let mut out = Sink::new(clock::monotonic_ns());
        let mut processes = Processes::new(&scope, &mut out);
        for (position, mut kind) in kind::all().into_iter().enumerate() {
            let mut costs: Vec<u64> = (0..50)
                .map(|_| {
                    std::thread::sleep(Duration::from_millis(20));
                    let began_ns = clock::thread_cpu_ns();
                    kind.read(processes.living(), &mut out);
                    clock::thread_cpu_ns() - began_ns
                })
                .collect();
            costs.sort_unstable();
            let (every, budget) = (kind.every(), kind.budget());
            println!(
                "kind {position}, every {every:?}, budget {budget}: median {} ns, most {} ns",
                costs[25], costs[49]
            );
        }
        let began_ns = clock::thread_cpu_ns();
        for _ in 0..100 {
            processes.refresh(&[], &mut out);
        }
        println!("refresh: {} ns", (clock::thread_cpu_ns() - began_ns) / 100);
        println!("wait and hand over: {} ns", {
            let (woken, _wake) = pidfd::pipe().unwrap();
            let began_ns = clock::thread_cpu_ns();
            for _ in 0..50 {
                wait(&processes, &woken, 5_000_000);
            }
            (clock::thread_cpu_ns() - began_ns) / 50
        });
    }
}
