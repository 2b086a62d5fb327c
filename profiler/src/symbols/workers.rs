//! Looks up in several files at once, and in one large file with two readers.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::elf::{ElfSymbols, READERS};
use crate::capture::model::Symbol;

/// Addresses below which a second thread costs more than it saves.
const FEW_ADDRESSES: usize = 64;

/// Addresses of one module.
#[derive(Debug)]
pub(super) struct Job {
    /// Module id.
    pub(super) module: u32,
    /// Addresses, sorted, with the positions of their frames.
    pub(super) rows: Vec<(u64, usize)>,
}

/// A part of a job that one thread does with one reader.
struct Part<'a> {
    file: &'a ElfSymbols,
    job: usize,
    reader: usize,
    addresses: Vec<u64>,
}

/// Names of all addresses of each job, in the order given.
pub(super) fn run(jobs: &[(&Job, &ElfSymbols)]) -> Vec<Vec<Vec<Symbol>>> {
    let mut parts = parts(jobs);
    let total: usize = parts.iter().map(|part| part.addresses.len()).sum();
    // The longest first, so that none is left alone at the end.
    parts.sort_by_key(|part| {
        (
            std::cmp::Reverse(part.addresses.len()),
            part.job,
            part.reader,
        )
    });
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    let work = || {
        while let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
            let names = part.file.lookup(&part.addresses, part.reader);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.insert((part.job, part.reader), names);
        }
    };
    if total < FEW_ADDRESSES {
        work();
    } else {
        std::thread::scope(|scope| {
            for _ in 1..READERS {
                scope.spawn(work);
            }
            work();
        });
    }
    let mut names = vec![Vec::new(); jobs.len()];
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    for ((job, _), part) in done {
        names[job].extend(part);
    }
    names
}

/// Neighbouring addresses mostly lie in one unit of debug information, which is read once by the
/// reader that gets all of them.
fn parts<'a>(jobs: &[(&Job, &'a ElfSymbols)]) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    for (position, (job, file)) in jobs.iter().enumerate() {
        let addresses: Vec<u64> = job.rows.iter().map(|(address, _)| *address).collect();
        let is_large = addresses.len() >= FEW_ADDRESSES;
        let share = addresses.len().div_ceil(if is_large { READERS } else { 1 });
        let shares = addresses.chunks(share.max(1));
        parts.extend(shares.enumerate().map(|(reader, share)| Part {
            file,
            job: position,
            reader,
            addresses: share.to_vec(),
        }));
    }
    parts
}
