//! What threads were blocked in: locks, handovers, idle pools and event loops, told from the names
//! on their stacks.

mod names;

use std::collections::{BTreeMap, HashMap};

use scrutineer_evidence::{
    Absent, Gathered,
    waits::{EventLoop, WaitFacts, WaitSite, WaitsSeen},
};

use self::names::{Meaning, meaning};
use crate::{
    capture::model::{ModuleKind, NONE, WaitClass, WaitSource},
    profile::{Profile, Selection, Weight},
};

/// Lock sites that facts hold.
const MOST_SITES: usize = 5;
/// Event loops that facts hold.
const MOST_LOOPS: usize = 16;
/// Waits for events from which a thread counts as serving an event loop: a client that polls one
/// answer does not.
const LEAST_LOOP_WAITS: u64 = 3;
/// Frames from the innermost one that are looked at.
const MOST_FRAMES: usize = 48;

/// What a stack says of the wait in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Blocked {
    /// What kind of wait it is, as far as the names tell.
    pub(crate) meaning: Option<Meaning>,
    /// The innermost function that is no part of a lock's or runtime's own code; [`None`] where
    /// the stack has no other.
    pub(crate) site: Option<u32>,
}

/// What threads waited for; absent where the capture recorded no waits.
pub fn wait_facts(profile: &Profile) -> Gathered<WaitFacts> {
    let Some(source) = profile.header.wait_source else {
        return Err(Absent::NotAsked {
            would_need: "a capture that records waits (`record --off-cpu`, or `check`)".into(),
        });
    };
    let mut sums = Sums::default();
    let mut told = HashMap::new();
    let selection = Selection {
        weight: Weight::Wait,
        ..Selection::default()
    };
    for (row, time) in profile.selected_waits(&selection) {
        let stack = profile.waits.stack[row];
        let blocked = told.entry(stack).or_insert_with(|| of(profile, stack));
        sums.add(
            WaitClass::from_number(profile.waits.class[row]),
            blocked,
            &Wait {
                thread: profile.waits.thread[row],
                blocked_ns: time.blocked_ns,
                run_queue_ns: time.run_queue_ns,
                count: u64::from(profile.waits.count[row]),
            },
        );
    }
    Ok(sums.facts(profile, source))
}

/// A wait that is added up.
struct Wait {
    thread: u32,
    blocked_ns: u64,
    run_queue_ns: u64,
    count: u64,
}

#[derive(Debug, Default)]
struct Sums {
    run_queue_ns: u64,
    lock_ns: u64,
    handover_ns: u64,
    parked_ns: u64,
    disk_ns: u64,
    unclassed_ns: u64,
    blocked_ns: u64,
    /// Time and waits per site of a lock.
    lock_sites: BTreeMap<Option<u32>, (u64, u64)>,
    threads: BTreeMap<u32, ThreadSums>,
}

#[derive(Debug, Default)]
struct ThreadSums {
    loop_waits: u64,
    blocked_ns: u64,
    by_site: BTreeMap<Option<u32>, u64>,
}

impl Sums {
    fn add(&mut self, class: WaitClass, blocked: &Blocked, wait: &Wait) {
        self.run_queue_ns += wait.run_queue_ns;
        self.blocked_ns += wait.blocked_ns;
        let meaning = blocked.meaning;
        let thread = self.threads.entry(wait.thread).or_default();
        let is_loop_wait = meaning == Some(Meaning::Events);
        if is_loop_wait {
            thread.loop_waits += wait.count;
        }
        let sum = match (class, meaning) {
            (WaitClass::Lock, Some(Meaning::Parked)) => &mut self.parked_ns,
            (WaitClass::Lock, Some(Meaning::Lock)) => &mut self.lock_ns,
            (WaitClass::Lock, _) => &mut self.handover_ns,
            (WaitClass::Disk | WaitClass::PageFault, _) => &mut self.disk_ns,
            (WaitClass::Unknown, _) => &mut self.unclassed_ns,
            _ => &mut 0,
        };
        *sum += wait.blocked_ns;
        if (class, meaning) == (WaitClass::Lock, Some(Meaning::Lock)) {
            let site = self.lock_sites.entry(blocked.site).or_default();
            site.0 += wait.blocked_ns;
            site.1 += wait.count;
        }
        if blocks_a_loop(class, meaning) {
            thread.blocked_ns += wait.blocked_ns;
            *thread.by_site.entry(blocked.site).or_default() += wait.blocked_ns;
        }
    }

