//! Jitdump files and perf maps: made here byte by byte, and by real runtimes.

use std::{fs, io::Write as _, path::PathBuf};

use super::{dump::Dump, *};

/// A jitdump file under construction.
struct Written(Vec<u8>);

impl Written {
    fn new() -> Self {
        let mut bytes = Vec::new();
        for field in [0x4a69_5444_u32, 1, 40, 62, 0, 4711] {
            bytes.extend_from_slice(&field.to_le_bytes());
        }
        bytes.extend_from_slice(&[0; 16]);
        Self(bytes)
    }

    fn record(&mut self, kind: u32, body: &[u8]) {
        self.0.extend_from_slice(&kind.to_le_bytes());
        self.0
            .extend_from_slice(&(body.len() as u32 + 16).to_le_bytes());
        self.0.extend_from_slice(&[0; 8]);
        self.0.extend_from_slice(body);
    }

    fn load(&mut self, start: u64, size: u64, name: &str) {
        let mut body = [0; 16].to_vec();
        for field in [start, size, 1] {
            body.extend_from_slice(&field.to_le_bytes());
        }
        body.extend_from_slice(name.as_bytes());
        body.push(0);
        body.resize(body.len() + size as usize, 0x90);
        self.record(0, &body);
    }

    fn move_code(&mut self, old: u64, new: u64, size: u64) {
        let mut body = [0; 16].to_vec();
        for field in [old, new, size, 1] {
            body.extend_from_slice(&field.to_le_bytes());
        }
        self.record(1, &body);
    }

    fn lines(&mut self, start: u64, lines: &[(u64, u32, &[u8])]) {
        let mut body = start.to_le_bytes().to_vec();
        body.extend_from_slice(&(lines.len() as u64).to_le_bytes());
        for (address, line, file) in lines {
            body.extend_from_slice(&address.to_le_bytes());
            body.extend_from_slice(&line.to_le_bytes());
            body.extend_from_slice(&[0; 4]);
            body.extend_from_slice(file);
            body.push(0);
        }
        self.record(2, &body);
    }
}

/// Reads `bytes` as a file that is written anew with each call.
struct File {
    _folder: tempfile::TempDir,
    path: PathBuf,
    owner: u32,
    dump: Dump,
}

impl File {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("jit-4711.dump");
        let owner = fs::metadata(folder.path()).expect("it is there").uid();
        Self {
            _folder: folder,
            path,
            owner,
            dump: Dump::default(),
        }
    }

    fn read(&mut self, bytes: &[u8]) {
        fs::write(&self.path, bytes).expect("it can be written");
        self.dump
            .refresh(std::slice::from_ref(&self.path), self.owner);
    }

    fn name(&self, address: u64) -> Option<(String, String, u32)> {
        let symbol = self.dump.name(address)?;
        Some((symbol.name, symbol.file, symbol.line))
    }
}

fn named(name: &str, file: &str, line: u32) -> (String, String, u32) {
    (name.into(), file.into(), line)
}

#[test]
fn code_has_its_name_file_and_line() {
    let mut written = Written::new();
    let lines: [(u64, u32, &[u8]); 3] = [
        (0x1010, 12, b"a.rb"),
        (0x1004, 10, b"a.rb"),
        (0x1020, 3, b"b.rb"),
    ];
    written.lines(0x1000, &lines);
    written.load(0x1000, 0x40, "Shop#serve");
    written.lines(0x2000, &[(0x2000, 5, b"c.rb"), (0x2008, 6, b"\xff")]);
    written.load(0x2000, 0x10, "Shop#pay");
    written.record(4, &[1; 100]);
    written.load(0x3000, 0x10, "bare");
    let mut file = File::new();
    file.read(&written.0);
    assert_eq!(
        file.name(0x1000),
        Some(named("Shop#serve", "", 0)),
        "before the first line"
    );
    assert_eq!(file.name(0x1004), Some(named("Shop#serve", "a.rb", 10)));
    assert_eq!(file.name(0x101f), Some(named("Shop#serve", "a.rb", 12)));
    assert_eq!(file.name(0x103f), Some(named("Shop#serve", "b.rb", 3)));
    assert_eq!(file.name(0x1040), None);
    assert_eq!(file.name(0x2009), Some(named("Shop#pay", "c.rb", 6)));
    assert_eq!(file.name(0x3001), Some(named("bare", "", 0)));
}

#[test]
fn lines_that_count_the_header_of_a_file_that_was_never_made_are_set_right() {
    let mut written = Written::new();
    written.lines(0x1000, &[(0x1040, 1, b"a.js"), (0x1050, 2, b"a.js")]);
    written.load(0x1000, 0x40, "JS:*serve");
    let mut file = File::new();
    file.read(&written.0);
    assert_eq!(file.name(0x100f), Some(named("JS:*serve", "a.js", 1)));
    assert_eq!(file.name(0x1010), Some(named("JS:*serve", "a.js", 2)));
}

#[test]
fn code_that_moves_keeps_its_name_and_its_lines() {
    let mut written = Written::new();
    written.lines(0x1000, &[(0x1000, 7, b"a.rb")]);
    written.load(0x1000, 0x40, "serve");
    written.move_code(0x1000, 0x5000, 0x40);
    written.load(0x1000, 0x10, "other");
    written.move_code(0x7777, 0x8888, 0x10);
    let mut file = File::new();
    file.read(&written.0);
    assert_eq!(file.name(0x503f), Some(named("serve", "a.rb", 7)));
    assert_eq!(file.name(0x1001), Some(named("other", "", 0)));
    assert_eq!(file.name(0x1020), None);
    assert_eq!(file.name(0x8888), None);
}

