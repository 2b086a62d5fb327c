//! Profiles of other tools, read: one file a format, told apart by what the files hold.

mod assembly;
mod chrome;
mod collapsed;
mod dhat;
mod envelope;
mod firefox;
mod heaptrack;
mod input;
mod perf_data;
mod perf_script;
mod pprof;
mod speedscope;

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
#[cfg(test)]
mod tests;

use std::{io, path::Path};

use self::input::Input;
use crate::{profile::ProfileBuilder, sys::mapped::Mapped};

/// What can go wrong while reading another tool's profile.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be opened or read.
    #[error("cannot read the file: {0}")]
    Read(#[from] io::Error),
    /// No reader knows the file.
    #[error(
        "the file is of no format that is known here; it should be a capture of Scrutineer, or one \
         of: {}",
        names()
    )]
    Unknown,
    /// The file breaks the rules of its format.
    #[error("the {format} file is damaged: {what}; make it again, or copy it again")]
    Damaged {
        /// Name of the format.
        format: &'static str,
        /// What is wrong with it.
        what: String,
    },
    /// The file is whole, and what it holds is not read here.
    #[error("this {format} file cannot be read here: {what}")]
    Unsupported {
        /// Name of the format.
        format: &'static str,
        /// Why, and what to do.
        what: String,
    },
    /// Unpacked it would take more memory than anything of its size should.
    #[error(
        "the file unpacks to more than {limit_bytes} bytes, too much for its size: it is damaged, \
         or made to fill the memory"
    )]
    TooLarge {
        /// Bytes that were allowed.
        limit_bytes: u64,
    },
    /// What was asked for is not measured in the file.
    #[error("the {format} file measures no {wanted}; --measure takes: {}", held.join(", "))]
    NoMeasure {
        /// Name of the format.
        format: &'static str,
        /// What was asked for.
        wanted: String,
        /// What there is.
        held: Vec<String>,
    },
    /// There is nothing in it.
    #[error("the {format} file holds no samples: was the program idle? Record it for longer")]
    Empty {
        /// Name of the format.
        format: &'static str,
    },
}

/// What to read of a file that measures several things.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// Name of the event or value; `None` for the format's usual one.
    pub measure: Option<String>,
}

impl ReadOptions {
    /// Position of what was asked for among what a file measures; `usual` where nothing was.
    fn choose(
        &self,
        format: &'static str,
        held: &[String],
        usual: usize,
    ) -> Result<usize, ReadError> {
        let Some(wanted) = &self.measure else {
            return Ok(usual.min(held.len().saturating_sub(1)));
        };
        let found = held.iter().position(|name| name == wanted);
        found.ok_or_else(|| ReadError::NoMeasure {
            format,
            wanted: wanted.clone(),
            held: held.to_vec(),
        })
    }
}

/// A format of another tool.
trait ForeignFormat: Sync {
    /// Its name, as people call it.
    fn name(&self) -> &'static str;

    /// Whether the file is of this format, by what it holds.
    fn is_it(&self, input: &Input<'_>) -> bool;

    /// Reads the file. What names are missing can be looked up afterwards.
    fn read(&self, input: &Input<'_>, options: &ReadOptions) -> Result<ProfileBuilder, ReadError>;
}

/// All of them; the first that knows a file reads it.
const FORMATS: [&dyn ForeignFormat; 9] = [
    &perf_data::PerfData,
    &heaptrack::Heaptrack,
    &speedscope::Speedscope,
    &firefox::Firefox,
    &chrome::Chrome,
    &dhat::Dhat,
    &perf_script::PerfScript,
    &collapsed::Collapsed,
    &pprof::Pprof,
];

fn names() -> String {
    FORMATS.map(ForeignFormat::name).join(", ")
}

/// Reads another tool's profile; its builder takes names that are looked up afterwards.
///
/// Memory is bounded by a multiple of the file's size: packed ones may unpack to
/// [`envelope::limit_bytes`].
pub fn read(path: &Path, options: &ReadOptions) -> Result<ProfileBuilder, ReadError> {
    let changed = std::fs::metadata(path)?.modified()?;
    let mapped = Mapped::open(path)?;
    let modified_at = jiff::Timestamp::try_from(changed).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    read_bytes(&mapped, &name, modified_at, options)
}

/// Reads a profile that lies in memory; `name` is the file's.
fn read_bytes(
    bytes: &[u8],
    name: &str,
    modified_at: jiff::Timestamp,
    options: &ReadOptions,
) -> Result<ProfileBuilder, ReadError> {
    let unpacked = envelope::unpack(bytes)?;
    let input = Input::new(unpacked.as_deref().unwrap_or(bytes), name, modified_at);
    let format = FORMATS.into_iter().find(|format| format.is_it(&input));
    format.ok_or(ReadError::Unknown)?.read(&input, options)
}

/// The profile in a file, without looking names up.
#[cfg(test)]
fn profile_of(
    bytes: &[u8],
    name: &str,
    options: &ReadOptions,
) -> Result<crate::profile::Profile, ReadError> {
    let builder = read_bytes(bytes, name, jiff::Timestamp::UNIX_EPOCH, options)?;
    Ok(builder.finish().expect("readers begin with a header"))
}
