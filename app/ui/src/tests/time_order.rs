//! The stacks of one thread over time.

use egui::{Key, Modifiers};

use super::Driver;
use crate::{event::Event, fixtures, state::profile::Open, widgets::flame::Window};

fn driver() -> Driver {
    let mut driver = Driver::new();
    driver.tell(Event::Loaded(fixtures::loaded_with_waits()));
    driver.press(Modifiers::NONE, Key::Num7);
    driver
}

fn open(driver: &Driver) -> &Open {
    driver.state().profile.open.as_ref().unwrap()
}

#[test]
fn a_thread_is_drawn_over_the_whole_time_and_another_one_is_chosen() {
    let mut driver = driver();
    let chart = open(&driver).chart.clone().expect("it was drawn");
    assert_eq!(chart.chart.layout.total, 60_000_000_000);
    assert!(chart.threads.len() > 2 && !chart.chart.waits.is_empty());
    assert!(driver.shows("stacks over time, "), "{:#?}", driver.labels());
    driver.click_part("Thread: ");
    let other = chart.threads[1] as usize;
    let other = &fixtures::loaded_with_waits().profile.threads[other];
    driver.click(&format!("{} {}", other.name, other.tid));
    let anew = open(&driver).chart.clone().expect("it was drawn anew");
    assert_eq!(anew.thread, chart.threads[1]);
    assert_ne!(anew.chart.layout, chart.chart.layout);
}

#[test]
fn time_is_zoomed_to_a_microsecond_and_the_waits_are_told_apart() {
    let mut driver = driver();
    for _ in 0..45 {
        driver.press(Modifiers::NONE, Key::W);
    }
    let profile = &driver.state().profile;
    let seen_ns = profile.window.width() * 60e9;
    assert!(seen_ns < 1_500.0, "{seen_ns} ns");
    driver.press(Modifiers::NONE, Key::Num0);
    assert_eq!(driver.state().profile.window, Window::ALL);
    for _ in 0..15 {
        driver.press(Modifiers::NONE, Key::W);
    }
    let labels = driver.labels();
    assert!(
        labels.iter().any(|label| label.starts_with("waits ")),
        "{labels:#?}"
    );
}

#[test]
fn a_frame_of_the_chart_is_selected_everywhere_and_ranges_redraw_it() {
    let mut driver = driver();
    driver.click_part("frame ledger-flush");
    driver.press(Modifiers::NONE, Key::ArrowDown);
    driver.press(Modifiers::NONE, Key::ArrowDown);
    let selected = driver.state().profile.selected.expect("a frame");
    let name = open(&driver).name(selected).to_owned();
    assert!(
        driver.state().profile.selected_function().is_some(),
        "{name}"
    );
    assert!(driver.shows(&name), "the inspector tells of it");
    driver.drag_range(0.25, 0.75);
    let chart = open(&driver).chart.clone().expect("it was drawn anew");
    assert!((chart.chart.start_ns as f64 / 1e9 - 15.0).abs() < 1.5);
    driver.press(Modifiers::NONE, Key::I);
    assert!(driver.shows("The call tree is inverted"));
}
