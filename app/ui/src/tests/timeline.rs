//! The tracks of the timeline: threads chosen, filtered, hidden and pinned; time zoomed and ranged.

use egui::{Key, Modifiers, pos2};
use egui_kittest::kittest::Queryable;

use super::Driver;
use crate::{event::Event, fixtures, state::profile::ProfileState};

fn driver() -> Driver {
    let mut driver = Driver::new();
    driver.tell(Event::Loaded(fixtures::loaded_with_waits()));
    driver
}

fn profile(driver: &Driver) -> &ProfileState {
    &driver.state().profile
}

fn total(driver: &Driver) -> u64 {
    let open = profile(driver).open.as_ref().unwrap();
    open.shown.layout.total
}

fn listed(driver: &Driver) -> Vec<String> {
    let rows = profile(driver).timeline.listed();
    rows.iter().map(|row| row.name.clone()).collect()
}

#[test]
fn what_happened_is_marked_at_its_moment() {
    let mut driver = Driver::new();
    driver.tell(Event::Loaded(fixtures::loaded_with_readings()));
    driver.press(Modifiers::ALT, Key::Num2);
    assert!(
        driver.shows("marker at 40.00 s: memory ran out"),
        "{:#?}",
        driver.labels()
    );
    assert!(driver.shows("marker at 0.00 s: not read: Sockets of process 41900"));
}

#[test]
fn every_thread_has_its_track_with_its_share_of_a_cpu() {
    let driver = driver();
    let names = listed(&driver);
    assert!(names.len() >= 9, "{names:?}");
    assert!(
        driver.shows("thread ledger-flush, "),
        "{:#?}",
        driver.labels()
    );
    let timeline = &profile(&driver).timeline;
    let tracks = timeline.tracks.as_ref().unwrap();
    assert_eq!(tracks.by_thread.len(), tracks.rows.len());
}

#[test]
fn a_thread_is_seen_alone_and_with_others_and_undone() {
    let mut driver = driver();
    let whole = total(&driver);
    driver.click_part("thread ledger-flush,");
    let alone = total(&driver);
    assert!(alone > 0 && alone < whole, "{alone} of {whole}");
    driver.click_part("look at thread tokio-rt-worker");
    assert!(total(&driver) > alone);
    driver.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(total(&driver), alone);
    driver.press(Modifiers::NONE, Key::Escape);
    assert_eq!(
        (total(&driver), profile(&driver).wanted.threads.clone()),
        (whole, None)
    );
}

#[test]
fn a_box_leaves_a_thread_out_and_the_last_one_stays() {
    let mut driver = driver();
    let whole = total(&driver);
    driver.click_part("look at thread ledger-flush");
    let rest = total(&driver);
    assert!(rest < whole);
    driver.click_part("look at thread ledger-flush");
    assert_eq!(total(&driver), whole);
    driver.click_part("thread ledger-flush,");
    driver.click_part("look at thread ledger-flush");
    assert_eq!(total(&driver), whole, "no thread at all is all threads");
}

#[test]
fn threads_are_filtered_by_name() {
    let mut driver = driver();
    driver.click_part("Filter threads");
    driver.write("FLUSH");
    assert_eq!(listed(&driver), ["ledger-flush"]);
    assert!(!driver.shows("thread tokio-rt-worker,"));
}

#[test]
fn threads_are_pinned_hidden_and_sorted_from_their_menu() {
    let mut driver = driver();
    let last = listed(&driver).last().cloned().unwrap();
    let menu = |driver: &mut Driver, name: &str, line: &str| {
        let part = format!("thread {name},");
        driver.node_with(&part).click_secondary();
        driver.settle();
        driver.click(line);
    };
    menu(&mut driver, "ledger-flush", "Pin to the top");
    assert_eq!(listed(&driver)[0], "ledger-flush");
    menu(&mut driver, "ledger-flush", "Hide this track");
    assert!(!listed(&driver).contains(&"ledger-flush".to_owned()));
    menu(&mut driver, &last, "Show the 1 hidden");
    assert_eq!(listed(&driver)[0], "ledger-flush");
    menu(&mut driver, "ledger-flush", "Sort by name");
    let names = listed(&driver);
    assert!(names[1..].is_sorted(), "{names:?}");
}

