//! The settings screen: each setting holds at once, and is kept.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;

use super::Driver;
use crate::{
    command::{Request, Screen},
    event::Event,
    settings::{Settings, ThemeChoice, WheelAction},
};

fn driver() -> Driver {
    let mut driver = Driver::new();
    driver.press(Modifiers::COMMAND, Key::Comma);
    driver.requests();
    driver
}

/// What is to be kept after the requests since the last call.
fn kept(driver: &mut Driver) -> Settings {
    let requests = driver.requests();
    let kept = requests
        .into_iter()
        .rev()
        .find_map(|request| match request {
            Request::SaveSettings { after, .. } => Some(*after),
            _ => None,
        });
    kept.expect("something was changed")
}

#[test]
fn the_screen_is_reached_by_key_by_the_rail_and_by_the_palette() {
    assert_eq!(driver().state().screen, Screen::Settings);
    let mut driver = Driver::new();
    driver.click("Settings");
    assert_eq!(driver.state().screen, Screen::Settings);
    driver.press(Modifiers::ALT, Key::Num1);
    driver.press(Modifiers::COMMAND, Key::K);
    driver.write("go to settings");
    driver.press(Modifiers::NONE, Key::Enter);
    assert_eq!(driver.state().screen, Screen::Settings);
}

#[test]
fn theme_and_scale_hold_at_once_and_are_kept() {
    let mut driver = driver();
    driver.click("Light");
    assert_eq!(driver.harness.ctx.theme(), egui::Theme::Light);
    assert_eq!(kept(&mut driver).theme, ThemeChoice::Light);
    driver.click("Scale: 100 %");
    driver.click("150 %");
    assert!((driver.harness.ctx.zoom_factor() - 1.5).abs() < 1e-6);
    assert_eq!(kept(&mut driver).scale_percent, 150);
    driver.press(Modifiers::COMMAND, Key::Minus);
    assert_eq!(kept(&mut driver).scale_percent, 140);
}

#[test]
fn motion_that_is_reduced_is_kept() {
    let mut driver = driver();
    driver.click("Reduced");
    assert!(driver.state().appearance.reduce_motion);
    assert!(kept(&mut driver).reduce_motion);
}

#[test]
fn settings_that_were_kept_hold_when_they_come() {
    let mut driver = Driver::new();
    driver.tell(Event::Settings {
        settings: Some(Box::new(Settings {
            theme: ThemeChoice::Light,
            scale_percent: 120,
            ..Settings::default()
        })),
        path: "/home/dev/.config/scrutineer/settings.ron".into(),
        problem: None,
    });
    assert_eq!(driver.harness.ctx.theme(), egui::Theme::Light);
    assert!((driver.harness.ctx.zoom_factor() - 1.2).abs() < 1e-6);
    assert!(
        driver
            .requests()
            .iter()
            .all(|request| { !matches!(request, Request::SaveSettings { .. }) })
    );
    driver.press(Modifiers::COMMAND, Key::Comma);
    assert!(driver.shows("/home/dev/.config/scrutineer/settings.ron"));
}

#[test]
fn a_broken_file_is_told_and_can_be_set_aside() {
    let mut driver = driver();
    let problem = "/c/settings.ron:3:5: unknown field \"colour\"".to_owned();
    driver.tell(Event::Settings {
        settings: None,
        path: "/c/settings.ron".into(),
        problem: Some(problem),
    });
    assert!(driver.shows("settings.ron:3:5"));
    driver.click("Set it aside and begin anew");
    let requests = driver.requests();
    assert!(matches!(requests[..], [Request::ReplaceSettings(_)]));
    driver.click("Read it again");
    assert_eq!(driver.requests(), [Request::ReadSettings]);
}

#[test]
fn source_folders_are_added_and_removed_and_a_relative_one_is_refused() {
    let mut driver = driver();
    driver.click("Source folder");
    driver.write("src");
    driver.press(Modifiers::NONE, Key::Enter);
    assert_eq!(driver.requests(), []);
    driver.click("Source folder");
    driver.press(Modifiers::COMMAND, Key::A);
    driver.write("/home/dev/src");
    driver.click("Add the source folder");
    let folders = kept(&mut driver).source_folders;
    assert_eq!(folders, [std::path::PathBuf::from("/home/dev/src")]);
    driver.click("Remove /home/dev/src");
    assert!(kept(&mut driver).source_folders.is_empty());
}

#[test]
fn the_captures_folder_is_taken_with_enter() {
    let mut driver = driver();
    driver.click("Captures folder");
    driver.write("/srv/captures");
    driver.press(Modifiers::NONE, Key::Enter);
    let folder = kept(&mut driver).captures_folder;
    assert_eq!(folder, Some("/srv/captures".into()));
}

#[test]
fn limits_of_pruning_are_chosen_and_carried_out() {
    let mut driver = driver();
    driver.click("Remove after: never");
    driver.click("30 days");
    driver.click("Keep at most: everything");
    driver.click("10 GiB");
    let prune = kept(&mut driver).prune;
    assert_eq!(prune.max_age_days, Some(30));
    assert_eq!(prune.max_total_mib, Some(10 * 1024));
    driver.click("Prune");
    assert_eq!(driver.requests(), [Request::PruneCaptures]);
}

#[test]
fn the_wheel_zooms_the_flame_graph_where_that_was_set() {
    let turn = |driver: &mut Driver| {
        let place = driver.node_with("frame apply_batch").rect().center();
        driver.harness.hover_at(place);
        driver.harness.step();
        driver.harness.event(egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: egui::vec2(0.0, 60.0),
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Wheel,
            modifiers: Modifiers::NONE,
        });
        driver.harness.run_steps(20);
    };
    let mut driver = Driver::with_capture();
    let whole = driver.state().profile.window;
    turn(&mut driver);
    assert_eq!(driver.state().profile.window, whole);
    driver.press(Modifiers::COMMAND, Key::K);
    driver.write("wheel zooms");
    driver.press(Modifiers::NONE, Key::Enter);
    assert_eq!(kept(&mut driver).wheel, WheelAction::Zoom);
    turn(&mut driver);
    let window = driver.state().profile.window;
    assert!(window.right - window.left < 0.9, "{window:?}");
    assert!(driver.harness.query_by_label("Settings").is_some());
}

#[test]
fn opening_the_tabs_of_last_time_is_switched_off_and_on() {
    let mut driver = driver();
    driver.click("Nothing");
    assert!(!kept(&mut driver).restore_tabs);
    driver.click("Last tabs");
    assert!(kept(&mut driver).restore_tabs);
    assert!(Settings::default().restore_tabs);
}
