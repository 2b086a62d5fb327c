//! Holds a kernel setting at a value for a test, and puts it back, also when the test fails.

use std::fs::{self, File};

const LOCK: &str = "/tmp/scrutineer-sysctl.lock";

/// A setting below `/proc/sys`, held while this lives. Whoever changes settings shares one lock,
/// so that tests side by side do not see each other's values.
#[derive(Debug)]
pub(crate) struct KernelSetting {
    path: String,
    before: String,
    _lock: File,
}

impl KernelSetting {
    /// Waits for the lock and sets the value; `None` where that is not permitted.
    pub(crate) fn hold(name: &str, value: &str) -> Option<Self> {
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(LOCK)
            .ok()?;
        lock.lock().ok()?;
        let path = format!("/proc/sys/{name}");
        let before = fs::read_to_string(&path).ok()?;
        fs::write(&path, value).ok()?;
        Some(Self {
            path,
            before,
            _lock: lock,
        })
    }
}

impl Drop for KernelSetting {
    fn drop(&mut self) {
        let _ = fs::write(&self.path, self.before.trim());
    }
}
