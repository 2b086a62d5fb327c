//! Background work: named jobs on named threads, with progress, cancel and bounded channels.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
};

use crossbeam_channel::{Receiver, Sender};
use scrutineer_profiler::progress::Progress;
use scrutineer_ui::command::JobId;

/// Events that wait to be read at most.
const EVENT_CAPACITY: usize = 256;

/// Events beyond which progress is dropped, so that starts and ends always find room.
const PROGRESS_CAPACITY: usize = EVENT_CAPACITY / 2;

/// How a job goes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum JobEvent {
    /// A job began.
    Started {
        /// Which.
        id: JobId,
        /// Title for people: `Gathering evidence`.
        title: String,
    },
    /// A job goes on.
    Progress {
        /// Which.
        id: JobId,
        /// Step.
        step: String,
        /// Share done, 0..1, where known.
        done: Option<f32>,
    },
    /// A job ended, well or not.
    Ended {
        /// Which.
        id: JobId,
    },
}

/// A job ended without a result: a bug, told by the panic's own message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the job “{title}” broke off; this is a bug of Scrutineer: please report it")]
pub(crate) struct JobBroke {
    /// Title of the job.
    pub(crate) title: String,
}

/// The jobs under way. Dropping it asks all of them to end.
#[derive(Debug)]
pub(crate) struct Jobs {
    events: Sender<JobEvent>,
    next_id: AtomicU64,
    running: Arc<Mutex<BTreeMap<JobId, Arc<AtomicBool>>>>,
}

impl Jobs {
    /// No jobs yet, and the channel on which they will tell how they go. Who drops the receiver
    /// is not told any more; the jobs go on.
    pub(crate) fn new() -> (Self, Receiver<JobEvent>) {
        let (events, receiver) = crossbeam_channel::bounded(EVENT_CAPACITY);
        (
            Self {
                events,
                next_id: AtomicU64::new(1),
                running: Arc::default(),
            },
            receiver,
        )
    }

    /// Starts `work` on a thread of its own, named after `title`.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        title: &str,
        work: impl FnOnce(&JobContext) -> T + Send + 'static,
    ) -> io::Result<Job<T>> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let cancelled = Arc::new(AtomicBool::new(false));
        let context = JobContext {
            id,
            cancelled: Arc::clone(&cancelled),
            events: self.events.clone(),
        };
        let registration = Registration {
            id,
            running: Arc::clone(&self.running),
            events: self.events.clone(),
        };
        lock(&self.running).insert(id, Arc::clone(&cancelled));
        let started = JobEvent::Started {
            id,
            title: title.into(),
        };
        let thread = std::thread::Builder::new()
            .name(thread_name(title))
            .spawn(move || {
                let _registration = registration;
                let _ = context.events.send(started);
                work(&context)
            })?;
        Ok(Job {
            id,
            title: title.into(),
            cancelled,
            thread,
        })
    }

    /// Like [`Jobs::spawn`] for work that waits on sockets and timers: `work` makes a future that
    /// runs on the job's own single-threaded runtime.
    pub(crate) fn spawn_async<T, F>(
        &self,
        title: &str,
        work: impl FnOnce(JobContext) -> F + Send + 'static,
    ) -> io::Result<Job<io::Result<T>>>
    where
        T: Send + 'static,
        F: Future<Output = T>,
    {
        self.spawn(title, move |context| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            Ok(runtime.block_on(work(context.clone())))
        })
    }

    /// Asks a job to end; one that has ended is left alone.
    pub(crate) fn cancel(&self, id: JobId) {
        if let Some(cancelled) = lock(&self.running).get(&id) {
            cancelled.store(true, Ordering::Relaxed);
        }
    }

    /// Asks all jobs to end.
    pub(crate) fn cancel_all(&self) {
        for cancelled in lock(&self.running).values() {
            cancelled.store(true, Ordering::Relaxed);
        }
    }
}

impl Drop for Jobs {
    fn drop(&mut self) {
        self.cancel_all();
    }
}

/// A job under way, with its result to come.
#[derive(Debug)]
pub(crate) struct Job<T> {
    id: JobId,
    title: String,
    cancelled: Arc<AtomicBool>,
    thread: JoinHandle<T>,
}

impl<T> Job<T> {
    /// Names the job in events.
    pub(crate) fn id(&self) -> JobId {
        self.id
    }

    /// Asks the job to end.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether the result is there.
    pub(crate) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for the result.
    pub(crate) fn join(self) -> Result<T, JobBroke> {
        self.thread
            .join()
            .map_err(|_| JobBroke { title: self.title })
    }
}

