//! Writes a capture file of any size, for measuring: `generate FILE SAMPLES STACKS THREADS [SEED]`.

use std::{ffi::OsString, path::PathBuf};

use scrutineer_profiler::capture::file::CaptureWriter;

#[path = "../benches/support/generated.rs"]
mod generated;
#[path = "../benches/support/mod.rs"]
mod support;

use generated::Size;

const USAGE: &str = "usage: generate FILE SAMPLES STACKS THREADS [SEED]; whole numbers above 0";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let path = PathBuf::from(arguments.next().ok_or(USAGE)?);
    let size = Size {
        samples: usize::try_from(number(arguments.next())?)?,
        stacks: number(arguments.next())?,
        threads: u32::try_from(number(arguments.next())?)?,
        seed: arguments.next().map_or(Ok(0), |text| whole(&text))?,
    };
    let mut writer = CaptureWriter::create(&path)?;
    for chunk in generated::chunks(size) {
        writer.write(&chunk)?;
    }
    writer.flush()?;
    Ok(())
}

fn number(argument: Option<OsString>) -> Result<u64, &'static str> {
    let number = whole(&argument.ok_or(USAGE)?)?;
    if number > 0 { Ok(number) } else { Err(USAGE) }
}

fn whole(text: &OsString) -> Result<u64, &'static str> {
    let text = text.to_str().ok_or(USAGE)?;
    text.parse().map_err(|_| USAGE)
}
