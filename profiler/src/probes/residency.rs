//! Resident memory of the target over the window, with its growth.

use std::time::Duration;

use scrutineer_evidence::{
    Absent, Gathered,
    residency::{ResidencyFacts, ResidencySample},
};

use super::{absent_for, window::Watch};
use crate::memory::{growth, reader::MemoryReader};

/// Readings that are kept.
const MOST_SAMPLES: usize = 600;

/// Reads resident memory ten times a second.
#[derive(Debug)]
pub(super) struct ResidencyWatch {
    reader: MemoryReader,
    samples: Vec<ResidencySample>,
}

impl Watch for ResidencyWatch {
    type Facts = ResidencyFacts;

    fn start(pid: u32) -> Gathered<Self> {
        let absent = |error| absent_for(pid, "memory", &error);
        let mut reader = MemoryReader::open(pid).map_err(absent)?;
        let first = reader.residency(0).map_err(absent)?;
        Ok(Self {
            reader,
            samples: vec![first],
        })
    }

    fn interval(&self) -> Duration {
        Duration::from_millis(100)
    }

    fn read(&mut self, elapsed: Duration) {
        // An error means that the target has ended: what was read before holds.
        if let Ok(sample) = self.reader.residency(elapsed.as_nanos() as u64) {
            self.samples.push(sample);
        }
    }

    fn finish(self, window: Duration) -> Gathered<ResidencyFacts> {
        let peak = self
            .samples
            .iter()
            .map(|sample| sample.rss_bytes)
            .max()
            .ok_or_else(|| Absent::Failed {
                why: "resident memory was never read".into(),
            })?;
        Ok(ResidencyFacts {
            window_s: window.as_secs_f64(),
            growth: growth::estimate(&self.samples),
            samples: decimate(self.samples),
            peak_rss_bytes: peak,
        })
    }
}

/// Every n-th reading, the last one always; what a dropped reading alone held (PSS, which is read
/// now and then) moves to the next one kept.
fn decimate(samples: Vec<ResidencySample>) -> Vec<ResidencySample> {
    let stride = samples.len().div_ceil(MOST_SAMPLES).max(1);
    let offset = samples.len().saturating_sub(1) % stride;
    let (mut pss, mut anonymous) = (None, None);
    let mut kept = Vec::with_capacity(MOST_SAMPLES);
    for (index, sample) in samples.into_iter().enumerate() {
        pss = sample.pss_bytes.or(pss);
        anonymous = sample.anonymous_bytes.or(anonymous);
        if index % stride == offset {
            kept.push(ResidencySample {
                pss_bytes: pss.take(),
                anonymous_bytes: anonymous.take(),
                ..sample
            });
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(time_ns: u64) -> ResidencySample {
        let pss_bytes = (time_ns % 10 == 3).then_some(time_ns);
        ResidencySample {
            time_ns,
            rss_bytes: time_ns,
            pss_bytes,
            anonymous_bytes: None,
        }
    }

    #[test]
    fn at_most_600_readings_are_kept_with_the_last_one_and_every_pss() {
        for count in [1_u64, 599, 600, 601, 1_199, 6_001] {
            let kept = decimate((0..count).map(sample).collect());
            assert!(
                kept.len() <= MOST_SAMPLES && kept.len() >= count.min(300) as usize,
                "{count}"
            );
            assert_eq!(kept.last().unwrap().time_ns, count - 1);
            assert!(kept.is_sorted_by_key(|sample| sample.time_ns));
        }
        let kept = decimate((0..1_200).map(sample).collect());
        assert_eq!(
            kept.iter()
                .filter(|sample| sample.pss_bytes.is_some())
                .count(),
            120
        );
    }

    #[test]
    fn memory_that_this_process_touches_is_seen() {
        let mut watch = ResidencyWatch::start(std::process::id()).unwrap();
        let memory = vec![1_u8; 64 << 20];
        watch.read(Duration::from_millis(100));
        assert_eq!(std::hint::black_box(&memory)[7], 1);
        let facts = watch.finish(Duration::from_millis(100)).unwrap();
        assert_eq!(facts.samples.len(), 2);
        assert!(facts.peak_rss_bytes >= 64 << 20, "{facts:?}");
        assert_eq!(facts.growth, None, "two readings are too few for a slope");
    }
}
