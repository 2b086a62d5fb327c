//! Debug information beside the file, compressed, packed, cached, hidden in a namespace or on a server.

use super::*;

/// Takes the debug information out of `program` into `to` and leaves the program stripped.
fn split_debug(folder: &Path, to: &str, compress: &[&str]) {
    let mut arguments = vec!["--only-keep-debug"];
    arguments.extend_from_slice(compress);
    arguments.extend_from_slice(&["program", to]);
    tool("objcopy", &arguments, folder);
    tool("strip", &["program"], folder);
}

#[test]
fn compressed_debug_sections_are_read() {
    let test = "compressed_debug_sections_are_read";
    for kind in ["zlib", "zlib-gnu", "zstd"] {
        let Some((folder, program)) = compile(test, C_FLAGS, C_SOURCE, "c") else {
            return;
        };
        let (start, _) = symbol(&program, "outer_work");
        let compressed = Command::new("objcopy")
            .arg(format!("--compress-debug-sections={kind}"))
            .arg("program")
            .current_dir(folder.path())
            .status();
        if !compressed.is_ok_and(|status| status.success()) {
            skip(test, &format!("objcopy cannot compress with {kind}"));
            continue;
        }
        let found = lookup(&mut orphan(), &module(&program), &[start]);
        let outermost = found[0].last().expect("it has a name");
        assert_eq!(outermost.name, "outer_work", "{kind}");
        assert!(
            (7..11).contains(&outermost.line),
            "{kind}: {}",
            outermost.line
        );
    }
}

#[test]
fn a_section_that_understates_or_overstates_its_size_costs_the_lines_alone() {
    let test = "a_section_that_understates_or_overstates_its_size_costs_the_lines_alone";
    let Some((folder, program)) = compile(test, C_FLAGS, C_SOURCE, "c") else {
        return;
    };
    let (start, _) = symbol(&program, "outer_work");
    tool(
        "objcopy",
        &["--compress-debug-sections=zlib", "program"],
        folder.path(),
    );
    let whole = fs::read(&program).expect("it can be read");
    let header = {
        let elf = object::File::parse(&*whole).expect("the program is ELF");
        let section = object::Object::section_by_name(&elf, ".debug_info").expect("it is there");
        object::ObjectSection::file_range(&section)
            .expect("it lies in the file")
            .0 as usize
    };
    for size in [1_u64, 16, 1 << 29, 1 << 40, u64::MAX] {
        let mut lying = whole.clone();
        // `ch_size` of the header of a compressed section.
        lying[header + 8..header + 16].copy_from_slice(&size.to_le_bytes());
        fs::write(&program, &lying).expect("it can be written");
        let found = lookup(&mut orphan(), &module(&program), &[start]);
        assert_eq!(names(&found[0]), ["outer_work"], "{size} stated");
        assert_eq!(found[0][0].line, 0, "{size} stated");
    }
}

#[test]
fn a_debug_file_whose_checksum_differs_is_not_believed() {
    let test = "a_debug_file_whose_checksum_differs_is_not_believed";
    let without_id = ["cc", "-O2", "-g", "-Wl,--build-id=none"];
    let Some((folder, program)) = compile(test, &without_id, C_SOURCE, "c") else {
        return;
    };
    let (start, _) = symbol(&program, "outer_work");
    split_debug(folder.path(), "program.debug", &[]);
    tool(
        "objcopy",
        &["--add-gnu-debuglink=program.debug", "program"],
        folder.path(),
    );
    let later = || {
        let mut symbolizer = orphan();
        symbolizer.captured_at = Some(jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1));
        symbolizer
    };
    let found = lookup(&mut later(), &module(&program), &[start]);
    assert_eq!(found[0].last().map(|s| s.name.as_str()), Some("outer_work"));
    let debug = folder.path().join("program.debug");
    let mut bytes = fs::read(&debug).expect("it can be read");
    bytes.push(0);
    fs::write(&debug, bytes).expect("it can be written");
    let found = lookup(&mut later(), &module(&program), &[start]);
    assert_eq!(names(&found[0]), [format!("fun_{start:x}")]);
}

