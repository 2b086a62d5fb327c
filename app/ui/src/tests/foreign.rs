//! Profiles of other tools in the window: what they lack is said, and nothing is made up.

use std::sync::Arc;

use egui::{Key, Modifiers};
use scrutineer_profiler::profile::{
    CallTree, CallTreeOptions, FlameLayout, FlameOrder, Foreign, Selection, Unit,
};

use super::Driver;
use crate::{event::Event, fixtures};

fn driver(has_times: bool) -> Driver {
    let mut loaded = fixtures::loaded();
    let profile = Arc::make_mut(&mut loaded.profile);
    profile.sample_weights = vec![1_024; profile.samples.time_ns.len()];
    profile.foreign = Some(Foreign {
        format: "heaptrack",
        unit: Unit::Bytes,
        label: "allocated".into(),
        has_times,
        notes: Vec::new(),
    });
    let all = Selection::default();
    let tree = CallTree::build(profile, &all, CallTreeOptions::default());
    loaded.layout = Arc::new(FlameLayout::build(&tree, FlameOrder::Alphabetical));
    loaded.left_heavy = Arc::new(FlameLayout::build(&tree, FlameOrder::LeftHeavy));
    loaded.tree = Arc::new(tree);
    let mut driver = Driver::new();
    driver.tell(Event::Loaded(loaded));
    driver
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
