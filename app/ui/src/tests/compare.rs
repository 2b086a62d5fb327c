//! Comparisons in the window: with another capture, another range, waits; and small frames hidden.

use std::sync::Arc;

use egui::{Key, Modifiers};
use scrutineer_profiler::profile::{
    Profile, Weight,
    transform::{self, Pick, Transform},
};

use super::Driver;
use crate::{
    command::{CompareSide, Request},
    event::Event,
    fixtures,
    state::profile::Open,
    views::comparison::Against,
};

const VALIDATE: &str = "ledgerd::posting::validate";

fn open(driver: &Driver) -> &Open {
    driver.state().profile.open.as_ref().unwrap()
}

/// The fixtures' profile without the stacks that hold a function.
fn without(name: &str) -> Arc<Profile> {
    let profile = fixtures::loaded().profile;
    let mut functions = profile.functions.iter();
    let function = functions
        .position(|function| function.name == name)
        .unwrap() as u32;
    let pick = Pick::function(&profile, function).unwrap();
    Arc::new(transform::apply(&profile, &[Transform::Drop(pick)]))
}

/// The base of [`compared`].
pub(super) fn without_validate() -> Arc<Profile> {
    without(VALIDATE)
}

fn other(profile: Arc<Profile>, side: CompareSide) -> Event {
    Event::Other {
        path: "/srv/ledger/before.scrutineer".into(),
        side,
        beside: fixtures::loaded().path,
        profile,
        damage: None,
    }
}

/// The fixtures' capture compared with one that does not validate yet.
pub(super) fn compared() -> Driver {
    let mut driver = Driver::with_capture();
    driver.tell(other(without(VALIDATE), CompareSide::Base));
    driver
}

/// The fixtures' capture as the base of one that does not validate any more.
fn vanished() -> Driver {
    let mut driver = Driver::new();
    let mut gone = fixtures::loaded();
    gone.profile = without(VALIDATE);
    let selection = scrutineer_profiler::profile::Selection::default();
    let options = scrutineer_profiler::profile::CallTreeOptions::default();
    let tree = scrutineer_profiler::profile::CallTree::build(&gone.profile, &selection, options);
    let order = scrutineer_profiler::profile::FlameOrder::Alphabetical;
    gone.layout = Arc::new(scrutineer_profiler::profile::FlameLayout::build(
        &tree, order,
    ));
    (gone.left_heavy, gone.tree) = (gone.layout.clone(), Arc::new(tree));
    driver.tell(Event::Loaded(gone));
    driver.tell(other(fixtures::loaded().profile, CompareSide::Base));
    driver
}

#[test]
fn the_key_the_button_and_the_palette_offer_captures_to_compare_with() {
    let mut driver = Driver::with_capture();
    driver.tell(Event::Captures(fixtures::captures()));
    driver.click("Diff");
    assert!(
        driver.shows("Compare with another capture…"),
        "{:#?}",
        driver.labels()
    );
    driver.press(Modifiers::NONE, Key::Escape);
    driver.press(Modifiers::NONE, Key::X);
    driver.requests();
    let target = &fixtures::captures()[0].target;
    driver.click_part(&format!("Compare with {target}"));
    let requests = driver.requests();
    let asked = requests.iter().any(|request| {
        matches!(request, Request::LoadOther { path: Some(path), side: CompareSide::Base, .. }
            if *path == fixtures::captures()[0].path)
    });
    assert!(asked, "{requests:?}");
}

#[test]
fn frames_say_by_sign_and_word_how_their_share_changed() {
    let driver = compared();
    let tree = &open(&driver).shown.compared.as_ref().unwrap().tree;
    let [base, candidate] = tree.wholes();
    assert!(base < candidate);
    let validate = driver.node_with("frame validate, ");
    let label = egui_kittest::kittest::NodeT::accesskit_node(&validate).label();
    assert!(
        label.unwrap().ends_with("was 0.0 %, new"),
        "{:#?}",
        driver.labels()
    );
    assert!(driver.shows("frame apply_batch, "));
    assert!(driver.shows(" points"));
    assert!(driver.shows("against before"));
    assert!(
        driver.shows("0.0\u{a0}% vanished"),
        "{:#?}",
        driver.labels()
    );
}

#[test]
fn what_vanished_is_seen_by_the_widths_of_the_base() {
    let mut driver = vanished();
    assert!(!driver.shows("frame validate, "));
    driver.press(Modifiers::NONE, Key::V);
    let validate = driver.node_with("frame validate, ");
    let label = egui_kittest::kittest::NodeT::accesskit_node(&validate).label();
    assert!(
        label.unwrap().ends_with("vanished"),
        "{:#?}",
        driver.labels()
    );
    driver.click("Widths of the candidate");
    assert!(!driver.shows("frame validate, "));
}

