//! Points of one series: rates of what counts up, and buckets for the pixels of a plot.

use std::ops::Range;

use super::Unit;

/// A value at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When, nanoseconds since the capture's start.
    pub time_ns: u64,
    /// Value, in the series' unit.
    pub value: f64,
}

/// What lies under one pixel of a plot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Pixel, from 0 at the range's start.
    pub pixel: usize,
    /// Time of its last point.
    pub time_ns: u64,
    /// Lowest value.
    pub min: f64,
    /// Highest value.
    pub max: f64,
    /// Value of its last point.
    pub last: f64,
}

/// How fast a cumulative series counts: for each point but the first the rate since the one before
/// it, a second; times come out as shares of the time (1.0 is one whole CPU). Where the count
/// falls it began anew, and that step has no rate.
pub fn rates(points: &[Point], unit: Unit) -> Vec<Point> {
    let per_second = match unit {
        Unit::Nanoseconds => 1.0,
        Unit::Microseconds => 1e3,
        _ => 1e9,
    };
    let steps = points.windows(2);
    steps
        .filter(|pair| pair[1].time_ns > pair[0].time_ns && pair[1].value >= pair[0].value)
        .map(|pair| Point {
            time_ns: pair[1].time_ns,
            value: (pair[1].value - pair[0].value) * per_second
                / (pair[1].time_ns - pair[0].time_ns) as f64,
        })
        .collect()
}

/// The lowest and highest values under each pixel that has points, from left to right. Points
/// outside of the range fall on the first and the last pixel's outer neighbours and are left out,
/// but for the value that held at the range's start, which stands under pixel 0.
pub fn decimate(points: &[Point], range: &Range<u64>, pixels: usize) -> Vec<Bucket> {
    let span = range.end.saturating_sub(range.start);
    if span == 0 || pixels == 0 {
        return Vec::new();
    }
    let mut buckets: Vec<Bucket> = Vec::new();
    let mut add = |pixel: usize, point: Point| match buckets.last_mut() {
        Some(last) if last.pixel == pixel => {
            last.min = last.min.min(point.value);
            last.max = last.max.max(point.value);
            (last.time_ns, last.last) = (point.time_ns, point.value);
        }
        _ => buckets.push(Bucket {
            pixel,
            time_ns: point.time_ns,
            min: point.value,
            max: point.value,
            last: point.value,
        }),
    };
    let first = points.partition_point(|point| point.time_ns < range.start);
    if let Some(held) = first.checked_sub(1) {
        let time_ns = range.start;
        add(
            0,
            Point {
                time_ns,
                ..points[held]
            },
        );
    }
    for point in points[first..]
        .iter()
        .take_while(|point| point.time_ns < range.end)
    {
        let share = u128::from(point.time_ns - range.start) * pixels as u128 / u128::from(span);
        add(share as usize, *point);
    }
    buckets
}
