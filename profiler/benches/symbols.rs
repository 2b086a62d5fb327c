//! Names of addresses: the first one, all of a file, and all of a file from the cache.
//!
//! Looks up in the benchmark's own executable, or in the ELF file that `SCRUTINEER_BENCH_FILE`
//! names.

use std::{fs, hint::black_box, path::PathBuf};

use criterion::{Criterion, criterion_group, criterion_main};
use object::{Object as _, ObjectSymbol as _};
use scrutineer_profiler::{
    capture::model::{Frame, Module, ModuleKind},
    symbols::{SymbolSources, Symbolizer},
};

/// Addresses that are looked up.
const ADDRESSES: usize = 10_000;

fn file() -> PathBuf {
    std::env::var_os("SCRUTINEER_BENCH_FILE").map_or_else(
        || std::env::current_exe().expect("the benchmark has an executable"),
        PathBuf::from,
    )
}

/// The module, and addresses spread over its functions.
fn target() -> (Module, Vec<(u32, Frame)>) {
    let path = file();
    let data = fs::read(&path).expect("the file can be read");
    let elf = object::File::parse(&*data).expect("it is ELF");
    let module = Module {
        kind: ModuleKind::File,
        path: path.to_str().expect("the path is text").into(),
        build_id: elf
            .build_id()
            .expect("notes can be read")
            .expect("it has a build id")
            .to_vec(),
        deleted: false,
    };
    let mut functions: Vec<(u64, u64)> = elf
        .symbols()
        .filter(|s| s.kind() == object::SymbolKind::Text && s.size() > 0)
        .map(|s| (s.address(), s.size()))
        .collect();
    functions.sort_unstable();
    functions.dedup();
    let step = functions.len().div_ceil(ADDRESSES).max(1);
    let frames = functions
        .iter()
        .step_by(step)
        .zip(0..)
        .map(|((start, size), id)| {
            let address = start + size / 2;
            (id, Frame { module: 0, address })
        });
    (module, frames.collect())
}

fn lookups(criterion: &mut Criterion) {
    let (module, frames) = target();
    let modules = [module];
    let sources = SymbolSources::of(std::process::id());
    let mut group = criterion.benchmark_group("symbols");
    group.sample_size(10);
    group.bench_function("first_address", |bencher| {
        bencher.iter(|| {
            let mut symbolizer = Symbolizer::new(sources.clone());
            black_box(symbolizer.lookup(&modules, &frames[..1]))
        });
    });
    group.bench_function(format!("{}_addresses_cold", frames.len()), |bencher| {
        bencher.iter(|| {
            let mut symbolizer = Symbolizer::new(sources.clone());
            black_box(symbolizer.lookup(&modules, &frames))
        });
    });
    let mut warm = Symbolizer::new(sources.clone());
    warm.lookup(&modules, &frames);
    group.bench_function(format!("{}_addresses_warm", frames.len()), |bencher| {
        bencher.iter(|| black_box(warm.lookup(&modules, &frames)));
    });
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cached = SymbolSources {
        cache_folder: Some(folder.path().to_owned()),
        ..sources
    };
    drop(Symbolizer::new(cached.clone()).lookup(&modules, &frames));
    group.bench_function(
        format!("{}_addresses_from_the_cache", frames.len()),
        |bencher| {
            bencher.iter(|| {
                let mut symbolizer = Symbolizer::new(cached.clone());
                black_box(symbolizer.lookup(&modules, &frames))
            });
        },
    );
    group.finish();
}

criterion_group!(benches, lookups);
criterion_main!(benches);
