//! What holds on every screen: palette, keys, history, jobs, errors, appearance.

use egui::{Key, Modifiers, Role, vec2};
use egui_kittest::kittest::{NodeT, Queryable};

use super::Driver;
use crate::{
    command::{Request, Screen},
    event::Event,
    fixtures,
    state::Layer,
};

#[test]
fn the_palette_runs_what_was_typed() {
    let mut driver = Driver::with_review();
    driver.press(Modifiers::COMMAND, Key::K);
    driver.write("light");
    driver.press(Modifiers::NONE, Key::Enter);
    assert!(driver.state().layer.is_none());
    assert_eq!(driver.harness.ctx.theme(), egui::Theme::Light);
    driver.press(Modifiers::COMMAND, Key::K);
    driver.write("dark");
    driver.press(Modifiers::NONE, Key::Enter);
    assert_eq!(driver.harness.ctx.theme(), egui::Theme::Dark);
}

#[test]
fn the_palette_attaches_from_anywhere() {
    let mut driver = Driver::with_capture();
    driver.tell(Event::Processes(fixtures::processes()));
    driver.press(Modifiers::COMMAND, Key::K);
    driver.write("risk_scoring");
    driver.press(Modifiers::NONE, Key::Enter);
    assert_eq!(driver.state().start.selected, Some(42_107));
    driver.press(Modifiers::COMMAND, Key::K);
    driver.write("record python3");
    driver.press(Modifiers::NONE, Key::Enter);
    let requests = driver.requests();
    assert!(
        requests
            .iter()
            .any(|request| matches!(request, Request::Attach { pid: 42_107, .. }))
    );
}

#[test]
fn alt_and_a_number_shows_a_screen_and_history_walks_back() {
    let mut driver = Driver::new();
    driver.press(Modifiers::ALT, Key::Num3);
    driver.press(Modifiers::ALT, Key::Num4);
    assert_eq!(driver.state().screen, Screen::Checklist);
    driver.press(Modifiers::ALT, Key::ArrowLeft);
    assert_eq!(driver.state().screen, Screen::Memory);
    driver.press(Modifiers::ALT, Key::ArrowLeft);
    assert_eq!(driver.state().screen, Screen::Start);
    driver.press(Modifiers::ALT, Key::ArrowRight);
    assert_eq!(driver.state().screen, Screen::Memory);
}

#[test]
fn history_restores_a_selection_and_its_zoom() {
    let mut driver = Driver::with_capture();
    driver.click_part("frame post_transfer");
    driver.press(Modifiers::NONE, Key::Enter);
    let zoomed = driver.state().profile.window;
    driver.press(Modifiers::ALT, Key::Num4);
    driver.press(Modifiers::ALT, Key::Num2);
    driver.press(Modifiers::NONE, Key::Num0);
    driver.press(Modifiers::ALT, Key::ArrowLeft);
    assert_eq!(driver.state().profile.window, zoomed);
}

#[test]
fn tab_walks_through_controls_with_names() {
    let mut driver = Driver::new();
    driver.tell(Event::Processes(fixtures::processes()));
    let mut names = Vec::new();
    for _ in 0..16 {
        driver.press(Modifiers::NONE, Key::Tab);
        let all = driver.harness.query_all_by_label_contains("");
        let focused = all
            .filter(egui_kittest::Node::is_focused)
            .find_map(|node| node.accesskit_node().label());
        names.push(focused.unwrap_or_else(|| "nothing".to_owned()));
    }
    for wanted in [
        "Profile",
        "Search or run a command",
        "Search processes",
        "Tree",
        "Busy",
    ] {
        assert!(
            names.contains(&wanted.to_owned()),
            "{wanted} is not among {names:?}"
        );
    }
    assert!(!names.contains(&"nothing".to_owned()), "{names:?}");
}

