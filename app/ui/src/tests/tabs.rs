//! Captures side by side: each tab keeps its own selection, view, transforms and history.

use std::path::PathBuf;

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;

use super::Driver;
use crate::{
    command::{Request, Screen},
    event::{Event, LoadedProfile, OtherCaptures},
    fixtures,
    open_tabs::OpenTab,
    state::profile::Mode,
};

fn named(path: &str) -> LoadedProfile {
    LoadedProfile {
        path: PathBuf::from(path),
        ..fixtures::loaded()
    }
}

/// Two captures, the second one shown.
fn driver() -> Driver {
    let mut driver = Driver::new();
    driver.tell(Event::Loaded(named("/srv/a.scrutineer")));
    driver.tell(Event::Loaded(named("/srv/b.scrutineer")));
    driver.requests();
    driver
}

fn shown(driver: &Driver) -> &str {
    let open = driver.state().profile.open.as_ref();
    open.map_or("", |open| open.loaded.path.to_str().unwrap())
}

#[test]
fn one_capture_has_no_strip_and_a_second_one_opens_beside_it() {
    let driver = Driver::with_capture();
    assert!(!driver.shows("tab 1"));
    let driver = self::driver();
    assert!(driver.shows("tab 1 ledgerd") && driver.shows("tab 2 ledgerd"));
    assert_eq!(shown(&driver), "/srv/b.scrutineer");
}

#[test]
fn keys_clicks_and_the_palette_switch_tabs() {
    let mut driver = driver();
    driver.press(Modifiers::COMMAND, Key::Num1);
    assert_eq!(shown(&driver), "/srv/a.scrutineer");
    driver.press(Modifiers::COMMAND, Key::Tab);
    assert_eq!(shown(&driver), "/srv/b.scrutineer");
    driver.press(Modifiers::COMMAND, Key::Tab);
    assert_eq!(shown(&driver), "/srv/a.scrutineer");
    driver.press(Modifiers::COMMAND | Modifiers::SHIFT, Key::Tab);
    assert_eq!(shown(&driver), "/srv/b.scrutineer");
    driver.node_with("tab 1 ledgerd").click();
    driver.settle();
    assert_eq!(shown(&driver), "/srv/a.scrutineer");
    driver.press(Modifiers::COMMAND, Key::K);
    driver.write("show tab 2");
    driver.press(Modifiers::NONE, Key::Enter);
    assert_eq!(shown(&driver), "/srv/b.scrutineer");
    driver.press(Modifiers::ALT, Key::Num1);
    driver.press(Modifiers::COMMAND, Key::Num1);
    assert_eq!(driver.state().screen, Screen::Profile);
    assert_eq!(shown(&driver), "/srv/a.scrutineer");
}

#[test]
fn each_tab_keeps_its_selection_view_transforms_zoom_and_history() {
    let mut driver = driver();
    driver.click_part("frame apply_batch");
    driver.press(Modifiers::NONE, Key::M);
    driver.press(Modifiers::NONE, Key::Num4);
    driver.click("Search frames");
    driver.write("encode");
    let there = driver.state().profile.wanted.clone();
    assert_eq!(there.transforms.len(), 1);
    driver.press(Modifiers::COMMAND, Key::Num1);
    let first = &driver.state().profile;
    assert_eq!(first.mode, Mode::Flame);
    assert!(first.search.is_empty() && first.wanted.transforms.is_empty());
    assert!(driver.shows("frame apply_batch"));
    driver.press(Modifiers::COMMAND, Key::Num2);
    let second = &driver.state().profile;
    assert_eq!(
        (second.mode, second.search.as_str()),
        (Mode::CallTree, "encode")
    );
    assert_eq!(second.wanted, there);
    driver.press(Modifiers::NONE, Key::Escape);
    driver.press(Modifiers::ALT, Key::ArrowLeft);
    assert!(driver.state().profile.wanted.transforms.is_empty());
    driver.press(Modifiers::ALT, Key::ArrowRight);
    assert_eq!(driver.state().profile.wanted, there);
}

