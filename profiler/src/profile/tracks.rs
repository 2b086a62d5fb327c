//! What each thread does over time: it runs, is ready to run, or waits for something.

use std::ops::Range;

use crate::{capture::model::WaitClass, profile::Profile};

/// Shares of a stretch of time: first that in which the thread ran, then one a [`WaitClass`], in
/// the order of [`WaitClass::ALL`]. What is missing to 1 was not seen.
pub type Shares = [f32; 1 + WaitClass::ALL.len()];

/// Position of running in [`Shares`].
pub const RUNNING: usize = 0;

/// Position of a class of waits in [`Shares`].
pub const fn waiting(class: WaitClass) -> usize {
    1 + class as usize
}

/// The rows of every thread by themselves, in order of time, so that a window of a long capture
/// costs what lies in it.
#[derive(Clone, Debug, Default)]
pub struct ThreadIndex {
    samples: Rows,
    waits: Rows,
    /// CPU time that a sample stands for, nanoseconds.
    period_ns: u64,
}

/// Rows by thread: those of thread `t` are `rows[start[t]..start[t + 1]]`.
#[derive(Clone, Debug, Default)]
struct Rows {
    start: Vec<u32>,
    rows: Vec<u32>,
}

impl Rows {
    /// Sorts rows by their thread, then by their time. Linear, where they come in order of time.
    fn of(threads: usize, thread: &[u32], time_ns: &[u64]) -> Self {
        let mut start = vec![0_u32; threads + 1];
        for thread in thread {
            start[*thread as usize + 1] += 1;
        }
        for thread in 0..threads {
            start[thread + 1] += start[thread];
        }
        let mut next = start.clone();
        let mut rows = vec![0; thread.len()];
        for (row, thread) in thread.iter().enumerate() {
            let slot = &mut next[*thread as usize];
            rows[*slot as usize] = row as u32;
            *slot += 1;
        }
        for thread in 0..threads {
            let own = &mut rows[start[thread] as usize..start[thread + 1] as usize];
            if !own.is_sorted_by_key(|row| time_ns[*row as usize]) {
                own.sort_by_key(|row| time_ns[*row as usize]);
            }
        }
        Self { start, rows }
    }

    fn of_thread(&self, thread: u32) -> &[u32] {
        let thread = thread as usize;
        match (self.start.get(thread), self.start.get(thread + 1)) {
            (Some(from), Some(to)) => &self.rows[*from as usize..*to as usize],
            _ => &[],
        }
    }
}

impl ThreadIndex {
    /// Indexes a profile; linear in its samples and waits.
    pub fn of(profile: &Profile) -> Self {
        let threads = profile.threads.len();
        let (samples, waits) = (&profile.samples, &profile.waits);
        Self {
            samples: Rows::of(threads, &samples.thread, &samples.time_ns),
            waits: Rows::of(threads, &waits.thread, &waits.start_ns),
            // Without a period a sample takes no time.
            period_ns: profile.period_ns().unwrap_or(0),
        }
    }

    /// Whether anything was captured of a thread.
    pub fn has(&self, thread: u32) -> bool {
        !self.samples.of_thread(thread).is_empty() || !self.waits.of_thread(thread).is_empty()
    }

    /// CPU time that the samples of a thread in a range of time stand for, nanoseconds.
    pub fn cpu_ns(&self, profile: &Profile, thread: u32, range: &Range<u64>) -> u64 {
        let rows = self.samples.of_thread(thread);
        let before = |time_ns: u64| {
            rows.partition_point(|row| profile.samples.time_ns[*row as usize] < time_ns)
        };
        (before(range.end) - before(range.start)) as u64 * self.period_ns
    }

    /// What a thread did in a window of time (nanoseconds since the start), cut into `bins` equal
    /// parts. A sample counts for the period before it, so that a thread which runs without a
    /// break has full bins; several short waits that were captured as one row count from where
    /// the first began.
    pub fn track(
        &self,
        profile: &Profile,
        thread: u32,
        window: &Range<u64>,
        bins: usize,
    ) -> Vec<Shares> {
        let mut shares = vec![Shares::default(); bins];
        if bins == 0 || window.end <= window.start {
            return shares;
        }
        let mut spread = Spread {
            from_ns: window.start as f64,
            bin_ns: (window.end - window.start) as f64 / bins as f64,
            shares: &mut shares,
        };
        self.add_samples(profile, thread, window, &mut spread);
        self.add_waits(profile, thread, window, &mut spread);
        for bin in &mut shares {
            bin[RUNNING] = bin[RUNNING].min(1.0);
        }
        shares
    }

