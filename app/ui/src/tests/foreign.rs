//! Profiles of other tools in the window: what they lack is said, and nothing is made up.

use std::sync::Arc;

use egui::{Key, Modifiers};
use scrutineer_profiler::profile::{
    CallTree, CallTreeOptions, FlameLayout, FlameOrder, Foreign, Selection, Unit,
};

use super::Driver;
use crate::{
    command::{CompareSide, Request},
    event::{Event, LoadedProfile, OtherCaptures},
    fixtures,
};

const MEASURES: [&str; 3] = ["allocated", "allocations", "peak"];

/// A file of heaptrack as it is read by one of its measures.
fn measured(at: usize) -> LoadedProfile {
    let mut loaded = loaded(false);
    let profile = Arc::make_mut(&mut loaded.profile);
    if let Some(foreign) = &mut profile.foreign {
        foreign.measure = at;
        MEASURES[at].clone_into(&mut foreign.label);
    }
    loaded
}

fn driver(has_times: bool) -> Driver {
    let mut driver = Driver::new();
    driver.tell(Event::Loaded(loaded(has_times)));
    driver
}

fn loaded(has_times: bool) -> LoadedProfile {
    let mut loaded = fixtures::loaded();
    let profile = Arc::make_mut(&mut loaded.profile);
    profile.sample_weights = vec![1_024; profile.samples.time_ns.len()];
    profile.foreign = Some(Foreign {
        format: "heaptrack",
        unit: Unit::Bytes,
        label: "allocated".into(),
        measures: MEASURES.map(str::to_owned).to_vec(),
        measure: 0,
        has_times,
        notes: Vec::new(),
    });
    let all = Selection::default();
    let tree = CallTree::build(profile, &all, CallTreeOptions::default());
    loaded.layout = Arc::new(FlameLayout::build(&tree, FlameOrder::Alphabetical));
    loaded.left_heavy = Arc::new(FlameLayout::build(&tree, FlameOrder::LeftHeavy));
    loaded.tree = Arc::new(tree);
    loaded
}

#[test]
fn the_measures_of_a_file_are_chosen_by_list_key_and_palette() {
    let mut driver = driver(false);
    let ask = |measure: &str| Request::Measure {
        path: fixtures::loaded().path,
        measure: measure.to_owned(),
    };
    driver.requests();
    driver.click("Measure: allocated");
    driver.click_part("peak");
    assert_eq!(driver.requests(), [ask("peak")]);
    driver.tell(Event::Loaded(measured(2)));
    assert!(driver.shows("Measure: peak"), "{:#?}", driver.labels());
    assert_eq!(driver.state().tabs.count(), 1);
    driver.requests();
    driver.press(Modifiers::NONE, Key::T);
    assert_eq!(
        driver.requests(),
        [ask("allocated")],
        "the next after the last is the first"
    );
    driver.press(Modifiers::COMMAND, Key::K);
    driver.write("measure allocations");
    driver.press(Modifiers::NONE, Key::Enter);
    assert_eq!(driver.requests(), [ask("allocations")]);
    assert!(
        !Driver::with_capture().shows("Measure: "),
        "a capture has weights"
    );
}

#[test]
fn a_comparison_is_by_one_measure() {
    let mut driver = driver(false);
    driver.requests();
    driver.press(Modifiers::COMMAND, Key::K);
    driver.write("compare with another");
    driver.press(Modifiers::NONE, Key::Enter);
    let asked = driver.requests();
    assert!(
        matches!(&asked[..], [Request::LoadOther { measure: Some(measure), .. }] if measure == "allocated"),
        "{asked:?}"
    );
    driver.tell(Event::Other {
        path: "/srv/before.zst".into(),
        side: CompareSide::Base,
        beside: fixtures::loaded().path,
        profile: loaded(false).profile,
        damage: None,
    });
    assert!(driver.state().profile.wanted.against.is_some());
    driver.press(Modifiers::NONE, Key::T);
    assert!(driver.state().profile.wanted.against.is_none());
    assert!(driver.shows("The comparison ended: compare again by allocations."));
}

#[test]
fn a_pinned_view_of_another_measure_is_seen_by_that_measure_again() {
    let mut driver = Driver::new();
    driver.tell(Event::Loaded(measured(2)));
    let view = crate::pin::PinState::of(&driver.state().profile);
    assert_eq!(view.measure(), Some("peak"));
    let mut again = Driver::new();
    again.tell(Event::PinFound {
        path: fixtures::loaded().path,
        view: Box::new(view.clone()),
        others: OtherCaptures::default(),
    });
    again.requests();
    again.tell(Event::Loaded(measured(0)));
    let asked = again.requests();
    assert!(asked.contains(&Request::Measure {
        path: fixtures::loaded().path,
        measure: "peak".to_owned(),
    }));
    again.tell(Event::Loaded(measured(2)));
    assert_eq!(crate::pin::PinState::of(&again.state().profile), view);
    assert!(again.state().profile.to_resume.is_none());
}

#[test]
fn a_profile_without_times_has_no_timeline_and_says_so() {
    let words = "No timeline: heaptrack files hold sums without times";
    let mut without = driver(false);
    assert!(without.shows(words), "{:#?}", without.labels());
    assert!(!without.shows("Drag to look at a range, Ctrl+wheel to zoom"));
    without.press(Modifiers::NONE, Key::Num6);
    assert!(without.shows("No heat map"), "{:#?}", without.labels());
    assert!(!driver(true).shows(words));
}

#[test]
fn its_numbers_are_in_its_own_unit_and_the_status_line_names_its_tool() {
    let mut driver = driver(false);
    assert!(driver.shows("from heaptrack"), "{:#?}", driver.labels());
    driver.press(Modifiers::NONE, Key::Num5);
    let words = "function lz4::compress, 11.3 % self, 11.3 % total";
    let labels: Vec<String> = driver.labels();
    let labels = labels.iter().map(|label| label.replace('\u{a0}', " "));
    assert!(
        labels.clone().any(|label| label == words),
        "{:#?}",
        driver.labels()
    );
    let open = driver.state().profile.open.as_ref().expect("it is open");
    assert_eq!(open.unit(), Unit::Bytes);
    assert_eq!(open.shown.layout.total % 1_024, 0);
}
