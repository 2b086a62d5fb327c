//! A capture file as a profile with its names.

use std::path::Path;

use scrutineer_profiler::{
    capture::{file, model::Chunk},
    profile::{Profile, ProfileBuilder},
    symbols::{Moment, SymbolSources, Symbolizer, symbolize_profile},
};

/// Reads a capture that must be whole, and names its frames.
pub(crate) fn profile(path: &Path) -> Profile {
    let (chunks, damage) = file::read(path).expect("the capture can be read");
    assert_eq!(damage.what, None);
    let mut builder = ProfileBuilder::default();
    for chunk in chunks {
        builder.push(chunk);
    }
    let profile = builder.profile().expect("a capture begins with its header");
    let mut symbolizer = Symbolizer::for_capture(profile, SymbolSources::default());
    let names = symbolize_profile(&mut symbolizer, profile, Moment::Final);
    builder.push(Chunk::Symbols(names));
    builder.finish().expect("a capture begins with its header")
}
