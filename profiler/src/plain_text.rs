//! Text of regular files of a bounded size: a workspace may hold links to devices, and pipes.

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

/// Larger files are no text that this product reads: 64 MiB.
const MOST_BYTES: u64 = 64 << 20;

/// The text of a regular file of at most 64 MiB. Devices and pipes are refused before they are
/// opened: opening a pipe waits for its writer.
pub fn read(path: &Path) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut text = String::new();
    let read = fs::File::open(path)?
        .take(MOST_BYTES + 1)
        .read_to_string(&mut text)?;
    if read as u64 > MOST_BYTES {
        return Err(io::Error::other("it is larger than 64 MiB"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_folders_and_large_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(Path::new("/dev/zero")).is_err());
        assert!(read(folder.path()).is_err());
        let path = folder.path().join("text");
        fs::write(&path, "text").unwrap();
        assert_eq!(read(&path).unwrap(), "text");
        let large = fs::File::create(&path).unwrap();
        large.set_len(MOST_BYTES + 1).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("64 MiB"));
    }
}
