//! Symbols of real files: compiled here, and this test binary itself.

mod split;

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use object::{Object as _, ObjectSymbol as _};
use tempfile::TempDir;

use super::*;
use crate::{
    capture::model::{Chunk, NONE},
    profile::testing,
};

pub(crate) fn skip(test: &str, why: &str) {
    let line = format!("SKIPPED {test}: {why}\n");
    std::io::stderr()
        .write_all(line.as_bytes())
        .expect("standard error can be written to");
}

/// Compiles a source text; `None`, loudly, where the compiler is missing.
fn compile(
    test: &str,
    compiler: &[&str],
    source: &str,
    extension: &str,
) -> Option<(TempDir, PathBuf)> {
    let folder = TempDir::new().expect("a temporary folder");
    let input = folder.path().join(format!("program.{extension}"));
    fs::write(&input, source).expect("the source can be written");
    let output = folder.path().join("program");
    let run = Command::new(compiler[0])
        .args(&compiler[1..])
        .arg(&input)
        .arg("-o")
        .arg(&output)
        .output();
    match run {
        Ok(run) => {
            assert!(
                run.status.success(),
                "{}",
                String::from_utf8_lossy(&run.stderr)
            );
            Some((folder, output))
        }
        Err(error) => {
            skip(test, &format!("{} cannot be run: {error}", compiler[0]));
            None
        }
    }
}

fn tool(name: &str, arguments: &[&str], folder: &Path) {
    let run = Command::new(name)
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("binutils");
    assert!(
        run.status.success(),
        "{name}: {}",
        String::from_utf8_lossy(&run.stderr)
    );
}

fn module(path: &Path) -> Module {
    let data = fs::read(path).expect("the program can be read");
    let elf = object::File::parse(&*data).expect("the program is ELF");
    Module {
        kind: ModuleKind::File,
        path: path.to_str().expect("the path is text").into(),
        build_id: elf
            .build_id()
            .expect("notes can be read")
            .unwrap_or_default()
            .to_vec(),
        deleted: false,
    }
}

/// Address and size of the symbol whose name contains `part`.
fn symbol(path: &Path, part: &str) -> (u64, u64) {
    let data = fs::read(path).expect("the program can be read");
    let elf = object::File::parse(&*data).expect("the program is ELF");
    let symbol = elf
        .symbols()
        .find(|s| s.name().is_ok_and(|name| name.contains(part)));
    let symbol = symbol.unwrap_or_else(|| panic!("{part} is a symbol"));
    (symbol.address(), symbol.size())
}

fn lookup(symbolizer: &mut Symbolizer, module: &Module, addresses: &[u64]) -> Vec<Vec<Symbol>> {
    let frames: Vec<(u32, Frame)> = (0..)
        .zip(addresses)
        .map(|(id, a)| (id, frame(*a)))
        .collect();
    let found = symbolizer.lookup(std::slice::from_ref(module), &frames);
    found.into_iter().map(|names| names.symbols).collect()
}

fn frame(address: u64) -> Frame {
    Frame { module: 0, address }
}

/// A symbolizer whose process does not exist.
fn orphan() -> Symbolizer {
    Symbolizer::new(SymbolSources::of(u32::MAX))
}

const C_SOURCE: &str = r"
static volatile int sink;
static inline __attribute__((always_inline)) void innermost(int n) { sink += n * 3; }
static inline __attribute__((always_inline)) void middle(int n) {
    innermost(n);
}
__attribute__((noinline)) void outer_work(int n) {
    for (int i = 0; i < n; i++)
        middle(i);
}
__attribute__((noinline)) int other_work(int n) { return n + sink; }
int main(void) { outer_work(1000); return other_work(1); }
";

const C_FLAGS: &[&str] = &["cc", "-O2", "-g", "-Wl,--build-id"];

fn names(symbols: &[Symbol]) -> Vec<&str> {
    symbols.iter().map(|symbol| symbol.name.as_str()).collect()
}

#[test]
fn inlined_c_functions_are_named_innermost_first_with_their_lines() {
    let test = "inlined_c_functions_are_named_innermost_first_with_their_lines";
    let Some((_folder, program)) = compile(test, C_FLAGS, C_SOURCE, "c") else {
        return;
    };
    let (start, size) = symbol(&program, "outer_work");
    let addresses: Vec<u64> = (start..start + size).collect();
    let found = lookup(&mut orphan(), &module(&program), &addresses);
    assert!(
        found
            .iter()
            .all(|symbols| symbols.last().is_some_and(|s| s.name == "outer_work"))
    );
    let deepest = found
        .iter()
        .find(|symbols| symbols.len() == 3)
        .expect("two inlined functions");
    assert_eq!(names(deepest), ["innermost", "middle", "outer_work"]);
    assert_eq!(
        deepest.iter().map(|s| s.line).collect::<Vec<_>>(),
        [3, 5, 9]
    );
    assert_eq!(
        deepest.iter().map(|s| s.inlined).collect::<Vec<_>>(),
        [true, true, false]
    );
    assert!(deepest.iter().all(|s| s.file.ends_with("program.c")));
}

