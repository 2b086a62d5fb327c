//! Fuzzed: profiles of other tools.

#[cfg(feature = "fuzzing")]
use super::{ForeignFormat, Input, ReadOptions};
use crate::profile::{
    CallTree, CallTreeOptions, FlameLayout, FlameOrder, Profile, Selection, heat_map::HeatMap,
    top_functions,
};

/// Looks at a profile as the window does.
pub(crate) fn look_at(profile: &Profile) {
    let selection = Selection::default();
    let tree = CallTree::build(profile, &selection, CallTreeOptions::default());
    let total = profile.total(&selection);
    assert_eq!(tree.total_samples[0], total);
    let layout = FlameLayout::build(&tree, FlameOrder::LeftHeavy);
    assert!(layout.total == total || tree.is_empty());
    let _ = top_functions(profile, &selection, false);
    if profile.has_times() {
        let _ = HeatMap::of(profile, &selection);
    }
    let _ = profile.trust();
}

#[cfg(feature = "fuzzing")]
fn read(format: &dyn ForeignFormat, bytes: &[u8]) {
    let input = Input::new(bytes, "fuzzed", jiff::Timestamp::UNIX_EPOCH);
    let _ = format.is_it(&input);
    if let Ok(builder) = format.read(&input, &ReadOptions::default()) {
        look_at(&builder.finish().expect("readers begin with a header"));
    }
}

/// Reads the bytes as perf.data.
#[cfg(feature = "fuzzing")]
pub fn foreign_perf_data(bytes: &[u8]) {
    read(&super::perf_data::PerfData, bytes);
}

/// Reads the bytes as the text of `perf script`.
#[cfg(feature = "fuzzing")]
pub fn foreign_perf_script(bytes: &[u8]) {
    read(&super::perf_script::PerfScript, bytes);
}

/// Reads the bytes as a pprof profile.
#[cfg(feature = "fuzzing")]
pub fn foreign_pprof(bytes: &[u8]) {
    read(&super::pprof::Pprof, bytes);
}

/// Reads the bytes as a profile of the Firefox Profiler.
#[cfg(feature = "fuzzing")]
pub fn foreign_firefox(bytes: &[u8]) {
    read(&super::firefox::Firefox, bytes);
}

/// Reads the bytes as a Chrome CPU profile, or a trace.
#[cfg(feature = "fuzzing")]
pub fn foreign_chrome(bytes: &[u8]) {
    read(&super::chrome::Chrome, bytes);
}

/// Reads the bytes as a speedscope file.
#[cfg(feature = "fuzzing")]
pub fn foreign_speedscope(bytes: &[u8]) {
    read(&super::speedscope::Speedscope, bytes);
}

/// Reads the bytes as collapsed stacks.
#[cfg(feature = "fuzzing")]
pub fn foreign_collapsed(bytes: &[u8]) {
    read(&super::collapsed::Collapsed, bytes);
}

/// Reads the bytes as heaptrack's data.
#[cfg(feature = "fuzzing")]
pub fn foreign_heaptrack(bytes: &[u8]) {
    read(&super::heaptrack::Heaptrack, bytes);
}

/// Reads the bytes as DHAT's JSON.
#[cfg(feature = "fuzzing")]
pub fn foreign_dhat(bytes: &[u8]) {
    read(&super::dhat::Dhat, bytes);
}

/// Reads the bytes as a packed file of whatever format.
#[cfg(feature = "fuzzing")]
pub fn foreign_packed(bytes: &[u8]) {
    let options = ReadOptions::default();
    if let Ok(builder) = super::read_bytes(bytes, "fuzzed", jiff::Timestamp::UNIX_EPOCH, &options) {
        look_at(&builder.finish().expect("readers begin with a header"));
    }
}
