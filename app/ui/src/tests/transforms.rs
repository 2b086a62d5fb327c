//! Transforms of the stacks: by key, from the menu and the palette, and taken back.

use egui::{Key, Modifiers};

use super::Driver;

const APPLY_BATCH: &str = "frame apply_batch";

fn steps(driver: &Driver) -> Vec<String> {
    let steps = driver.state().profile.wanted.transforms.iter();
    let words = |step: &scrutineer_profiler::profile::transform::Transform| {
        let name = step.pick().map_or("", |pick| pick.name());
        format!(
            "{} {}",
            step.verb(),
            name.rsplit("::").next().unwrap_or(name)
        )
    };
    steps.map(words).collect()
}

fn total(driver: &Driver) -> u64 {
    let open = driver.state().profile.open.as_ref().unwrap();
    open.shown.layout.total
}

fn selected_name(driver: &Driver) -> String {
    let profile = &driver.state().profile;
    let open = profile.open.as_ref().unwrap();
    open.name(profile.selected.unwrap()).to_owned()
}

#[test]
fn focusing_keeps_the_function_selected_and_its_samples_alone() {
    let mut driver = Driver::with_capture();
    let whole = total(&driver);
    driver.click_part(APPLY_BATCH);
    driver.press(Modifiers::NONE, Key::F);
    assert_eq!(steps(&driver), ["focus apply_batch"]);
    let focused = total(&driver);
    assert!(focused > 0 && focused < whole, "{focused} of {whole}");
    assert!(selected_name(&driver).ends_with("Engine::apply_batch"));
    assert!(driver.shows("back to focus"), "{:#?}", driver.labels());
    driver.press(Modifiers::NONE, Key::Escape);
    driver.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(steps(&driver), ["focus apply_batch"]);
    driver.press(Modifiers::COMMAND, Key::Z);
    assert_eq!((total(&driver), steps(&driver).len()), (whole, 0));
}

#[test]
fn a_step_is_taken_out_or_gone_back_to_from_its_chip() {
    let mut driver = Driver::with_capture();
    let whole = total(&driver);
    driver.click_part(APPLY_BATCH);
    driver.press(Modifiers::NONE, Key::M);
    driver.press(Modifiers::NONE, Key::U);
    assert_eq!(steps(&driver).len(), 2);
    assert_eq!(total(&driver), whole, "merging and folding lose no sample");
    driver.click_part("back to merge");
    assert_eq!(steps(&driver), ["merge apply_batch"]);
    assert!(!driver.shows(APPLY_BATCH));
    driver.click_part("take out merge");
    assert!(steps(&driver).is_empty());
    assert!(driver.shows(APPLY_BATCH));
}

#[test]
fn dropping_takes_the_samples_out_of_the_total() {
    let mut driver = Driver::with_capture();
    let whole = total(&driver);
    driver.click_part(APPLY_BATCH);
    let profile = &driver.state().profile;
    let node = profile.selected.unwrap() as usize;
    let of_node = profile.open.as_ref().unwrap().shown.tree.total_samples[node];
    driver.press(Modifiers::NONE, Key::D);
    assert_eq!(total(&driver), whole - of_node);
    assert!(!driver.shows(APPLY_BATCH));
}

#[test]
fn the_menu_of_a_frame_offers_the_same_as_the_keys() {
    let mut driver = Driver::with_capture();
    driver.node_with(APPLY_BATCH).click_secondary();
    driver.settle();
    driver.click("Collapse it with all that it calls");
    assert_eq!(steps(&driver), ["collapse apply_batch"]);
    let profile = &driver.state().profile;
    let tree = &profile.open.as_ref().unwrap().shown.tree;
    let node = profile.selected.unwrap() as usize;
    assert_eq!(tree.child_count[node], 0);
    assert_eq!(tree.self_samples[node], tree.total_samples[node]);
}

#[test]
fn the_palette_transforms_too() {
    let mut driver = Driver::with_capture();
    driver.press(Modifiers::COMMAND, Key::K);
    driver.write("my code");
    driver.press(Modifiers::NONE, Key::Enter);
    assert_eq!(steps(&driver), ["my code only "]);
    driver.press(Modifiers::NONE, Key::U);
    assert!(steps(&driver).is_empty());
}

#[test]
fn letters_go_to_the_pane_that_was_pressed() {
    let mut driver = Driver::with_capture();
    driver.click_part(APPLY_BATCH);
    driver.press(Modifiers::NONE, Key::F6);
    driver.press(Modifiers::NONE, Key::D);
    assert!(steps(&driver).is_empty(), "d pans the timeline");
    driver.press(Modifiers::NONE, Key::F6);
    driver.press(Modifiers::NONE, Key::D);
    assert_eq!(steps(&driver), ["drop apply_batch"]);
}

#[test]
fn a_sandwich_shows_callers_and_callees_and_its_frames_become_its_middle() {
    let mut driver = Driver::with_capture();
    driver.press(Modifiers::NONE, Key::Num3);
    assert!(driver.shows("No function is selected"));
    driver.press(Modifiers::NONE, Key::Num1);
    driver.click_part(APPLY_BATCH);
    driver.press(Modifiers::NONE, Key::Num3);
    assert!(driver.shows("callers, "), "{:#?}", driver.labels());
    assert!(driver.shows("callees, "));
    assert!(driver.shows("frame post_transfer"));
    driver.click_part("frame post_transfer");
    assert!(selected_name(&driver).ends_with("post_transfer"));
    let profile = &driver.state().profile;
    let made = profile.sandwich.as_ref().unwrap();
    assert_eq!(Some(made.function), profile.selected_function());
    driver.press(Modifiers::COMMAND, Key::Z);
    assert!(selected_name(&driver).ends_with("apply_batch"));
}

#[test]
fn the_heat_map_has_a_column_a_second_and_a_click_looks_at_a_part_of_it() {
    let mut driver = Driver::with_capture();
    driver.press(Modifiers::NONE, Key::Num6);
    assert!(
        driver.shows("heat map, 60 seconds, at most "),
        "{:#?}",
        driver.labels()
    );
    let place = driver.node_with("heat map, ").rect();
    driver.harness.hover_at(place.center());
    driver.harness.step();
    driver.harness.drag_at(place.center());
    driver.harness.step();
    driver.harness.drop_at(place.center());
    driver.settle();
    let (from, to) = driver.state().profile.wanted.range_s.expect("a range");
    assert!((to - from - 0.02).abs() < 1e-6, "{from} to {to}");
    assert!((from - 30.5).abs() < 0.6, "{from}");
    let map = driver
        .state()
        .profile
        .heat_map
        .clone()
        .expect("worked out anew");
    assert_eq!(map.seconds, 1);
}

#[test]
fn tab_in_the_search_keeps_only_stacks_that_match() {
    let mut driver = Driver::with_capture();
    let whole = total(&driver);
    driver.press(Modifiers::COMMAND, Key::F);
    driver.write("apply_batch");
    driver.press(Modifiers::NONE, Key::Tab);
    assert_eq!(steps(&driver), ["keep apply_batch"]);
    assert!(total(&driver) < whole);
    assert!(driver.shows("100.0\u{a0}% match"), "{:#?}", driver.labels());
    driver.press(Modifiers::NONE, Key::Tab);
    assert_eq!((steps(&driver).len(), total(&driver)), (0, whole));
}
