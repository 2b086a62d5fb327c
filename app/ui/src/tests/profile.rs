//! The flame graph, its search, zoom and tables.

use egui::{Event as Input, Key, Modifiers, PointerButton};

use super::Driver;
use crate::{event::Event, fixtures, state::profile::Mode, widgets::flame::Window};

const APPLY_BATCH: &str = "frame apply_batch";

#[test]
fn a_frame_says_its_name_share_and_origin() {
    let driver = Driver::with_capture();
    let node = driver.node_with(APPLY_BATCH);
    let label = egui_kittest::kittest::NodeT::accesskit_node(&node)
        .label()
        .unwrap();
    let total = driver
        .state()
        .profile
        .open
        .as_ref()
        .unwrap()
        .shown
        .layout
        .total;
    let samples: u64 =
        120 + 70 + 60 + 150 + 210 + 190 + 110 + 160 + 180 + 90 + 60 + 240 + 150 + 120 + 85;
    let share = samples as f64 / total as f64 * 100.0;
    assert_eq!(
        label,
        format!("frame apply_batch, {share:.1} % total, own code")
    );
}

#[test]
fn a_click_selects_and_the_inspector_names_callers_and_callees() {
    let mut driver = Driver::with_capture();
    driver.click_part(APPLY_BATCH);
    assert!(driver.shows("ledgerd::posting::Engine::apply_batch"));
    assert!(driver.shows("Caller ledgerd::http::routes::post_transfer"));
    assert!(driver.shows("Callee ledgerd::journal::Entry::encode"));
    driver.click_part("Callee ledgerd::journal::Entry::encode");
    let profile = &driver.state().profile;
    let open = profile.open.as_ref().unwrap();
    assert_eq!(
        open.name(profile.selected.unwrap()),
        "ledgerd::journal::Entry::encode"
    );
}

#[test]
fn a_double_click_zooms_and_escape_resets() {
    let mut driver = Driver::with_capture();
    let at = driver.node_with(APPLY_BATCH).rect().center();
    double_click(&mut driver, at);
    let window = driver.state().profile.window;
    assert!(window.width() < 0.6 && window != Window::ALL, "{window:?}");
    let wide = driver.node_with(APPLY_BATCH).rect().width();
    assert!(wide > 1_000.0, "the frame fills the graph: {wide}");
    driver.press(Modifiers::NONE, Key::Escape);
    assert_eq!(driver.state().profile.window, Window::ALL);
}

fn double_click(driver: &mut Driver, at: egui::Pos2) {
    driver.harness.event(Input::PointerMoved(at));
    driver.harness.step();
    for pressed in [true, false, true, false] {
        let button = PointerButton::Primary;
        let modifiers = Modifiers::NONE;
        driver.harness.event(Input::PointerButton {
            pos: at,
            button,
            pressed,
            modifiers,
        });
        driver.harness.step();
    }
    driver.harness.run_steps(12);
    driver.settle();
}

#[test]
fn arrows_walk_the_graph_and_enter_zooms() {
    let mut driver = Driver::with_capture();
    driver.click_part("frame post_transfer");
    driver.press(Modifiers::NONE, Key::ArrowDown);
    let name = |driver: &Driver| {
        let profile = &driver.state().profile;
        profile
            .open
            .as_ref()
            .unwrap()
            .name(profile.selected.unwrap())
            .to_owned()
    };
    assert_eq!(name(&driver), "ledgerd::posting::Engine::apply_batch");
    driver.press(Modifiers::NONE, Key::ArrowUp);
    assert_eq!(name(&driver), "ledgerd::http::routes::post_transfer");
    driver.press(Modifiers::NONE, Key::Enter);
    assert_ne!(driver.state().profile.window, Window::ALL);
    driver.press(Modifiers::NONE, Key::Num0);
    assert_eq!(driver.state().profile.window, Window::ALL);
}

