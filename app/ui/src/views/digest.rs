//! The lines over time and the places of functions, worked out of a profile once.

use std::collections::BTreeMap;

use scrutineer_evidence::residency::ResidencySample;
use scrutineer_profiler::{
    capture::model::{Activity, Event, EventKind},
    memory::growth,
    profile::Profile,
};

use super::{Digest, Marker};
use crate::format;

/// Points that a line is painted with at most.
const POINTS: usize = 1_200;

/// Works the digest out.
pub(super) fn digest(profile: &Profile) -> Digest {
    let seconds = |ns: u64| ns as f64 / 1e9;
    let last = [
        profile.end.as_ref().map(|end| end.duration_ns),
        profile.residency.last().map(|reading| reading.time_ns),
        profile.activity.last().map(|reading| reading.time_ns),
        profile.samples.time_ns.last().copied(),
    ];
    let series = |value: fn(&ResidencySample) -> Option<u64>| {
        let points = profile.residency.iter().filter_map(|reading| {
            let mebibytes = value(reading)? as f64 / format::MEBIBYTE;
            Some((seconds(reading.time_ns), mebibytes))
        });
        decimated(points.collect())
    };
    let rss = |reading: &ResidencySample| reading.rss_bytes;
    let peak = profile
        .residency
        .iter()
        .max_by_key(|reading| reading.rss_bytes);
    let duration_ns = last.into_iter().flatten().max().unwrap_or_default();
    Digest {
        duration_s: seconds(duration_ns),
        cpu: decimated(cpu_use(profile)),
        rss: series(|reading| Some(reading.rss_bytes)),
        pss: series(|reading| reading.pss_bytes),
        anonymous: series(|reading| reading.anonymous_bytes),
        peak: peak.map(|reading| (reading.rss_bytes, seconds(reading.time_ns))),
        ends: profile
            .residency
            .first()
            .map(rss)
            .zip(profile.residency.last().map(rss)),
        readings: profile.residency.len(),
        growth: growth::estimate(&profile.residency),
        last_counts: profile
            .activity
            .last()
            .map(|reading| (reading.threads, reading.descriptors)),
        places: places(profile),
        markers: markers(profile),
    }
}

/// What happened, in order of time.
fn markers(profile: &Profile) -> Vec<Marker> {
    let names: BTreeMap<u32, &str> = profile
        .processes
        .iter()
        .map(|process| (process.pid, process.name.as_str()))
        .collect();
    let marker = |event: &Event| {
        let name = names.get(&event.pid).copied().unwrap_or("process");
        let who = format!("{name} {}", event.pid);
        let text = event.text.trim();
        let with_text = |words: &str| match text {
            "" => words.to_owned(),
            text => format!("{words}: {text}"),
        };
        let (words, is_trouble) = match event.kind {
            EventKind::ProcessStarted => (format!("{who} was born"), false),
            EventKind::Exec => (with_text(&format!("{who} executed a program")), false),
            EventKind::ProcessEnded => (format!("{who} ended"), false),
            EventKind::OomKill => (
                with_text(&format!("memory ran out, {who} was killed")),
                true,
            ),
            EventKind::SamplingThrottled => (with_text("the kernel slowed sampling down"), true),
            EventKind::StackCopyChanged => {
                (with_text("stack copies of another size, bytes"), false)
            }
            EventKind::StoppedOrContinued => (with_text("stopped, or went on"), false),
            EventKind::NotRead => (with_text("not read"), true),
            EventKind::WaitsPolled => {
                (with_text("waits are polled from here on, per second"), true)
            }
        };
        Marker {
            time_s: event.time_ns as f64 / 1e9,
            words,
            is_trouble,
        }
    };
    let mut markers: Vec<Marker> = profile.events.iter().map(marker).collect();
    markers.sort_by(|a, b| a.time_s.total_cmp(&b.time_s));
    markers
}

/// CPU use between readings, cores.
fn cpu_use(profile: &Profile) -> Vec<(f64, f64)> {
    let used = |pair: &[Activity]| {
        let busy = (pair[1].user_ns + pair[1].kernel_ns)
            .saturating_sub(pair[0].user_ns + pair[0].kernel_ns);
        let time = pair[1].time_ns.saturating_sub(pair[0].time_ns);
        (pair[1].time_ns as f64 / 1e9, format::share(busy, time))
    };
    profile.activity.windows(2).map(used).collect()
}

/// Lowest and highest point of each of equal parts, so that no peak is lost.
pub(super) fn decimated(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    if points.len() <= POINTS {
        return points;
    }
    let part = points.len().div_ceil(POINTS / 2);
    let extremes = |part: &[(f64, f64)]| {
        let by_value = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
        let low = part.iter().min_by(by_value).copied();
        let high = part.iter().max_by(by_value).copied();
        let mut ends: Vec<(f64, f64)> = low.into_iter().chain(high).collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        ends.dedup();
        ends
    };
    points.chunks(part).flat_map(extremes).collect()
}

fn places(profile: &Profile) -> Vec<String> {
    let mut places = vec![String::new(); profile.functions.len()];
    for frame in &profile.logical {
        let Some(place) = places.get_mut(frame.function as usize) else {
            continue;
        };
        if let Some(file) = profile
            .files
            .get(frame.file as usize)
            .filter(|_| place.is_empty())
        {
            let file = format::source_path(file);
            *place = if frame.line > 0 {
                format!("{file}:{}", frame.line)
            } else {
                file.to_owned()
            };
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimating_keeps_the_peak() {
        let mut points: Vec<(f64, f64)> = (0..10_000).map(|at| (f64::from(at), 1.0)).collect();
        points[4_321].1 = 9.0;
        let kept = decimated(points);
        assert!(kept.len() <= POINTS);
        assert!(kept.contains(&(4_321.0, 9.0)));
        assert!(kept.is_sorted_by(|a, b| a.0 <= b.0));
    }
}
