//! Waits by class, and of one function with who ended them.

use std::collections::BTreeMap;

use scrutineer_profiler::{
    capture::model::{NONE, WaitClass},
    profile::{Profile, Selection},
};

use super::Arrangement;

/// A class of waits with its time in a selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClassTime {
    /// Which.
    pub(crate) class: WaitClass,
    /// Time, nanoseconds; what follows a wait on the run queue is the run queue's.
    pub(crate) time_ns: u64,
}

/// Who ended waits of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waker {
    /// Name and ids of the thread.
    pub(crate) name: String,
    /// Time that they lasted until then, nanoseconds.
    pub(crate) blocked_ns: u64,
    /// How many.
    pub(crate) waits: u64,
}

/// The waits of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waited {
    /// How many.
    pub(crate) waits: u64,
    /// Until the thread could run again, nanoseconds.
    pub(crate) blocked_ns: u64,
    /// Ready, waiting for a CPU, nanoseconds.
    pub(crate) run_queue_ns: u64,
    /// Who ended them, most time first.
    pub(crate) wakers: Vec<Waker>,
}

/// Every class that has time in the range, whether it is chosen or not, most time first.
pub(crate) fn classes(profile: &Profile, selection: &Selection) -> Vec<ClassTime> {
    let mut sums = [0_u64; WaitClass::ALL.len()];
    for (row, time) in profile.selected_waits(selection) {
        let class = WaitClass::from_number(profile.waits.class[row]);
        sums[class as usize] += time.blocked_ns;
        sums[WaitClass::RunQueue as usize] += time.run_queue_ns;
    }
    let mut found: Vec<ClassTime> = WaitClass::ALL
        .into_iter()
        .map(|class| ClassTime {
            class,
            time_ns: sums[class as usize],
        })
        .filter(|found| found.time_ns > 0)
        .collect();
    found.sort_by_key(|found| (std::cmp::Reverse(found.time_ns), found.class));
    found
}

/// The waits with a function anywhere on their stack.
pub(crate) fn waited(profile: &Profile, arrangement: &Arrangement, function: u32) -> Waited {
    let holds = stacks_with(profile, function);
    let mut waited = Waited::default();
    let mut wakers: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    for (row, time) in profile.selected_waits(&arrangement.selection()) {
        let stack = profile.waits.stack[row] as usize;
        if holds.get(stack) != Some(&true) {
            continue;
        }
        let class = WaitClass::from_number(profile.waits.class[row]);
        if arrangement.counts(WaitClass::RunQueue) {
            waited.run_queue_ns += time.run_queue_ns;
        }
        if !arrangement.counts(class) {
            continue;
        }
        let count = u64::from(profile.waits.count[row]);
        waited.waits += count;
        waited.blocked_ns += time.blocked_ns;
        let waker = wakers.entry(profile.waits.waker[row]).or_default();
        waker.0 += time.blocked_ns;
        waker.1 += count;
    }
    wakers.remove(&NONE);
    let named = |(thread, (blocked_ns, waits))| Waker {
        name: thread_name(profile, thread),
        blocked_ns,
        waits,
    };
    waited.wakers = wakers.into_iter().map(named).collect();
    waited
        .wakers
        .sort_by(|a, b| (b.blocked_ns, &a.name).cmp(&(a.blocked_ns, &b.name)));
    waited
}

/// For each stack node, whether a function is on its stack.
fn stacks_with(profile: &Profile, function: u32) -> Vec<bool> {
    let stacks = &profile.stacks;
    let mut holds: Vec<bool> = Vec::with_capacity(stacks.frame.len());
    for (frame, parent) in stacks.frame.iter().zip(&stacks.parent) {
        let here = profile.logical_of(*frame);
        // Parents come before their children.
        let above = holds.get(*parent as usize) == Some(&true);
        holds.push(above || here.iter().any(|logical| logical.function == function));
    }
    holds
}

pub(crate) fn thread_name(profile: &Profile, thread: u32) -> String {
    let Some(thread) = profile.threads.get(thread as usize) else {
        return "unknown".to_owned();
    };
    let name = &thread.name;
    match (thread.tid, name.as_str()) {
        (0, _) => "an interrupt".to_owned(),
        (tid, _) if thread.pid == profile.header.pid => format!("{name} ({tid})"),
        (tid, _) => format!("{name} ({tid}, process {})", thread.pid),
    }
}