#[test]
fn the_wheel_with_control_zooms_at_the_cursor() {
    let mut driver = Driver::with_capture();
    let rect = driver.node_with(APPLY_BATCH).rect();
    driver.harness.event(Input::PointerMoved(rect.center()));
    driver.harness.step();
    driver.harness.event(Input::Zoom(2.0));
    driver.settle();
    let window = driver.state().profile.window;
    assert!((window.width() - 0.5).abs() < 0.01, "{window:?}");
    let zoomed = driver.node_with(APPLY_BATCH).rect();
    assert!(zoomed.contains(rect.center()) && zoomed.width() > rect.width() * 1.2);
}

#[test]
fn a_search_counts_samples_and_steps_through_its_matches() {
    let mut driver = Driver::with_capture();
    driver.press(Modifiers::COMMAND, Key::F);
    driver.write("journal|reserve_rehash");
    assert!(driver.shows("% match"), "{:#?}", driver.labels());
    let found = driver.state().profile.found.clone().unwrap();
    assert!(found.nodes.len() >= 3);
    driver.press(Modifiers::NONE, Key::Enter);
    assert_eq!(driver.state().profile.selected, Some(found.nodes[0]));
    driver.press(Modifiers::NONE, Key::N);
    assert_eq!(driver.state().profile.selected, Some(found.nodes[1]));
    driver.press(Modifiers::SHIFT, Key::N);
    assert_eq!(driver.state().profile.selected, Some(found.nodes[0]));
}

#[test]
fn a_match_far_below_is_scrolled_to() {
    let mut driver = Driver::with_capture();
    driver.resize(1_200.0, 420.0);
    driver.press(Modifiers::COMMAND, Key::F);
    driver.write("reserve_rehash");
    assert!(driver.state().profile.scroll < 1.0);
    driver.press(Modifiers::NONE, Key::Enter);
    // Further than the tree that is left will be high.
    assert!(driver.state().profile.scroll > 90.0);
}

#[test]
fn a_bad_pattern_reddens_the_field_and_keeps_the_last_result() {
    let mut driver = Driver::with_capture();
    driver.press(Modifiers::COMMAND, Key::F);
    driver.write("journal");
    let before = driver.state().profile.found.clone().unwrap().samples;
    driver.write("(");
    assert!(driver.state().profile.search_wrong);
    assert!(driver.shows("not a pattern"));
    assert_eq!(
        driver.state().profile.found.clone().unwrap().samples,
        before
    );
}

#[test]
fn capitals_make_a_search_sensitive() {
    let mut driver = Driver::with_capture();
    driver.press(Modifiers::COMMAND, Key::F);
    driver.write("ENGINE");
    assert_eq!(driver.state().profile.found.clone().unwrap().samples, 0);
    driver.press(Modifiers::NONE, Key::Escape);
    driver.press(Modifiers::COMMAND, Key::F);
    driver.write("engine");
    assert!(driver.state().profile.found.clone().unwrap().samples > 0);
}

#[test]
fn plain_letters_are_typed_into_a_field_and_do_nothing_else() {
    let mut driver = Driver::with_capture();
    driver.press(Modifiers::COMMAND, Key::F);
    driver.harness.key_press(Key::I);
    driver.write("i");
    assert!(!driver.state().profile.wanted.inverted);
    assert_eq!(driver.state().profile.search, "i");
}

#[test]
fn inverting_puts_the_callees_first() {
    let mut driver = Driver::with_capture();
    driver.press(Modifiers::NONE, Key::I);
    let open = driver.state().profile.open.as_ref().unwrap();
    assert!(open.arrangement.inverted);
    let first_row: u64 = open
        .shown
        .tree
        .children(0)
        .map(|node| open.shown.tree.total_samples[node as usize])
        .sum();
    assert_eq!(first_row, open.shown.layout.total);
    assert!(driver.shows("Callers first again"));
    driver.click("Callers first again");
    assert!(
        !driver
            .state()
            .profile
            .open
            .as_ref()
            .unwrap()
            .arrangement
            .inverted
    );
}

#[test]
fn the_call_tree_unfolds_and_shares_the_selection() {
    let mut driver = Driver::with_capture();
    driver.click_part(APPLY_BATCH);
    driver.press(Modifiers::NONE, Key::Num4);
    assert_eq!(driver.state().profile.mode, Mode::CallTree);
    let before = driver.state().profile.rows.len();
    driver.click_part("Unfold tokio-rt-worker");
    assert!(driver.state().profile.rows.len() > before);
    assert!(driver.state().profile.selected.is_some());
}

