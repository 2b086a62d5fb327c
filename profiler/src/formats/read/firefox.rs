//! The Firefox Profiler's processed profile, as samply writes it too.
//!
//! Laid out as docs-developer/CHANGELOG-formats.md of firefox-devtools/profiler says; tables that
//! later versions share between threads are looked for in both places.

use serde::Deserialize;
use serde_json::Value;

use super::{
    ForeignFormat, Input, ReadError, ReadOptions,
    assembly::{Assembly, whole},
};
use crate::{
    capture::model::{ModuleKind, NONE, Symbol},
    profile::{Foreign, ProfileBuilder, Unit},
};

const NAME: &str = "Firefox Profiler";

pub(super) struct Firefox;

#[derive(Deserialize)]
struct File {
    meta: Meta,
    #[serde(default)]
    libs: Vec<Lib>,
    threads: Vec<ThreadOf>,
    #[serde(default)]
    shared: Tables,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    /// Milliseconds between two samples.
    #[serde(default)]
    interval: f64,
    /// Milliseconds since 1970.
    #[serde(default)]
    start_time: f64,
    #[serde(default)]
    product: String,
    preprocessed_profile_version: Option<u32>,
    #[serde(default)]
    symbolicated: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Lib {
    name: String,
    path: String,
    debug_path: String,
    code_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Tables {
    stack_table: Option<StackTable>,
    frame_table: Option<FrameTable>,
    func_table: Option<FuncTable>,
    resource_table: Option<ResourceTable>,
    string_array: Option<Vec<String>>,
    string_table: Option<Vec<String>>,
    sources: Option<Sources>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ThreadOf {
    #[serde(default)]
    name: String,
    #[serde(default)]
    process_name: String,
    #[serde(default)]
    pid: Value,
    #[serde(default)]
    tid: Value,
    #[serde(default)]
    samples: SamplesOf,
    #[serde(flatten)]
    tables: Tables,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SamplesOf {
    stack: Vec<Option<u32>>,
    time: Option<Vec<f64>>,
    time_deltas: Option<Vec<f64>>,
    weight: Option<Vec<Option<f64>>>,
    weight_type: Option<String>,
}

#[derive(Deserialize)]
struct StackTable {
    prefix: Vec<Option<u32>>,
    frame: Vec<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FrameTable {
    func: Vec<u32>,
    #[serde(default)]
    line: Vec<Option<u32>>,
    #[serde(default)]
    address: Vec<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FuncTable {
    name: Vec<u32>,
    #[serde(default)]
    resource: Vec<i64>,
    #[serde(default)]
    file_name: Vec<Option<u32>>,
    #[serde(default)]
    source: Vec<Option<u32>>,
}

#[derive(Deserialize)]
struct ResourceTable {
    #[serde(default)]
    lib: Vec<Option<i64>>,
}

/// Source files of later versions.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sources {
    #[serde(default)]
    filename: Vec<u32>,
}

impl ForeignFormat for Firefox {
    fn name(&self) -> &'static str {
        NAME
    }

    fn is_it(&self, input: &Input<'_>) -> bool {
        input.has_keys(&["meta", "threads"])
    }

    fn read(&self, input: &Input<'_>, options: &ReadOptions) -> Result<ProfileBuilder, ReadError> {
        let file: File = input.json(NAME)?;
        if file.meta.preprocessed_profile_version.is_none() {
            return Err(ReadError::Unsupported {
                format: NAME,
                what: "it is Gecko's raw form; open it at profiler.firefox.com and download it \
                       from there"
                    .to_owned(),
            });
        }
        let kinds = weight_types(&file);
        let chosen = options.choose(NAME, &kinds, 0)?;
        let Some(kind) = kinds.get(chosen) else {
            return Err(ReadError::Empty { format: NAME });
        };
        let mut assembly = Assembly::new(input);
        let unit = header(&mut assembly, &file.meta, kind);
        for (position, thread) in file.threads.iter().enumerate() {
            if thread.kind() == kind {
                Reading::new(&file, thread)?.read(&mut assembly, position, unit)?;
            }
        }
        if kinds.len() > 1 {
            assembly.notes.push(format!(
                "Threads weighed by {kind} alone are shown; --measure takes: {}.",
                kinds.join(", ")
            ));
        }
        assembly.finish(Foreign {
            format: NAME,
            unit,
            label: kind.clone(),
            measures: kinds.clone(),
            measure: chosen,
            has_times: true,
            notes: Vec::new(),
        })
    }
}

impl ThreadOf {
    fn kind(&self) -> &str {
        self.samples.weight_type.as_deref().unwrap_or("samples")
    }
}

/// What threads with samples are weighed by, as they come.
fn weight_types(file: &File) -> Vec<String> {
    let mut kinds = Vec::new();
    for thread in file
        .threads
        .iter()
        .filter(|of| !of.samples.stack.is_empty())
    {
        if !kinds.iter().any(|kind| kind == thread.kind()) {
            kinds.push(thread.kind().to_owned());
        }
    }
    kinds
}

fn header(assembly: &mut Assembly, meta: &Meta, kind: &str) -> Unit {
    let header = &mut assembly.header;
    if !meta.product.is_empty() {
        meta.product.clone_into(&mut header.name);
    }
    if let Ok(at) = jiff::Timestamp::from_millisecond(meta.start_time as i64)
        && meta.start_time > 0.0
    {
        header.started_at = at;
    }
    match kind {
        "tracing-ms" => Unit::Nanoseconds,
        "bytes" => Unit::Bytes,
        _ => {
            if meta.interval > 0.0 {
                header.frequency_hz = (1e3 / meta.interval).round() as u32;
            }
            Unit::Samples
        }
    }
}

/// One thread with the tables that its samples point into.
struct Reading<'a> {
    file: &'a File,
    thread: &'a ThreadOf,
    stacks: &'a StackTable,
    frames: &'a FrameTable,
    funcs: &'a FuncTable,
    strings: &'a [String],
}

fn damaged(what: &str) -> ReadError {
    ReadError::Damaged {
        format: NAME,
        what: what.to_owned(),
    }
}

impl<'a> Reading<'a> {
    fn new(file: &'a File, thread: &'a ThreadOf) -> Result<Self, ReadError> {
        let (own, shared) = (&thread.tables, &file.shared);
        let missing = || damaged("a thread lacks one of its tables");
        let strings = [own, shared]
            .into_iter()
            .find_map(|of| of.string_array.as_ref().or(of.string_table.as_ref()));
        Ok(Self {
            file,
            thread,
            stacks: own
                .stack_table
                .as_ref()
                .or(shared.stack_table.as_ref())
                .ok_or_else(missing)?,
            frames: own
                .frame_table
                .as_ref()
                .or(shared.frame_table.as_ref())
                .ok_or_else(missing)?,
            funcs: own
                .func_table
                .as_ref()
                .or(shared.func_table.as_ref())
                .ok_or_else(missing)?,
            strings: strings.ok_or_else(missing)?,
        })
    }

    fn read(&self, assembly: &mut Assembly, position: usize, unit: Unit) -> Result<(), ReadError> {
        let (pid, tid) = (number(&self.thread.pid), number(&self.thread.tid));
        let thread = assembly.thread(
            pid.unwrap_or(0),
            tid.unwrap_or(position as u32 + 1),
            &self.thread.name,
        );
        if assembly.header.pid == 0 && !self.thread.samples.stack.is_empty() {
            assembly.header.pid = pid.unwrap_or(0);
            if assembly.header.name.is_empty() {
                self.thread
                    .process_name
                    .clone_into(&mut assembly.header.name);
            }
        }
        let nodes = self.nodes(assembly)?;
        let samples = &self.thread.samples;
        let mut at_ms = 0.0;
        for (row, stack) in samples.stack.iter().enumerate() {
            at_ms = match (&samples.time, &samples.time_deltas) {
                (Some(times), _) => times.get(row).copied().unwrap_or(at_ms),
                (None, Some(deltas)) => at_ms + deltas.get(row).copied().unwrap_or(0.0),
                (None, None) => at_ms,
            };
            let weight = samples
                .weight
                .as_ref()
                .and_then(|of| of.get(row).copied().flatten());
            // Memory that was freed weighs less than nothing.
            let weight = weight.unwrap_or(1.0).max(0.0);
            let scale = if unit == Unit::Nanoseconds { 1e6 } else { 1.0 };
            let node = match stack {
                None => NONE,
                Some(stack) => *nodes
                    .get(*stack as usize)
                    .ok_or_else(|| damaged("a sample names a stack that is not there"))?,
            };
            assembly.sample(whole(at_ms * 1e6), thread, node, whole(weight * scale));
        }
        Ok(())
    }

    /// A node for each entry of the table of stacks.
    fn nodes(&self, assembly: &mut Assembly) -> Result<Vec<u32>, ReadError> {
        let count = self.frames.func.len() as u32;
        let frames: Result<Vec<u32>, ReadError> = (0..count)
            .map(|frame| self.frame(assembly, frame as usize))
            .collect();
        let frames = frames?;
        let mut nodes: Vec<u32> = Vec::with_capacity(self.stacks.frame.len());
        for (frame, prefix) in self.stacks.frame.iter().zip(&self.stacks.prefix) {
            let frame = frames
                .get(*frame as usize)
                .ok_or_else(|| damaged("a stack names a frame that is not there"))?;
            let parent = match prefix {
                None => NONE,
                // A prefix comes before what it is one of.
                Some(prefix) => *nodes
                    .get(*prefix as usize)
                    .ok_or_else(|| damaged("a stack comes before its callers"))?,
            };
            nodes.push(assembly.node(parent, *frame));
        }
        Ok(nodes)
    }

    fn string(&self, id: u32) -> &'a str {
        self.strings.get(id as usize).map_or("", String::as_str)
    }

    fn frame(&self, assembly: &mut Assembly, frame: usize) -> Result<u32, ReadError> {
        let func = self.frames.func[frame] as usize;
        let name = self.funcs.name.get(func).map(|id| self.string(*id));
        let name = name.ok_or_else(|| damaged("a frame names a function that is not there"))?;
        let address = self
            .frames
            .address
            .get(frame)
            .copied()
            .filter(|at| *at >= 0);
        let (module, has_file) = self.module(assembly, func);
        // samply leaves names to whoever opens its files.
        let is_address = name
            .strip_prefix("0x")
            .is_some_and(|digits| u64::from_str_radix(digits, 16).is_ok());
        if is_address
            && has_file
            && !self.file.meta.symbolicated
            && let Some(address) = address
        {
            return Ok(assembly.frame(module, Some(address as u64), Vec::new()));
        }
        let file = self.funcs.file_name.get(func).copied().flatten();
        let source = self.funcs.source.get(func).copied().flatten();
        let source = source.and_then(|id| {
            let tables = [&self.thread.tables, &self.file.shared];
            let sources = tables.iter().find_map(|of| of.sources.as_ref())?;
            sources.filename.get(id as usize).copied()
        });
        let symbol = Symbol {
            name: name.to_owned(),
            file: file.or(source).map_or("", |id| self.string(id)).to_owned(),
            line: self.frames.line.get(frame).copied().flatten().unwrap_or(0),
            inlined: false,
        };
        Ok(assembly.frame(module, None, vec![symbol]))
    }

    /// The module of a function, and whether it is a file.
    fn module(&self, assembly: &mut Assembly, func: usize) -> (u32, bool) {
        let own = [&self.thread.tables, &self.file.shared];
        let resources = own.iter().find_map(|of| of.resource_table.as_ref());
        let resource = self
            .funcs
            .resource
            .get(func)
            .and_then(|id| usize::try_from(*id).ok());
        let lib = resource.and_then(|id| resources?.lib.get(id).copied().flatten());
        let lib = lib.and_then(|id| self.file.libs.get(usize::try_from(id).ok()?));
        let Some(lib) = lib else {
            return (assembly.own_module(), false);
        };
        let path = [&lib.path, &lib.debug_path, &lib.name];
        let path = path.into_iter().find(|path| !path.is_empty());
        let path = path.map_or("", String::as_str);
        if path.starts_with("[kernel") {
            return (assembly.module(ModuleKind::Kernel, "[kernel]", &[]), false);
        }
        let build_id = bytes_of(lib.code_id.as_deref().unwrap_or(""));
        (assembly.module(ModuleKind::File, path, &build_id), true)
    }
}

/// Ids are numbers, or text such as `12.1` where a pid was used again.
fn number(value: &Value) -> Option<u32> {
    match value {
        Value::Number(number) => number.as_u64().map(|number| number as u32),
        Value::String(text) => text.split('.').next()?.parse().ok(),
        _ => None,
    }
}

fn bytes_of(hexadecimal: &str) -> Vec<u8> {
    let digits: Vec<u32> = hexadecimal.chars().map_while(|c| c.to_digit(16)).collect();
    let (pairs, _) = digits.as_chunks::<2>();
    pairs
        .iter()
        .map(|[high, low]| (high * 16 + low) as u8)
        .collect()
}
