//! What a profile is weighed by: the switch, the classes of waits, units and history.

use egui::{Key, Modifiers};
use scrutineer_profiler::{capture::model::WaitClass, profile::Weight};

use super::Driver;
use crate::{event::Event, fixtures};

fn driver() -> Driver {
    let mut driver = Driver::new();
    driver.tell(Event::Loaded(fixtures::loaded_with_waits()));
    driver
}

fn weight(driver: &Driver) -> Weight {
    let open = driver.state().profile.open.as_ref().unwrap();
    open.arrangement.weight
}

fn total(driver: &Driver) -> u64 {
    let open = driver.state().profile.open.as_ref().unwrap();
    open.shown.layout.total
}

#[test]
fn a_capture_of_cpu_time_alone_offers_no_other_weight() {
    let driver = Driver::with_capture();
    assert!(!driver.shows("Page faults") && !driver.shows("Waits"));
}

#[test]
fn waits_are_weighed_in_time_with_a_chip_for_each_class() {
    let mut driver = driver();
    driver.click("Waits");
    assert_eq!(weight(&driver), Weight::Wait);
    // 600 × (30 + 12 + 40) ms.
    assert_eq!(total(&driver), 49_200_000_000);
    for chip in [
        "waits network, 24.000 s",
        "waits lock, 16.800 s",
        "waits disk, 7.200 s",
        "waits run queue, 1.200 s",
    ] {
        assert!(driver.shows(chip), "{chip}: {:#?}", driver.labels());
    }
    assert!(driver.shows("flame graph, 49.200 s"));
    driver.click("Page faults");
    assert_eq!(total(&driver), 1_800);
    assert!(driver.shows("flame graph, 1 800 page faults"));
}

#[test]
fn a_class_of_waits_is_seen_alone_and_undone_step_by_step() {
    let mut driver = driver();
    driver.click("Waits");
    driver.click_part("waits lock");
    assert_eq!(total(&driver), 16_800_000_000);
    driver.click_part("waits disk");
    assert_eq!(total(&driver), 24_000_000_000);
    driver.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(total(&driver), 16_800_000_000);
    driver.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(total(&driver), 49_200_000_000);
    driver.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(weight(&driver), Weight::Cpu);
    driver.press(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    assert_eq!(weight(&driver), Weight::Wait);
    driver.press(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    let classes = driver.state().profile.wanted.classes.clone().unwrap();
    assert_eq!(classes.into_iter().collect::<Vec<_>>(), [WaitClass::Lock]);
    driver.press(Modifiers::NONE, Key::Escape);
    assert_eq!(total(&driver), 49_200_000_000);
}

#[test]
fn the_inspector_tells_the_run_queue_part_and_who_ended_the_waits() {
    let mut driver = driver();
    driver.click("Waits");
    driver.click("Top functions");
    driver.click_part("function futex_wait");
    for words in [
        "Blocked 16.800 s",
        "On the run queue 1.200 s",
        "woken by ledger-flush (41823), 600 waits, 16.800 s",
        "18.000\u{a0}s",
    ] {
        assert!(driver.shows(words), "{words}: {:#?}", driver.labels());
    }
}

#[test]
fn every_class_of_waits_has_its_chip_in_a_narrow_window_too() {
    let mut driver = driver();
    driver.resize(900.0, 700.0);
    driver.click("Waits");
    let classes = driver.state().profile.open.clone().unwrap().shown.classes;
    for found in classes.iter() {
        let name = format!("waits {}", found.class.label());
        let place = driver.node_with(&name).rect();
        assert!(place.right() <= 900.0, "{name} at {place:?}");
    }
}

#[test]
fn a_key_walks_through_the_weights_and_the_palette_names_them() {
    let mut driver = driver();
    for expected in [Weight::Wait, Weight::PageFaults, Weight::Cpu] {
        driver.press(Modifiers::NONE, Key::T);
        assert_eq!(weight(&driver), expected);
    }
    driver.press(Modifiers::COMMAND, Key::K);
    driver.write("weigh waits");
    driver.press(Modifiers::NONE, Key::Enter);
    assert_eq!(weight(&driver), Weight::Wait);
    driver.press(Modifiers::COMMAND, Key::K);
    driver.write("look waits disk");
    driver.press(Modifiers::NONE, Key::Enter);
    assert_eq!(total(&driver), 7_200_000_000);
}

#[test]
fn the_waits_over_time_hold_as_many_threads_as_wait() {
    let driver = driver();
    let open = driver.state().profile.open.as_ref().unwrap();
    let duration_s = open.digest.as_ref().unwrap().duration_s;
    let tracks = driver.state().profile.timeline.tracks.clone().unwrap();
    let bin_s = duration_s / tracks.all.len() as f64;
    let mut sums = [0.0_f64; 9];
    for bin in &tracks.all {
        for (sum, threads) in sums.iter_mut().zip(&bin[1..]) {
            *sum += f64::from(*threads) * bin_s;
        }
    }
    assert!(
        (sums[WaitClass::Lock as usize] - 16.8).abs() < 0.01,
        "{sums:?}"
    );
    assert!(
        (sums[WaitClass::RunQueue as usize] - 1.2).abs() < 0.01,
        "{sums:?}"
    );
}
