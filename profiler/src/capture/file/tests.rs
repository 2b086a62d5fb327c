//! Tests of the capture file: round trips, deaths of the writer, damage, hostile bytes.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use proptest::prelude::*;
use tempfile::TempDir;

use super::{
    CAPTURE_FORMAT_VERSION, CaptureTail, CaptureWriter, Damage, MAX_STACK_DEPTH,
    chunk::{HEAD_BYTES, MAX_CHUNK_BYTES, encode, kind, preamble},
    read,
    samples::{any_capture, capture, header, module, samples},
    summarise,
};
use crate::capture::{
    CaptureError,
    model::{Chunk, Frame, FrameSymbols, NONE, StackNodes, Symbol, Thread},
};

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

fn write(path: &Path, chunks: &[Chunk]) {
    let mut writer = CaptureWriter::create(path).unwrap();
    for chunk in chunks {
        writer.write(chunk).unwrap();
    }
    writer.flush().unwrap();
}

/// The bytes of a file with these chunks, whatever a writer would say to them.
fn bytes_of(chunks: &[Chunk]) -> Vec<u8> {
    let mut bytes = preamble(CAPTURE_FORMAT_VERSION).to_vec();
    for chunk in chunks {
        encode(chunk, &mut bytes).unwrap();
    }
    bytes
}

fn file_of(folder: &TempDir, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join("bytes.scrutineer");
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn a_capture_reads_back_as_written() {
    let folder = folder();
    let path = folder.path().join("a.scrutineer");
    write(&path, &capture());
    assert_eq!(read(&path).unwrap(), (capture(), Damage::default()));
}

#[test]
fn an_existing_file_is_never_overwritten() {
    let folder = folder();
    let path = file_of(&folder, b"precious");
    let error = CaptureWriter::create(&path).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the file exists, and is not overwritten"),
        "{error}"
    );
    assert_eq!(fs::read(&path).unwrap(), b"precious");
}

#[test]
fn a_torn_tail_loses_only_the_last_chunk() {
    let folder = folder();
    let (whole, chunks) = (bytes_of(&capture()), capture());
    let mut ends = vec![bytes_of(&[]).len()];
    ends.extend((1..=chunks.len()).map(|count| bytes_of(&chunks[..count]).len()));
    for length in ends[1]..whole.len() {
        let path = file_of(&folder, &whole[..length]);
        let (found, damage) = read(&path).unwrap();
        let kept = ends.iter().rposition(|&end| end <= length).unwrap();
        assert_eq!(found, chunks[..kept], "cut at {length}");
        assert_eq!(damage.lost_bytes as usize, length - ends[kept]);
        assert_eq!(damage.what.is_some(), length != ends[kept]);
    }
}

#[test]
fn every_flipped_bit_ends_the_reading_in_a_sentence_and_keeps_what_came_before() {
    let folder = folder();
    let (whole, chunks) = (bytes_of(&capture()), capture());
    let start = bytes_of(&chunks[..1]).len();
    for bit in start * 8..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let (found, damage) = read(&file_of(&folder, &bytes)).unwrap();
        let kept = (1..=chunks.len())
            .filter(|&count| bytes_of(&chunks[..count]).len() <= bit / 8)
            .count();
        assert_eq!(found, chunks[..kept], "bit {bit}");
        let what = damage.what.expect("a flipped bit is noticed");
        assert!(
            what.contains("damaged at byte") && what.contains("record again"),
            "{what}"
        );
    }
}

#[test]
fn a_file_of_something_else_is_refused_in_a_sentence() {
    let folder = folder();
    for (bytes, word) in [
        (&b""[..], "only 0 bytes"),
        (b"\x7fELF", "only 4 bytes"),
        (b"\x7fELF and more of the kind", "other bytes"),
        (&preamble(1), "nothing but the name of its format"),
        (&bytes_of(&capture())[..40], "cut short in its first chunk"),
    ] {
        let error = read(&file_of(&folder, bytes)).unwrap_err();
        assert!(matches!(error, CaptureError::NotACapture { .. }), "{error}");
        assert!(error.to_string().contains(word), "{error}");
    }
    assert!(matches!(
        read(folder.path()),
        Err(CaptureError::NotACapture { .. })
    ));
    assert!(matches!(
        read(&folder.path().join("none")),
        Err(CaptureError::Read { .. })
    ));
}

#[test]
fn a_newer_format_is_refused() {
    let folder = folder();
    let path = file_of(&folder, &preamble(CAPTURE_FORMAT_VERSION + 1));
    let found = CAPTURE_FORMAT_VERSION + 1;
    for error in [
        read(&path).unwrap_err(),
        summarise(&path).unwrap_err(),
        CaptureTail::open(&path).unwrap_err(),
        CaptureWriter::append(&path).unwrap_err(),
    ] {
        assert!(
            matches!(error, CaptureError::NewerFormat { found: f, .. } if f == found),
            "{error}"
        );
    }
}

