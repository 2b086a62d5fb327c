//! Recognises a language runtime from the executable's name, the mapped libraries and the ELF file.

use std::{
    fs::{self, File},
    path::Path,
};

use object::{
    Object, ObjectSection,
    read::{ReadCache, ReadRef},
};
use scrutineer_evidence::process::Runtime;

/// Bytes of read-only data that are searched for the paths of the Rust library.
const SEARCHED_BYTES: u64 = 4 << 20;

/// The runtime of a process. Reads the name of its executable first, then the names of its mapped
/// files, then the table of the ELF file's sections. [`Runtime::Native`] where nothing is
/// recognised, or nothing may be read.
pub fn runtime_of(pid: u32) -> Runtime {
    let executable = super::executable(pid).unwrap_or_default();
    by_name(&executable)
        .or_else(|| {
            by_libraries(
                &fs::read_to_string(format!("/proc/{pid}/maps")).ok()?,
                MANAGED,
            )
        })
        .or_else(|| by_sections(Path::new(&format!("/proc/{pid}/exe"))))
        .or_else(|| {
            by_libraries(
                &fs::read_to_string(format!("/proc/{pid}/maps")).ok()?,
                EMBEDDED,
            )
        })
        .unwrap_or(Runtime::Native)
}

/// Libraries that hold a runtime, and whatever maps them runs on it.
const MANAGED: &[(&str, Runtime)] = &[
    ("libjvm.so", Runtime::Jvm),
    ("libcoreclr.so", Runtime::DotNet),
    ("libnode.so", Runtime::Node),
];

/// Interpreters that native programs embed too: these count only where the program's own language
/// is not recognised.
const EMBEDDED: &[(&str, Runtime)] = &[("libpython", Runtime::Python), ("libruby", Runtime::Ruby)];

fn by_name(executable: &str) -> Option<Runtime> {
    let name = executable.rsplit('/').next()?;
    // `python3.13`, `ruby3.1`, `nodejs`.
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-'));
    Some(match stem {
        "python" | "pypy" => Runtime::Python,
        "node" | "nodejs" => Runtime::Node,
        "java" => Runtime::Jvm,
        "dotnet" => Runtime::DotNet,
        "ruby" => Runtime::Ruby,
        _ => return None,
    })
}

fn by_libraries(maps: &str, known: &[(&str, Runtime)]) -> Option<Runtime> {
    let names = maps
        .lines()
        .filter_map(|line| line.rsplit_once('/'))
        .map(|(_, name)| name);
    names
        .flat_map(|name| {
            known
                .iter()
                .filter(move |(start, _)| name.starts_with(start))
        })
        .map(|&(_, runtime)| runtime)
        .next()
}

/// Go marks its programs with a section. rustc (since 1.73) writes its version into `.comment`;
/// what was stripped of that still holds paths of the Rust library in its panic messages.
fn by_sections(executable: &Path) -> Option<Runtime> {
    let file = File::open(executable).ok()?;
    let cache = ReadCache::new(file);
    let elf = object::File::parse(&cache).ok()?;
    if elf.section_by_name(".go.buildinfo").is_some() {
        return Some(Runtime::Go);
    }
    let is_rust = section_holds(&elf, ".comment", "rustc version")
        || section_holds(&elf, ".rodata", "/rustc/");
    is_rust.then_some(Runtime::Rust)
}

fn section_holds<'data, R: ReadRef<'data>>(
    elf: &object::File<'data, R>,
    section: &str,
    wanted: &str,
) -> bool {
    let Some(section) = elf.section_by_name(section) else {
        return false;
    };
    let length = section.size().min(SEARCHED_BYTES);
    let bytes = section
        .data_range(section.address(), length)
        .ok()
        .flatten()
        .unwrap_or_default();
    regex::bytes::Regex::new(&regex::escape(wanted))
        .expect("an escaped text is a pattern")
        .is_match(bytes)
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};

    use super::*;

    /// A process that waits on its standard input.
    struct Waiting(Child);

    impl Waiting {
        fn start(mut command: Command) -> Option<Self> {
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = command.spawn().ok()?;
            // The first line says that the interpreter is up.
            let mut line = String::new();
            let stdout = child.stdout.as_mut().expect("it is piped");
            std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).ok()?;
            Some(Self(child))
        }
    }

    impl Drop for Waiting {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    #[test]
    fn this_test_is_recognised_as_rust() {
        assert_eq!(runtime_of(std::process::id()), Runtime::Rust);
    }

    #[test]
    fn a_stripped_rust_program_is_recognised_by_its_panic_messages() {
        let folder = tempfile::tempdir().unwrap();
        let stripped = folder.path().join("stripped");
        let status = Command::new("strip")
            .args(["--strip-all", "--remove-section=.comment", "-o"])
            .arg(&stripped)
            .arg(std::env::current_exe().unwrap())
            .status();
        if !status.is_ok_and(|status| status.success()) {
            return crate::sys::tests_skip(
                "a_stripped_rust_program_is_recognised_by_its_panic_messages",
                "no strip (binutils) here",
            );
        }
        assert_eq!(by_sections(&stripped), Some(Runtime::Rust));
    }

    #[test]
    fn a_program_in_c_is_native() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo up; read line"]);
        assert_eq!(
            runtime_of(Waiting::start(command).unwrap().0.id()),
            Runtime::Native
        );
    }

    #[test]
    fn interpreters_are_recognised() {
        let test = "interpreters_are_recognised";
        for (program, arguments, runtime) in [
            (
                "python3",
                ["-c", "print('up', flush=True); input()"],
                Runtime::Python,
            ),
            (
                "node",
                ["-e", "console.log('up'); process.stdin.resume()"],
                Runtime::Node,
            ),
        ] {
            let mut command = Command::new(program);
            command.args(arguments);
            match Waiting::start(command) {
                Some(child) => assert_eq!(runtime_of(child.0.id()), runtime),
                None => crate::sys::tests_skip(test, &format!("no {program} here")),
            }
        }
    }

    #[test]
    fn names_and_libraries_are_recognised() {
        assert_eq!(by_name("/usr/bin/python3.13"), Some(Runtime::Python));
        assert_eq!(by_name("/usr/lib/jvm/bin/java"), Some(Runtime::Jvm));
        assert_eq!(by_name("/opt/node-22"), Some(Runtime::Node));
        assert_eq!(by_name("/usr/bin/pythonista"), None);
        let maps =
            "7f00-7f01 r-xp 0 08:01 9   /usr/lib/server/libjvm.so\n7f02-7f03 rw-p 0 0:0 0 \n";
        assert_eq!(by_libraries(maps, MANAGED), Some(Runtime::Jvm));
        assert_eq!(by_libraries(maps, EMBEDDED), None);
    }

    #[test]
    fn a_process_that_is_gone_is_native() {
        assert_eq!(runtime_of(u32::MAX), Runtime::Native);
    }
}
