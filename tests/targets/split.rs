//! Splits its CPU time among functions and keeps account of it: split FILE CPU_SECONDS.
//! Build: rustc -O -g split.rs
//! Writes what split.c writes.

use std::{collections::BTreeMap, hint::black_box};

#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

unsafe extern "C" {
    fn clock_gettime(clock: i32, time: *mut Timespec) -> i32;
}

const THREAD_CPU: i32 = 3;

fn cpu_ns() -> u64 {
    let mut time = Timespec { seconds: 0, nanoseconds: 0 };
    // SAFETY: the pointer is to a live value of the layout that the C library expects.
    unsafe { clock_gettime(THREAD_CPU, &mut time) };
    time.seconds as u64 * 1_000_000_000 + time.nanoseconds as u64
}

trait Part {
    fn work(&self, rounds: u64) -> u64;
}

struct Sorting;
struct Counting;
struct Mixing;

impl Part for Sorting {
    #[inline(never)]
    fn work(&self, rounds: u64) -> u64 {
        let mut numbers: Vec<u64> = (0..rounds).map(|n| n.wrapping_mul(6_364_136_223_846_793_005)).collect();
        numbers.sort();
        numbers[numbers.len() / 2]
    }
}

impl Part for Counting {
    #[inline(never)]
    fn work(&self, rounds: u64) -> u64 {
        let mut counts = BTreeMap::new();
        for n in 0..rounds {
            *counts.entry(format!("word{}", n * 31 % 257)).or_insert(0) += n;
        }
        counts.len() as u64
    }
}

impl Part for Mixing {
    #[inline(never)]
    fn work(&self, rounds: u64) -> u64 {
        (0..rounds).fold(1, |state, n| black_box(state ^ n).wrapping_mul(2_862_933_555_777_941_757))
    }
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let end = (words[2].parse::<f64>().expect("seconds") * 1e9) as u64;
    let parts: [(&str, &dyn Part, u64); 3] =
        [("Sorting", &Sorting, 20_000), ("Counting", &Counting, 5_000), ("Mixing", &Mixing, 300_000)];
    let mut spent = [0_u64; 3];
    while cpu_ns() < end {
        for (spent, (_, part, rounds)) in spent.iter_mut().zip(&parts) {
            let start = cpu_ns();
            black_box(part.work(black_box(*rounds)));
            *spent += cpu_ns() - start;
        }
    }
    let lines: String = spent.iter().zip(&parts).map(|(ns, (name, ..))| format!("{name} {ns}\n")).collect();
    std::fs::write(&words[1], lines).expect("the file can be written");
}