#[test]
fn the_table_has_both_shares_and_is_sorted_searched_and_selected_from() {
    let mut driver = compared();
    driver.press(Modifiers::NONE, Key::Num5);
    let rows = |driver: &Driver| -> Vec<f64> {
        let rows = driver.state().profile.compared.iter();
        rows.map(|row| row.total.candidate).collect()
    };
    let by_change = rows(&driver);
    driver.click("Sort by total share");
    let by_total = rows(&driver);
    assert!(by_total.is_sorted_by(|a, b| a >= b) && by_total != by_change);
    assert!(driver.shows("intervals cover sampling alone"));
    driver.click_part("function ledgerd::posting::Engine::apply_batch, ");
    assert!(driver.shows("vs base"), "{:#?}", driver.labels());
    driver.press(Modifiers::COMMAND, Key::F);
    driver.write("validate");
    assert!(driver.shows("% match"));
}

#[test]
fn the_call_tree_has_a_column_of_changes_and_keeps_what_vanished() {
    let mut driver = compared();
    driver.click_part("frame validate, ");
    let mut way = vec![driver.state().profile.selected.unwrap()];
    while way[way.len() - 1] != 0 {
        way.push(open(&driver).shown.tree.parent[way[way.len() - 1] as usize]);
    }
    driver.press(Modifiers::NONE, Key::Num4);
    for node in way.into_iter().rev() {
        let name = open(&driver).name(node).to_owned();
        if driver.shows(&format!("Unfold {name}")) {
            driver.click_part(&format!("Unfold {name}"));
        }
    }
    let tree = &open(&driver).shown.compared.as_ref().unwrap().tree;
    let validate = driver
        .state()
        .profile
        .rows
        .iter()
        .find(|row| open(&driver).name(**row) == VALIDATE && tree.total(**row).candidate > 0.0);
    let share = tree.total(*validate.expect("it is a row"));
    assert!(share.base.abs() < 1e-9 && share.is_clear());
    let label = format!("call {VALIDATE}, ");
    let node = driver.node_with(&label);
    let spoken = egui_kittest::kittest::NodeT::accesskit_node(&node).label();
    assert!(
        spoken.unwrap().ends_with("was 0.0 %, new"),
        "{:#?}",
        driver.labels()
    );
    assert!(driver.shows("call ledgerd::posting::Engine::apply_batch, "));
    assert!(driver.shows(" points"));
}

#[test]
fn the_sandwich_is_compared_on_both_sides_by_shares_of_the_whole() {
    let mut driver = compared();
    driver.click_part("frame apply_batch, ");
    driver.press(Modifiers::NONE, Key::Num3);
    let made = driver.state().profile.sandwich.clone().expect("it is made");
    let change = made.change().expect("it is compared");
    let all = &open(&driver).shown.compared.as_ref().unwrap().tree;
    let selected = driver.state().profile.selected.unwrap();
    assert!((change.candidate - all.total(selected).candidate).abs() < 1e-9);
    assert!((change.base - all.total(selected).base).abs() < 1e-9);
    assert!(change.change() > 0.0, "it validates now: {change:?}");
    assert!(driver.shows("frame validate, "), "{:#?}", driver.labels());
    assert!(driver.shows("was 0.0 %, new"));
    assert!(driver.shows(" points"));
    // Of a function that the candidate alone runs, the base has nothing to show.
    driver.click_part("frame validate, ");
    driver.press(Modifiers::NONE, Key::V);
    assert!(
        driver.shows("The base does not run it"),
        "{:#?}",
        driver.labels()
    );
}

#[test]
fn a_search_counts_both_sides_and_steps_to_what_one_alone_has() {
    let mut driver = vanished();
    driver.press(Modifiers::COMMAND, Key::F);
    driver.write("validate");
    assert!(
        driver.shows("0.0\u{a0}% match, was "),
        "{:#?}",
        driver.labels()
    );
    let found = driver.state().profile.found.clone().unwrap();
    assert_eq!(found.samples, 0);
    assert!(found.base_samples > Some(0) && !found.nodes.is_empty());
    assert!(!open(&driver).by_base);
    driver.press(Modifiers::NONE, Key::Enter);
    assert!(
        open(&driver).by_base,
        "the match is seen by the base's widths alone"
    );
    assert!(driver.shows("frame validate, "));
}

#[test]
fn views_of_the_candidate_alone_say_so_in_a_sentence() {
    let mut driver = compared();
    driver.press(Modifiers::NONE, Key::Num6);
    assert!(driver.shows("The heat map is of the candidate alone"));
    driver.press(Modifiers::NONE, Key::Num7);
    assert!(driver.shows("Time is the candidate's alone"));
    driver.press(Modifiers::NONE, Key::Num1);
    driver.click_part("frame apply_batch, ");
    driver.press(Modifiers::NONE, Key::Num8);
    assert!(driver.shows("Costs of lines are the candidate's alone"));
    driver.press(Modifiers::NONE, Key::Num1);
    driver.press(Modifiers::NONE, Key::X);
    driver.press(Modifiers::NONE, Key::Num6);
    assert!(!driver.shows("candidate alone"));
    let mut driver = vanished();
    driver.press(Modifiers::NONE, Key::V);
    driver.click_part("frame validate, ");
    driver.press(Modifiers::NONE, Key::Num8);
    assert!(
        driver.shows("Not in the candidate"),
        "{:#?}",
        driver.labels()
    );
}

