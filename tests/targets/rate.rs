//! Works at the bottom of deep stacks and states its rate of work: rate SECONDS.
//! Build: rustc -O -g rate.rs
//! Prints what rate.c prints.

use std::{collections::HashMap, hint::black_box, time::Duration};

#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

unsafe extern "C" {
    fn clock_gettime(clock: i32, time: *mut Timespec) -> i32;
}

const MONOTONIC: i32 = 1;
const PROCESS_CPU: i32 = 2;

fn clock_ns(clock: i32) -> u64 {
    let mut time = Timespec { seconds: 0, nanoseconds: 0 };
    // SAFETY: the pointer is to a live value of the layout that the C library expects.
    unsafe { clock_gettime(clock, &mut time) };
    time.seconds as u64 * 1_000_000_000 + time.nanoseconds as u64
}

#[inline(never)]
fn count_words(text: &str) -> usize {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for word in text.split(' ') {
        *counts.entry(word).or_default() += 1;
    }
    counts.values().copied().max().unwrap_or(0)
}

#[inline(never)]
fn sort(mut state: u64) -> u64 {
    let mut numbers: Vec<u64> = (0..500)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state >> 20
        })
        .collect();
    numbers.sort();
    numbers[250]
}

#[inline(never)]
fn descend(depth: u32, text: &str) -> u64 {
    let room = black_box([u64::from(depth); 24]);
    if depth == 0 {
        sort(room[3]) + count_words(text) as u64
    } else {
        descend(depth - 1, text).wrapping_add(room[depth as usize % 24])
    }
}

fn main() {
    let seconds: f64 = std::env::args().nth(1).and_then(|s| s.parse().ok()).unwrap_or(1.0);
    let end = clock_ns(MONOTONIC) + Duration::from_secs_f64(seconds).as_nanos() as u64;
    let text = (0..400).map(|i| format!("word{}", i * 31 % 57)).collect::<Vec<_>>().join(" ");
    let (mut at, mut cpu, mut units) = (clock_ns(MONOTONIC), clock_ns(PROCESS_CPU), 0);
    while at < end {
        black_box(descend(60, &text));
        units += 1;
        let now = clock_ns(MONOTONIC);
        if now - at >= 100_000_000 {
            let now_cpu = clock_ns(PROCESS_CPU);
            println!("{at} {now} {units} {}", now_cpu - cpu);
            (at, cpu, units) = (now, now_cpu, 0);
        }
    }
}
