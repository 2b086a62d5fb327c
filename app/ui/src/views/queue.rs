//! What the thread of views is still to do: of each kind of work the latest that was asked for.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use super::tasks::Task;

/// Tasks that wait, shared by the frame and the thread of views.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    tasks: VecDeque<Task>,
    is_closed: bool,
    /// Whether a task is worked on.
    #[cfg(test)]
    is_working: bool,
    /// Tasks that were taken so far.
    #[cfg(test)]
    taken: usize,
    /// Answers that the frame has not looked at yet; below 0 where it was quicker than the thread.
    #[cfg(test)]
    unread: isize,
    /// Whether none is taken for now.
    #[cfg(test)]
    is_held: bool,
}

impl Waiting {
    fn next(&mut self) -> Option<Task> {
        #[cfg(test)]
        if self.is_held {
            return None;
        }
        self.tasks.pop_front()
    }
}

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Each change is a few assignments that cannot fail.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a task in the place of an earlier one whose answer nobody would look at any more, so
    /// that at most one of a kind waits, however quickly a range is dragged.
    pub(super) fn push(&self, task: Task) {
        let mut waiting = self.waiting();
        waiting.tasks.retain(|earlier| !task.replaces(earlier));
        waiting.tasks.push_back(task);
        self.changed.notify_one();
    }

    /// Drops what is to be done for a picture of a capture that is not shown any more.
    pub(super) fn forget(&self, generation: u64) {
        let is_wanted = |task: &Task| task.generation() != generation || task.is_kept();
        self.waiting().tasks.retain(is_wanted);
    }

    /// The next task, once there is one; `None` where there will be none any more.
    pub(super) fn take(&self) -> Option<Task> {
        let mut waiting = self.waiting();
        #[cfg(test)]
        {
            waiting.unread += isize::from(waiting.is_working);
            waiting.is_working = false;
        }
        loop {
            if waiting.is_closed {
                return None;
            }
            if let Some(task) = waiting.next() {
                #[cfg(test)]
                {
                    waiting.is_working = true;
                    waiting.taken += 1;
                }
                return Some(task);
            }
            let woken = self.changed.wait(waiting);
            waiting = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets the thread end after what it works on.
    pub(super) fn close(&self) {
        self.waiting().is_closed = true;
        self.changed.notify_one();
    }

    /// Whether something waits or is worked on.
    #[cfg(test)]
    pub(super) fn is_busy(&self) -> bool {
        let waiting = self.waiting();
        waiting.is_working || waiting.unread > 0 || !waiting.tasks.is_empty()
    }

    /// Notes that the frame looked at so many answers.
    #[cfg(test)]
    pub(super) fn read(&self, answers: usize) {
        self.waiting().unread -= isize::try_from(answers).unwrap_or(0);
    }

    /// Lets tasks wait, or be taken again.
    #[cfg(test)]
    pub(super) fn hold(&self, is_held: bool) {
        self.waiting().is_held = is_held;
        self.changed.notify_one();
    }

    /// Tasks that were taken so far.
    #[cfg(test)]
    pub(super) fn taken(&self) -> usize {
        self.waiting().taken
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{fixtures, views::Arrangement};

    fn arrange(generation: u64, until_s: f64) -> Task {
        Task::Arrange {
            generation,
            profile: fixtures::loaded().profile,
            arrangement: Arrangement {
                range_s: Some((0.0, until_s)),
                ..Arrangement::default()
            },
            have: None,
        }
    }

    #[test]
    fn the_latest_of_a_kind_takes_the_place_of_earlier_ones_of_its_picture() {
        let queue = Queue::default();
        let profile = fixtures::loaded().profile;
        for step in 1..50 {
            queue.push(arrange(1, f64::from(step)));
            queue.push(Task::Readings {
                generation: 1,
                profile: Arc::clone(&profile),
                range_s: None,
            });
        }
        queue.push(arrange(2, 7.0));
        let mut ranges = Vec::new();
        for _ in 0..3 {
            if let Some(Task::Arrange { arrangement, .. }) = queue.take() {
                ranges.extend(arrangement.range_s);
            }
        }
        assert_eq!(ranges, [(0.0, 49.0), (0.0, 7.0)]);
        queue.close();
        assert!(queue.take().is_none());
        assert_eq!(
            queue.taken(),
            3,
            "a hundred wishes are three pieces of work"
        );
    }

    #[test]
    fn what_is_not_shown_any_more_is_not_worked_on() {
        let queue = Queue::default();
        queue.push(arrange(1, 1.0));
        queue.push(arrange(2, 2.0));
        queue.forget(1);
        assert_eq!(queue.take().map(|task| task.generation()), Some(2));
        queue.close();
        assert!(queue.take().is_none());
    }
}