#[test]
fn what_was_asked_in_a_tab_arrives_there_while_another_is_shown() {
    let mut driver = driver();
    driver.press(Modifiers::NONE, Key::I);
    driver.harness.key_press_modifiers(Modifiers::NONE, Key::I);
    driver
        .harness
        .key_press_modifiers(Modifiers::COMMAND, Key::Num1);
    driver.settle();
    assert!(!driver.state().profile.wanted.inverted);
    driver.press(Modifiers::COMMAND, Key::Num2);
    let profile = &driver.state().profile;
    let open = profile.open.as_ref().unwrap();
    assert_eq!(open.arrangement, profile.wanted);
}

#[test]
fn a_tab_is_closed_with_its_cross_the_middle_button_or_a_key() {
    let mut driver = driver();
    driver.click_part("Close tab 1");
    assert_eq!(shown(&driver), "/srv/b.scrutineer");
    assert!(!driver.shows("tab 2"));
    driver.tell(Event::Loaded(named("/srv/c.scrutineer")));
    let place = driver.node_with("tab 1 ledgerd").rect().left_center();
    let place = place + egui::vec2(20.0, 0.0);
    driver.harness.hover_at(place);
    for pressed in [true, false] {
        driver.harness.event(egui::Event::PointerButton {
            pos: place,
            button: egui::PointerButton::Middle,
            pressed,
            modifiers: Modifiers::NONE,
        });
        driver.harness.step();
    }
    driver.settle();
    assert_eq!(driver.state().tabs.count(), 1);
    assert_eq!(shown(&driver), "/srv/c.scrutineer");
    driver.press(Modifiers::COMMAND, Key::W);
    assert!(driver.shows("No capture is open"));
    assert!(driver.requests().contains(&Request::FrontCapture(None)));
}

#[test]
fn a_capture_that_is_open_already_is_shown_and_not_read_again() {
    let mut driver = driver();
    let recent = crate::event::RecentCapture {
        path: "/srv/a.scrutineer".into(),
        ..fixtures::captures()[0].clone()
    };
    driver.press(Modifiers::ALT, Key::Num1);
    driver.tell(Event::Captures(vec![recent]));
    driver.requests();
    driver.click_part("capture ledgerd");
    assert_eq!(shown(&driver), "/srv/a.scrutineer");
    let requests = driver.requests();
    let opens = |request: &Request| matches!(request, Request::Open(_));
    assert!(!requests.iter().any(opens), "{requests:?}");
}

#[test]
fn a_recording_grows_in_its_own_tab_while_another_is_looked_at() {
    let mut driver = Driver::new();
    driver.tell(Event::Loaded(named("/srv/a.scrutineer")));
    driver.press(Modifiers::ALT, Key::Num1);
    driver.tell(Event::Processes(fixtures::processes()));
    driver.click_part("process firefox");
    driver.click("Record");
    let live = |share| LoadedProfile {
        path: "/srv/live.scrutineer".into(),
        ..fixtures::loaded_part(share)
    };
    driver.tell(Event::Live(live(0.3)));
    assert_eq!(shown(&driver), "/srv/live.scrutineer");
    assert!(driver.shows("tab 2 ledgerd recording"));
    driver.press(Modifiers::COMMAND, Key::Num1);
    driver.tell(Event::Live(live(0.6)));
    assert_eq!(shown(&driver), "/srv/a.scrutineer");
    driver.tell(Event::RecordingEnded {
        warnings: Vec::new(),
    });
    driver.tell(Event::Loaded(live(1.0)));
    assert_eq!(shown(&driver), "/srv/a.scrutineer");
    assert!(!driver.shows("ledgerd recording"));
    assert_eq!(driver.state().tabs.count(), 2);
    driver.press(Modifiers::COMMAND, Key::Num2);
    let open = driver.state().profile.open.as_ref().unwrap();
    assert!(!open.live);
    assert_eq!(
        open.profile().samples.time_ns.len(),
        live(1.0).profile.samples.time_ns.len()
    );
    assert!(
        driver
            .harness
            .query_by_label("Stop the recording")
            .is_none()
    );
}