#[test]
fn rust_and_cpp_names_are_demangled() {
    let test = "rust_and_cpp_names_are_demangled";
    let rust =
        "mod posting { #[inline(never)] pub fn apply(n: u64) -> u64 { std::hint::black_box(n) } }
                fn main() { std::process::exit(posting::apply(0) as i32) }";
    let flags = [
        "rustc",
        "-O",
        "-g",
        "-Csymbol-mangling-version=v0",
        "-Cstrip=none",
        "--edition=2021",
    ];
    if let Some((_folder, program)) = compile(test, &flags, rust, "rs") {
        let (start, _) = symbol(&program, "7posting5apply");
        let found = lookup(&mut orphan(), &without_build_id(&program), &[start]);
        assert_eq!(
            found[0].last().map(|s| s.name.as_str()),
            None,
            "no build id, no mapping"
        );
        let mut symbolizer = orphan();
        symbolizer.captured_at = Some(jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1));
        let found = lookup(&mut symbolizer, &without_build_id(&program), &[start]);
        assert_eq!(
            found[0].last().map(|s| s.name.as_str()),
            Some("program::posting::apply")
        );
    }
    let cpp = "namespace posting { struct Engine { __attribute__((noinline)) int apply(int n) { \
               asm volatile(\"\"); return n; } }; }\nint main() { return posting::Engine().apply(0); }";
    if let Some((_folder, program)) = compile(test, &["g++", "-O2", "-Wl,--build-id"], cpp, "cc") {
        let (start, _) = symbol(&program, "Engine5apply");
        let found = lookup(&mut orphan(), &module(&program), &[start]);
        let name = &found[0].last().expect("it has a name").name;
        assert!(name.starts_with("posting::Engine::apply(int)"), "{name}");
    }
}

fn without_build_id(path: &Path) -> Module {
    Module {
        build_id: Vec::new(),
        ..module(path)
    }
}

#[test]
fn stripped_code_is_grouped_by_the_function_that_the_unwind_table_knows() {
    let test = "stripped_code_is_grouped_by_the_function_that_the_unwind_table_knows";
    let Some((folder, program)) = compile(test, C_FLAGS, C_SOURCE, "c") else {
        return;
    };
    let (outer, size) = symbol(&program, "outer_work");
    let (other, _) = symbol(&program, "other_work");
    tool("strip", &["program"], folder.path());
    let addresses = [outer, outer + size - 1, other, 0x1];
    let found = lookup(&mut orphan(), &module(&program), &addresses);
    let name = |start: u64| vec![bare_symbol(format!("fun_{start:x}"))];
    assert_eq!(found, [name(outer), name(outer), name(other), vec![]]);
    assert!(
        found
            .iter()
            .flatten()
            .all(|symbol| is_made_up(&symbol.name))
    );
}

#[test]
fn separate_debug_files_are_found_in_the_debug_folder() {
    let test = "separate_debug_files_are_found_in_the_debug_folder";
    let Some((folder, program)) = compile(test, C_FLAGS, C_SOURCE, "c") else {
        return;
    };
    let (start, _) = symbol(&program, "outer_work");
    fs::create_dir(folder.path().join(".debug")).expect("a folder");
    tool(
        "objcopy",
        &["--only-keep-debug", "program", ".debug/program.debug"],
        folder.path(),
    );
    tool("strip", &["program"], folder.path());
    tool(
        "objcopy",
        &["--add-gnu-debuglink=.debug/program.debug", "program"],
        folder.path(),
    );
    let found = lookup(&mut orphan(), &module(&program), &[start]);
    let outermost = found[0].last().expect("it has a name");
    assert_eq!(outermost.name, "outer_work");
    assert!((7..11).contains(&outermost.line), "line {}", outermost.line);

    fs::write(folder.path().join(".debug/program.debug"), "damaged").expect("it can be written");
    let found = lookup(&mut orphan(), &module(&program), &[start]);
    assert_eq!(
        found[0],
        [bare_symbol(format!("fun_{start:x}"))],
        "a damaged one costs the names alone"
    );
}

#[test]
fn a_replaced_program_lends_its_names_to_nobody() {
    let test = "a_replaced_program_lends_its_names_to_nobody";
    let Some((_folder, program)) = compile(test, C_FLAGS, C_SOURCE, "c") else {
        return;
    };
    let Some((_other_folder, other)) = compile(
        test,
        C_FLAGS,
        "int other(void) { return 2; } int main(void) { return other(); }",
        "c",
    ) else {
        return;
    };
    let captured = module(&program);
    let (start, _) = symbol(&program, "outer_work");
    fs::copy(&other, &program).expect("it can be replaced");
    assert_eq!(lookup(&mut orphan(), &captured, &[start]), [vec![]]);

    let mut later = orphan();
    later.captured_at = Some(jiff::Timestamp::now() - jiff::SignedDuration::from_hours(1));
    let captured = Module {
        build_id: Vec::new(),
        ..captured
    };
    assert_eq!(lookup(&mut later, &captured, &[start]), [vec![]]);
}