#[test]
fn names_are_appended_to_a_finished_file_and_after_a_torn_tail() {
    let folder = folder();
    let path = folder.path().join("a.scrutineer");
    let (first, names) = (&capture()[..9], capture()[10].clone());
    write(&path, first);
    fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(&[6, 0, 0])
        .unwrap();
    CaptureWriter::append(&path).unwrap().write(&names).unwrap();
    let (found, damage) = read(&path).unwrap();
    assert_eq!(found, [first, &[names]].concat());
    assert_eq!(damage, Damage::default());
}

#[test]
fn nothing_is_appended_after_damage_in_the_middle() {
    let folder = folder();
    let mut bytes = bytes_of(&capture());
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    let path = file_of(&folder, &bytes);
    let error = CaptureWriter::append(&path).unwrap_err();
    assert!(error.to_string().contains("damaged at byte"), "{error}");
    assert_eq!(
        fs::read(&path).unwrap(),
        bytes,
        "the file is left as it was"
    );
}

#[test]
fn a_file_that_is_being_recorded_takes_no_second_writer() {
    let folder = folder();
    let path = folder.path().join("a.scrutineer");
    let mut writer = CaptureWriter::create(&path).unwrap();
    writer.write(&header()).unwrap();
    writer.flush().unwrap();
    let error = CaptureWriter::append(&path).unwrap_err();
    assert!(
        error.to_string().contains("still being recorded"),
        "{error}"
    );
    drop(writer);
    CaptureWriter::append(&path).unwrap();
}

#[test]
fn a_full_disk_is_told_and_loses_nothing_that_was_flushed() {
    let folder = folder();
    let path = folder.path().join("a.scrutineer");
    // Stands for a full disk: the process that runs the limit's test writes at most 4 KiB a file.
    let output = child("writes_beyond_a_limit", &path).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let (found, damage) = read(&path).unwrap();
    assert_eq!(found, capture()[..6]);
    assert_eq!(
        damage,
        Damage::default(),
        "the half-written chunk was cut off"
    );
}

#[test]
#[ignore = "runs in a child process of the test of the full disk"]
fn writes_beyond_a_limit() {
    let path = PathBuf::from(std::env::var_os("SCRUTINEER_TEST_FILE").unwrap());
    crate::sys::tests_limit_file_size(4096);
    let mut writer = CaptureWriter::create(&path).unwrap();
    for chunk in &capture()[..6] {
        writer.write(chunk).unwrap();
    }
    writer.flush().unwrap();
    let random = (0..4_000_u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let frames = random
        .map(|address| Frame {
            module: NONE,
            address,
        })
        .collect();
    writer.write(&Chunk::Frames(frames)).unwrap();
    let error = writer.flush().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("what was recorded before is kept"),
        "{error}"
    );
}

fn child(test: &str, path: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "--ignored", "--nocapture"])
        .arg(format!("capture::file::tests::{test}"))
        .env("SCRUTINEER_TEST_FILE", path);
    command
}