/// What a job has of the world that started it: where to tell its steps, and whether to end.
#[derive(Clone)]
pub(crate) struct JobContext {
    id: JobId,
    cancelled: Arc<AtomicBool>,
    events: Sender<JobEvent>,
}

impl fmt::Debug for JobContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("JobContext")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Progress for JobContext {
    fn step(&self, text: &str, done: Option<f32>) {
        // A reader that lags has no need of every step.
        if self.events.len() < PROGRESS_CAPACITY {
            let event = JobEvent::Progress {
                id: self.id,
                step: text.into(),
                done,
            };
            let _ = self.events.try_send(event);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

/// Takes the job out of the list and tells its end, also when it panics.
struct Registration {
    id: JobId,
    running: Arc<Mutex<BTreeMap<JobId, Arc<AtomicBool>>>>,
    events: Sender<JobEvent>,
}

impl Drop for Registration {
    fn drop(&mut self) {
        lock(&self.running).remove(&self.id);
        let _ = self.events.send(JobEvent::Ended { id: self.id });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // The guarded maps are whole between any two statements, so a panic elsewhere spoils nothing.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Threads are named like the job, in the 15 bytes that the kernel keeps.
fn thread_name(title: &str) -> String {
    title
        .to_lowercase()
        .replace(' ', "-")
        .chars()
        .filter(char::is_ascii)
        .take(15)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_job_tells_its_start_its_steps_and_its_end_and_returns_its_result() {
        let (jobs, events) = Jobs::new();
        let job = jobs
            .spawn("Counting sheep", |context| {
                context.step("sheep 1 of 2", Some(0.5));
                std::thread::current().name().map(str::to_owned)
            })
            .unwrap();
        let id = job.id();
        assert_eq!(job.join().unwrap().as_deref(), Some("counting-sheep"));
        let told: Vec<_> = events.try_iter().collect();
        assert_eq!(
            told,
            [
                JobEvent::Started {
                    id,
                    title: "Counting sheep".into()
                },
                JobEvent::Progress {
                    id,
                    step: "sheep 1 of 2".into(),
                    done: Some(0.5)
                },
                JobEvent::Ended { id },
            ]
        );
    }

    #[test]
    fn dropping_the_jobs_cancels_what_runs() {
        let (jobs, _events) = Jobs::new();
        let job = jobs
            .spawn("Waiting", |context| {
                while !context.is_cancelled() {
                    std::thread::sleep(Duration::from_millis(1));
                }
                "cancelled"
            })
            .unwrap();
        drop(jobs);
        assert_eq!(job.join().unwrap(), "cancelled");
    }

    #[test]
    fn cancelling_one_job_leaves_the_other_alone() {
        let (jobs, _events) = Jobs::new();
        let wait = |context: &JobContext| {
            while !context.is_cancelled() {
                std::thread::sleep(Duration::from_millis(1));
            }
        };
        let first = jobs.spawn("First", wait).unwrap();
        let second = jobs.spawn("Second", wait).unwrap();
        jobs.cancel(first.id());
        first.join().unwrap();
        assert!(!second.is_finished());
        second.cancel();
        second.join().unwrap();
    }

    #[test]
    fn a_job_that_panics_ends_and_is_named() {
        let (jobs, events) = Jobs::new();
        let job = jobs.spawn("Falling", |_| panic!("on purpose")).unwrap();
        let id = job.id();
        let broke: Result<(), JobBroke> = job.join();
        assert_eq!(
            broke,
            Err(JobBroke {
                title: "Falling".into()
            })
        );
        assert_eq!(events.try_iter().last(), Some(JobEvent::Ended { id }));
    }

    #[test]
    fn steps_that_nobody_reads_hold_no_job_up() {
        let (jobs, events) = Jobs::new();
        let job = jobs
            .spawn("Chatting", |context| {
                for _ in 0..10 * EVENT_CAPACITY {
                    context.step("word", None);
                }
            })
            .unwrap();
        let id = job.id();
        job.join().unwrap();
        assert_eq!(events.try_iter().last(), Some(JobEvent::Ended { id }));
    }

    #[test]
    fn asynchronous_work_runs_on_the_jobs_own_runtime() {
        let (jobs, _events) = Jobs::new();
        let job = jobs
            .spawn_async("Sleeping", async |_| {
                tokio::time::sleep(Duration::from_millis(1)).await;
                7
            })
            .unwrap();
        assert_eq!(job.join().unwrap().unwrap(), 7);
    }
}