#[test]
fn a_program_that_was_deleted_while_it_runs_keeps_its_names() {
    let test = "a_program_that_was_deleted_while_it_runs_keeps_its_names";
    let source = "#include <unistd.h>\n__attribute__((noinline)) void rest(void) { sleep(600); }\n\
                  int main(void) { rest(); return 0; }";
    let Some((_folder, program)) = compile(test, C_FLAGS, source, "c") else {
        return;
    };
    let (start, _) = symbol(&program, "rest");
    let captured = module(&program);
    let child = Child(Command::new(&program).spawn().expect("the program runs"));
    // A new program's files are mapped a moment after its parent goes on.
    let maps = format!("/proc/{}/maps", child.0.id());
    let is_mapped = || fs::read_to_string(&maps).is_ok_and(|maps| maps.contains(&captured.path));
    for _ in 0..1_000 {
        if is_mapped() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    fs::remove_file(&program).expect("it can be removed");
    let mut symbolizer = Symbolizer::new(SymbolSources::of(child.0.id()));
    let path = format!("{} (deleted)", captured.path);
    for build_id in [captured.build_id.clone(), Vec::new()] {
        let module = Module {
            path: path.clone(),
            deleted: true,
            build_id,
            ..captured.clone()
        };
        symbolizer.files.clear();
        let found = lookup(&mut symbolizer, &module, &[start]);
        assert_eq!(names(&found[0]), ["rest"]);
    }
}

/// Ends with the test, also a failed one.
struct Child(std::process::Child);

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[inline(never)]
fn known_function() -> u64 {
    std::hint::black_box(42)
}

#[test]
fn this_test_finds_itself_in_its_own_executable() {
    let path = std::env::current_exe().expect("the test has an executable");
    let (start, _) = symbol(&path, "known_function");
    known_function();
    let mut symbolizer = Symbolizer::new(SymbolSources::of(std::process::id()));
    let found = lookup(&mut symbolizer, &module(&path), &[start]);
    let outermost = found[0].last().expect("it has a name");
    assert_eq!(
        outermost.name,
        "scrutineer_profiler::symbols::tests::known_function"
    );
    assert!(
        outermost.file.ends_with("profiler/src/symbols/tests.rs"),
        "{}",
        outermost.file
    );
    let lines = include_str!("tests.rs").lines();
    let line = lines
        .zip(1..)
        .find(|(text, _)| text.starts_with("fn known_function"))
        .map(|(_, n)| n)
        .expect("the function is there");
    // Optimised, it begins with its only statement.
    assert!(
        [line, line + 1].contains(&outermost.line),
        "{} instead of {line}",
        outermost.line
    );
}

#[test]
fn frames_without_a_module_or_file_are_looked_up_in_vain() {
    let jit = Module {
        kind: ModuleKind::Jit,
        path: "[jit]".into(),
        build_id: vec![],
        deleted: false,
    };
    let gone = testing::module("/no/such/file");
    let odd = testing::module("anon_inode:[perf_event]");
    let frames = [
        (
            4,
            Frame {
                module: NONE,
                address: 1,
            },
        ),
        (2, frame(1)),
        (
            9,
            Frame {
                module: 1,
                address: 2,
            },
        ),
        (
            1,
            Frame {
                module: 2,
                address: u64::MAX,
            },
        ),
    ];
    let found = orphan().lookup(&[gone, jit, odd], &frames);
    assert_eq!(
        found.iter().map(|f| f.frame).collect::<Vec<_>>(),
        [4, 2, 9, 1]
    );
    assert!(found.iter().all(|names| names.symbols.is_empty()));
}

#[test]
fn code_made_at_run_time_is_asked_for_again_until_the_end() {
    let mut chunks = testing::chunks(&[vec!["a"]]);
    chunks.retain(|chunk| !matches!(chunk, Chunk::Symbols(_)));
    for chunk in &mut chunks {
        if let Chunk::Modules(modules) = chunk {
            modules[0].kind = ModuleKind::Jit;
        }
    }
    let profile = testing::build(chunks);
    assert_eq!(symbolize_profile(&mut orphan(), &profile, Moment::Live), []);
    let last = symbolize_profile(&mut orphan(), &profile, Moment::Final);
    assert_eq!(
        last,
        [FrameSymbols {
            frame: 0,
            symbols: vec![]
        }]
    );
}
