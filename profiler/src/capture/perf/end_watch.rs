//! Notices the end of processes.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::{process, sys};

/// Watches processes until they end.
#[derive(Debug)]
pub(crate) struct EndWatch {
    /// Those that live, with a descriptor that becomes readable at the end where there is one.
    living: Vec<(u32, Option<OwnedFd>)>,
    was_empty: bool,
}

impl EndWatch {
    /// Watches these processes.
    pub(crate) fn over(pids: &[u32]) -> Self {
        Self {
            living: pids
                .iter()
                .map(|&pid| (pid, sys::pidfd::open(pid).ok()))
                .collect(),
            was_empty: pids.is_empty(),
        }
    }

    /// Descriptors of which one becomes readable when a process ends.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.living
            .iter()
            .filter_map(|(_, descriptor)| Some(descriptor.as_ref()?.as_fd()))
    }

    /// Looks which processes have ended.
    pub(crate) fn refresh(&mut self) {
        self.living.retain(|(pid, descriptor)| match descriptor {
            Some(descriptor) => {
                let ended = sys::pidfd::wait(&[descriptor.as_fd()], std::time::Duration::ZERO);
                !ended.is_ok_and(|ended| ended == [true])
            }
            None => process::stat(*pid).is_ok_and(|stat| !matches!(stat.state, 'Z' | 'X')),
        });
    }

    /// Whether all that were watched have ended; never where there were none.
    pub(crate) fn all_ended(&self) -> bool {
        self.living.is_empty() && !self.was_empty
    }
}
