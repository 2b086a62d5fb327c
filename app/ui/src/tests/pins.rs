//! Pins: a view is pinned with a note and its picture, and seen again exactly as it was.

use std::{path::PathBuf, sync::Arc};

use egui::{Key, Modifiers};
use scrutineer_checklists::document::PinnedView;

use super::Driver;
use crate::{
    command::{Request, Screen},
    event::{Event, LoadedProfile, OtherCapture, OtherCaptures},
    fixtures,
    pin::Pin,
    state::profile::Mode,
};

/// Pins what is seen, with a note.
fn pinned(driver: &mut Driver, note: &str) -> (PathBuf, Pin) {
    driver.press(Modifiers::COMMAND, Key::P);
    assert!(driver.shows("Pin as evidence"));
    driver.write(note);
    driver.press(Modifiers::NONE, Key::Enter);
    let requests = driver.requests();
    let kept = requests.into_iter().find_map(|request| match request {
        Request::KeepPin { path, pin } => Some((path, *pin)),
        _ => None,
    });
    kept.expect("the view is kept")
}

#[test]
fn a_view_is_pinned_with_its_note_title_scope_and_picture() {
    let mut driver = Driver::with_capture();
    driver.click_part("frame apply_batch");
    let (path, pin) = pinned(&mut driver, "The batch is too large");
    assert_eq!(path, fixtures::loaded().path);
    let shown = &pin.shown;
    assert_eq!(shown.note, "The batch is too large");
    assert!(shown.title.starts_with("apply_batch, "), "{}", shown.title);
    assert!(shown.title.ends_with("of CPU time"), "{}", shown.title);
    assert_eq!(shown.scope, ["Flame"]);
    assert_eq!(shown.capture.target, "ledgerd");
    let selected = &shown.picture.boxes[shown.selected.unwrap()];
    assert_eq!(selected.name, "ledgerd::posting::Engine::apply_batch");
    let root = &shown.picture.boxes[0];
    assert!((root.width - 1.0).abs() < 1e-9 && root.x.abs() < 1e-9);
}

#[test]
fn the_picture_is_of_what_is_seen_when_zoomed() {
    let mut driver = Driver::with_capture();
    driver.click_part("frame apply_batch");
    driver.press(Modifiers::NONE, Key::Enter);
    let (_, pin) = pinned(&mut driver, "");
    let selected = &pin.shown.picture.boxes[pin.shown.selected.unwrap()];
    assert!((selected.width - 1.0).abs() < 1e-4, "{selected:?}");
}

#[test]
fn a_pinned_view_is_seen_again_exactly_in_a_window_that_knew_nothing_of_it() {
    let mut driver = Driver::with_capture();
    driver.drag_range(0.2, 0.7);
    driver.click_part("frame apply_batch");
    driver.press(Modifiers::NONE, Key::R);
    driver.press(Modifiers::NONE, Key::H);
    driver.press(Modifiers::NONE, Key::Num2);
    driver.press(Modifiers::NONE, Key::Enter);
    driver.click("Search frames");
    driver.write("encode");
    let before = driver.state().profile.clone();
    let name = |driver: &Driver| {
        let profile = &driver.state().profile;
        let open = profile.open.as_ref().unwrap();
        open.name(profile.selected.unwrap()).to_owned()
    };
    let selected = name(&driver);
    let (_, pin) = pinned(&mut driver, "");

    let mut other = Driver::new();
    let path = PathBuf::from("/elsewhere/ledgerd.scrutineer");
    other.tell(Event::PinFound {
        path: path.clone(),
        view: Box::new(pin.view.clone()),
        others: OtherCaptures::default(),
    });
    assert!(other.requests().contains(&Request::Open(path.clone())));
    other.tell(Event::Loaded(LoadedProfile {
        path: path.clone(),
        ..fixtures::loaded()
    }));
    let assert_restored = |driver: &Driver| {
        let after = &driver.state().profile;
        assert_eq!(driver.state().screen, Screen::Profile);
        assert_eq!(after.mode, Mode::LeftHeavy);
        assert_eq!(after.wanted, before.wanted);
        assert_eq!(after.window, before.window);
        assert_eq!(after.search, before.search);
        assert_eq!(name(driver), selected);
        let found = |profile: &crate::state::profile::ProfileState| {
            profile.found.as_ref().map(|found| found.samples)
        };
        assert_eq!(found(after), found(&before));
        assert_eq!(crate::pin::PinState::of(after), pin.view);
    };
    assert_restored(&other);
    // In a capture that is open already it takes the place of what is seen, with a way back.
    other.press(Modifiers::NONE, Key::Escape);
    other.press(Modifiers::NONE, Key::Escape);
    other.press(Modifiers::NONE, Key::Escape);
    other.press(Modifiers::ALT, Key::Num1);
    other.tell(Event::PinFound {
        path,
        view: Box::new(pin.view.clone()),
        others: OtherCaptures::default(),
    });
    assert_restored(&other);
    assert_eq!(other.state().tabs.count(), 1);
}

