//! The workbench profiles itself, on demand.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use flate2::{Compression, GzBuilder};
use pprof::{ProfilerGuard, ProfilerGuardBuilder, protos::Message as _};

/// What can go wrong while the workbench profiles itself.
#[derive(Debug, thiserror::Error)]
pub enum OwnProfileError {
    /// The profiler did not start.
    #[error("cannot profile the workbench: {0}; is another profile of it running?")]
    Start(#[source] pprof::Error),
    /// The samples could not be turned into a profile.
    #[error("cannot build the workbench's own profile: {0}; record it again")]
    Build(#[source] pprof::Error),
    /// There are no samples.
    #[error("the workbench was idle: its profile holds no samples. Use it while it records itself")]
    NoSamples,
    /// The file cannot be written.
    #[error("cannot write {path}: {source}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A CPU profile of this very process, under way. There is one at a time.
pub struct OwnProfile {
    guard: ProfilerGuard<'static>,
}

impl std::fmt::Debug for OwnProfile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OwnProfile").finish_non_exhaustive()
    }
}

impl OwnProfile {
    /// Starts sampling all threads of this process by CPU time, at `frequency_hz` hertz.
    pub fn start(frequency_hz: u32) -> Result<Self, OwnProfileError> {
        let guard = ProfilerGuardBuilder::default()
            .frequency(i32::try_from(frequency_hz.max(1)).unwrap_or(i32::MAX))
            // Unwinding from within these can deadlock or crash: they hold no unwind tables, or
            // locks that the unwinder needs.
            .blocklist(&["libc", "libgcc", "pthread", "vdso"])
            .build()
            .map_err(OwnProfileError::Start)?;
        Ok(Self { guard })
    }

    /// Stops and writes a gzipped pprof file, which replaces an older one whole.
    pub fn finish(self, path: &Path) -> Result<(), OwnProfileError> {
        let report = self
            .guard
            .report()
            .build()
            .map_err(OwnProfileError::Build)?;
        if report.data.is_empty() {
            return Err(OwnProfileError::NoSamples);
        }
        let profile = report.pprof().map_err(OwnProfileError::Build)?;
        let write = |source| OwnProfileError::Write {
            path: path.to_owned(),
            source,
        };
        write_gzipped(path, &profile.encode_to_vec()).map_err(write)
    }
}

fn write_gzipped(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut gzip = GzBuilder::new().write(Vec::new(), Compression::default());
    io::Write::write_all(&mut gzip, bytes)?;
    let mut partial = path.as_os_str().to_owned();
    partial.push(".part");
    fs::write(&partial, gzip.finish()?)?;
    fs::rename(&partial, path)
}

#[cfg(test)]
mod tests {
    use std::{
        hint::black_box,
        io::Read as _,
        time::{Duration, Instant},
    };

    use super::*;

    #[inline(never)]
    fn spin(until: Instant) -> u64 {
        let mut sum = 0_u64;
        while Instant::now() < until {
            for n in 0..10_000 {
                sum = black_box(sum.wrapping_mul(31).wrapping_add(n));
            }
        }
        sum
    }

    #[test]
    fn a_busy_workbench_finds_itself_in_its_own_profile() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("own.pb.gz");
        let own = OwnProfile::start(500).expect("nobody else profiles this process");
        spin(Instant::now() + Duration::from_millis(600));
        own.finish(&path).expect("there are samples");
        let mut bytes = Vec::new();
        let file = fs::File::open(&path).expect("the file is there");
        flate2::read::GzDecoder::new(file)
            .read_to_end(&mut bytes)
            .expect("it is gzipped");
        let profile = pprof::protos::Profile::decode(&*bytes).expect("it is a profile");
        assert!(
            profile
                .sample
                .iter()
                .map(|sample| sample.value[0])
                .sum::<i64>()
                > 0
        );
        assert!(
            profile
                .string_table
                .iter()
                .any(|name| name.contains("spin")),
            "spin is named"
        );
    }
}
