//! Capture files: as they are, and with heads that fit whatever bodies the bytes give.
#![no_main]

use std::{fs::File, io::Write, os::fd::AsRawFd, sync::OnceLock};

use libfuzzer_sys::fuzz_target;
use scrutineer_profiler::{
    capture::file::{self, CAPTURE_FORMAT_VERSION},
    profile::{
        CallTree, CallTreeOptions, FlameLayout, FlameOrder, ProfileBuilder, Selection,
        top_functions,
    },
};

fuzz_target!(|bytes: &[u8]| {
    match bytes.split_first() {
        Some((0, rest)) => read(rest),
        Some((_, rest)) => read(&with_heads(rest)),
        None => {}
    }
});

/// Chunks whose checksums are right, out of kind, length and body each: else every change would
/// end at a checksum.
fn with_heads(mut bytes: &[u8]) -> Vec<u8> {
    let mut file = b"SCRUTCAP".to_vec();
    file.extend(CAPTURE_FORMAT_VERSION.to_le_bytes());
    while let [kind, low, high, rest @ ..] = bytes {
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(rest.len());
        let (body, after) = rest.split_at(length);
        let mut head = vec![*kind];
        head.extend((length as u32).to_le_bytes());
        head.extend((length as u32).to_le_bytes());
        head.extend(crc32fast::hash(body).to_le_bytes());
        let of_head = crc32fast::hash(&head);
        head.extend(of_head.to_le_bytes());
        file.extend(head);
        file.extend(body);
        bytes = after;
    }
    file
}

fn read(bytes: &[u8]) {
    static FILE: OnceLock<File> = OnceLock::new();
    let mut file = FILE.get_or_init(scratch);
    use std::io::{Seek, SeekFrom};
    file.set_len(0).expect("the file is ours");
    file.seek(SeekFrom::Start(0)).expect("the file is ours");
    file.write_all(bytes).expect("the file is ours");
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let _ = file::summarise(path.as_ref());
    let Ok((chunks, _)) = file::read(path.as_ref()) else {
        return;
    };
    let mut builder = ProfileBuilder::default();
    for chunk in chunks {
        builder.push(chunk);
    }
    let profile = builder.finish().expect("the reader refuses files without a header");
    let all = Selection::default();
    let tree = CallTree::build(&profile, &all, CallTreeOptions::default());
    let _ = FlameLayout::build(&tree, FlameOrder::LeftHeavy);
    let _ = top_functions(&profile, &all, true);
}

/// A file without a name, in memory where there is a file system for it.
fn scratch() -> File {
    let folder = ["/dev/shm", "/tmp"].into_iter().find(|path| std::path::Path::new(path).is_dir());
    let path = format!("{}/scrutineer-fuzz-{}", folder.expect("a folder"), std::process::id());
    let file = File::options().read(true).write(true).create_new(true).open(&path);
    std::fs::remove_file(&path).expect("it was just made");
    file.expect("the folder can be written to")
}