#[test]
fn the_sheet_of_keys_opens_with_a_question_mark_and_closes_with_escape() {
    let mut driver = Driver::with_review();
    driver.write("?");
    assert_eq!(driver.state().layer, Some(Layer::Sheet));
    driver.press(Modifiers::NONE, Key::Escape);
    assert!(driver.state().layer.is_none());
    driver.click("Keys");
    assert_eq!(driver.state().layer, Some(Layer::Sheet));
}

#[test]
fn a_job_shows_its_step_and_can_be_cancelled() {
    let mut driver = Driver::new();
    driver.tell(Event::JobStarted {
        id: 7,
        title: "Gathering evidence".into(),
    });
    let step = "Probing 3 of 4 endpoints".to_owned();
    driver.tell(Event::JobProgress {
        id: 7,
        step,
        done: Some(0.5),
    });
    assert!(driver.shows("Probing 3 of 4 endpoints"));
    driver.click("Cancel Gathering evidence");
    assert!(driver.requests().contains(&Request::Cancel(7)));
    driver.tell(Event::JobEnded { id: 7 });
    assert!(!driver.shows("Gathering evidence"));
}

#[test]
fn an_error_stands_at_its_place_with_a_command_to_copy() {
    let mut driver = Driver::new();
    let message = "sampling is not permitted here. To enable it: sudo sysctl a.b=1".to_owned();
    driver.tell(Event::Failed { message });
    assert!(driver.shows("sampling is not permitted here"));
    assert!(driver.shows("Copy sudo sysctl a.b=1"));
    driver.click("Dismiss");
    assert!(!driver.shows("sampling is not permitted here"));
}

#[test]
fn good_news_go_by_themselves_and_errors_stay() {
    let mut driver = Driver::new();
    driver.tell(Event::Said {
        message: "Pruned 2 captures".into(),
    });
    driver.tell(Event::Failed {
        message: "the disk is full".into(),
    });
    assert!(driver.shows("Pruned 2 captures"));
    driver.harness.run_steps(60 * 9);
    assert!(!driver.shows("Pruned 2 captures"));
    assert!(driver.shows("the disk is full"));
}

#[test]
fn the_sheet_of_keys_holds_all_of_them_at_every_size() {
    let mut driver = Driver::new();
    driver.click("Keys");
    assert!(driver.shows("not applicable") && driver.shows("captures in tabs"));
    assert!(driver.shows("widen the range; Shift narrows it"));
    driver.resize(720.0, 450.0);
    assert!(driver.shows("captures in tabs"));
}

#[test]
fn a_damaged_capture_opens_and_says_what_is_missing() {
    let mut driver = Driver::new();
    let damage =
        Some("The file ends in the middle of a chunk: the last 212 bytes were lost.".to_owned());
    driver.tell(Event::Loaded(crate::event::LoadedProfile {
        damage,
        ..fixtures::loaded()
    }));
    assert!(driver.shows("the last 212 bytes were lost"));
    assert!(driver.shows("frame apply_batch"));
}

#[test]
fn empty_screens_say_why_and_offer_a_way_on() {
    let mut driver = Driver::new();
    driver.press(Modifiers::ALT, Key::Num2);
    assert!(driver.shows("No capture is open"));
    driver.click("Open the demo");
    assert!(driver.requests().contains(&Request::RunDemo));
    driver.press(Modifiers::ALT, Key::Num4);
    assert!(driver.shows("Nothing is judged yet"));
}

#[test]
fn a_small_window_keeps_every_screen_usable() {
    let mut driver = Driver::with_review();
    driver.tell(Event::Loaded(fixtures::loaded()));
    driver.tell(Event::Processes(fixtures::processes()));
    driver.tell(Event::Abilities(fixtures::abilities()));
    for size in [
        vec2(900.0, 560.0),
        vec2(640.0, 400.0),
        vec2(1_920.0, 1_080.0),
    ] {
        driver.harness.set_size(size);
        for key in [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5] {
            driver.press(Modifiers::ALT, key);
        }
    }
    driver.press(Modifiers::ALT, Key::Num2);
    assert!(driver.shows("frame apply_batch"));
}

