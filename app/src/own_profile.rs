//! The workbench profiles itself on demand: the first call starts, the second one writes.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use scrutineer_profiler::profile::own::OwnProfile;

/// Sampling frequency of the own profile, hertz.
const FREQUENCY_HZ: u32 = 199;

/// An own profile under way.
pub(crate) type Running = OwnProfile;

/// Starts a profile of this process, or ends the running one and writes it into `folder`; the
/// path of the written file.
pub(crate) fn toggle(running: &mut Option<Running>, folder: &Path) -> Result<Option<PathBuf>> {
    match running.take() {
        None => {
            *running = Some(OwnProfile::start(FREQUENCY_HZ)?);
            Ok(None)
        }
        Some(profile) => {
            let name = format!(
                "workbench-{}.pb.gz",
                jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ")
            );
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
            let path = folder.join(name);
            profile.finish(&path)?;
            Ok(Some(path))
        }
    }
}
