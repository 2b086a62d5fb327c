//! Reads a profile of another tool, looks its names up and prints its top functions and the time
//! that each step took: `read FILE [MEASURE]`.

use std::{path::PathBuf, time::Instant};

use scrutineer_profiler::{
    capture::model::Chunk,
    formats::{self, Format, read},
    profile::{CallTree, CallTreeOptions, FlameLayout, FlameOrder, Selection},
    symbols::{Moment, SymbolSources, Symbolizer, symbolize_profile},
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let path = PathBuf::from(arguments.next().ok_or("usage: read FILE [MEASURE]")?);
    let measure = arguments
        .next()
        .map(|name| name.to_string_lossy().into_owned());
    let begun = Instant::now();
    let mut builder = read::read(&path, &read::ReadOptions { measure })?;
    eprintln!("read {:.3} s", begun.elapsed().as_secs_f64());
    let profile = builder.profile().ok_or("no profile")?;
    let mut symbolizer = Symbolizer::for_capture(profile, SymbolSources::default());
    let names = symbolize_profile(&mut symbolizer, profile, Moment::Final);
    builder.push(Chunk::Symbols(names));
    eprintln!("named {:.3} s", begun.elapsed().as_secs_f64());
    let profile = builder.finish().ok_or("no profile")?;
    let selection = Selection::default();
    let tree = CallTree::build(&profile, &selection, CallTreeOptions::default());
    let layout = FlameLayout::build(&tree, FlameOrder::Alphabetical);
    eprintln!(
        "drawn {:.3} s, {} boxes",
        begun.elapsed().as_secs_f64(),
        layout.node.len()
    );
    formats::write(&profile, Format::Text, &mut std::io::stdout().lock())?;
    Ok(())
}
