//! The file of a baseline: RON in stable order, replaced whole or not at all.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::baseline::{Baseline, BaselineError};

/// First field of the file.
const FORMAT: &str = "scrutineer-baseline";

/// Version of the format; a newer one is refused, older ones are read for ever.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BaselineFile {
    format: String,
    version: u32,
    baseline: Baseline,
    /// SHA-256 of the baseline as compact JSON, hexadecimal.
    digest: String,
}

/// What every version of the file has.
#[derive(Deserialize)]
struct Preamble {
    format: String,
    version: u32,
}

pub(super) fn read(path: &Path) -> Result<Baseline, BaselineError> {
    let text = crate::plain_text::read(path).map_err(|source| BaselineError::Read {
        path: path.to_owned(),
        source,
    })?;
    let invalid = |error: ron::error::SpannedError| BaselineError::Invalid {
        path: path.to_owned(),
        line: error.span.start.line,
        column: error.span.start.col,
        what: error.code.to_string(),
    };
    let preamble: Preamble = ron::from_str(&text).map_err(invalid)?;
    if preamble.format != FORMAT {
        return Err(BaselineError::OtherFormat {
            path: path.to_owned(),
            format: preamble.format,
        });
    }
    if preamble.version > VERSION {
        return Err(BaselineError::Newer {
            path: path.to_owned(),
            version: preamble.version,
        });
    }
    let file: BaselineFile = ron::from_str(&text).map_err(invalid)?;
    if file.digest != digest(&file.baseline) {
        return Err(BaselineError::Edited {
            path: path.to_owned(),
        });
    }
    Ok(file.baseline)
}

pub(super) fn write(path: &Path, baseline: &Baseline) -> Result<(), BaselineError> {
    let file = BaselineFile {
        format: FORMAT.to_owned(),
        version: VERSION,
        baseline: baseline.clone(),
        digest: digest(baseline),
    };
    let pretty = ron::ser::PrettyConfig::new().new_line("\n");
    let written = ron::ser::to_string_pretty(&file, pretty)
        .map_err(io::Error::other)
        .and_then(|text| replace(path, &format!("{text}\n")));
    written.map_err(|source| BaselineError::Write {
        path: path.to_owned(),
        source,
    })
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let partial = path.with_extension(format!("{}.part", std::process::id()));
    let write = || {
        let mut file = fs::File::create(&partial)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&partial, path)
    };
    write().inspect_err(|_| {
        // What is left of a failed attempt is of no use; the failure itself is what is told.
        let _ = fs::remove_file(&partial);
    })
}

/// Digest of what a baseline says, whatever its file's layout and comments.
fn digest(baseline: &Baseline) -> String {
    let text = serde_json::to_vec(baseline).expect("a baseline has text keys and no failing parts");
    let bytes = Sha256::digest(text);
    bytes
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .concat()
}
