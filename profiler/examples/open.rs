//! Opens one of our capture files and prints the time of each step to the first picture, of range
//! changes, and the peak of its memory: `open FILE [ROUNDS]`.

use std::{path::PathBuf, time::Instant};

use scrutineer_profiler::profile::{
    CallTree, CallTreeOptions, Detail, FlameLayout, FlameOrder, Profile, ProfileBuilder, Selection,
    top_functions,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let path = PathBuf::from(arguments.next().ok_or("usage: open FILE [ROUNDS]")?);
    let rounds = match arguments.next() {
        Some(text) => text.to_string_lossy().parse()?,
        None => 5,
    };
    let begun = Instant::now();
    let (builder, damage) = ProfileBuilder::of_file(&path)?;
    if let Some(what) = damage.what {
        eprintln!("{what}");
    }
    let profile = builder.finish().ok_or("the file holds no header")?;
    println!("read {:.3} s", begun.elapsed().as_secs_f64());
    draw(&profile, &Selection::default(), false);
    println!("first picture {:.3} s", begun.elapsed().as_secs_f64());
    tell_memory(profile.samples.time_ns.len())?;
    for round in 0..rounds {
        time_views(&profile, round);
    }
    Ok(())
}

/// A tenth of the time, another one each round.
fn time_views(profile: &Profile, round: u64) {
    let tenth_ns = profile.duration_ns() / 10;
    let start_ns = tenth_ns * (round % 10);
    let tenth = Selection {
        time_ns: Some(start_ns..start_ns + tenth_ns),
        ..Selection::default()
    };
    let all = Selection::default();
    let timed = |what: &str, work: &dyn Fn()| {
        let begun = Instant::now();
        work();
        println!("{what} {:.1} ms", begun.elapsed().as_secs_f64() * 1e3);
    };
    timed("range change, by thread", &|| draw(profile, &tenth, false));
    timed("range change, threads merged", &|| {
        draw(profile, &tenth, true);
    });
    timed("all, by thread", &|| draw(profile, &all, false));
    timed("all, threads merged", &|| draw(profile, &all, true));
    timed("top functions", &|| {
        std::hint::black_box(top_functions(profile, &all, false));
    });
}

fn draw(profile: &Profile, selection: &Selection, merge_threads: bool) {
    let options = CallTreeOptions {
        merge_threads,
        detail: Detail::Bounded,
        ..CallTreeOptions::default()
    };
    let tree = CallTree::build(profile, selection, options);
    std::hint::black_box(FlameLayout::build(&tree, FlameOrder::Alphabetical));
}

/// The peak of the resident set, mappings included, as the kernel counts it.
fn tell_memory(samples: usize) -> Result<(), Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    let bytes = kib.ok_or("no VmHWM")?.parse::<u64>()? * 1024;
    let each = bytes as f64 / samples.max(1) as f64;
    println!("peak memory {bytes} bytes, {each:.1} a sample");
    Ok(())
}
