//! Reads the small files of `/proc` and `/sys` with few system calls.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// Most of these files are shorter.
const FIRST_BYTES: usize = 4_096;

/// A file that the kernel writes in one piece when it is read, such as `/proc/PID/stat` and the
/// files of control groups: opened, read and closed, where the standard library asks for the
/// length, tries with a few bytes first, and reads on until it gets none. What is no UTF-8 is
/// replaced.
pub(crate) fn read_small(path: impl AsRef<Path>) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut bytes = vec![0; FIRST_BYTES];
    let mut length = 0;
    loop {
        let read = file.read(&mut bytes[length..])?;
        length += read;
        if length < bytes.len() {
            bytes.truncate(length);
            break;
        }
        bytes.resize(bytes.len() * 4, 0);
    }
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_any_length_are_read_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for length in [0, 1, FIRST_BYTES - 1, FIRST_BYTES, FIRST_BYTES + 1, 100_000] {
            std::fs::write(&path, "x".repeat(length)).unwrap();
            assert_eq!(read_small(&path).unwrap().len(), length);
        }
        std::fs::write(&path, b"a\xffb").unwrap();
        assert_eq!(read_small(&path).unwrap(), "a\u{fffd}b");
        assert!(read_small(folder.path().join("none")).is_err());
    }

    #[test]
    fn a_file_of_the_kernel_is_as_the_standard_library_reads_it() {
        for path in ["/proc/self/limits", "/proc/self/cmdline"] {
            assert_eq!(
                read_small(path).unwrap(),
                std::fs::read_to_string(path).unwrap()
            );
        }
    }
}
