//! Source and instructions side by side, of this very program: the only code that is here for sure.

use std::sync::Arc;

use egui::{Key, Modifiers};
use scrutineer_profiler::profile::{
    CallTree, CallTreeOptions, FlameLayout, FlameOrder, Profile, Selection,
};

use super::Driver;
use crate::{event::Event, fixtures, views::listing::Listing};

const FUNCTION: &str = "ledgerd::journal::Entry::encode";

/// Entry point of an ELF file of 64 bits, as its header states it.
fn entry(program: &std::path::Path) -> u64 {
    let bytes = std::fs::read(program).unwrap();
    u64::from_le_bytes(bytes[24..32].try_into().unwrap())
}

/// The fixtures' capture with a function's frames moved to the entry of this program.
fn driver() -> Driver {
    let program = std::env::current_exe().unwrap();
    let mut loaded = fixtures::loaded();
    let mut profile = Profile::clone(&loaded.profile);
    let mut functions = profile.functions.iter();
    let function = functions.position(|f| f.name == FUNCTION).unwrap() as u32;
    let module = profile.functions[function as usize].module as usize;
    profile.modules[module].path = program.to_string_lossy().into_owned();
    profile.modules[module].build_id.clear();
    profile.header.started_at = jiff::Timestamp::now();
    let address = entry(&program);
    for frame in 0..profile.frames.len() {
        let holds =
            |logical: &scrutineer_profiler::profile::LogicalFrame| logical.function == function;
        if profile.logical_of(frame as u32).iter().any(holds) {
            profile.frames[frame].address = address;
        }
    }
    let tree = CallTree::build(&profile, &Selection::default(), CallTreeOptions::default());
    loaded.layout = Arc::new(FlameLayout::build(&tree, FlameOrder::Alphabetical));
    loaded.left_heavy = Arc::new(FlameLayout::build(&tree, FlameOrder::LeftHeavy));
    (loaded.tree, loaded.profile) = (Arc::new(tree), Arc::new(profile));
    let mut driver = Driver::new();
    driver.tell(Event::Loaded(loaded));
    driver.press(Modifiers::NONE, Key::Num5);
    driver.click_part(&format!("function {FUNCTION}"));
    driver.press(Modifiers::NONE, Key::Num8);
    driver
}

fn listing(driver: &Driver) -> Arc<Listing> {
    driver.state().profile.listing.clone().expect("it was made")
}

#[test]
#[cfg(target_arch = "x86_64")]
fn instructions_stand_there_with_what_they_cost() {
    let driver = driver();
    let listing = listing(&driver);
    assert!(!listing.code.is_empty(), "{}", listing.note);
    let own: u64 = listing.code.iter().map(|code| code.cost.self_weight).sum();
    assert!(own > 0 && listing.shares[0] == listing.shares[1]);
    let hottest = listing
        .code
        .iter()
        .max_by_key(|code| code.cost.total_weight);
    let words = format!("instruction {}, ", hottest.unwrap().text);
    assert!(driver.shows(&words), "{words} {:#?}", driver.labels());
}

#[test]
fn a_line_that_is_picked_shows_its_instructions_and_the_other_way_around() {
    let mut driver = driver();
    let listing = listing(&driver);
    let line = listing.lines.iter().find(|line| line.total_weight > 0);
    let number = line.expect("the fixtures have lines").number;
    driver.click_part(&format!("source line {number}, "));
    assert_eq!(driver.state().profile.picked_line, Some(number));
    driver.click_part(&format!("source line {number}, "));
    assert_eq!(driver.state().profile.picked_line, None);
    driver.press(Modifiers::NONE, Key::ArrowDown);
    assert!(driver.state().profile.picked_line.is_some());
}

#[test]
fn code_that_is_not_here_says_why() {
    let mut driver = Driver::with_capture();
    driver.press(Modifiers::NONE, Key::Num8);
    assert!(driver.shows("No function is selected"));
    driver.press(Modifiers::NONE, Key::Num5);
    driver.click_part(&format!("function {FUNCTION}"));
    driver.press(Modifiers::NONE, Key::Num8);
    let note = &listing(&driver).note;
    assert!(
        note.contains("/srv/ledger/ledgerd is not here any more"),
        "{note}"
    );
    assert!(driver.shows("No instructions"));
}