    fn facts(&self, profile: &Profile, source: WaitSource) -> WaitFacts {
        let period_s = 1.0 / f64::from(profile.header.frequency_hz.max(1));
        let mut lock_sites: Vec<_> = self
            .lock_sites
            .iter()
            .map(|(site, (waited_ns, waits))| WaitSite {
                function: name_of(profile, *site),
                waited_s: seconds(*waited_ns),
                waits: *waits,
            })
            .collect();
        lock_sites.sort_by(|a, b| b.waited_s.total_cmp(&a.waited_s));
        lock_sites.truncate(MOST_SITES);
        WaitFacts {
            window_s: seconds(profile.duration_ns()),
            seen: match source {
                WaitSource::ContextSwitches if profile.waits_polled_since().is_none() => {
                    WaitsSeen::Switches
                }
                _ => WaitsSeen::Polled,
            },
            on_cpu_s: profile.quality.samples as f64 * period_s,
            run_queue_s: seconds(self.run_queue_ns),
            lock_s: seconds(self.lock_ns),
            handover_s: seconds(self.handover_ns),
            parked_s: seconds(self.parked_ns),
            disk_s: seconds(self.disk_ns),
            unclassed_share: self.unclassed_ns as f64 / self.blocked_ns.max(1) as f64,
            lock_sites,
            event_loops: self.event_loops(profile),
        }
    }

    fn event_loops(&self, profile: &Profile) -> Vec<EventLoop> {
        let serving = self
            .threads
            .iter()
            .filter(|(_, thread)| thread.loop_waits >= LEAST_LOOP_WAITS);
        let mut loops: Vec<_> = serving
            .map(|(id, thread)| {
                let worst = thread.by_site.iter().max_by_key(|(_, time_ns)| **time_ns);
                EventLoop {
                    thread: profile.threads[*id as usize].name.clone(),
                    blocked_s: seconds(thread.blocked_ns),
                    worst: worst.map_or_else(String::new, |(site, _)| name_of(profile, *site)),
                }
            })
            .collect();
        loops.sort_by(|a, b| b.blocked_s.total_cmp(&a.blocked_s));
        loops.truncate(MOST_LOOPS);
        loops
    }
}

/// Whether a wait keeps an event loop from its events. A handover may be its scheduler's own.
const fn blocks_a_loop(class: WaitClass, meaning: Option<Meaning>) -> bool {
    matches!(
        (class, meaning),
        (WaitClass::Lock, Some(Meaning::Lock))
            | (WaitClass::Disk, _)
            | (WaitClass::Network | WaitClass::Sleep, None)
    )
}

fn seconds(time_ns: u64) -> f64 {
    time_ns as f64 / 1e9
}

fn name_of(profile: &Profile, site: Option<u32>) -> String {
    let function = site.and_then(|site| profile.functions.get(site as usize));
    function.map_or_else(
        || "no function of the program".into(),
        |function| function.name.clone(),
    )
}