#[test]
fn a_tab_whose_capture_cannot_be_read_goes_again() {
    let mut driver = Driver::with_capture();
    let before = driver.state().profile.generation;
    driver.tell(Event::Captures(fixtures::captures()));
    driver.press(Modifiers::ALT, Key::Num1);
    driver.click_part("capture risk_scoring");
    assert!(driver.shows("Opening risk_scoring"));
    let message = "cannot read the capture".to_owned();
    driver.tell(Event::Failed { message });
    assert_eq!(driver.state().tabs.count(), 1);
    assert_eq!(driver.state().profile.generation, before);
}

/// The tabs of a window, as they are found when the next one is opened.
fn found(driver: &Driver) -> Vec<OpenTab> {
    driver
        .harness
        .state()
        .workbench
        .as_ref()
        .unwrap()
        .open_tabs()
        .tabs
}

#[test]
fn tabs_are_opened_again_with_their_views_and_the_same_one_in_front() {
    let mut driver = self::driver();
    driver.drag_range(0.2, 0.7);
    driver.click_part("frame apply_batch");
    driver.press(Modifiers::NONE, Key::Num2);
    let (kept, shown) = {
        let workbench = driver.harness.state().workbench.as_ref().unwrap();
        (workbench.open_tabs(), driver.state().tabs.shown())
    };
    assert_eq!((kept.tabs.len(), kept.shown), (2, shown));

    let mut again = Driver::new();
    again.tell(Event::TabsFound {
        tabs: kept.tabs.clone(),
        front: Some(kept.shown),
        missing: vec!["/srv/gone.scrutineer".into()],
    });
    assert_eq!(again.state().screen, Screen::Profile);
    assert_eq!(again.state().tabs.count(), 2);
    assert_eq!(
        found(&again),
        kept.tabs,
        "what is not there yet is not forgotten"
    );
    assert!(again.shows("gone.scrutineer was open last time and is not there any more"));
    for tab in &kept.tabs {
        again.tell(Event::Restored {
            loaded: LoadedProfile {
                path: tab.path.clone(),
                ..fixtures::loaded()
            },
            view: Box::new(tab.view.clone()),
            others: OtherCaptures::default(),
        });
    }
    assert_eq!(found(&again), kept.tabs);
    assert_eq!(again.state().tabs.shown(), kept.shown);
    let (before, after) = (&driver.state().profile, &again.state().profile);
    assert_eq!(
        (after.selected, &after.wanted),
        (before.selected, &before.wanted)
    );
    assert_eq!(after.mode, before.mode);
}

#[test]
fn a_file_of_last_time_that_cannot_be_read_takes_its_own_tab_away_alone() {
    let kept = found(&self::driver());
    let mut again = Driver::new();
    again.tell(Event::TabsFound {
        tabs: kept.clone(),
        front: Some(0),
        missing: Vec::new(),
    });
    again.tell(Event::OpenFailed {
        path: kept[0].path.clone(),
        message: "the file is damaged".to_owned(),
    });
    assert_eq!(again.state().tabs.count(), 1);
    assert!(again.shows("the file is damaged"));
    again.tell(Event::Restored {
        loaded: LoadedProfile {
            path: kept[1].path.clone(),
            ..fixtures::loaded()
        },
        view: Box::new(kept[1].view.clone()),
        others: OtherCaptures::default(),
    });
    assert_eq!(found(&again), kept[1..]);
}

#[test]
fn tabs_of_last_time_stay_behind_a_file_that_was_asked_for() {
    let kept = found(&self::driver());
    let mut again = Driver::new();
    let asked = LoadedProfile {
        path: "/srv/asked.scrutineer".into(),
        ..fixtures::loaded()
    };
    again.tell(Event::Loaded(asked));
    again.tell(Event::TabsFound {
        tabs: kept.clone(),
        front: None,
        missing: Vec::new(),
    });
    assert_eq!(again.state().tabs.count(), 3);
    let open = again.state().profile.open.as_ref().unwrap();
    assert_eq!(open.loaded.path.to_str(), Some("/srv/asked.scrutineer"));
    assert_eq!(found(&again)[1..], kept);
}