pub(super) fn pins() -> Vec<Arc<PinnedView>> {
    let pin = |id: &str, title: &str, note: &str| {
        let mut driver = Driver::with_capture();
        let (_, pin) = pinned(&mut driver, note);
        Arc::new(PinnedView {
            id: id.to_owned(),
            title: title.to_owned(),
            by: "Ada".to_owned(),
            pinned_at: fixtures::now(),
            ..pin.shown
        })
    };
    vec![
        pin("a", "encode, 12 % of CPU time", "look again"),
        pin("b", "apply_batch, 49.6 % of CPU time", ""),
    ]
}

#[test]
fn pins_are_listed_newest_first_chosen_opened_noted_and_removed() {
    let mut driver = Driver::new();
    driver.press(Modifiers::COMMAND | Modifiers::SHIFT, Key::P);
    assert_eq!(driver.state().screen, Screen::Pins);
    assert!(driver.requests().contains(&Request::ListPins));
    driver.tell(Event::Pins(Vec::new()));
    assert!(driver.shows("Nothing is pinned yet"));
    driver.tell(Event::Pins(pins()));
    assert!(driver.shows("pin encode, 12 % of CPU time, note: look again"));
    driver.press(Modifiers::NONE, Key::ArrowDown);
    driver.press(Modifiers::NONE, Key::Enter);
    assert_eq!(driver.requests(), [Request::OpenPin("b".to_owned())]);
    driver.press(Modifiers::COMMAND, Key::K);
    driver.write("open the pinned view");
    driver.press(Modifiers::NONE, Key::Enter);
    assert_eq!(driver.requests(), [Request::OpenPin("b".to_owned())]);
    driver.press(Modifiers::NONE, Key::J);
    driver.press(Modifiers::NONE, Key::N);
    driver.press(Modifiers::COMMAND, Key::A);
    driver.write("seen by all");
    driver.press(Modifiers::NONE, Key::Enter);
    let note = Request::NotePin {
        id: "a".to_owned(),
        note: "seen by all".to_owned(),
    };
    assert_eq!(driver.requests(), [note]);
    driver.click("Remove encode, 12 % of CPU time");
    driver.press(Modifiers::NONE, Key::Escape);
    assert_eq!(driver.requests(), []);
    driver.press(Modifiers::NONE, Key::ArrowUp);
    driver.press(Modifiers::NONE, Key::Delete);
    driver.click_part("Remove for good");
    let removed = driver.requests();
    assert!(
        matches!(removed[..], [Request::RemovePin(_)]),
        "{removed:?}"
    );
}

#[test]
fn a_recording_that_runs_is_not_pinned() {
    let mut driver = Driver::new();
    driver.press(Modifiers::ALT, Key::Num2);
    driver.tell(Event::Live(fixtures::loaded_part(0.5)));
    driver.press(Modifiers::COMMAND, Key::P);
    assert!(driver.state().layer.is_none());
    assert!(!driver.shows("Pin as evidence"));
}

/// A window in which a pinned view is found again, its capture open.
fn seen_again(pin: &Pin, loaded: LoadedProfile, others: OtherCaptures) -> Driver {
    let mut driver = Driver::new();
    driver.tell(Event::PinFound {
        path: loaded.path.clone(),
        view: Box::new(pin.view.clone()),
        others,
    });
    driver.tell(Event::Loaded(loaded));
    driver
}