/// What a stack says of the wait in it, read from its innermost frame outwards: the outermost of a
/// lock's own functions decides, and the first function behind them is the site.
pub(crate) fn of(profile: &Profile, stack: u32) -> Blocked {
    let mut found = None;
    let mut node = stack;
    for _ in 0..MOST_FRAMES {
        if node == NONE {
            break;
        }
        let frame = profile.stacks.frame[node as usize];
        let module = profile.frames[frame as usize].module as usize;
        let module = profile.modules.get(module);
        let is_kernel = module.is_some_and(|module| module.kind == ModuleKind::Kernel);
        for logical in profile.logical_of(frame) {
            let name = profile.functions[logical.function as usize].name.as_str();
            match meaning(name, is_kernel) {
                Some(Meaning::Passed) => {}
                Some(meaning @ (Meaning::Parked | Meaning::Events)) => {
                    return Blocked {
                        meaning: Some(meaning),
                        site: Some(logical.function),
                    };
                }
                Some(meaning) => found = Some(meaning),
                None => {
                    return Blocked {
                        meaning: found,
                        site: Some(logical.function),
                    };
                }
            }
        }
        node = profile.stacks.parent[node as usize];
    }
    Blocked {
        meaning: found,
        site: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        capture::model::{Chunk, Waits},
        profile::{ProfileBuilder, testing},
    };

    const MS: u64 = 1_000_000;

    /// Facts of waits given as stack from the root inwards, class and milliseconds.
    fn facts_of(waits: &[(&[&str], WaitClass, u64)]) -> WaitFacts {
        let stacks: Vec<Vec<&str>> = waits.iter().map(|(stack, _, _)| stack.to_vec()).collect();
        let mut chunks = testing::chunks(&stacks);
        let stack = chunks.iter().find_map(|chunk| match chunk {
            Chunk::Samples(samples) => Some(samples.stack.clone()),
            _ => None,
        });
        let count = waits.len();
        let columns = Waits {
            start_ns: (0..count as u64).map(|row| row * 1_000 * MS).collect(),
            duration_ns: waits.iter().map(|(_, _, ms)| ms * MS).collect(),
            run_queue_ns: vec![0; count],
            count: vec![5; count],
            thread: vec![0; count],
            stack: stack.expect("each stack has a sample"),
            class: waits.iter().map(|(_, class, _)| *class as u8).collect(),
            waker: vec![NONE; count],
        };
        chunks.insert(chunks.len() - 1, Chunk::Waits(columns));
        let mut builder = ProfileBuilder::default();
        for mut chunk in chunks {
            if let Chunk::Header(header) = &mut chunk {
                header.wait_source = Some(WaitSource::ContextSwitches);
            }
            builder.push(chunk);
        }
        wait_facts(&builder.finish().expect("a header")).expect("waits were recorded")
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn a_lock_is_told_from_a_handover_and_from_a_parked_pool() {
        use WaitClass::Lock;
        let contended = [
            "main",
            "serve",
            "append",
            "std::sync::poison::mutex::Mutex<T>::lock",
            "std::sys::sync::mutex::futex::Mutex::lock_contended",
            "std::sys::pal::unix::futex::futex_wait",
        ];
        let waiting = [
            "main",
            "serve",
            "std::sync::poison::condvar::Condvar::wait",
            "syscall",
        ];
        let pool = [
            "main",
            "tokio::runtime::blocking::pool::Inner::run",
            "std::sync::poison::condvar::Condvar::wait_timeout",
            "syscall",
        ];
        let facts = facts_of(&[
            (&contended, Lock, 40),
            (&waiting, Lock, 30),
            (&pool, Lock, 900),
        ]);
        assert!(
            close(facts.lock_s, 0.04) && close(facts.handover_s, 0.03),
            "{facts:?}"
        );
        assert!(close(facts.parked_s, 0.9));
        assert_eq!(facts.lock_sites[0].function, "append");
        assert_eq!(facts.lock_sites[0].waits, 5);
        assert!(facts.event_loops.is_empty());
    }

    #[test]
    fn an_event_loop_is_blocked_by_files_and_sleeps_and_not_by_waiting_for_events() {
        let facts = facts_of(&[
            (&["main", "run", "epoll_wait"], WaitClass::Network, 500),
            (&["main", "run", "load", "pread64"], WaitClass::Disk, 20),
            (
                &["main", "run", "back_off", "nanosleep"],
                WaitClass::Sleep,
                30,
            ),
        ]);
        let only = &facts.event_loops[0];
        assert!(close(only.blocked_s, 0.05), "{only:?}");
        assert_eq!(
            (only.thread.as_str(), only.worst.as_str()),
            ("main", "back_off")
        );
    }

    #[test]
    fn a_capture_without_waits_says_what_it_would_need() {
        let profile = testing::profile(&[vec!["main"]]);
        assert!(matches!(wait_facts(&profile), Err(Absent::NotAsked { .. })));
    }
}
