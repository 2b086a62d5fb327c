//! Profiles of other tools from the command line: shown, converted, compared and refused.

mod common;

use std::{fs, path::Path};

use common::run_in;

const MANIFEST: &str = env!("CARGO_MANIFEST_DIR");

/// Runs in a fresh folder; `@NAME` stands for a golden file.
fn run(folder: &Path, words: &[&str]) -> common::Said {
    let golden = |word: &&str| match word.strip_prefix('@') {
        Some(name) => format!("{MANIFEST}/../tests/golden/profiles/{name}"),
        None => (*word).to_owned(),
    };
    let words: Vec<String> = words.iter().map(golden).collect();
    run_in(
        folder,
        &words.iter().map(String::as_str).collect::<Vec<_>>(),
    )
}

#[test]
fn every_tools_file_is_reported_in_its_own_unit() {
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    for (file, words) in [
        ("@fp.perf.data.xz", "samples (CPU time by cpu-clock)"),
        ("@events.perf.data.xz", "events (sched:sched_switch)"),
        ("@burn.heaptrack.zst", "KiB (allocated), from heaptrack"),
        ("@burn.dhat.json.gz", "KiB (allocated), from DHAT"),
        ("@burn.cpuprofile.gz", "ms (time)"),
        ("@go.pb.gz", "ms (cpu)"),
        ("@py-spy.speedscope.json.gz", "(time)"),
        ("@py-spy.folded.gz", "samples"),
        ("@inferno.folded.gz", "samples"),
    ] {
        let said = run(folder.path(), &["report", file]);
        assert_eq!(said.code, Some(0), "{file}: {said:?}");
        let headline = said.stdout.lines().next().expect("there is a headline");
        assert!(headline.contains(words), "{file}: {headline}");
    }
    let said = run(
        folder.path(),
        &["report", "@burn.dhat.json.gz", "--measure", "leaked"],
    );
    assert!(said.stdout.contains("(leaked)"), "{said:?}");
}

#[test]
fn a_profile_goes_from_one_tools_format_into_anothers_and_back() {
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    let mut before = "@fp.perf.data.xz".to_owned();
    for name in ["a.profile.json.gz", "b.pb.gz", "c.folded"] {
        let said = run(folder.path(), &["convert", &before, name]);
        assert_eq!((said.code, said.stdout.as_str()), (Some(0), ""), "{said:?}");
        assert!(said.stderr.contains("left out"), "{said:?}");
        name.clone_into(&mut before);
    }
    let collapsed = fs::read_to_string(folder.path().join("c.folded")).expect("written");
    let samples = collapsed.lines().filter_map(|line| line.rsplit(' ').next());
    let samples: u64 = samples
        .map(|count| count.parse::<u64>().expect("a count"))
        .sum();
    let golden = Path::new(MANIFEST).join("../tests/golden/profiles/perf.counts");
    let counts = fs::read_to_string(golden).expect("the counts are there");
    let of_file = counts
        .lines()
        .filter_map(|line| line.strip_prefix("fp.perf.data "));
    let expected = of_file.filter_map(|line| line.rsplit(' ').next());
    let expected: u64 = expected
        .map(|count| count.parse::<u64>().expect("a count"))
        .sum();
    assert_eq!(samples, expected);
    let said = run(folder.path(), &["diff", "b.pb.gz", "c.folded"]);
    assert_eq!(said.code, Some(0), "{said:?}");
}

#[test]
fn a_file_that_nobody_knows_is_refused_in_one_sentence() {
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    fs::write(folder.path().join("perf.data"), "not a profile at all\n").expect("writable");
    fs::write(folder.path().join("short"), b"PERFILE2\x68\0\0\0\0\0\0\0").expect("writable");
    fs::write(folder.path().join("empty"), b"").expect("writable");
    for (file, words) in [
        ("perf.data", "of no format that is known here"),
        ("short", "the perf.data file is damaged"),
        ("empty", "empty"),
    ] {
        let said = run(folder.path(), &["report", file]);
        assert_eq!(said.code, Some(3), "{file}: {said:?}");
        let told = said
            .stderr
            .lines()
            .filter(|line| !line.starts_with("Reading "));
        assert_eq!(told.count(), 1, "{said:?}");
        assert!(said.stderr.contains(words), "{file}: {said:?}");
    }
    let said = run(
        folder.path(),
        &["report", "@burn.heaptrack.zst", "--measure", "cycles"],
    );
    assert!(
        said.stderr.contains("allocated, allocations, peak"),
        "{said:?}"
    );
}
