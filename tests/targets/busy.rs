//! Burns CPU in Rust: busy SECONDS. Build: rustc -O -g busy.rs

use std::{collections::HashMap, hint::black_box, time::{Duration, Instant}};

#[inline(never)]
fn sieve(limit: usize) -> usize {
    let mut is_composite = vec![false; limit];
    let mut count = 0;
    for n in 2..limit {
        if !is_composite[n] {
            count += 1;
            for multiple in (n * n..limit).step_by(n) {
                is_composite[multiple] = true;
            }
        }
    }
    count
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
    let mut numbers: Vec<u64> = (0..5_000)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state >> 20
        })
        .collect();
    numbers.sort();
    numbers[2_500]
}

#[inline(never)]
fn recurse(depth: u32, value: u64) -> u64 {
    if depth == 0 { sort(value) } else { recurse(depth - 1, black_box(value + 1)).wrapping_add(1) }
}

fn main() {
    let seconds: f64 = std::env::args().nth(1).and_then(|s| s.parse().ok()).unwrap_or(1.0);
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let text = (0..4_000).map(|i| format!("word{}", i * 31 % 257)).collect::<Vec<_>>().join(" ");
    while Instant::now() < end {
        black_box(sieve(40_000));
        black_box(count_words(&text));
        black_box(recurse(20, 7));
    }
}