    /// The wait of a thread at a time (nanoseconds since the start): its row.
    pub fn wait_at(&self, profile: &Profile, thread: u32, time_ns: u64) -> Option<usize> {
        let rows = self.waits.of_thread(thread);
        let waits = &profile.waits;
        let after = rows.partition_point(|row| waits.start_ns[*row as usize] <= time_ns);
        let row = rows[after.checked_sub(1)?] as usize;
        let end_ns = waits.start_ns[row].saturating_add(waits.duration_ns[row]);
        (time_ns < end_ns).then_some(row)
    }

    /// The sample of a thread that stands for a time (nanoseconds since the start): its row.
    pub fn sample_at(&self, profile: &Profile, thread: u32, time_ns: u64) -> Option<usize> {
        let rows = self.samples.of_thread(thread);
        let times = &profile.samples.time_ns;
        let at = rows.partition_point(|row| times[*row as usize] < time_ns);
        let row = *rows.get(at)? as usize;
        (times[row].saturating_sub(self.period_ns) <= time_ns).then_some(row)
    }

    fn add_samples(
        &self,
        profile: &Profile,
        thread: u32,
        window: &Range<u64>,
        spread: &mut Spread<'_>,
    ) {
        let rows = self.samples.of_thread(thread);
        let time_ns = |row: &u32| profile.samples.time_ns[*row as usize];
        let first = rows.partition_point(|row| time_ns(row) <= window.start);
        for row in &rows[first..] {
            let end_ns = time_ns(row);
            let start_ns = end_ns.saturating_sub(self.period_ns);
            if start_ns >= window.end {
                break;
            }
            spread.add(start_ns, end_ns, RUNNING);
        }
    }

    fn add_waits(
        &self,
        profile: &Profile,
        thread: u32,
        window: &Range<u64>,
        spread: &mut Spread<'_>,
    ) {
        let rows = self.waits.of_thread(thread);
        let start_ns = |row: &u32| profile.waits.start_ns[*row as usize];
        // Waits of a thread follow each other, so at most one reaches in from before.
        let first = rows.partition_point(|row| start_ns(row) < window.start);
        for row in &rows[first.saturating_sub(1)..] {
            let start_ns = start_ns(row);
            if start_ns >= window.end {
                break;
            }
            let row = *row as usize;
            let Some(time) = profile.time_of_wait(row) else {
                continue;
            };
            let ready_ns = start_ns.saturating_add(time.blocked_ns);
            let class = WaitClass::from_number(profile.waits.class[row]);
            spread.add(start_ns, ready_ns, waiting(class));
            let end_ns = ready_ns.saturating_add(time.run_queue_ns);
            spread.add(ready_ns, end_ns, waiting(WaitClass::RunQueue));
        }
    }
}

/// Bins of a window that stretches of time are spread over.
struct Spread<'a> {
    from_ns: f64,
    bin_ns: f64,
    shares: &'a mut [Shares],
}

impl Spread<'_> {
    fn add(&mut self, start_ns: u64, end_ns: u64, state: usize) {
        let bin_of = |time_ns: u64| (time_ns as f64 - self.from_ns) / self.bin_ns;
        let last = self.shares.len() as f64;
        let (from, to) = (bin_of(start_ns).max(0.0), bin_of(end_ns).min(last));
        let mut at = from;
        while at < to {
            let bin = at as usize;
            let end = to.min(bin as f64 + 1.0);
            self.shares[bin][state] += (end - at) as f32;
            at = end;
        }
    }
}