#[test]
fn every_control_that_can_be_reached_has_a_name() {
    let mut driver = Driver::with_review();
    driver.tell(Event::Loaded(fixtures::loaded()));
    driver.tell(Event::Processes(fixtures::processes()));
    driver.tell(Event::Captures(fixtures::captures()));
    // A second capture, so that there are tabs.
    driver.tell(Event::Loaded(crate::event::LoadedProfile {
        path: "/srv/other.scrutineer".into(),
        ..fixtures::loaded()
    }));
    driver.tell(Event::Pins(super::pins::pins()));
    let shift = Modifiers::COMMAND | Modifiers::SHIFT;
    let screens = [
        (Modifiers::ALT, Key::Num1),
        (Modifiers::ALT, Key::Num2),
        (Modifiers::ALT, Key::Num3),
        (Modifiers::ALT, Key::Num4),
        (Modifiers::ALT, Key::Num5),
        (shift, Key::P),
        (Modifiers::COMMAND, Key::Comma),
    ];
    for size in [vec2(1_440.0, 900.0), vec2(720.0, 450.0)] {
        driver.harness.set_size(size);
        for (modifiers, key) in screens {
            driver.press(modifiers, key);
            assert_all_named(&driver, key);
        }
        driver.press(Modifiers::ALT, Key::Num2);
        driver.press(Modifiers::COMMAND, Key::P);
        assert_all_named(&driver, Key::P);
        driver.press(Modifiers::NONE, Key::Escape);
    }
}

fn assert_all_named(driver: &Driver, key: Key) {
    let mut found = 0;
    for role in [
        Role::Button,
        Role::TextInput,
        Role::Tab,
        Role::ListBoxOption,
        Role::ComboBox,
        Role::CheckBox,
        Role::Link,
        Role::MenuItem,
        Role::GraphicsObject,
    ] {
        for node in driver.harness.query_all_by_role(role) {
            let label = node.accesskit_node().label().unwrap_or_default();
            assert!(
                !label.trim().is_empty(),
                "a {role:?} of {key:?} has no name"
            );
            found += 1;
        }
    }
    assert!(found > 8, "{key:?} has only {found} controls");
}

#[derive(Debug)]
struct Dropped(std::path::PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &std::path::Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("nobody needs them".to_owned())
    }
}

#[test]
fn a_capture_that_is_dropped_on_the_window_opens() {
    let mut driver = Driver::new();
    let path = std::path::PathBuf::from("/srv/one.scrutineer");
    let file: egui::DroppedFileHandle = std::sync::Arc::new(Dropped(path.clone()));
    driver.harness.input_mut().dropped_files.push(file);
    driver.settle();
    assert!(driver.requests().contains(&Request::Open(path)));
    assert!(driver.shows("Opening one.scrutineer"));
}

#[test]
fn what_lies_outside_of_a_small_window_is_scrolled_to() {
    let mut driver = Driver::new();
    driver.tell(Event::Processes(fixtures::processes()));
    driver.resize(720.0, 450.0);
    let launch = driver.node_with("Launch").rect();
    driver.harness.hover_at(egui::pos2(400.0, 300.0));
    driver.harness.step();
    driver.harness.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Point,
        delta: vec2(0.0, -200.0),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Wheel,
        modifiers: Modifiers::SHIFT,
    });
    driver.harness.run_steps(30);
    let moved = driver.node_with("Launch").rect();
    assert!(moved.left() < launch.left() - 20.0, "{launch:?} {moved:?}");
}

#[test]
fn the_views_become_a_menu_where_the_toolbar_is_narrow() {
    let mut driver = Driver::with_capture();
    driver.resize(720.0, 450.0);
    driver.click("View: Flame");
    driver.click("Call tree");
    assert_eq!(
        driver.state().profile.mode,
        crate::state::profile::Mode::CallTree
    );
    assert!(driver.shows("View: Call tree"));
}