#[test]
fn debug_files_are_found_by_their_build_id() {
    let test = "debug_files_are_found_by_their_build_id";
    let Some((folder, program)) = compile(test, C_FLAGS, C_SOURCE, "c") else {
        return;
    };
    let (start, _) = symbol(&program, "outer_work");
    let id = debug_files::hexadecimal(&module(&program).build_id);
    let place = format!("usr/lib/debug/.build-id/{}", &id[..2]);
    fs::create_dir_all(folder.path().join(&place)).expect("a folder");
    split_debug(folder.path(), &format!("{place}/{}.debug", &id[2..]), &[]);
    let located = locate::Located {
        path: program.clone(),
        module_path: program.to_string_lossy().into_owned(),
        image: std::sync::Arc::new(image::Image::open(&program).expect("it is ELF")),
        roots: vec![folder.path().to_owned(), "/".into()],
    };
    let symbols = ElfSymbols::new(located.clone(), Search::of(&located));
    let found = symbols.lookup(&[start], 0);
    assert_eq!(found[0].last().map(|s| s.name.as_str()), Some("outer_work"));
}

#[test]
fn split_dwarf_is_read_from_its_own_files_and_from_a_package() {
    let test = "split_dwarf_is_read_from_its_own_files_and_from_a_package";
    for version in ["-gdwarf-4", "-gdwarf-5"] {
        let flags = ["cc", "-O2", version, "-gsplit-dwarf", "-Wl,--build-id"];
        let Some((folder, program)) = compile(test, &flags, C_SOURCE, "c") else {
            return;
        };
        let (start, size) = symbol(&program, "outer_work");
        let addresses: Vec<u64> = (start..start + size).collect();
        let has_inlined = || {
            let found = lookup(&mut orphan(), &module(&program), &addresses);
            assert!(
                found
                    .iter()
                    .all(|s| s.last().is_some_and(|s| s.name == "outer_work"))
            );
            found
                .iter()
                .any(|s| names(s) == ["innermost", "middle", "outer_work"])
        };
        assert!(has_inlined(), "{version}: .dwo");
        let unit = fs::read_dir(folder.path())
            .expect("the folder is there")
            .map(|entry| entry.expect("it can be read").path())
            .find(|path| path.extension().is_some_and(|extension| extension == "dwo"))
            .expect("the compiler wrote it");
        // The packer of binutils knows the fourth version alone.
        let packed = version == "-gdwarf-4"
            && Command::new("dwp")
                .args(["-e", "program", "-o", "program.dwp"])
                .current_dir(folder.path())
                .status()
                .is_ok_and(|status| status.success());
        fs::remove_file(unit).expect("it can be removed");
        if packed {
            assert!(has_inlined(), "{version}: .dwp");
            fs::remove_file(folder.path().join("program.dwp")).expect("it can be removed");
        } else {
            skip(test, &format!("there is no package with {version}"));
        }
        assert!(!has_inlined(), "{version}: neither");
    }
}

#[test]
fn a_rust_program_with_packed_debug_information_has_its_inlined_functions() {
    let test = "a_rust_program_with_packed_debug_information_has_its_inlined_functions";
    let source = "#[inline(always)] fn inner(n: u64) -> u64 { std::hint::black_box(n) * 3 }
        #[inline(never)] fn outer_work(n: u64) -> u64 { inner(n) + 1 }
        fn main() { std::process::exit(outer_work(1) as i32) }";
    let flags = [
        "rustc",
        "-O",
        "-g",
        "-Csplit-debuginfo=packed",
        "-Clink-arg=-Wl,--build-id",
    ];
    let Some((folder, program)) = compile(test, &flags, source, "rs") else {
        return;
    };
    assert!(folder.path().join("program.dwp").exists(), "it is packed");
    let (start, size) = symbol(&program, "outer_work");
    let addresses: Vec<u64> = (start..start + size).collect();
    let found = lookup(&mut orphan(), &module(&program), &addresses);
    let has_inner = |symbols: &Vec<Symbol>| {
        symbols.len() > 1
            && symbols
                .iter()
                .any(|s| s.inlined && s.name.ends_with("inner"))
    };
    assert!(found.iter().any(has_inner));
    let physical = |symbols: &Vec<Symbol>| symbols.last().map(|s| s.name.clone());
    assert!(
        found
            .iter()
            .all(|s| physical(s).as_deref() == Some("program::outer_work"))
    );
}

