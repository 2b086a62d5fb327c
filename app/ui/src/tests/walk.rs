//! A walk through every view of captures of real programs: Python under its own tests, and rustc.
//!
//! What the views show is held to each other and to the functions that such programs are known to
//! run; every format is written and, where it can be, read back.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

use egui::{Key, Modifiers};
use scrutineer_profiler::{
    capture::{
        model::Chunk,
        recorder::{RecordOptions, Recording},
        target::Target,
    },
    formats::{
        Format,
        read::{self, ReadOptions},
        write,
    },
    profile::{Profile, ProfileBuilder, Selection},
    symbols::{Moment, SymbolSources, Symbolizer, symbolize_profile},
};

use super::Driver;
use crate::{
    event::{Event, LoadedProfile},
    state::profile::{Mode, Open},
};

/// A folder that goes with the test.
struct Folder(PathBuf);

/// Walks run side by side, and none may take another's folder away.
static FOLDERS: AtomicUsize = AtomicUsize::new(0);

impl Folder {
    fn new(name: &str) -> Self {
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let name = format!("scrutineer-walk-{name}-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("the temporary folder is writable");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed lies in the temporary folder, and goes with it.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Says loudly that a test did not look at anything.
fn skip(test: &str, why: &str) {
    eprintln!("SKIPPED {test}: {why}");
}

/// Records a command to its end; gives the capture with its names.
fn record(folder: &Path, command: &[&str]) -> Result<(PathBuf, Profile), String> {
    let path = folder.join("walk.scrutineer");
    let mut options = RecordOptions::new(path.clone());
    options.frequency_hz = 997;
    let target = Target::Launch {
        command: command.iter().map(OsString::from).collect(),
        folder: Some(folder.to_owned()),
    };
    let recording = Recording::start(&target, options).map_err(|error| error.to_string())?;
    recording.join().map_err(|error| error.to_string())?;
    let (mut builder, damage) = ProfileBuilder::of_file(&path).map_err(|e| e.to_string())?;
    assert_eq!(damage.what, None);
    let found = builder.profile().map(|profile| {
        let mut symbolizer = Symbolizer::for_capture(profile, SymbolSources::default());
        symbolize_profile(&mut symbolizer, profile, Moment::Final)
    });
    builder.push(Chunk::Symbols(found.unwrap_or_default()));
    let mut profile = builder.finish().ok_or("the file has no header")?;
    profile.quality = profile.weighed_quality();
    Ok((path, profile))
}

fn open(driver: &Driver) -> &Open {
    driver.state().profile.open.as_ref().unwrap()
}

/// The share of a function in all, as the table of functions has it.
fn share_of(driver: &Driver, name: &str) -> f64 {
    let open = open(driver);
    let top = open.shown.top.as_ref().expect("functions were counted");
    let found = top.iter().filter(|row| {
        let function = &open.shown.profile.functions[row.function as usize];
        function.name.contains(name)
    });
    let most = found.map(|row| row.total_samples).max().unwrap_or(0);
    most as f64 / open.shown.layout.total as f64
}

/// Walks through all views of a capture, `hot` being a function that must be heavy in it.
fn walk(path: PathBuf, profile: Profile, hot: &str) {
    let whole = profile.total(&Selection::default());
    assert!(whole > 100, "{whole} samples are too few to look at");
    let mut driver = Driver::new();
    driver.tell(Event::Loaded(LoadedProfile::of(path, profile, None)));
    graphs(&mut driver, whole, hot);
    tables(&mut driver, whole);
    times(&mut driver, whole);
    search_and_transforms(&mut driver, whole, hot);
    ranges_compared(&mut driver, whole);
    formats(open(&driver).profile(), whole);
}

/// Flame graph, left-heavy, inverted, sandwich.
fn graphs(driver: &mut Driver, whole: u64, hot: &str) {
    assert_eq!(open(driver).layout(Mode::Flame).total, whole);
    assert!(driver.shows("flame graph, "));
    assert!(share_of(driver, hot) > 0.05, "{hot} is not seen");
    driver.press(Modifiers::NONE, Key::Num2);
    let layout = open(driver).layout(Mode::LeftHeavy);
    let row = &layout.rows[1];
    let widths = &layout.width[row.start as usize..row.end as usize];
    assert!(widths.is_sorted_by(|a, b| a >= b), "{widths:?}");
    assert!(widths.iter().sum::<u64>() <= whole);
    driver.press(Modifiers::NONE, Key::I);
    let tree = &open(driver).shown.tree;
    let own: u64 = tree.self_samples.iter().sum();
    assert_eq!(tree.total_samples[0], whole);
    assert!(own <= whole && own * 10 > whole * 9, "{own} of {whole}");
    driver.press(Modifiers::NONE, Key::I);
    select(driver, hot);
    driver.press(Modifiers::NONE, Key::Num3);
    let sandwich = driver.state().profile.sandwich.clone();
    let sandwich = sandwich.expect("it was made");
    let totals = [&sandwich.callers, &sandwich.callees].map(|side| side.layout.total);
    assert_eq!(totals[0], totals[1]);
    let inspection = driver.state().profile.inspection.clone();
    assert_eq!(inspection.expect("it was made").total_samples, totals[0]);
}

/// Selects the heaviest function whose name holds a word.
fn select(driver: &mut Driver, name: &str) {
    let open = open(driver);
    let top = open.shown.top.as_ref().expect("functions were counted");
    let rows = top.iter().filter(|row| {
        let function = &open.shown.profile.functions[row.function as usize];
        function.name.contains(name)
    });
    let row = rows.max_by_key(|row| row.total_samples).expect(name);
    let function = open.shown.profile.functions[row.function as usize]
        .name
        .clone();
    driver.press(Modifiers::NONE, Key::Num5);
    driver.press(Modifiers::COMMAND, Key::F);
    driver.press(Modifiers::COMMAND, Key::A);
    driver.write(&format!("^{}$", regex::escape(&function)));
    driver.press(Modifiers::NONE, Key::Enter);
    driver.press(Modifiers::NONE, Key::Escape);
    let selected = driver.state().profile.selected;
    let shown = selected.map(|node| self::open(driver).name(node).to_owned());
    assert_eq!(shown.as_deref(), Some(function.as_str()));
}

/// Call tree, list, source.
fn tables(driver: &mut Driver, whole: u64) {
    driver.press(Modifiers::NONE, Key::Num4);
    let tree = open(driver).shown.tree.clone();
    assert_eq!(tree.total_samples[0], whole);
    for node in 0..tree.len() as u32 {
        let below: u64 = tree
            .children(node)
            .map(|c| tree.total_samples[c as usize])
            .sum();
        let own = tree.self_samples[node as usize];
        assert!(below + own <= tree.total_samples[node as usize]);
    }
    driver.press(Modifiers::NONE, Key::Num5);
    assert!(driver.shows("% self, "), "{:#?}", driver.labels());
    let top = open(driver)
        .shown
        .top
        .clone()
        .expect("functions were counted");
    let own: u64 = top.iter().map(|row| row.self_samples).sum();
    assert!(own <= whole && own * 10 > whole * 9, "{own} of {whole}");
    driver.press(Modifiers::NONE, Key::Num8);
    let listing = driver.state().profile.listing.clone().expect("it was made");
    assert!(!listing.code.is_empty() || !listing.note.is_empty() || !listing.lines.is_empty());
    driver.press(Modifiers::NONE, Key::Num1);
}

/// Heat map and time order.
fn times(driver: &mut Driver, whole: u64) {
    driver.press(Modifiers::NONE, Key::Num6);
    let map = driver
        .state()
        .profile
        .heat_map
        .clone()
        .expect("it was made");
    assert_eq!(map.weights.iter().sum::<u64>(), whole);
    driver.press(Modifiers::NONE, Key::Num7);
    let chart = open(driver).chart.clone().expect("it was drawn");
    assert!(!chart.threads.is_empty() && chart.chart.layout.total > 0);
    assert!(driver.shows("stacks over time, "));
    driver.press(Modifiers::NONE, Key::Num1);
}

fn search_and_transforms(driver: &mut Driver, whole: u64, hot: &str) {
    let share = share_of(driver, hot);
    driver.press(Modifiers::COMMAND, Key::F);
    driver.write(&regex::escape(hot));
    let found = driver
        .state()
        .profile
        .found
        .clone()
        .expect("it was searched");
    assert!(found.samples as f64 >= share * whole as f64 * 0.999);
    assert!(found.samples <= whole && !found.nodes.is_empty());
    // Only what matches: as much as was found.
    driver.press(Modifiers::NONE, Key::Tab);
    assert_eq!(open(driver).shown.layout.total, found.samples);
    driver.press(Modifiers::NONE, Key::Tab);
    assert_eq!(open(driver).shown.layout.total, whole);
    driver.press(Modifiers::NONE, Key::Escape);
    select(driver, hot);
    driver.press(Modifiers::NONE, Key::Num1);
    driver.press(Modifiers::NONE, Key::D);
    let left = open(driver).shown.layout.total;
    assert!(left < whole, "stacks that hold it were dropped");
    driver.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(open(driver).shown.layout.total, whole);
}

/// Two halves of the capture against each other, and against all.
fn ranges_compared(driver: &mut Driver, whole: u64) {
    driver.drag_range(0.01, 0.5);
    let first = open(driver).shown.layout.total;
    driver.press(Modifiers::NONE, Key::B);
    driver.press(Modifiers::NONE, Key::Escape);
    driver.drag_range(0.5, 0.99);
    let second = open(driver).shown.layout.total;
    assert!(
        first + second <= whole + 2,
        "{first} and {second} of {whole}"
    );
    driver.press(Modifiers::NONE, Key::X);
    driver.click_part("Compare with the held range");
    let compared = open(driver).shown.compared.clone().expect("it is compared");
    assert_eq!(compared.tree.wholes(), [first, second]);
    let sums = &compared.sums;
    assert_eq!((sums.base.weight, sums.candidate.weight), (first, second));
    for mode in [
        Key::Num3,
        Key::Num4,
        Key::Num5,
        Key::Num6,
        Key::Num7,
        Key::Num1,
    ] {
        driver.press(Modifiers::NONE, mode);
    }
    driver.press(Modifiers::NONE, Key::X);
    driver.press(Modifiers::NONE, Key::Escape);
    assert_eq!(open(driver).shown.layout.total, whole);
}

/// Every format is written, and those that are read come back with the same sums.
fn formats(profile: &Profile, whole: u64) {
    let folder = Folder::new("formats");
    for format in Format::ALL {
        let mut bytes = Vec::new();
        write(profile, format, &mut bytes).expect("memory takes it");
        assert!(bytes.len() > 100, "{format:?} is empty");
        let is_read = matches!(
            format,
            Format::Pprof | Format::Collapsed | Format::Firefox | Format::Speedscope
        );
        if !is_read {
            let text = String::from_utf8(bytes).expect("it is text");
            assert!(!text.contains("NaN"), "{format:?}");
            continue;
        }
        let path = folder.0.join("again");
        std::fs::write(&path, &bytes).expect("the folder is writable");
        let builder = read::read(&path, &ReadOptions::default());
        let again = builder.unwrap_or_else(|error| panic!("{format:?}: {error}"));
        let again = again.finish().expect("readers begin with a header");
        let sum = again.total(&Selection::default());
        if format == Format::Speedscope {
            // The time that samples stand for.
            let period_ns = profile.period_ns().expect("samples have a period");
            assert_eq!(sum, whole * period_ns, "{format:?}");
        } else {
            assert_eq!(sum, whole, "{format:?}");
        }
    }
}

fn runs(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[test]
fn a_walk_through_every_view_of_cpython_under_its_own_tests() {
    const TEST: &str = "a_walk_through_every_view_of_cpython_under_its_own_tests";
    if !runs("python3", &["-c", "import test.test_json"]) {
        return skip(TEST, "python3 has no test suite (libpython3-testsuite)");
    }
    let folder = Folder::new("python");
    let command = ["python3", "-m", "test", "test_json", "test_re"];
    let (path, profile) = record(&folder.0, &command).expect("a child is recorded");
    // Its own functions where this version is read, else the interpreter's.
    let names = || profile.functions.iter().map(|function| &function.name);
    let is_read = names().any(|name| name.contains("TestCase.run"));
    let hot = if is_read {
        "TestCase.run"
    } else {
        "_PyEval_EvalFrameDefault"
    };
    walk(path, profile, hot);
}

#[test]
fn a_walk_through_every_view_of_rustc() {
    const TEST: &str = "a_walk_through_every_view_of_rustc";
    let folder = Folder::new("rustc");
    let source = "use std::collections::BTreeMap;\n\
         pub fn count(text: &str) -> BTreeMap<String, usize> {\n\
             let mut words = BTreeMap::new();\n\
             for word in text.split_whitespace() { *words.entry(word.to_owned()).or_default() += 1; }\n\
             words\n\
         }\n\
         fn main() { println!(\"{:?}\", count(\"a b a\")); }\n";
    std::fs::write(folder.0.join("main.rs"), source).expect("the folder is writable");
    if !runs("rustc", &["--version"]) {
        return skip(TEST, "there is no rustc");
    }
    let command = [
        "rustc",
        "-C",
        "opt-level=3",
        "-C",
        "codegen-units=1",
        "main.rs",
    ];
    let (path, profile) = record(&folder.0, &command).expect("a child is recorded");
    walk(path, profile, "rustc_");
}
