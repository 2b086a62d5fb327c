//! Which functions touched the memory that a process grew by.

use std::{collections::BTreeSet, ops::Range};

use serde::Serialize;

use crate::{
    capture::model::SeriesKind,
    profile::{Profile, Selection, Weight, series::SeriesTable, top_functions},
};

/// Bytes that a page fault maps, but for huge pages. Captures are of x86-64 alone.
const PAGE_BYTES: u64 = 4_096;
/// Bytes that a fault may map where huge pages are allowed.
const HUGE_PAGE_BYTES: u64 = 2 << 20;
/// Functions that are listed.
const MOST_FUNCTIONS: usize = 20;
/// Growth that is worth another recording.
const WORTH_ASKING_BYTES: i64 = 1 << 20;
/// A share of the growth that is worth a sentence.
const WORTH_A_WORD: f64 = 0.02;

/// What is known of where the growth of a process's resident memory came from.
///
/// A page becomes resident by a fault when it is touched first. Memory that was freed and is used
/// again causes none, so what is found is where the process *grew*, not where it allocates.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GrowthSources {
    /// Process: the target's first.
    pub pid: u32,
    /// From the first to the last reading of resident memory in the window, nanoseconds since the
    /// capture's start. Faults are counted between these.
    pub window_ns: Range<u64>,
    /// What resident memory grew by between these readings; negative where it shrank.
    pub growth_bytes: i64,
    /// Page faults of the process.
    pub faults: u64,
    /// Memory that they touched, 4 KiB each.
    pub touched_bytes: u64,
    /// Memory that may come on top of it, because a fault in a huge page maps 2 MiB: the growth of
    /// huge pages as far as it was read. `None` where it was not.
    pub huge_bytes: Option<u64>,
    /// Share of the growth that the touched memory explains, at most 1. `None` where nothing grew
    /// or no faults were captured.
    pub explained_share: Option<f64>,
    /// The same if all growth of huge pages came from these faults.
    pub explained_share_at_most: Option<f64>,
    /// Functions that touched most, by what they touched themselves, then with their callees.
    pub functions: Vec<TouchingFunction>,
    /// What remains unexplained and why, a sentence each.
    pub remarks: Vec<String>,
}

/// A function with the memory that it touched first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TouchingFunction {
    /// Name.
    pub name: String,
    /// Touched by its own code.
    pub self_bytes: u64,
    /// Touched by it and the functions that it called.
    pub total_bytes: u64,
    /// Total ÷ all memory that was touched.
    pub total_share: f64,
}

impl GrowthSources {
    /// The result in a sentence.
    pub fn sentence(&self) -> String {
        let grown = self.growth_bytes as f64 / f64::from(1 << 20);
        let names: Vec<&str> = self
            .functions
            .iter()
            .filter(|function| function.self_bytes > 0)
            .take(3)
            .map(|function| function.name.as_str())
            .collect();
        match self.explained_share {
            Some(share) if !names.is_empty() => format!(
                "{:.0} % of the growth of resident memory ({grown:.1} MiB) is explained by first \
                 touches, most of them in {}.",
                share * 100.0,
                names.join(", ")
            ),
            Some(share) => format!(
                "{:.0} % of the growth of resident memory ({grown:.1} MiB) is explained by first \
                 touches.",
                share * 100.0
            ),
            None => format!("Resident memory changed by {grown:+.1} MiB."),
        }
    }
}

/// Where the target's first process grew in a window, or the whole capture; `None` where its
/// resident memory was not read twice in it.
pub fn growth_sources(
    profile: &Profile,
    table: &SeriesTable,
    window: Option<Range<u64>>,
) -> Option<GrowthSources> {
    let asked = window.unwrap_or(0..u64::MAX);
    let pid = profile.header.pid;
    let mut readings = profile
        .residency
        .iter()
        .filter(|reading| asked.contains(&reading.time_ns));
    let first = readings.next()?;
    let last = readings.next_back()?;
    let window_ns = first.time_ns..last.time_ns;
    let selection = Selection {
        time_ns: Some(window_ns.clone()),
        threads: Some(threads_of(profile, pid)),
        ..Selection::weighed_by(Weight::PageFaults)
    };
    let faults = profile.total(&selection);
    let growth_bytes = last.rss_bytes as i64 - first.rss_bytes as i64;
    let touched_bytes = faults * PAGE_BYTES;
    let huge_bytes = huge_growth(profile, table, pid, &window_ns);
    let share = |bytes: u64| {
        (growth_bytes > 0 && profile.header.page_faults)
            .then(|| (bytes as f64 / growth_bytes as f64).min(1.0))
    };
    let mut sources = GrowthSources {
        pid,
        window_ns,
        growth_bytes,
        faults,
        touched_bytes,
        huge_bytes,
        explained_share: share(touched_bytes),
        explained_share_at_most: share(touched_bytes + huge_bytes.unwrap_or(0)),
        functions: functions(profile, &selection, touched_bytes),
        remarks: Vec::new(),
    };
    sources.remarks = remarks(profile, &sources);
    Some(sources)
}