#[test]
fn the_small_symbol_table_of_a_stripped_file_names_its_functions() {
    let test = "the_small_symbol_table_of_a_stripped_file_names_its_functions";
    let Some((folder, program)) = compile(test, C_FLAGS, C_SOURCE, "c") else {
        return;
    };
    let (start, _) = symbol(&program, "outer_work");
    tool(
        "objcopy",
        &["-S", "--keep-symbol=outer_work", "program", "mini"],
        folder.path(),
    );
    let packed = Command::new("xz")
        .arg("mini")
        .current_dir(folder.path())
        .status();
    if !packed.is_ok_and(|status| status.success()) {
        return skip(test, "xz cannot be run");
    }
    tool("strip", &["program"], folder.path());
    let add = ["--add-section", ".gnu_debugdata=mini.xz", "program"];
    tool("objcopy", &add, folder.path());
    let found = lookup(&mut orphan(), &module(&program), &[start]);
    assert_eq!(names(&found[0]), ["outer_work"]);
}

#[test]
fn names_come_from_the_cache_until_debug_information_appears() {
    let test = "names_come_from_the_cache_until_debug_information_appears";
    let Some((folder, program)) = compile(test, C_FLAGS, C_SOURCE, "c") else {
        return;
    };
    let cache = TempDir::new().expect("a temporary folder");
    let look_up = |address| {
        let mut symbolizer = Symbolizer::new(SymbolSources {
            cache_folder: Some(cache.path().to_owned()),
            ..SymbolSources::of(u32::MAX)
        });
        let found = lookup(&mut symbolizer, &module(&program), &[address]);
        let debug_was_read = symbolizer
            .files
            .values()
            .flatten()
            .any(|file| file.symbols.has_been_used());
        (found[0].clone(), debug_was_read)
    };
    let (start, _) = symbol(&program, "outer_work");
    fs::create_dir(folder.path().join(".debug")).expect("a folder");
    split_debug(folder.path(), "kept", &[]);
    fs::copy(
        folder.path().join("kept"),
        folder.path().join(".debug/program.debug"),
    )
    .expect("it can be copied");
    tool(
        "objcopy",
        &["--add-gnu-debuglink=.debug/program.debug", "program"],
        folder.path(),
    );
    fs::remove_file(folder.path().join(".debug/program.debug")).expect("it can be removed");
    let made_up = vec![bare_symbol(format!("fun_{start:x}"))];
    assert_eq!(look_up(start), (made_up.clone(), true));
    assert_eq!(look_up(start), (made_up, false), "from the cache");
    fs::rename(
        folder.path().join("kept"),
        folder.path().join(".debug/program.debug"),
    )
    .expect("it can be moved");
    let (found, was_read) = look_up(start);
    assert_eq!(
        (names(&found).last().copied(), was_read),
        (Some("outer_work"), true)
    );
    assert!(!look_up(start).1, "from the cache");
}

