//! Records a process or a command and prints what the capture holds; for trying the recorder
//! without the command line.
//!
//! `record [-F HZ] [-d SECONDS] [-s STACK_BYTES | --fp] [-o FILE] [--user-addresses] (-p PID | -- CMD… | --read FILE)`
//!
//! `--read` reads a capture that was recorded before. With `--user-addresses`, prints a line `count module address` for each place in user
//! code that samples fell on; samples in the kernel are left out.

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf, time::Duration};

use scrutineer_profiler::capture::{
    file,
    model::{CallGraph, Chunk, Frame, Module, ModuleKind, NONE, StackNodes},
    recorder::{RecordOptions, Recording},
    target::Target,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args_os().skip(1);
    let mut options = RecordOptions::new(
        std::env::temp_dir().join(format!("example-{}.scrutineer", std::process::id())),
    );
    let (mut target, mut addresses, mut keep, mut read) = (None, false, false, None);
    while let Some(word) = words.next() {
        let mut value = || {
            let value = words.next().and_then(|value| value.into_string().ok());
            value.ok_or("a value is missing")
        };
        match word.to_str() {
            Some("-F") => options.frequency_hz = value()?.parse()?,
            Some("-d") => options.duration = Some(Duration::from_secs_f64(value()?.parse()?)),
            Some("-s") => options.stack_dump_bytes = Some(value()?.parse()?),
            Some("--fp") => options.call_graph = CallGraph::FramePointers,
            Some("-o") => (options.output, keep) = (PathBuf::from(value()?), true),
            Some("-p") => target = Some(Target::Pid(value()?.parse()?)),
            Some("--read") => read = Some(PathBuf::from(value()?)),
            Some("--user-addresses") => addresses = true,
            Some("--") => {
                let command: Vec<OsString> = words.by_ref().collect();
                target = Some(Target::Launch {
                    command,
                    folder: None,
                });
            }
            _ => return Err(format!("unknown: {}", word.display()).into()),
        }
    }
    let path = if let Some(path) = read {
        keep = true;
        path
    } else {
        let path = options.output.clone();
        let summary = Recording::start(&target.ok_or("no target")?, options)?.join()?;
        eprintln!("{summary:#?}");
        path
    };
    let (chunks, damage) = file::read(&path)?;
    eprintln!(
        "{} chunks, {damage:?}, {} bytes",
        chunks.len(),
        std::fs::metadata(&path)?.len()
    );
    if addresses {
        print_addresses(&chunks);
    }
    if !keep {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

fn print_addresses(chunks: &[Chunk]) {
    let (mut modules, mut frames) = (Vec::<Module>::new(), Vec::<Frame>::new());
    let mut nodes = StackNodes::default();
    let mut counts = BTreeMap::<(String, u64), usize>::new();
    for chunk in chunks {
        match chunk {
            Chunk::Modules(more) => modules.extend(more.iter().cloned()),
            Chunk::Frames(more) => frames.extend(more),
            Chunk::Stacks(more) => {
                nodes.parent.extend(&more.parent);
                nodes.frame.extend(&more.frame);
            }
            Chunk::Samples(samples) => {
                for stack in &samples.stack {
                    if *stack == NONE {
                        continue;
                    }
                    let frame = frames[nodes.frame[*stack as usize] as usize];
                    let module = modules.get(frame.module as usize);
                    if module.is_none_or(|module| module.kind != ModuleKind::Kernel) {
                        let path = module.map_or("[unknown]", |module| &module.path);
                        *counts.entry((path.to_owned(), frame.address)).or_default() += 1;
                    }
                }
            }
            _ => {}
        }
    }
    for ((path, address), count) in counts {
        println!("{count} {path} {address:#x}");
    }
}
