//! Functions of interpreted programs, merged into native stacks without touching the program.
//!
//! A sample's copy of the stack and its registers tell exactly which frames an interpreter's loop
//! executed; what lies on the heap (frames, code objects) is read a moment later and can have
//! changed meanwhile. What the registers say decides then, and what stays uncertain is counted.

#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod memory;
mod python;

use std::{collections::HashMap, ops::Range, sync::Arc};

use crate::{
    capture::{
        model::{Frame, Symbol},
        tables::Tables,
        unwind::LoopCall,
    },
    sys::clock,
};
use python::PythonReader;
pub(crate) use python::binary::PythonBinary;

/// Interpreted frames of one stack at most.
const MOST_FRAMES: usize = 1024;

/// An interpreter as it is mapped in a process.
#[derive(Clone, Debug)]
pub(crate) struct MappedInterpreter {
    python: Arc<PythonBinary>,
    /// Added to an address that the file states, gives that in the process.
    bias: u64,
    /// Where the interpreter's loop lies in the process.
    pub(crate) loop_ranges: Vec<Range<u64>>,
}

impl MappedInterpreter {
    pub(crate) fn new(python: &Arc<PythonBinary>, bias: u64) -> Self {
        let moved =
            |range: &Range<u64>| range.start.wrapping_add(bias)..range.end.wrapping_add(bias);
        Self {
            loop_ranges: python.loop_ranges.iter().map(moved).collect(),
            python: python.clone(),
            bias,
        }
    }

    /// Where the interpreter's loop begins, rather than a part that was split off it.
    pub(crate) fn loop_start(&self) -> u64 {
        self.python.loop_start.wrapping_add(self.bias)
    }
}

/// How much of the interpreted part of a capture was found, in calls of an interpreter's loop that
/// samples came upon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InterpreterCounts {
    /// All of them.
    pub calls: u64,
    /// Whose functions were found.
    pub found: u64,
    /// Whose innermost function the registers or the copied stack confirm as of the sample's time.
    pub confirmed: u64,
    /// Whose frame had been used again when it was read, so that the registers had to decide.
    pub moved: u64,
    /// Of which outer functions may be missing or wrong.
    pub uncertain: u64,
}

/// The readers of all processes of a capture, and the frames that they found.
#[derive(Debug, Default)]
pub struct Interpreters {
    readers: HashMap<u32, Reader>,
    known: Known,
    counts: InterpreterCounts,
    found: Vec<FoundFrame>,
    refused: Option<u32>,
    unsupported: Option<String>,
}

#[derive(Debug)]
struct Reader {
    bias: u64,
    /// `None` where its version is not read.
    python: Option<PythonReader>,
}

/// An interpreted frame, to be put before the native frame at a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FoundFrame {
    position: usize,
    frame_id: u32,
}

/// Functions and lines that have got a number.
#[derive(Debug, Default)]
struct Known {
    frames: HashMap<(u32, Symbol), u32>,
}

impl Known {
    /// The frame of a function's line in the module of its interpreter.
    fn frame(&mut self, module: u32, symbol: Symbol, tables: &mut Tables) -> u32 {
        let next = self.frames.len() as u64 + 1;
        let key = (module, symbol);
        if let Some(frame) = self.frames.get(&key) {
            return *frame;
        }
        let frame = tables.frame(Frame {
            module,
            address: next,
        });
        tables.name_frame(frame, key.1.clone());
        self.frames.insert(key, frame);
        frame
    }
}

impl Interpreters {
    /// Puts the functions that the calls of an interpreter's loop executed into a stack, each
    /// group before the loop's own frame (which becomes `loop_frame`), so that what the loop does
    /// counts as theirs, and what they call stays their callee.
    pub(crate) fn merge(
        &mut self,
        (pid, interpreter): (u32, &MappedInterpreter),
        (calls, loop_frame): (&[LoopCall], u32),
        read_stack: &mut impl FnMut(u64) -> Result<u64, ()>,
        frames: &mut Vec<u32>,
        tables: &mut Tables,
    ) {
        let reader = self
            .readers
            .entry(pid)
            .or_insert_with(|| Reader::new(pid, interpreter));
        if reader.bias != interpreter.bias {
            *reader = Reader::new(pid, interpreter);
        }
        let Some(python) = &mut reader.python else {
            let python = &interpreter.python;
            self.unsupported.get_or_insert_with(|| python.version());
            return;
        };
        self.found.clear();
        let mut sample = python::Sample {
            calls,
            read_stack,
            now_ns: clock::monotonic_ns(),
            found: &mut self.found,
            known: &mut self.known,
            tables,
        };
        python.read(&mut sample, &mut self.counts);
        if python.is_refused() {
            self.refused.get_or_insert(pid);
        }
        put_in(frames, (calls, loop_frame), &mut self.found);
    }

    /// Forgets a process that has ended.
    pub(crate) fn forget(&mut self, pid: u32) {
        self.readers.remove(&pid);
    }

    /// How much was found so far.
    pub fn counts(&self) -> InterpreterCounts {
        self.counts
    }

    /// What a reader of the capture should know: what was not seen, why, and what to do.
    pub fn warnings(&self) -> Vec<String> {
        let refused = self.refused.map(|pid| {
            format!(
                "The system keeps the memory of process {pid} closed, so its Python functions are \
                 missing and only the interpreter's own are shown; to see them: sudo scrutineer \
                 record -p {pid}"
            )
        });
        let unsupported = self.unsupported.as_ref().map(|version| {
            format!(
                "Python functions of {version} are not read, so only the interpreter's own are \
                 shown; versions 3.8 to 3.13 with the global lock are"
            )
        });
        let mut warnings: Vec<String> = refused.into_iter().chain(unsupported).collect();
        let counts = self.counts;
        let missed = counts.calls - counts.found;
        if self.refused.is_none() && missed * 20 > counts.calls {
            warnings.push(format!(
                "In {} of {} calls of the Python interpreter its functions could not be found; \
                 these stacks show the interpreter's own functions alone",
                missed, counts.calls
            ));
        }
        let doubtful = counts.uncertain;
        if doubtful * 20 > counts.calls {
            warnings.push(format!(
                "In {doubtful} of {} calls of the Python interpreter the program had gone on before \
                 its frames were read, so callers of the innermost function may be missing or wrong \
                 there; a \
                 less busy machine or a lower frequency (-F) helps",
                counts.calls
            ));
        }
        warnings
    }
}

impl Reader {
    fn new(pid: u32, interpreter: &MappedInterpreter) -> Self {
        Self {
            bias: interpreter.bias,
            python: PythonReader::new(pid, &interpreter.python, interpreter.bias),
        }
    }
}

/// `found` is innermost first, as `frames` is. The loop's own frames become one and the same:
/// where in it, and in what is inlined there, says nothing that the functions do not say.
fn put_in(
    frames: &mut Vec<u32>,
    (calls, loop_frame): (&[LoopCall], u32),
    found: &mut Vec<FoundFrame>,
) {
    found.truncate(MOST_FRAMES);
    for call in calls.iter().rev() {
        let from = found
            .iter()
            .rposition(|frame| frame.position < call.position)
            .map_or(0, |before| before + 1);
        if from < found.len() {
            frames[call.position] = loop_frame;
        }
        let ids = found.drain(from..).map(|frame| frame.frame_id);
        frames.splice(call.position..call.position, ids);
    }
}