#[test]
fn a_file_is_found_through_any_process_of_the_capture() {
    let test = "a_file_is_found_through_any_process_of_the_capture";
    let source = "#include <unistd.h>\n__attribute__((noinline)) void rest(void) { sleep(600); }\n\
                  int main(void) { rest(); return 0; }";
    let Some((folder, program)) = compile(test, C_FLAGS, source, "c") else {
        return;
    };
    let (start, _) = symbol(&program, "rest");
    // A program on a file system that its own mount namespace alone sees, in a pid namespace.
    let hidden = folder.path().join("hidden");
    fs::create_dir(&hidden).expect("a folder");
    let script = "mount -t tmpfs none \"$1\" && cp \"$2\" \"$1/inner\" && exec \"$1/inner\"";
    let run = Command::new("unshare")
        .args(["-m", "-p", "-f", "--mount-proc", "sh", "-c", script, "sh"])
        .args([&hidden, &program])
        .spawn();
    let Ok(run) = run else {
        return skip(test, "unshare cannot be run");
    };
    let mut run = Child(run);
    let inner = hidden.join("inner");
    let mut pid = None;
    for _ in 0..1_000 {
        let children = format!("/proc/{0}/task/{0}/children", run.0.id());
        let child = fs::read_to_string(children).unwrap_or_default();
        let child = child
            .split_ascii_whitespace()
            .next()
            .and_then(|child| child.parse::<u32>().ok());
        let runs =
            |child: &u32| fs::read_link(format!("/proc/{child}/exe")).is_ok_and(|exe| exe == inner);
        pid = child.filter(runs);
        if pid.is_some() || run.0.try_wait().is_ok_and(|ended| ended.is_some()) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let Some(pid) = pid else {
        return skip(test, "namespaces may not be made here");
    };
    let module = Module {
        path: inner.to_string_lossy().into_owned(),
        ..module(&program)
    };
    assert!(!inner.exists(), "we do not see it");
    let mut symbolizer = Symbolizer::new(SymbolSources::of(std::process::id()));
    assert_eq!(lookup(&mut symbolizer, &module, &[start]), [vec![]]);
    symbolizer.add_processes([pid]);
    let found = lookup(&mut symbolizer, &module, &[start]);
    crate::sys::tests_signal(pid, libc::SIGKILL);
    assert_eq!(found[0].last().map(|s| s.name.as_str()), Some("rest"));
}

#[test]
fn a_debuginfod_server_is_asked_for_what_has_no_symbols() {
    let test = "a_debuginfod_server_is_asked_for_what_has_no_symbols";
    let Some((folder, program)) = compile(test, C_FLAGS, C_SOURCE, "c") else {
        return;
    };
    let (start, _) = symbol(&program, "outer_work");
    let content = TempDir::new().expect("a temporary folder");
    let debug = content.path().join("program.debug");
    split_debug(
        folder.path(),
        debug.to_str().expect("the path is text"),
        &[],
    );
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port();
    let started = Command::new("debuginfod")
        .args(["-d", ":memory:", "-p", &port.to_string(), "-F"])
        .arg(content.path())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn();
    let url = format!("http://127.0.0.1:{port}");
    let (Ok(running), Ok(servers)) = (started, Debuginfod::new(&url)) else {
        return skip(test, "debuginfod or its client is not installed");
    };
    let _running = Child(running);
    let mut found = Vec::new();
    let mut answers = DebuginfodAnswers::default();
    // The server scans its files a moment after it started. A client remembers what it did not
    // get, so that each try has another build id's memory: a fresh cache.
    for _ in 0..100 {
        let memory = TempDir::new().expect("a temporary folder");
        let mut symbolizer = Symbolizer::new(SymbolSources {
            debuginfod: Some(servers.clone().with_client_cache(memory.path())),
            ..SymbolSources::of(u32::MAX)
        });
        found = lookup(&mut symbolizer, &module(&program), &[start]);
        answers = symbolizer.debuginfod_answers();
        if answers.found > 0 {
            break;
        }
        assert_eq!(names(&found[0]), [format!("fun_{start:x}")]);
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    let expected = DebuginfodAnswers {
        asked: 1,
        found: 1,
        left_out: 0,
    };
    assert_eq!(answers, expected);
    assert_eq!(found[0].last().map(|s| s.name.as_str()), Some("outer_work"));
}

#[test]
fn files_that_are_held_name_code_when_the_target_has_ended_and_deleted_them() {
    let test = "files_that_are_held_name_code_when_the_target_has_ended_and_deleted_them";
    let Some((_folder, program)) = compile(test, C_FLAGS, C_SOURCE, "c") else {
        return;
    };
    let (start, _) = symbol(&program, "outer_work");
    let captured = module(&program);
    let mut symbolizer = orphan();
    symbolizer.hold(std::slice::from_ref(&captured));
    fs::remove_file(&program).expect("it can be removed");
    let found = lookup(&mut symbolizer, &captured, &[start]);
    assert_eq!(found[0].last().map(|s| s.name.as_str()), Some("outer_work"));
    assert_eq!(lookup(&mut orphan(), &captured, &[start]), [vec![]]);
}