#[test]
fn a_file_that_grows_is_read_to_its_last_whole_record_and_further_later() {
    let mut written = Written::new();
    written.load(0x1000, 0x40, "first");
    let first = written.0.len();
    written.load(0x2000, 0x40, "second");
    let mut file = File::new();
    for length in 0..written.0.len() {
        file.read(&written.0[..length]);
        assert_eq!(
            file.name(0x1000).is_some(),
            length >= first,
            "{length} bytes"
        );
        assert_eq!(file.name(0x2000), None);
    }
    // Space that was set aside reads as zeros.
    let mut set_aside = written.0[..first].to_vec();
    set_aside.resize(first + 4096, 0);
    file.read(&set_aside);
    file.read(&written.0);
    assert_eq!(file.name(0x2000), Some(named("second", "", 0)));
    written.record(3, &[]);
    written.load(0x3000, 0x40, "after the end");
    file.read(&written.0);
    assert_eq!(file.name(0x3000), None);
    let mut anew = Written::new();
    anew.load(0x1000, 0x40, "anew");
    file.read(&anew.0);
    assert_eq!(
        file.name(0x1000),
        Some(named("anew", "", 0)),
        "a shorter file was written anew"
    );
    assert_eq!(file.name(0x2000), None);
}

#[test]
fn no_damage_makes_the_reader_fail_or_run_away() {
    let mut written = Written::new();
    written.lines(0x1000, &[(0x1000, 7, b"a.rb"), (0x1008, 8, b"\xff")]);
    written.load(0x1000, 0x40, "serve");
    written.move_code(0x1000, 0x5000, 0x40);
    written.load(u64::MAX - 4, 0x40, "beyond");
    for at in 0..written.0.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut damaged = written.0.clone();
            damaged[at] = value;
            let mut file = File::new();
            file.read(&damaged);
            let _ = file.name(0x5000);
        }
    }
}

#[test]
fn each_process_has_its_own_map() {
    let pids = [u32::MAX - 7, u32::MAX - 8];
    let path = |pid: u32| PathBuf::from(format!("/tmp/perf-{pid}.map"));
    let mut jit = JitSymbols::default();
    for pid in pids {
        fs::write(path(pid), format!("1000 10 made by {pid}\n")).expect("it can be written");
    }
    let found = pids.map(|pid| jit.lookup(pid, &[], &[0x1001, 0x2001]));
    for pid in pids {
        let mut file = fs::OpenOptions::new()
            .append(true)
            .open(path(pid))
            .expect("it is there");
        file.write_all(b"2000 10 later\n")
            .expect("it can be written");
    }
    let later = pids.map(|pid| jit.lookup(pid, &[], &[0x2001]));
    for pid in pids {
        fs::remove_file(path(pid)).expect("it can be removed");
    }
    let name = |symbols: &[Symbol]| symbols.first().map(|symbol| symbol.name.clone());
    for (pid, found) in pids.iter().zip(&found) {
        assert_eq!(name(&found[0]), Some(format!("made by {pid}")));
        assert_eq!(name(&found[1]), None);
    }
    assert!(
        later
            .iter()
            .all(|found| name(&found[0]).as_deref() == Some("later"))
    );
}

#[test]
fn code_that_node_compiles_has_its_file_and_line() {
    let test = "code_that_node_compiles_has_its_file_and_line";
    let folder = tempfile::tempdir().expect("a temporary folder");
    let source = "function before() {}\n\
                  function hotLoop(n) {\n  let s = 0;\n  for (let i = 0; i < n; i++) {\n    \
                  s = (s * 31 + i) % 1000003;\n  }\n  return s;\n}\n\
                  for (let i = 0; i < 2000; i++) hotLoop(100000);\n";
    fs::write(folder.path().join("busy.js"), source).expect("it can be written");
    let node = std::process::Command::new("node")
        .args(["--perf-prof", "busy.js"])
        .current_dir(folder.path())
        .spawn();
    let Ok(mut node) = node else {
        return crate::sys::tests_skip(test, "node cannot be run");
    };
    let pid = node.id();
    let status = node.wait().expect("it is our child");
    assert!(status.success());
    let path = folder.path().join(format!("jit-{pid}.dump"));
    if !path.exists() {
        return crate::sys::tests_skip(test, "this node writes no jitdump file");
    }
    let owner = fs::metadata(&path).expect("it is there").uid();
    let mut dump = Dump::default();
    dump.refresh(&[path], owner);
    let code = dump.code_named("JS:*hotLoop");
    assert!(!code.is_empty(), "it was compiled");
    let symbols: Vec<Symbol> = code
        .into_iter()
        .flat_map(|(start, end)| (start..end).filter_map(|address| dump.name(address)))
        .filter(|symbol| symbol.line != 0)
        .collect();
    if symbols.is_empty() {
        return crate::sys::tests_skip(test, "this node damages the paths in its jitdump file");
    }
    assert!(symbols.iter().all(|s| s.file.ends_with("busy.js")));
    let lines: BTreeSet<u32> = symbols.iter().map(|symbol| symbol.line).collect();
    assert!(lines.contains(&5), "{lines:?}");
    assert!(lines.iter().all(|line| (2..=8).contains(line)), "{lines:?}");
}

#[test]
fn lines_of_which_a_path_was_overwritten_are_left_out_and_the_name_stays() {
    let mut written = Written::new();
    let overwritten: &[u8] = b"\t}\x03\0\0\0\0\0\xdf\xb1y/busy.js";
    written.lines(
        0x1000,
        &[(0x1000, 3, overwritten), (0x1008, 4, overwritten)],
    );
    written.load(0x1000, 0x40, "hotLoop");
    let mut file = File::new();
    file.read(&written.0);
    assert_eq!(file.name(0x1010), Some(named("hotLoop", "", 0)));
}
