//! What is looked at before a process is recorded.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use object::{Object, ObjectSection, read::ReadCache};
use scrutineer_evidence::process::Runtime;

use crate::process::{self, runtime_of};

/// Variables of which the value is looked at; others may hold secrets.
const VARIABLES: [&str; 7] = [
    "NODE_OPTIONS",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "DOTNET_PerfMapEnabled",
    "COMPlus_PerfMapEnabled",
    "PYTHONPERFSUPPORT",
    "RUBYOPT",
];

/// What the file of a program holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// Whether functions have names in it, or in a file that belongs to it.
    pub has_symbols: bool,
    /// Whether it has debug information, or a file with it lies where such files lie.
    pub has_debug_info: bool,
    /// Build id, hexadecimal.
    pub build_id: Option<String>,
}

/// What is known of a process before it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its runtime.
    pub runtime: Runtime,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Those of some variables of its environment that are set.
    pub environment: Vec<(String, String)>,
    /// Minor version of CPython 3, and whether it is the build without the global lock.
    pub python: Option<(u8, bool)>,
    /// Whether its runtime has written a perf map.
    pub has_perf_map: bool,
    /// Whether its runtime writes a jitdump file.
    pub has_jitdump: bool,
    /// Its program; `None` where the file may not be read.
    pub program: Option<Program>,
}

impl Facts {
    /// Facts of a runtime of which nothing else is known.
    pub fn of_runtime(runtime: Runtime) -> Self {
        Self {
            runtime,
            arguments: Vec::new(),
            environment: Vec::new(),
            python: None,
            has_perf_map: false,
            has_jitdump: false,
            program: None,
        }
    }

    /// Looks at a running process. What may not be read is taken as not there.
    pub fn gather(pid: u32) -> Self {
        let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
        let files: Vec<&str> = maps
            .lines()
            .filter_map(|line| line.rsplit_once('/'))
            .map(|(_, name)| name)
            .collect();
        Self {
            arguments: process::arguments(pid),
            environment: environment(pid),
            python: files.iter().find_map(|name| python_version(name)),
            has_perf_map: perf_maps(pid).iter().any(|path| path.is_file()),
            has_jitdump: files.iter().any(|name| {
                let rest = name.strip_prefix("jit-");
                rest.is_some_and(|rest| rest.strip_suffix(".dump").is_some())
            }),
            program: program(pid),
            ..Self::of_runtime(runtime_of(pid))
        }
    }

    /// Whether an argument, or an option in a variable, begins with `option` or ends with it.
    pub(super) fn is_told(&self, option: &str) -> bool {
        let in_variables = self
            .environment
            .iter()
            .flat_map(|(_, value)| value.split_ascii_whitespace());
        self.arguments
            .iter()
            .map(String::as_str)
            .chain(in_variables)
            .any(|given| given.starts_with(option) || given.ends_with(option))
    }

    /// The value of a variable, where it is set.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        let found = self.environment.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }
}

fn environment(pid: u32) -> Vec<(String, String)> {
    let bytes = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    bytes
        .split(|byte| *byte == 0)
        .filter_map(|entry| str::from_utf8(entry).ok()?.split_once('='))
        .filter(|(name, _)| VARIABLES.contains(name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn perf_maps(pid: u32) -> [PathBuf; 2] {
    let inner = process::inner_pid(pid).unwrap_or(pid);
    [
        PathBuf::from(format!("/proc/{pid}/root/tmp/perf-{inner}.map")),
        PathBuf::from(format!("/tmp/perf-{pid}.map")),
    ]
}

/// Of `libpython3.11.so.1.0` and `python3.13t`.
fn python_version(name: &str) -> Option<(u8, bool)> {
    let rest = name
        .strip_prefix("libpython3.")
        .or_else(|| name.strip_prefix("python3."))?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let minor = rest[..digits].parse().ok()?;
    Some((minor, rest[digits..].starts_with('t')))
}

fn program(pid: u32) -> Option<Program> {
    let cache = ReadCache::new(File::open(format!("/proc/{pid}/exe")).ok()?);
    let elf = object::File::parse(&cache).ok()?;
    let has = |name: &str| {
        elf.section_by_name(name)
            .is_some_and(|section| section.size() > 0)
    };
    let build_id = elf.build_id().ok().flatten().map(|id| {
        let digits: Vec<String> = id.iter().map(|byte| format!("{byte:02x}")).collect();
        digits.concat()
    });
    let apart = build_id.as_deref().is_some_and(has_debug_file);
    Some(Program {
        // `.gnu_debugdata` is a small table of symbols in distributions' files.
        has_symbols: has(".symtab") || has(".gnu_debugdata") || apart,
        has_debug_info: has(".debug_line") || has(".zdebug_line") || apart,
        build_id,
    })
}

/// Whether a debug file lies where distributions put them.
fn has_debug_file(build_id: &str) -> bool {
    let Some((start, rest)) = build_id.split_at_checked(2) else {
        return false;
    };
    Path::new(&format!("/usr/lib/debug/.build-id/{start}/{rest}.debug")).is_file()
}