#[test]
fn keys_zoom_and_pan_and_the_tracks_follow() {
    let mut driver = driver();
    driver.press(Modifiers::NONE, Key::F6);
    driver.press(Modifiers::NONE, Key::W);
    let (from, to) = profile(&driver).timeline.view_s.unwrap();
    assert!(
        (from - 15.0).abs() < 0.01 && (to - 45.0).abs() < 0.01,
        "{from} to {to}"
    );
    driver.press(Modifiers::NONE, Key::D);
    let moved = profile(&driver).timeline.view_s.unwrap();
    assert!((moved.0 - 21.0).abs() < 0.01, "{moved:?}");
    let tracks = profile(&driver).timeline.tracks.clone().unwrap();
    assert!((tracks.window_s.0 - moved.0).abs() < 1e-6);
    driver.press(Modifiers::NONE, Key::S);
    assert_eq!(profile(&driver).timeline.view_s, None);
}

#[test]
fn zooming_in_ends_at_a_microsecond() {
    let mut driver = driver();
    driver.press(Modifiers::NONE, Key::F6);
    for _ in 0..40 {
        driver.press(Modifiers::NONE, Key::W);
    }
    let (from, to) = profile(&driver).timeline.view_s.unwrap();
    assert!((to - from - 1e-6).abs() < 1e-9, "{from} to {to}");
    assert!(driver.shows("timeline,"));
}

#[test]
fn a_range_is_zoomed_to_moved_and_resized() {
    let mut driver = driver();
    driver.drag_range(0.25, 0.75);
    let range = |driver: &Driver| profile(driver).wanted.range_s.unwrap();
    let (from, to) = range(&driver);
    driver.drag_range(0.5, 0.6);
    let moved = range(&driver);
    let length = to - from;
    assert!((moved.1 - moved.0 - length).abs() < 0.2, "{moved:?}");
    assert!(moved.0 > from + 3.0);
    let area = driver.node_with("timeline,").rect();
    let edge = (moved.1 / 60.0) as f32;
    let at = |share: f32| pos2(area.left() + area.width() * share, area.center().y);
    driver.harness.drag_at(at(edge));
    driver.harness.step();
    driver.harness.hover_at(at(0.9));
    driver.harness.step();
    driver.harness.drop_at(at(0.9));
    driver.settle();
    let resized = range(&driver);
    assert!((resized.0 - moved.0).abs() < 0.01, "{resized:?}");
    assert!((resized.1 - 54.0).abs() < 0.5, "{resized:?}");
    driver.press(Modifiers::NONE, Key::Z);
    assert_eq!(profile(&driver).timeline.view_s, Some(resized));
    driver.press(Modifiers::NONE, Key::Z);
    assert_eq!(profile(&driver).timeline.view_s, None);
    driver.press(Modifiers::NONE, Key::CloseBracket);
    assert!(range(&driver).1 > resized.1);
}

#[test]
fn changes_that_come_quickly_are_not_all_worked_off() {
    let mut driver = Driver::with_capture();
    let before = driver.state().views.worked();
    driver.state().views.hold(true);
    for _ in 0..40 {
        // Inverting and back again: each asks for the tree, its tracks and readings.
        driver.harness.key_press(Key::I);
        driver.harness.step();
    }
    driver.harness.key_press(Key::I);
    driver.harness.step();
    driver.state().views.hold(false);
    driver.settle();
    let worked = driver.state().views.worked() - before;
    assert!(worked <= 8, "{worked} tasks were worked on for 41 changes");
    let open = driver.state().profile.open.as_ref().unwrap();
    assert!(open.arrangement.inverted, "the last change is seen");
}

#[test]
fn a_range_is_looked_at_while_it_is_dragged_and_is_one_step_of_the_way_back() {
    let mut driver = Driver::with_capture();
    let area = driver.harness.get_by_label_contains("timeline,").rect();
    let at = |share: f32| egui::pos2(area.left() + area.width() * share, area.center().y);
    driver.harness.drag_at(at(0.2));
    driver.harness.step();
    let mut totals = Vec::new();
    for share in [0.4, 0.6, 0.8] {
        driver.harness.hover_at(at(share));
        driver.settle();
        let open = driver.state().profile.open.as_ref().unwrap();
        assert_eq!(
            open.arrangement.range_s,
            driver.state().profile.wanted.range_s
        );
        totals.push(open.shown.layout.total);
    }
    assert!(
        totals.is_sorted_by(|a, b| a < b) && totals[0] > 0,
        "{totals:?}"
    );
    driver.harness.drop_at(at(0.8));
    driver.settle();
    assert!(driver.state().profile.dragged_from.is_none());
    assert!(driver.state().profile.wanted.range_s.is_some());
    driver.press(Modifiers::ALT, Key::ArrowLeft);
    assert_eq!(
        driver.state().profile.wanted.range_s,
        None,
        "one step leads back"
    );
}
