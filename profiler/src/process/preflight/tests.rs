//! What is said before a recording, of facts and of real processes.

use std::process::{Child, Command, Stdio};

use super::*;

fn briefs(facts: &Facts) -> Vec<&'static str> {
    preflight(7, facts).iter().map(|note| note.brief).collect()
}

fn told(runtime: Runtime, arguments: &[&str]) -> Facts {
    Facts {
        arguments: arguments.iter().map(|&word| word.to_owned()).collect(),
        ..Facts::of_runtime(runtime)
    }
}

#[test]
fn node_needs_its_options_from_the_start() {
    let plain = told(Runtime::Node, &["node", "server.mjs"]);
    assert_eq!(briefs(&plain), ["Names need --perf-basic-prof"]);
    let named = told(Runtime::Node, &["node", "--perf-basic-prof", "server.mjs"]);
    assert_eq!(briefs(&named), ["Interpreted functions share a name"]);
    let all = Facts {
        environment: vec![(
            "NODE_OPTIONS".to_owned(),
            "--perf-prof --interpreted-frames-native-stack".to_owned(),
        )],
        ..plain
    };
    assert!(briefs(&all).is_empty());
}

#[test]
fn a_java_machine_needs_a_map_and_frame_pointers() {
    let plain = told(Runtime::Jvm, &["java", "-jar", "rules.jar"]);
    let notes = preflight(4711, &plain);
    assert_eq!(
        briefs(&plain),
        ["Names need a perf map", "Stacks need frame pointers"]
    );
    assert_eq!(
        notes[0].remedy.as_deref(),
        Some("jcmd 4711 Compiler.perfmap")
    );
    let whole = Facts {
        has_perf_map: true,
        ..told(Runtime::Jvm, &["java", "-XX:+PreserveFramePointer"])
    };
    assert!(briefs(&whole).is_empty());
}

#[test]
fn dot_net_needs_a_variable_that_is_not_0() {
    let mut facts = Facts::of_runtime(Runtime::DotNet);
    assert_eq!(briefs(&facts), ["Names need PerfMapEnabled"]);
    facts.environment = vec![("DOTNET_PerfMapEnabled".to_owned(), "0".to_owned())];
    assert_eq!(briefs(&facts), ["Names need PerfMapEnabled"]);
    facts.environment[0].1 = "1".to_owned();
    assert!(briefs(&facts).is_empty());
}

#[test]
fn versions_of_python_that_are_not_read_are_told() {
    let mut facts = Facts::of_runtime(Runtime::Python);
    assert!(briefs(&facts).is_empty());
    for (version, is_read) in [
        ((7, false), false),
        ((8, false), true),
        ((13, false), true),
        ((13, true), false),
        ((14, false), false),
    ] {
        facts.python = Some(version);
        assert_eq!(briefs(&facts).is_empty(), is_read, "{version:?}");
    }
    assert_eq!(
        preflight(7, &facts)[0].remedy.as_deref(),
        Some("PYTHONPERFSUPPORT=1")
    );
}

#[test]
fn a_program_without_symbols_loses_more_than_one_without_lines() {
    let mut facts = Facts::of_runtime(Runtime::Rust);
    facts.program = Some(Program::default());
    assert_eq!(preflight(7, &facts)[0].weight, Weight::Loses);
    facts.program = Some(Program {
        has_symbols: true,
        ..Program::default()
    });
    assert_eq!(preflight(7, &facts)[0].weight, Weight::Hint);
    facts.program = Some(Program {
        has_symbols: true,
        has_debug_info: true,
        build_id: None,
    });
    assert!(briefs(&facts).is_empty());
}

/// A process that waits until it is dropped.
struct Waiting(Child);

impl Waiting {
    fn start(command: &mut Command) -> Option<Self> {
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut child = Self(child);
        // Its first word comes once its runtime has begun.
        let mut word = [0; 1];
        std::io::Read::read_exact(child.0.stdout.as_mut()?, &mut word).ok()?;
        Some(child)
    }

    fn facts(&self) -> Facts {
        Facts::gather(self.0.id())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn this_very_test_has_symbols_and_lines() {
    let facts = Facts::gather(std::process::id());
    assert_eq!(facts.runtime, Runtime::Rust);
    let program = facts.program.expect("our own file can be read");
    assert!(program.has_symbols && program.has_debug_info);
}

#[test]
fn a_real_python_is_recognised_with_its_version() {
    let words = "import sys; print('.%d' % sys.version_info[1], flush=True); input()";
    let Some(python) = Waiting::start(Command::new("python3").args(["-c", words])) else {
        eprintln!("SKIPPED a_real_python_is_recognised_with_its_version: no python3");
        return;
    };
    let facts = python.facts();
    assert_eq!(facts.runtime, Runtime::Python);
    let (minor, _) = facts.python.expect("its files bear the version");
    assert!((8..30).contains(&minor), "{minor}");
}

#[test]
fn a_real_node_is_asked_for_names_until_it_tells_them() {
    let script = "console.log('x'); process.stdin.resume()";
    let Some(plain) = Waiting::start(
        Command::new("node")
            .env_remove("NODE_OPTIONS")
            .args(["-e", script]),
    ) else {
        eprintln!("SKIPPED a_real_node_is_asked_for_names_until_it_tells_them: no node");
        return;
    };
    assert_eq!(briefs(&plain.facts()), ["Names need --perf-basic-prof"]);
    // As the remedy says.
    let named = Waiting::start(
        Command::new("node")
            .env(
                "NODE_OPTIONS",
                "--perf-basic-prof --interpreted-frames-native-stack",
            )
            .args(["-e", script]),
    )
    .expect("node was there before");
    let facts = named.facts();
    assert!(facts.has_perf_map);
    assert!(briefs(&facts).is_empty());
    let _ = std::fs::remove_file(format!("/tmp/perf-{}.map", named.0.id()));
}
