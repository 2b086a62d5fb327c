//! A file mapped into memory to be read, which tells when it has changed since.

use std::{
    fs::{File, Metadata, OpenOptions},
    io,
    ops::Deref,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

use memmap2::Mmap;

/// The bytes of a regular file.
#[derive(Debug)]
pub(crate) struct Mapped {
    map: Mmap,
    file: File,
    state: State,
}

/// Length, and time of the last change in seconds and nanoseconds.
type State = (u64, i64, i64);

impl Mapped {
    /// Maps a whole file. Pipes, devices and empty files are refused.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        // Opening a pipe would wait for its other end.
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
            .open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() || metadata.len() == 0 {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        // SAFETY: the mapping is private and read-only. Another process may change the file
        // meanwhile: what is parsed from it is checked at each step, and `is_unchanged` is asked
        // before each use, so that a file that was truncated is let go rather than read.
        let map = unsafe { Mmap::map(&file)? };
        Ok(Self {
            map,
            state: state(&metadata),
            file,
        })
    }

    /// Whether the file is as it was when it was mapped.
    pub(crate) fn is_unchanged(&self) -> bool {
        let now = self.file.metadata();
        now.is_ok_and(|metadata| state(&metadata) == self.state)
    }
}

fn state(metadata: &Metadata) -> State {
    (metadata.len(), metadata.mtime(), metadata.mtime_nsec())
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_written_to_is_known_as_changed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("file");
        std::fs::write(&path, "some").expect("it can be written");
        let mapped = Mapped::open(&path).expect("it can be mapped");
        assert_eq!(&*mapped, b"some");
        assert!(mapped.is_unchanged());
        std::fs::write(&path, "s").expect("it can be written");
        assert!(!mapped.is_unchanged());
    }

    #[test]
    fn folders_devices_and_empty_files_are_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let empty = folder.path().join("empty");
        std::fs::write(&empty, "").expect("it can be written");
        for path in [folder.path(), Path::new("/dev/zero"), &empty] {
            assert!(Mapped::open(path).is_err(), "{}", path.display());
        }
    }
}