fn threads_of(profile: &Profile, pid: u32) -> BTreeSet<u32> {
    let threads = profile.threads.iter().enumerate();
    threads
        .filter(|(_, thread)| thread.pid == pid)
        .map(|(id, _)| id as u32)
        .collect()
}

fn functions(profile: &Profile, selection: &Selection, touched: u64) -> Vec<TouchingFunction> {
    let top = top_functions(profile, selection, false);
    let of = |found: &crate::profile::TopFunction| TouchingFunction {
        name: profile.functions[found.function as usize].name.clone(),
        self_bytes: found.self_samples * PAGE_BYTES,
        total_bytes: found.total_samples * PAGE_BYTES,
        total_share: (found.total_samples * PAGE_BYTES) as f64 / touched.max(1) as f64,
    };
    top.iter().take(MOST_FUNCTIONS).map(of).collect()
}

/// Growth of anonymous memory in huge pages, between its first and last reading in the window.
fn huge_growth(
    profile: &Profile,
    table: &SeriesTable,
    pid: u32,
    window_ns: &Range<u64>,
) -> Option<u64> {
    let of = |series: &crate::capture::model::Series| {
        (series.kind, series.pid) == (SeriesKind::AnonymousHugeBytes, pid)
    };
    let id = profile.series.iter().position(of)? as u32;
    // Read about once a second: the reading at the start is the first one after it.
    let change = table.change(id, window_ns)?;
    Some(change.max(0.0) as u64)
}

fn remarks(profile: &Profile, sources: &GrowthSources) -> Vec<String> {
    let mut remarks = Vec::new();
    let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    if !profile.header.page_faults && sources.growth_bytes >= WORTH_ASKING_BYTES {
        remarks.push(
            "Page faults were not captured: record with --page-faults to see which functions \
             touched the memory."
                .to_owned(),
        );
    }
    if sources.growth_bytes <= 0 || !profile.header.page_faults {
        return remarks;
    }
    let growth = sources.growth_bytes as u64;
    let worth = |bytes: u64| bytes as f64 / growth as f64 >= WORTH_A_WORD;
    let huge = sources.huge_bytes.unwrap_or(0);
    if huge >= HUGE_PAGE_BYTES && worth(huge) {
        remarks.push(format!(
            "{:.1} MiB of the growth lie in huge pages: one fault maps 2 MiB there, and which of \
             the faults did so is not recorded. Functions that touch in huge pages are shown too \
             small.",
            mebibytes(huge)
        ));
    }
    let known = sources.touched_bytes + huge;
    if known > growth && worth(known - growth) {
        remarks.push(format!(
            "{:.1} MiB more were touched than remained: they were given back meanwhile, or the \
             pages were resident before (files, copies on write). Whose pages remained is not \
             recorded.",
            mebibytes(known - growth)
        ));
    }
    if known < growth && worth(growth - known) {
        let why = if profile.header.kernel_frames {
            "pages mapped several at a time (files), shared memory, or faults that were lost"
        } else {
            "pages that the kernel touched first, as when it reads into a buffer (invisible \
             here; to see it: sudo sysctl kernel.perf_event_paranoid=1), pages mapped several at \
             a time (files), shared memory, or faults that were lost"
        };
        remarks.push(format!(
            "{:.1} MiB of the growth are not explained: {why}.",
            mebibytes(growth - known)
        ));
    }
    remarks
}

#[cfg(test)]
mod tests {
    use scrutineer_evidence::residency::ResidencySample;

    use super::*;
    use crate::{
        capture::model::{Chunk, PageFaults, Readings, Series},
        profile::testing,
    };

    const MIB: u64 = 1 << 20;