#[test]
fn everything_up_to_the_last_flush_survives_kill_9() {
    let folder = folder();
    let path = folder.path().join("a.scrutineer");
    let mut writer = child("writes_until_killed", &path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
    let flushed = lines
        .by_ref()
        .filter_map(|line| line.unwrap().strip_prefix("flushed ")?.parse::<u64>().ok())
        .find(|&count| count >= 20)
        .expect("the writer flushes twenty times");
    writer.kill().unwrap();
    assert_eq!(writer.wait().unwrap().signal(), Some(9));
    let (chunks, _) = read(&path).unwrap();
    let found = chunks
        .iter()
        .filter(|chunk| matches!(chunk, Chunk::Samples(_)))
        .count() as u64;
    assert!(
        found >= flushed,
        "{found} chunks of samples of {flushed} flushed ones"
    );
    assert_eq!(summarise(&path).unwrap().samples, found * 2);
    assert_eq!(summarise(&path).unwrap().duration_ns, None);
}

#[test]
#[ignore = "runs in a child process of the test of kill -9"]
fn writes_until_killed() {
    let path = PathBuf::from(std::env::var_os("SCRUTINEER_TEST_FILE").unwrap());
    let mut writer = CaptureWriter::create(&path).unwrap();
    for chunk in &capture()[..5] {
        writer.write(chunk).unwrap();
    }
    for count in 1.. {
        writer.write(&Chunk::Samples(samples(count, 1))).unwrap();
        writer.flush().unwrap();
        println!("flushed {count}");
    }
}

#[test]
fn a_tail_returns_each_chunk_once_it_is_whole() {
    let folder = folder();
    let whole = bytes_of(&capture());
    let path = file_of(&folder, b"");
    let mut tail = CaptureTail::open(&path).unwrap();
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    let (mut found, mut written) = (Vec::new(), 0);
    for piece in whole.chunks(7) {
        file.write_all(piece).unwrap();
        written += piece.len();
        found.extend(tail.poll().unwrap());
        let expected = (1..=capture().len())
            .filter(|&count| bytes_of(&capture()[..count]).len() <= written)
            .count();
        assert_eq!(found, capture()[..expected]);
    }
    assert_eq!(found, capture());
    assert_eq!(tail.poll().unwrap(), []);
}

#[test]
fn a_tail_says_where_a_growing_file_is_damaged() {
    let folder = folder();
    let mut bytes = bytes_of(&capture());
    let at = bytes_of(&capture()[..3]).len();
    bytes[at] ^= 0xff;
    let mut tail = CaptureTail::open(&file_of(&folder, &bytes)).unwrap();
    assert_eq!(tail.poll().unwrap(), capture()[..3]);
    for _ in 0..2 {
        let error = tail.poll().unwrap_err();
        assert!(
            error.to_string().contains(&format!("damaged at byte {at}")),
            "{error}"
        );
    }
}

#[test]
fn a_summary_tells_what_a_list_shows() {
    let folder = folder();
    let whole = bytes_of(&capture());
    let summary = summarise(&file_of(&folder, &whole)).unwrap();
    assert_eq!(Chunk::Header(summary.header), header());
    assert_eq!(summary.duration_ns, Some(1_000_000));
    assert_eq!(summary.samples, 2);
    assert_eq!(summary.damage, Damage::default());

    // Killed before its first word on quality: samples are counted.
    let killed = bytes_of(&capture()[..6]);
    let summary = summarise(&file_of(&folder, &killed[..])).unwrap();
    assert_eq!((summary.samples, summary.duration_ns), (2, None));
    let torn = summarise(&file_of(&folder, &whole[..whole.len() - 1])).unwrap();
    assert_eq!((torn.samples, torn.damage.what.is_some()), (2, true));
}

#[test]
fn ids_that_point_nowhere_are_refused() {
    let base = capture()[..5].to_vec();
    let frame = |module| Chunk::Frames(vec![Frame { module, address: 1 }]);
    let stacks = |parent: &[u32], frame: &[u32]| {
        Chunk::Stacks(StackNodes {
            parent: parent.to_vec(),
            frame: frame.to_vec(),
        })
    };
    let mut long_column = samples(1, 0);
    long_column.flags.push(0);
    let mut thread = samples(1, 0);
    thread.thread[1] = 1;
    let late = samples(u64::MAX - 1, 0);
    let names = Chunk::Symbols(vec![FrameSymbols {
        frame: 2,
        symbols: Vec::new(),
    }]);
    for (wrong, word) in [
        (frame(1), "module 1"),
        (stacks(&[NONE], &[2]), "frame 2"),
        (stacks(&[2], &[0]), "calling stack node 2"),
        (stacks(&[NONE, 0], &[0]), "columns"),
        (Chunk::Samples(samples(1, 2)), "stack 2"),
        (Chunk::Samples(long_column), "columns"),
        (Chunk::Samples(thread), "thread 1"),
        (Chunk::Samples(late), "time"),
        (names, "frame 2"),
        (header(), "second header"),
    ] {
        let folder = folder();
        let mut chunks = base.clone();
        chunks.push(wrong);
        let (found, damage) = read(&file_of(&folder, &bytes_of(&chunks))).unwrap();
        assert_eq!(found, base);
        let what = damage.what.expect("the wrong id is noticed");
        assert!(what.contains(word), "{what} lacks {word}");
    }
    let folder = folder();
    let headless = read(&file_of(&folder, &bytes_of(&[module()])));
    assert!(matches!(headless, Err(CaptureError::NotACapture { .. })));
}

#[test]
fn a_stack_may_be_deep_but_not_bottomless() {
    let folder = folder();
    let chain = |length: u32| {
        let mut chunks = capture()[..3].to_vec();
        chunks.push(Chunk::Stacks(StackNodes {
            parent: std::iter::once(NONE).chain(0..length - 1).collect(),
            frame: vec![0; length as usize],
        }));
        read(&file_of(&folder, &bytes_of(&chunks))).unwrap().1
    };
    assert_eq!(chain(u32::from(MAX_STACK_DEPTH)), Damage::default());
    assert!(
        chain(u32::from(MAX_STACK_DEPTH) + 1)
            .what
            .unwrap()
            .contains("deeper")
    );
}

#[test]
fn a_chunk_that_is_too_large_is_split_and_reads_back_in_order() {
    let folder = folder();
    let path = folder.path().join("a.scrutineer");
    let symbol = |n: u32| Symbol {
        name: "x".repeat(400),
        file: String::new(),
        line: n,
        inlined: false,
    };
    let names: Vec<_> = (0..2_u32)
        .cycle()
        .take(25_000)
        .zip(0..)
        .map(|(frame, n)| FrameSymbols {
            frame,
            symbols: vec![symbol(n)],
        })
        .collect();
    let threads: Vec<_> = (0..700_000)
        .map(|tid| Thread {
            pid: 1,
            tid,
            name: format!("t{tid}"),
        })
        .collect();
    let mut chunks = capture()[..3].to_vec();
    chunks.extend([
        Chunk::Symbols(names.clone()),
        Chunk::Threads(threads.clone()),
    ]);
    write(&path, &chunks);
    let (found, damage) = read(&path).unwrap();
    assert_eq!(damage, Damage::default());
    assert!(found.len() > chunks.len());
    let (mut found_names, mut found_threads) = (Vec::new(), Vec::new());
    for chunk in found {
        match chunk {
            Chunk::Symbols(list) => found_names.extend(list),
            Chunk::Threads(list) => found_threads.extend(list),
            _ => {}
        }
    }
    assert_eq!(found_names, names);
    assert_eq!(found_threads, threads);
}

#[test]
fn lengths_beyond_what_the_file_justifies_are_refused_before_anything_is_allocated() {
    let folder = folder();
    let head = |length: u32, unpacked: u32| {
        let mut bytes = vec![2];
        bytes.extend(length.to_le_bytes());
        bytes.extend(unpacked.to_le_bytes());
        bytes.extend(0_u32.to_le_bytes());
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        assert_eq!(bytes.len(), HEAD_BYTES);
        bytes
    };
    let most = MAX_CHUNK_BYTES as u32;
    for (length, unpacked, word) in [
        (u32::MAX, u32::MAX, "impossible length"),
        (10, u32::MAX, "impossible length"),
        (10, most, "impossible length"),
        (most, most, "incomplete"),
        (most, most + 1, "impossible length"),
    ] {
        let mut bytes = bytes_of(&[header()]);
        bytes.extend(head(length, unpacked));
        bytes.extend([0; 100]);
        let (found, damage) = read(&file_of(&folder, &bytes)).unwrap();
        assert_eq!(found, [header()]);
        let what = damage.what.unwrap();
        assert!(what.contains(word), "{what}");
    }
}

#[test]
fn kinds_have_numbers_of_their_own() {
    let mut kinds: Vec<u8> = capture().iter().map(kind).collect();
    kinds.sort_unstable();
    // 1 and 9 are the header and the quality of format 1.
    let expected = (2..=19).filter(|kind| *kind != 9);
    assert_eq!(kinds, expected.collect::<Vec<u8>>());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_sound_capture_reads_back(chunks in any_capture()) {
        let folder = folder();
        let path = folder.path().join("a.scrutineer");
        write(&path, &chunks);
        prop_assert_eq!(CaptureTail::open(&path).unwrap().poll().unwrap(), chunks.clone());
        prop_assert_eq!(read(&path).unwrap(), (chunks, Damage::default()));
    }

    #[test]
    fn mutated_bytes_never_panic(
        chunks in any_capture(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in any::<prop::sample::Index>(),
        mend in any::<bool>(),
    ) {
        let folder = folder();
        let mut bytes = bytes_of(&chunks);
        for (at, byte) in flips {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        if mend {
            mend_checksums(&mut bytes);
        }
        let path = file_of(&folder, &bytes);
        let found = read(&path).map(|(chunks, _)| chunks).unwrap_or_default();
        if let Ok(mut tail) = CaptureTail::open(&path) {
            prop_assert_eq!(tail.poll().unwrap(), found.clone());
        }
        if !found.is_empty() {
            prop_assert!(summarise(&path).is_ok());
        }
    }
}

/// Makes checksums right again, so that the mutations reach the decoders behind them.
fn mend_checksums(bytes: &mut [u8]) {
    let mut at = 12;
    while at + HEAD_BYTES <= bytes.len() {
        let length = u32::from_le_bytes(bytes[at + 1..at + 5].try_into().unwrap()) as usize;
        let body = at + HEAD_BYTES;
        let end = body.saturating_add(length);
        if end > bytes.len() {
            break;
        }
        let crc = crc32fast::hash(&bytes[body..end]);
        bytes[at + 9..at + 13].copy_from_slice(&crc.to_le_bytes());
        let crc = crc32fast::hash(&bytes[at..at + 13]);
        bytes[at + 13..body].copy_from_slice(&crc.to_le_bytes());
        at = end;
    }
}
