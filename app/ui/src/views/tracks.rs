//! The threads of a profile and what each did over time.

use std::{collections::BTreeMap, sync::Arc};

use scrutineer_profiler::profile::{
    Profile,
    tracks::{Shares, ThreadIndex},
};

use crate::state::timeline::ThreadKey;

/// Parts that the time that is seen is cut into.
pub(crate) const BINS: usize = 600;
/// Tracks that are worked out before anybody said which are wanted.
const FIRST_TRACKS: usize = 64;

/// A thread of the list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ThreadRow {
    /// Position in the profile's threads.
    pub(crate) thread: u32,
    /// Pid and tid.
    pub(crate) key: ThreadKey,
    /// Its name; with its process where there are several.
    pub(crate) name: String,
    /// Share of one CPU that it used in the range, by its samples.
    pub(crate) cpu: f64,
}

/// Threads over time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tracks {
    /// The time that the bins cut, seconds.
    pub(crate) window_s: (f64, f64),
    /// Every thread of which something was captured, most CPU time first.
    pub(crate) rows: Vec<ThreadRow>,
    /// Bins by thread, of those that were wanted.
    pub(crate) by_thread: BTreeMap<u32, Vec<Shares>>,
    /// How many threads were in each state, over all threads.
    pub(crate) all: Vec<Shares>,
    /// Finds what a thread did at a time.
    pub(crate) index: Arc<ThreadIndex>,
}

impl Tracks {
    /// The bin of all threads that a time lies in, seconds.
    pub(crate) fn bin_at(&self, time: f64) -> Option<&Shares> {
        let share = (time - self.window_s.0) / (self.window_s.1 - self.window_s.0);
        let at = share * self.all.len() as f64;
        (at >= 0.0).then(|| self.all.get(at as usize)).flatten()
    }
}

/// Works tracks out: for the window and range of time (seconds; `None` for all), of the threads
/// that are wanted (of the busiest where none are).
pub(super) fn tracks(
    profile: &Profile,
    index: Arc<ThreadIndex>,
    view_s: Option<(f64, f64)>,
    range_s: Option<(f64, f64)>,
    wanted: &[u32],
) -> Tracks {
    let duration_ns = profile.duration_ns().max(1);
    let nanoseconds = |(from, to): (f64, f64)| (from * 1e9) as u64..(to * 1e9) as u64;
    let window = view_s.map_or(0..duration_ns, nanoseconds);
    let range = range_s.map_or(0..duration_ns, nanoseconds);
    let whole = 0..duration_ns + 1;
    let several = profile.threads.iter().any(|thread| {
        let first = &profile.threads[0];
        thread.pid != first.pid && thread.pid != 0
    });
    let mut rows: Vec<(u64, ThreadRow)> = (0..profile.threads.len() as u32)
        .filter(|thread| index.has(*thread))
        .map(|thread| {
            let length_ns = (range.end - range.start).max(1) as f64;
            let row = ThreadRow {
                thread,
                key: key_of(profile, thread),
                name: name_of(profile, thread, several),
                cpu: index.cpu_ns(profile, thread, &range) as f64 / length_ns,
            };
            (index.cpu_ns(profile, thread, &whole), row)
        })
        .collect();
    rows.sort_by(|(a_ns, a), (b_ns, b)| (b_ns, a.key).cmp(&(a_ns, b.key)));
    let rows: Vec<ThreadRow> = rows.into_iter().map(|(_, row)| row).collect();
    let first = rows.iter().take(FIRST_TRACKS).map(|row| row.thread);
    let wanted: Vec<u32> = if wanted.is_empty() {
        first.collect()
    } else {
        wanted.to_vec()
    };
    let track = |thread: u32| index.track(profile, thread, &window, BINS);
    let mut by_thread: BTreeMap<u32, Vec<Shares>> = wanted
        .into_iter()
        .map(|thread| (thread, track(thread)))
        .collect();
    let mut all = vec![Shares::default(); BINS];
    for row in &rows {
        let known = by_thread.get(&row.thread);
        let worked_out = known.is_none().then(|| track(row.thread));
        for (sum, bin) in all
            .iter_mut()
            .zip(known.or(worked_out.as_ref()).into_iter().flatten())
        {
            for (sum, share) in sum.iter_mut().zip(bin) {
                *sum += share;
            }
        }
    }
    by_thread.retain(|_, bins| !bins.is_empty());
    Tracks {
        window_s: (window.start as f64 / 1e9, window.end as f64 / 1e9),
        rows,
        by_thread,
        all,
        index,
    }
}

fn key_of(profile: &Profile, thread: u32) -> ThreadKey {
    let thread = &profile.threads[thread as usize];
    (thread.pid, thread.tid)
}

/// `worker`, or `worker · sh 4711` where there are several processes.
fn name_of(profile: &Profile, thread: u32, several: bool) -> String {
    let thread = &profile.threads[thread as usize];
    let name = if thread.name.is_empty() {
        thread.tid.to_string()
    } else {
        thread.name.clone()
    };
    if !several {
        return name;
    }
    let mut entries = profile.processes.iter().rev();
    let process = entries.find(|entry| entry.pid == thread.pid);
    match process {
        Some(entry) if entry.name != name => format!("{name} · {} {}", entry.name, thread.pid),
        _ => format!("{name} · {}", thread.pid),
    }
}

#[cfg(test)]
mod tests {
    use scrutineer_profiler::profile::tracks::RUNNING;

    use super::*;
    use crate::fixtures;

    fn worked_out(range_s: Option<(f64, f64)>, wanted: &[u32]) -> Tracks {
        let profile = fixtures::loaded_with_waits().profile;
        let index = Arc::new(ThreadIndex::of(&profile));
        tracks(&profile, index, None, range_s, wanted)
    }

    #[test]
    fn threads_come_most_cpu_time_first_with_their_share_of_the_range() {
        let tracks = worked_out(None, &[]);
        assert!(tracks.rows.len() >= 9, "{:?}", tracks.rows);
        assert!(tracks.rows.is_sorted_by(|a, b| a.cpu >= b.cpu));
        let half = worked_out(Some((0.0, 30.0)), &[]);
        let order =
            |tracks: &Tracks| -> Vec<u32> { tracks.rows.iter().map(|row| row.thread).collect() };
        assert_eq!(order(&half), order(&tracks));
        assert!((half.rows[0].cpu - tracks.rows[0].cpu).abs() < 0.05);
    }

    #[test]
    fn all_threads_count_in_the_sum_whether_their_tracks_are_wanted_or_not() {
        let (every, one) = (worked_out(None, &[]), worked_out(None, &[0]));
        assert_eq!(one.by_thread.len(), 1);
        let running = |tracks: &Tracks| -> f32 { tracks.all.iter().map(|bin| bin[RUNNING]).sum() };
        assert!((running(&every) - running(&one)).abs() < 1e-2);
        assert!(running(&every) > 0.0);
    }
}
