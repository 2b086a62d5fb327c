//! Waits by class and by who ended them, for text, HTML and JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    capture::model::{NONE, WaitClass},
    profile::{Profile, Selection, Weight},
};

/// Pairs of waiting and waking threads that are listed.
const MOST_WAKERS: usize = 10;

/// A class of waits with its time.
#[derive(Debug, Serialize)]
pub(super) struct ClassRow {
    pub(super) class: &'static str,
    /// Time in it, nanoseconds. Time on the run queue after a wait is the run queue's.
    pub(super) time_ns: u64,
    pub(super) share: f64,
    /// Waits that began in it.
    pub(super) waits: u64,
}

/// Time that a thread waited until another one woke it.
#[derive(Debug, Serialize)]
pub(super) struct WakerRow {
    pub(super) waiting: String,
    pub(super) waker: String,
    pub(super) blocked_ns: u64,
    pub(super) waits: u64,
}

/// Classes that have time in the selection, most first; none with another weight than waits.
pub(super) fn classes(profile: &Profile, selection: &Selection) -> Vec<ClassRow> {
    if selection.weight != Weight::Wait {
        return Vec::new();
    }
    let mut sums = [(0_u64, 0_u64); WaitClass::ALL.len()];
    for (row, time) in profile.selected_waits(selection) {
        let class = WaitClass::from_number(profile.waits.class[row]);
        let of_class = &mut sums[class as usize];
        of_class.0 += time.blocked_ns;
        of_class.1 += u64::from(profile.waits.count[row]);
        sums[WaitClass::RunQueue as usize].0 += time.run_queue_ns;
    }
    let chosen = |class: &WaitClass| {
        let classes = selection.wait_classes.as_ref();
        classes.is_none_or(|classes| classes.contains(class))
    };
    let all = profile.total(selection).max(1);
    let mut rows: Vec<ClassRow> = WaitClass::ALL
        .into_iter()
        .filter(chosen)
        .map(|class| {
            let (time_ns, waits) = sums[class as usize];
            ClassRow {
                class: class.label(),
                time_ns,
                share: time_ns as f64 / all as f64,
                waits,
            }
        })
        .filter(|row| row.time_ns > 0)
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.time_ns));
    rows
}

/// Who ended the waits of the selection, most time first; empty where wake-ups were not captured.
pub(super) fn wakers(profile: &Profile, selection: &Selection) -> Vec<WakerRow> {
    if selection.weight != Weight::Wait {
        return Vec::new();
    }
    let mut sums: BTreeMap<(u32, u32), (u64, u64)> = BTreeMap::new();
    for (row, time) in profile.selected_waits(selection) {
        let waker = profile.waits.waker[row];
        let class = WaitClass::from_number(profile.waits.class[row]);
        let classes = selection.wait_classes.as_ref();
        if waker == NONE || classes.is_some_and(|classes| !classes.contains(&class)) {
            continue;
        }
        let sum = sums.entry((profile.waits.thread[row], waker)).or_default();
        sum.0 += time.blocked_ns;
        sum.1 += u64::from(profile.waits.count[row]);
    }
    let mut rows: Vec<_> = sums.into_iter().collect();
    rows.sort_by_key(|(threads, (blocked_ns, _))| (std::cmp::Reverse(*blocked_ns), *threads));
    rows.truncate(MOST_WAKERS);
    let row = |((waiting, waker), (blocked_ns, waits))| WakerRow {
        waiting: thread_label(profile, waiting),
        waker: thread_label(profile, waker),
        blocked_ns,
        waits,
    };
    rows.into_iter().map(row).collect()
}

fn thread_label(profile: &Profile, thread: u32) -> String {
    let thread = &profile.threads[thread as usize];
    match (thread.tid, thread.name.as_str()) {
        (0, _) => "an interrupt".to_owned(),
        (tid, "") => format!("thread {tid}"),
        (tid, name) => format!("{name} ({tid})"),
    }
}
