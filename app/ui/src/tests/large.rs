//! A capture of more stacks than can be looked at: the picture is bounded, its sums are not.

use egui::{Key, Modifiers};
use scrutineer_profiler::{
    capture::model::{Chunk, Frame, NONE, Samples, StackNodes},
    profile::{Profile, ProfileBuilder},
};

use super::Driver;
use crate::{
    event::{Event, LoadedProfile},
    fixtures,
};

/// More than a bounded tree has room for.
const STACKS: u32 = 50_000;

/// Addresses that call one another, each pair once.
const ADDRESSES: u32 = 250;

fn wide() -> Profile {
    let known = fixtures::loaded().profile;
    let frames = (0..u64::from(ADDRESSES)).map(|address| Frame { module: 0, address });
    let mut stacks = StackNodes::default();
    let mut samples = Samples::default();
    for stack in 0..STACKS {
        let (outer, inner) = (stack / ADDRESSES, stack % ADDRESSES);
        let above = stacks.frame.len() as u32;
        stacks.parent.extend([NONE, above]);
        stacks.frame.extend([outer, inner]);
        samples.time_ns.push(u64::from(stack) * 1_000);
        samples.thread.push(0);
        samples.stack.push(above + 1);
        samples.flags.push(0);
    }
    let mut builder = ProfileBuilder::default();
    builder.push(Chunk::Header(known.header.clone()));
    builder.push(Chunk::Modules(known.modules.clone()));
    builder.push(Chunk::Frames(frames.collect()));
    builder.push(Chunk::Threads(known.threads.clone()));
    builder.push(Chunk::Stacks(stacks));
    builder.push(Chunk::Samples(samples));
    builder.finish().expect("it has a header")
}

fn loaded() -> LoadedProfile {
    let loaded = LoadedProfile::of("/srv/wide.scrutineer".into(), wide(), None);
    let tree = &loaded.tree;
    assert!(tree.left_out > 0 && tree.least > 1, "{}", tree.least);
    loaded
}

#[test]
fn what_a_large_picture_leaves_out_is_said_and_a_search_counts_it() {
    let mut driver = Driver::new();
    driver.tell(Event::Loaded(loaded()));
    assert!(
        driver.shows("without frames below "),
        "{:#?}",
        driver.labels()
    );
    driver.resize(720.0, 450.0);
    assert!(driver.shows("below "), "{:#?}", driver.labels());
    driver.resize(1_440.0, 900.0);
    driver.press(Modifiers::COMMAND, Key::F);
    // Frames without names are shown by their address: each stack holds some.
    driver.write("0x");
    driver.settle();
    let found = driver.state().profile.found.clone().expect("a search");
    assert_eq!(found.samples, u64::from(STACKS));
    // The first match calls every address once, and is called by those that call at all.
    driver.press(Modifiers::NONE, Key::Enter);
    let inspection = driver.state().profile.inspection.clone().expect("a frame");
    let callers = u64::from(STACKS / ADDRESSES);
    assert_eq!(inspection.self_samples, callers);
    assert_eq!(inspection.total_samples, u64::from(ADDRESSES) + callers - 1);
    assert!(
        driver.shows("lighter ones are not listed"),
        "{:#?}",
        driver.labels()
    );
}

#[test]
fn a_small_picture_says_nothing_of_it() {
    let driver = Driver::with_capture();
    assert!(!driver.shows("without frames below "));
}