    /// `main` calls `greedy`, which faults three times as often as `main` itself.
    fn profile(growth_mib: u64, huge_mib: u64) -> Profile {
        let mut chunks = testing::chunks(&[vec!["main"], vec!["main", "greedy"]]);
        let Some(Chunk::Header(header)) = chunks.first_mut() else {
            unreachable!("the first chunk is the header")
        };
        header.page_faults = true;
        let pid = header.pid;
        let sample = |time_ns, mib| ResidencySample {
            time_ns,
            rss_bytes: mib * MIB,
            pss_bytes: None,
            anonymous_bytes: None,
        };
        chunks.push(Chunk::Residency(vec![
            sample(1_000, 10),
            sample(5_000, 11),
            sample(9_000, 10 + growth_mib),
        ]));
        chunks.push(Chunk::PageFaults(PageFaults {
            // The first and the last lie outside of the readings.
            time_ns: vec![10, 2_000, 3_000, 9_500],
            thread: vec![0; 4],
            stack: vec![0, 1, 0, 0],
            weight: vec![999, 3 * 256, 256, 999],
        }));
        chunks.push(Chunk::Series(vec![Series {
            kind: SeriesKind::AnonymousHugeBytes,
            pid,
            tid: 0,
            subject: String::new(),
        }]));
        chunks.push(Chunk::Readings(Readings {
            time_ns: vec![500, 8_000],
            series: vec![0, 0],
            value: vec![2 * MIB, (2 + huge_mib) * MIB],
        }));
        testing::build(chunks)
    }

    fn sources(profile: &Profile) -> GrowthSources {
        growth_sources(profile, &SeriesTable::of(profile), None).unwrap()
    }

    fn share(found: Option<f64>) -> f64 {
        found.unwrap()
    }

    #[test]
    fn growth_is_explained_by_what_was_touched_between_the_readings() {
        let found = sources(&profile(4, 0));
        assert_eq!((found.faults, found.touched_bytes), (1024, 4 * MIB));
        assert!((share(found.explained_share) - 1.0).abs() < 1e-12);
        assert_eq!(found.functions[0].name, "greedy");
        assert_eq!(found.functions[0].self_bytes, 3 * MIB);
        assert_eq!(found.functions[1].total_bytes, 4 * MIB);
        assert!(found.remarks.is_empty(), "{:?}", found.remarks);
        assert_eq!(
            found.sentence(),
            "100 % of the growth of resident memory (4.0 MiB) is explained by first touches, \
             most of them in greedy, main."
        );
    }

    #[test]
    fn what_is_not_explained_is_said() {
        let found = sources(&profile(16, 0));
        assert!((share(found.explained_share) - 0.25).abs() < 1e-12);
        assert!(
            found.remarks[0].starts_with("12.0 MiB"),
            "{:?}",
            found.remarks
        );
    }

    #[test]
    fn huge_pages_bound_what_can_be_told() {
        let found = sources(&profile(16, 10));
        assert!((share(found.explained_share) - 0.25).abs() < 1e-12);
        assert!((share(found.explained_share_at_most) - 14.0 / 16.0).abs() < 1e-12);
        assert!(
            found.remarks[0].contains("huge pages"),
            "{:?}",
            found.remarks
        );
        assert!(
            found.remarks[1].starts_with("2.0 MiB"),
            "{:?}",
            found.remarks
        );
    }

    #[test]
    fn memory_that_was_given_back_is_no_explanation_beyond_the_growth() {
        let found = sources(&profile(1, 0));
        assert!((share(found.explained_share) - 1.0).abs() < 1e-12);
        assert!(found.remarks[0].contains("more were touched"));
    }

    #[test]
    fn without_growth_or_faults_there_is_nothing_to_explain() {
        assert_eq!(sources(&profile(0, 0)).explained_share, None);
        let mut profile = profile(4, 0);
        profile.header.page_faults = false;
        let found = sources(&profile);
        assert_eq!(found.explained_share, None);
        assert!(found.remarks[0].contains("--page-faults"));
        profile.residency.truncate(1);
        assert_eq!(
            growth_sources(&profile, &SeriesTable::of(&profile), None),
            None
        );
    }

    #[test]
    fn a_window_is_looked_at_alone() {
        let profile = profile(4, 0);
        let table = SeriesTable::of(&profile);
        let found = growth_sources(&profile, &table, Some(4_000..10_000)).unwrap();
        assert_eq!((found.faults, found.growth_bytes), (0, 3 * MIB as i64));
    }
}
