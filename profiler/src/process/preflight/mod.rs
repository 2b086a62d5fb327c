//! What will be seen of a process and what will not, said before it is recorded: what its runtime
//! needs for good stacks and names, and what its program's file lacks.

mod facts;
#[cfg(test)]
mod tests;

use scrutineer_evidence::process::Runtime;

pub use facts::{Facts, Program};

/// How much a note matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Part of the stacks or names will be missing.
    Loses,
    /// Less will be seen than could be.
    Hint,
}

/// Something to know before a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// How much it matters.
    pub weight: Weight,
    /// In a few words, for a table's cell.
    pub brief: &'static str,
    /// What will be missing, and why, as a sentence.
    pub words: String,
    /// What mends it, exactly as it is to be typed or set; `None` where nothing does.
    pub remedy: Option<String>,
}

impl Note {
    fn loses(brief: &'static str, words: impl Into<String>) -> Self {
        Self {
            weight: Weight::Loses,
            brief,
            words: words.into(),
            remedy: None,
        }
    }

    fn hint(brief: &'static str, words: impl Into<String>) -> Self {
        Self {
            weight: Weight::Hint,
            ..Self::loses(brief, words)
        }
    }

    fn mended_by(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

/// What is to be said of a process, what matters most first. Empty where everything will be seen.
pub fn preflight(pid: u32, facts: &Facts) -> Vec<Note> {
    let mut notes = match facts.runtime {
        Runtime::Node => node(facts),
        Runtime::Jvm => jvm(pid, facts),
        Runtime::DotNet => dot_net(facts),
        Runtime::Python => python(facts),
        Runtime::Ruby => vec![Note::loses(
            "Native frames only",
            "Ruby methods are not read: stacks show the interpreter's own functions.",
        )],
        Runtime::Rust | Runtime::Native | Runtime::Go => Vec::new(),
    };
    // The files of runtimes are others' work: what they lack, nobody here will mend.
    if matches!(facts.runtime, Runtime::Rust | Runtime::Native | Runtime::Go) {
        notes.extend(facts.program.as_ref().and_then(|own| program(facts, own)));
    }
    notes.sort_by_key(|note| note.weight);
    notes
}

/// Options of V8: `node --v8-options`.
fn node(facts: &Facts) -> Vec<Note> {
    let tells_names = facts.has_perf_map
        || facts.has_jitdump
        || facts.is_told("--perf-basic-prof")
        || facts.is_told("--perf-prof");
    if !tells_names {
        let words = "JavaScript functions will have no names: V8 tells them only to who asks at its \
                     start.";
        return vec![
            Note::loses("Names need --perf-basic-prof", words)
                .mended_by("NODE_OPTIONS=\"--perf-basic-prof --interpreted-frames-native-stack\""),
        ];
    }
    if facts.is_told("--interpreted-frames-native-stack") {
        return Vec::new();
    }
    let words =
        "JavaScript functions that V8 interprets will share one name, until they are compiled.";
    vec![
        Note::hint("Interpreted functions share a name", words)
            .mended_by("NODE_OPTIONS=\"--perf-basic-prof --interpreted-frames-native-stack\""),
    ]
}

/// `Compiler.perfmap` came with JDK 17 (JDK-8254723).
fn jvm(pid: u32, facts: &Facts) -> Vec<Note> {
    let mut notes = Vec::new();
    if !facts.has_perf_map && !facts.has_jitdump {
        let words = "Java methods will have no names until the JVM writes a map of its code; JDK 17 and \
                     later do so when asked, while they run.";
        notes.push(
            Note::loses("Names need a perf map", words)
                .mended_by(format!("jcmd {pid} Compiler.perfmap")),
        );
    }
    if !facts.is_told("+PreserveFramePointer") {
        let words = "Stacks will break off in compiled Java code: it keeps no frame pointers unless it \
                     is told to at its start.";
        notes.push(
            Note::loses("Stacks need frame pointers", words)
                .mended_by("JAVA_TOOL_OPTIONS=-XX:+PreserveFramePointer"),
        );
    }
    notes
}

/// `DOTNET_PerfMapEnabled` (before .NET 6: `COMPlus_…`): 1 and 2 write maps, 1 and 3 jitdump files
/// besides or instead.
fn dot_net(facts: &Facts) -> Vec<Note> {
    let is_on = ["DOTNET_PerfMapEnabled", "COMPlus_PerfMapEnabled"]
        .iter()
        .any(|name| facts.variable(name).is_some_and(|value| value != "0"));
    if is_on || facts.has_perf_map || facts.has_jitdump {
        return Vec::new();
    }
    let words = "Methods of .NET will have no names: the runtime tells them only where that is switched \
                 on at its start.";
    vec![Note::loses("Names need PerfMapEnabled", words).mended_by("DOTNET_PerfMapEnabled=1")]
}

/// Versions whose functions the recorder reads itself need nothing; from 3.12 on the interpreter
/// can write a perf map (`python3 --help-xoptions`).
fn python(facts: &Facts) -> Vec<Note> {
    let read = 8..=13;
    let (is_read, version) = match facts.python {
        Some((minor, free_threaded)) => {
            let build = if free_threaded {
                " without the global lock"
            } else {
                ""
            };
            let is_read = read.contains(&minor) && !free_threaded;
            (is_read, format!("Python 3.{minor}{build}"))
        }
        // What embeds an interpreter in a way that is not recognised says nothing here.
        None => return Vec::new(),
    };
    let writes_a_map = facts.has_perf_map
        || facts
            .variable("PYTHONPERFSUPPORT")
            .is_some_and(|value| value != "0")
        || facts.is_told("-X") && facts.is_told("perf");
    if is_read || writes_a_map {
        return Vec::new();
    }
    let words = format!(
        "Functions of {version} are not read, so stacks show the interpreter's own; 3.8 to 3.13 with \
         the global lock are."
    );
    let note = Note::loses("Native frames only", words);
    let writes_maps = facts.python.is_some_and(|(minor, _)| minor >= 12);
    vec![if writes_maps {
        note.mended_by("PYTHONPERFSUPPORT=1")
    } else {
        note
    }]
}

fn program(facts: &Facts, program: &Program) -> Option<Note> {
    if !program.has_symbols && !program.has_debug_info {
        let words = "The program's file has no symbols: its functions will be called fun_ with their \
                     address.";
        let note = Note::loses("No symbols", words);
        return Some(match facts.runtime {
            Runtime::Rust => {
                note.mended_by("[profile.release] strip = false, debug = \"line-tables-only\"")
            }
            _ if program.build_id.is_some() => note.mended_by(
                "DEBUGINFOD_URLS=https://debuginfod.elfutils.org scrutineer record --debuginfod …",
            ),
            _ => note,
        });
    }
    if program.has_debug_info {
        return None;
    }
    let words = "The program was built without line tables: functions have names, but inlined ones, \
                 files and lines will be missing.";
    let note = Note::hint("No line tables", words);
    Some(match facts.runtime {
        Runtime::Rust => note.mended_by("[profile.release] debug = \"line-tables-only\""),
        _ => note.mended_by("cc -g"),
    })
}