#[test]
fn a_comparison_of_captures_is_pinned_with_its_colours_and_seen_again() {
    let mut driver = super::compare::compared();
    driver.click_part("frame apply_batch, ");
    let (_, pin) = pinned(&mut driver, "It validates now");
    let shown = &pin.shown;
    assert!(shown.title.starts_with("apply_batch, +"), "{}", shown.title);
    assert!(
        shown.title.ends_with("of CPU time against before"),
        "{}",
        shown.title
    );
    assert!(shown.scope.contains(&"against before".to_owned()));
    assert_eq!(shown.bases[0].file, "/srv/ledger/before.scrutineer");
    assert!(shown.total.contains(" against "), "{}", shown.total);
    let changes = shown
        .picture
        .boxes
        .iter()
        .map(|frame| (&frame.name, frame.change));
    let of = |name: &str| {
        let mut found = changes.clone().filter(|(of, _)| of.ends_with(name));
        found.next().and_then(|(_, change)| change).expect(name)
    };
    let validate = of("::validate");
    assert_eq!((validate.step, validate.mark().as_str()), (0, "new"));
    assert!(of("apply_batch").candidate > of("apply_batch").base);

    let compared = driver.state().profile.clone();
    let others = OtherCaptures {
        bases: vec![OtherCapture {
            path: "/srv/ledger/before.scrutineer".into(),
            profile: super::compare::without_validate(),
        }],
        candidates: Vec::new(),
    };
    let mut again = seen_again(&pin, fixtures::loaded(), others);
    let (before, after) = (&compared, &again.state().profile);
    let wholes = |profile: &crate::state::profile::ProfileState| {
        let open = profile.open.as_ref().unwrap();
        open.shown.compared.as_ref().unwrap().tree.wholes()
    };
    assert_eq!(wholes(after), wholes(before));
    assert_eq!(after.selected, before.selected);
    assert_eq!(crate::pin::PinState::of(after), pin.view);
    let (_, pinned_again) = pinned(&mut again, "It validates now");
    assert_eq!(pinned_again, pin);
}

#[test]
fn comparisons_within_a_capture_are_pinned_with_range_widths_and_transforms() {
    let mut driver = Driver::with_capture();
    driver.drag_range(0.1, 0.4);
    driver.press(Modifiers::NONE, Key::B);
    driver.press(Modifiers::NONE, Key::Escape);
    driver.drag_range(0.6, 0.9);
    driver.press(Modifiers::NONE, Key::X);
    driver.click_part("Compare with the held range");
    driver.click_part("frame apply_batch, ");
    driver.press(Modifiers::NONE, Key::R);
    driver.press(Modifiers::NONE, Key::V);
    let wanted = driver.state().profile.wanted.clone();
    let (_, pin) = pinned(&mut driver, "");
    assert!(pin.shown.bases.is_empty());
    assert!(pin.shown.scope.contains(&"widths of the base".to_owned()));
    let again = seen_again(&pin, fixtures::loaded(), OtherCaptures::default());
    let after = &again.state().profile;
    assert_eq!(after.wanted, wanted);
    assert!(after.open.as_ref().unwrap().by_base);
    assert_eq!(crate::pin::PinState::of(after), pin.view);

    let mut driver = Driver::new();
    driver.tell(Event::Loaded(fixtures::loaded_with_waits()));
    driver.press(Modifiers::COMMAND, Key::K);
    driver.write("compare cpu");
    driver.press(Modifiers::NONE, Key::Enter);
    let (_, pin) = pinned(&mut driver, "");
    let again = seen_again(
        &pin,
        fixtures::loaded_with_waits(),
        OtherCaptures::default(),
    );
    assert_eq!(again.state().profile.wanted, driver.state().profile.wanted);
}

#[test]
fn the_stacks_of_a_thread_over_time_are_pinned_with_the_share_and_picture_of_the_merged_ones() {
    let mut driver = Driver::with_capture();
    driver.click_part("frame apply_batch");
    let (_, flame) = pinned(&mut driver, "");
    driver.press(Modifiers::NONE, Key::Num7);
    assert_eq!(driver.state().profile.mode, Mode::TimeOrder);
    let (_, pin) = pinned(&mut driver, "");
    assert_eq!(pin.shown.title, flame.shown.title);
    assert_eq!(pin.shown.picture, flame.shown.picture);
    assert_eq!(pin.shown.scope, [Mode::TimeOrder.label()]);
}