/// All threads of a selection together: how many ran, were ready or waited on average in each of
/// `bins` equal parts of a window of time.
pub fn sum(tracks: impl IntoIterator<Item = Vec<Shares>>, bins: usize) -> Vec<Shares> {
    let mut sums = vec![Shares::default(); bins];
    for track in tracks {
        for (sum, shares) in sums.iter_mut().zip(track) {
            for (sum, share) in sum.iter_mut().zip(shares) {
                *sum += share;
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        capture::model::{Chunk, NONE, Waits},
        profile::testing,
    };

    /// Two threads; the first waits for a lock from 10 to 30 ms, of which 5 ms on the run queue.
    fn profile() -> Profile {
        let mut chunks = testing::chunks(&[vec!["main", "lock"]]);
        let waits = Waits {
            start_ns: vec![10_000_000],
            duration_ns: vec![20_000_000],
            run_queue_ns: vec![5_000_000],
            count: vec![1],
            thread: vec![0],
            stack: vec![NONE],
            class: vec![WaitClass::Lock as u8],
            waker: vec![NONE],
        };
        chunks.insert(6, Chunk::Waits(waits));
        testing::build(chunks)
    }

    fn close(a: f32, b: f32) -> bool {
        (a - b).abs() < 1e-4
    }

    #[test]
    fn a_wait_fills_the_bins_that_it_lies_in_and_ends_on_the_run_queue() {
        let profile = profile();
        let track = ThreadIndex::of(&profile).track(&profile, 0, &(0..40_000_000), 4);
        let lock: Vec<f32> = track
            .iter()
            .map(|bin| bin[waiting(WaitClass::Lock)])
            .collect();
        assert_eq!(lock, [0.0, 1.0, 0.5, 0.0]);
        let queue: Vec<f32> = track
            .iter()
            .map(|bin| bin[waiting(WaitClass::RunQueue)])
            .collect();
        assert_eq!(queue, [0.0, 0.0, 0.5, 0.0]);
    }

    #[test]
    fn a_wait_that_began_before_the_window_is_seen_in_it() {
        let profile = profile();
        let index = ThreadIndex::of(&profile);
        let track = index.track(&profile, 0, &(15_000_000..20_000_000), 1);
        assert!(close(track[0][waiting(WaitClass::Lock)], 1.0));
        let after = index.track(&profile, 0, &(30_000_000..40_000_000), 1);
        assert_eq!(after[0][1..], Shares::default()[1..]);
    }

    #[test]
    fn a_thread_that_nothing_is_known_of_has_empty_bins() {
        let profile = profile();
        let index = ThreadIndex::of(&profile);
        assert!(index.has(0) && !index.has(77));
        assert_eq!(
            index.track(&profile, 77, &(0..10), 2),
            [Shares::default(); 2]
        );
        assert!(index.track(&profile, 0, &(5..5), 0).is_empty());
    }

    #[test]
    fn what_a_thread_did_at_a_time_is_found() {
        let profile = profile();
        let index = ThreadIndex::of(&profile);
        let wait_at = |time_ns| index.wait_at(&profile, 0, time_ns);
        assert_eq!(wait_at(10_000_000), Some(0));
        assert_eq!((wait_at(9_999_999), wait_at(30_000_000)), (None, None));
        assert_eq!(index.sample_at(&profile, 0, 0), Some(0));
        assert_eq!(index.sample_at(&profile, 0, 1), None);
    }

    proptest! {
        #[test]
        fn the_running_time_of_all_threads_is_that_of_the_samples(
            times in prop::collection::vec((0_u64..1_000, 0_u32..3), 1..60),
            bins in 1_usize..50,
        ) {
            let mut profile = testing::two_threads();
            profile.header.frequency_hz = 1_000_000;
            profile.threads.push(profile.threads[0].clone());
            let samples = &mut profile.samples;
            // Far enough apart that no bin is full.
            samples.time_ns = times.iter().map(|(at, _)| 10_000 + at * 10_000).collect();
            samples.time_ns.sort_unstable();
            samples.time_ns.dedup();
            let count = samples.time_ns.len();
            samples.thread = times.iter().map(|(_, thread)| *thread).take(count).collect();
            samples.stack = vec![NONE; count];
            samples.flags = vec![0; count];
            let index = ThreadIndex::of(&profile);
            let window = 0..20_000_000;
            let tracks = (0..3).map(|thread| index.track(&profile, thread, &window, bins));
            let bin_ns = 20_000_000.0 / bins as f64;
            let ran: f64 = sum(tracks, bins).iter().map(|bin| f64::from(bin[RUNNING]) * bin_ns).sum();
            let expected = count as f64 * 1_000.0;
            prop_assert!((ran - expected).abs() < expected * 1e-3 + 1.0, "{} of {}", ran, expected);
            let cpu_ns: u64 = (0..3).map(|thread| index.cpu_ns(&profile, thread, &window)).sum();
            prop_assert_eq!(cpu_ns, count as u64 * 1_000);
        }
    }
}