#[test]
fn transforms_work_on_functions_that_only_the_base_has() {
    let mut driver = vanished();
    driver.press(Modifiers::NONE, Key::V);
    driver.click_part("frame validate, ");
    driver.press(Modifiers::NONE, Key::F);
    let tree = &open(&driver).shown.compared.as_ref().unwrap().tree;
    let [base, candidate] = tree.wholes();
    assert!(base > 0 && candidate == 0, "{:?}", tree.wholes());
}

#[test]
fn more_captures_on_both_sides_make_intervals_of_how_much_they_differ() {
    let mut driver = compared();
    driver.tell(other(without(VALIDATE), CompareSide::Base));
    driver.tell(other(fixtures::loaded().profile, CompareSide::Candidate));
    let compared = open(&driver).shown.compared.as_ref().unwrap();
    assert!(compared.sums.knows_spread);
    assert_eq!(
        (
            compared.sums.base.captures,
            compared.sums.candidate.captures
        ),
        (2, 2)
    );
    driver.press(Modifiers::NONE, Key::Num5);
    assert!(driver.shows("intervals cover how much captures differ"));
}

#[test]
fn a_range_is_held_and_compared_with_another_one() {
    let mut driver = Driver::with_capture();
    driver.drag_range(0.1, 0.4);
    let held = driver.state().profile.wanted.range_s.unwrap();
    driver.press(Modifiers::NONE, Key::B);
    driver.press(Modifiers::NONE, Key::Escape);
    driver.drag_range(0.6, 0.9);
    driver.press(Modifiers::NONE, Key::X);
    driver.click_part("Compare with the held range");
    let wanted = driver.state().profile.wanted.clone();
    assert_eq!(wanted.against, Some(Against::Range(held)));
    let compared = open(&driver).shown.compared.as_ref().unwrap();
    let [base, candidate] = compared.tree.wholes();
    assert!(base > 0 && candidate > 0);
    assert!(
        compared.one_sided.new < 1e-9,
        "the fixture does the same all the time"
    );
    driver.press(Modifiers::COMMAND, Key::K);
    driver.write("swap the sides");
    driver.press(Modifiers::NONE, Key::Enter);
    assert_eq!(driver.state().profile.wanted.range_s, Some(held));
    driver.press(Modifiers::NONE, Key::X);
    assert!(open(&driver).shown.compared.is_none());
    driver.press(Modifiers::COMMAND, Key::Z);
    assert!(
        open(&driver).shown.compared.is_some(),
        "undo compares again"
    );
}

#[test]
fn cpu_time_is_compared_with_waits() {
    let mut driver = Driver::new();
    driver.tell(Event::Loaded(fixtures::loaded_with_waits()));
    driver.press(Modifiers::COMMAND, Key::K);
    driver.write("compare cpu");
    driver.press(Modifiers::NONE, Key::Enter);
    let against = &driver.state().profile.wanted.against;
    assert_eq!(*against, Some(Against::Weight(Weight::Wait)));
    let compared = open(&driver).shown.compared.as_ref().unwrap();
    assert!(
        compared.one_sided.vanished > 0.1,
        "{:?}",
        compared.one_sided
    );
    driver.press(Modifiers::NONE, Key::T);
    let against = &driver.state().profile.wanted.against;
    assert_eq!(
        *against,
        Some(Against::Weight(Weight::Cpu)),
        "it turns around"
    );
}

#[test]
fn a_capture_that_was_asked_for_beside_another_one_is_dropped() {
    let mut driver = Driver::with_capture();
    driver.tell(Event::Other {
        path: "/elsewhere".into(),
        side: CompareSide::Base,
        beside: "/another.scrutineer".into(),
        profile: fixtures::loaded().profile,
        damage: None,
    });
    assert_eq!(driver.state().profile.wanted.against, None);
}

#[test]
fn small_frames_are_hidden_and_their_share_is_said() {
    let mut driver = Driver::with_capture();
    let all = open(&driver).shown.layout.node.len();
    driver.press(Modifiers::NONE, Key::H);
    let layout = &open(&driver).shown.layout;
    assert_eq!(layout.node.len() + layout.hidden.nodes, all);
    assert!(
        layout
            .width
            .iter()
            .all(|width| *width as f64 >= layout.total as f64 * 0.001)
    );
    assert!(driver.shows(" hidden, 0."), "{:#?}", driver.labels());
    driver.click_part("Show frames below 0.1 %: ");
    assert_eq!(open(&driver).shown.layout.node.len(), all);
}