#[test]
fn functions_are_listed_by_self_time_and_selected_everywhere() {
    let mut driver = Driver::with_capture();
    driver.click("Top functions");
    driver.click_part("function ledgerd::journal::Entry::encode");
    driver.click("Flame");
    assert!(driver.shows("Callee lz4::compress"));
}

#[test]
fn dragging_over_the_timeline_looks_at_a_range() {
    let mut driver = Driver::with_capture();
    let whole = driver
        .state()
        .profile
        .open
        .as_ref()
        .unwrap()
        .shown
        .layout
        .total;
    driver.drag_range(0.25, 0.75);
    let (from, to) = driver
        .state()
        .profile
        .wanted
        .range_s
        .expect("a range is chosen");
    assert!(
        (from - 15.0).abs() < 1.5 && (to - 45.0).abs() < 1.5,
        "{from} to {to}"
    );
    let part = driver
        .state()
        .profile
        .open
        .as_ref()
        .unwrap()
        .shown
        .layout
        .total;
    assert!(
        part > whole / 3 && part < whole * 2 / 3,
        "{part} of {whole}"
    );
    driver.press(Modifiers::NONE, Key::Escape);
    assert_eq!(
        driver
            .state()
            .profile
            .open
            .as_ref()
            .unwrap()
            .shown
            .layout
            .total,
        whole
    );
}

#[test]
fn a_growing_recording_keeps_the_selection_and_freezes_on_demand() {
    let mut driver = Driver::new();
    driver.press(Modifiers::ALT, Key::Num2);
    driver.tell(Event::Recording {
        pid: 41_823,
        elapsed: std::time::Duration::from_secs(3),
        quality: fixtures::loaded().profile.quality.clone(),
    });
    driver.tell(Event::Live(fixtures::loaded_part(0.2)));
    driver.click_part(APPLY_BATCH);
    driver.tell(Event::Live(fixtures::loaded_part(0.4)));
    let open = |driver: &Driver| driver.state().profile.open.clone().unwrap();
    let selected = driver
        .state()
        .profile
        .selected
        .expect("the selection is kept");
    assert_eq!(
        open(&driver).name(selected),
        "ledgerd::posting::Engine::apply_batch"
    );
    driver.click("Freeze");
    let before = open(&driver).shown.layout.total;
    driver.tell(Event::Live(fixtures::loaded_part(0.6)));
    assert_eq!(open(&driver).shown.layout.total, before);
    driver.click("Follow");
    driver.tell(Event::Live(fixtures::loaded_part(0.8)));
    assert!(open(&driver).shown.layout.total > before);
}

#[test]
fn memory_shows_growth_with_its_interval_and_the_peak() {
    let mut driver = Driver::with_capture();
    driver.press(Modifiers::ALT, Key::Num3);
    assert!(driver.shows("99 % interval"), "{:#?}", driver.labels());
    assert!(driver.shows("MiB/min"));
    assert!(driver.shows("peak "));
    assert!(driver.shows("Anonymous"));
}

#[test]
fn trust_is_said_with_each_measure() {
    let driver = Driver::with_capture();
    assert!(driver.shows("Trustworthy"));
    assert!(driver.shows("lost 0"));
    assert!(driver.shows("profiler 0.9"));
}

#[test]
fn a_tree_that_became_lower_is_seen_whatever_was_scrolled() {
    let mut driver = Driver::with_capture();
    driver.resize(720.0, 450.0);
    driver.click("Search frames");
    driver.write("encode");
    driver.press(Modifiers::NONE, Key::Enter);
    // Further than the tree that is left will be high.
    assert!(driver.state().profile.scroll > 90.0);
    driver.press(Modifiers::NONE, Key::Escape);
    driver.press(Modifiers::NONE, Key::F);
    assert_eq!(driver.state().profile.wanted.transforms.len(), 1);
    assert!(driver.shows("frame flush"), "{:?}", driver.labels());
}
