//! The functions by which locks, handovers, idle pools and event loops are recognised: a table.

use crate::capture::waits::classes::{bare, fits};

use Meaning::{Events, Handover, Lock, Parked, Passed};

/// What a function on the stack of a wait says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Meaning {
    /// A lock that another thread holds.
    Lock,
    /// Another thread's work or message: condition variables, channels, joins.
    Handover,
    /// A pool or scheduler that has nothing to do.
    Parked,
    /// An event loop that waits for events.
    Events,
    /// Code of a lock, a runtime or a library, which says nothing by itself.
    Passed,
}

/// Functions of programs and libraries; `*` stands for anything. The first that fits counts, so
/// what is more special stands further up. Names are compared as they are and as a C library's
/// without its marks.
const USER: &[(&str, Meaning)] = &[
    // Rust: tokio, rayon, async-std, actix.
    ("*tokio::runtime::*park*", Parked),
    ("*tokio::runtime::blocking::pool::Inner::run*", Parked),
    ("*tokio::runtime::blocking::pool::Inner*::run*", Parked),
    ("*rayon_core::sleep::*", Parked),
    ("*rayon_core::registry::WorkerThread*::wait_until*", Parked),
    ("*async_io::driver::*", Parked),
    ("*blocking::Executor*::main_loop*", Parked),
    ("*mio::*poll*", Events),
    ("*polling::*wait*", Events),
    // Go: goroutines wait without their thread, which looks for others or is parked.
    ("runtime.findRunnable*", Parked),
    ("runtime.findrunnable*", Parked),
    ("runtime.stopm", Parked),
    ("runtime.mPark", Parked),
    ("runtime.templateThread", Parked),
    ("runtime.gcBgMarkWorker*", Parked),
    ("runtime.lock*", Lock),
    ("runtime.notetsleep*", Parked),
    ("runtime.notesleep*", Parked),
    ("runtime.*", Passed),
    // The JVM and its libraries.
    ("*ThreadPoolExecutor.getTask*", Parked),
    ("*ForkJoinPool.awaitWork*", Parked),
    ("*ForkJoinPool.runWorker*", Parked),
    ("*ForkJoinPool.scan*", Parked),
    ("*ScheduledThreadPoolExecutor$DelayedWorkQueue*", Parked),
    ("*ReferenceQueue*.remove*", Parked),
    ("*Reference*Handler*", Parked),
    ("*CompileQueue::get*", Parked),
    ("*CompileBroker::compiler_thread_loop*", Parked),
    ("*WatcherThread*", Parked),
    ("*VMThread::*", Parked),
    ("*GangWorker*", Parked),
    ("*WorkerThread*::run*", Parked),
    ("*ServiceThread::*", Parked),
    ("*MonitorDeflationThread::*", Parked),
    ("*ConcurrentGCThread*", Parked),
    ("*G1ConcurrentRefine*", Parked),
    ("*G1ServiceThread*", Parked),
    ("*ObjectMonitor::*nter*", Lock),
    ("*ObjectSynchronizer::*nter*", Lock),
    ("*ObjectMonitor::wait*", Handover),
    (
        "*AbstractQueuedSynchronizer$ConditionObject.await*",
        Handover,
    ),
    ("*AbstractQueuedSynchronizer.acquire*", Lock),
    ("*ReentrantLock*.lock*", Lock),
    ("*ReentrantReadWriteLock*.lock*", Lock),
    ("*LinkedBlockingQueue.*", Handover),
    ("*ArrayBlockingQueue.*", Handover),
    ("*SynchronousQueue*", Handover),
    ("*CountDownLatch.await*", Handover),
    ("*CompletableFuture*", Handover),
    ("*java.util.concurrent.*", Passed),
    ("java.lang.Object.wait*", Handover),
    ("*LockSupport.park*", Handover),
    ("*Unsafe*park*", Handover),
    ("*Parker::park*", Handover),
    ("*PlatformEvent::park*", Passed),
    ("*PlatformMonitor::wait*", Passed),
    ("*Monitor::wait*", Passed),
    ("*Monitor::lock*", Lock),
    // V8, Node and libuv.
    ("*v8::platform::*", Parked),
    ("*node::*PlatformWorkerThread*", Parked),
    ("*node::*WorkerThreadsTaskRunner*", Parked),
    ("*node::*DelayedTaskScheduler*", Parked),
    ("*node::inspector::*", Parked),
    ("*v8::base::*", Passed),
    ("uv__io_poll", Events),
    // CPython: the interpreter's own lock, then locks of programs.
    ("take_gil", Lock),
    ("*PyEval_AcquireThread*", Lock),
    ("*PyEval_RestoreThread*", Lock),
    ("PyThread_acquire_lock*", Lock),
    ("*PyMutex_Lock*", Lock),
    ("*Condition.wait", Handover),
    ("*Event.wait", Handover),
    ("*Queue.get", Handover),
    ("*Queue.put", Handover),
    ("*Thread.join", Handover),
    ("*_wait_for_tstate_lock", Handover),
    ("*concurrent/futures/thread.py*_worker", Parked),
    ("lock_PyThread_acquire_lock*", Passed),
    ("acquire_timed", Passed),
    ("lock_acquire*", Passed),
    ("rlock_acquire*", Passed),
    ("_Py*", Passed),
    ("Py*", Passed),
    ("cfunction_*", Passed),
    ("method_vectorcall*", Passed),
    // Databases and servers that people run.
    ("LWLockAcquire*", Lock),
    ("ProcSleep", Lock),
    ("s_lock", Lock),
    ("WaitEventSetWait*", Events),
    ("aeApiPoll", Events),
    ("bioProcessBackgroundJobs", Parked),
    ("IOThreadMain", Parked),
    ("ngx_epoll_process_events", Events),
    ("os_event_wait*", Handover),
    ("event_base_loop", Events),
    ("epoll_dispatch", Events),
    // Locks by their own names.
    ("lock", Lock),
    ("lock_contended", Lock),
    ("read_contended", Lock),
    ("write_contended", Lock),
    ("*utex*::lock*", Lock),
    ("*Mutex*::*lock*", Lock),
    ("*RwLock*::read*", Lock),
    ("*RwLock*::write*", Lock),
    ("*RwLock*::*lock*", Lock),
    ("*ReentrantLock*::lock*", Lock),
    ("*shared_mutex*::lock*", Lock),
    ("*std::mutex*", Lock),
    ("*Once*::call*", Lock),
    ("pthread_mutex_*lock*", Lock),
    ("pthread_rwlock_*lock*", Lock),
    ("pthread_spin_lock", Lock),
    ("*lll_lock_wait*", Lock),
    ("mtx_lock", Lock),
    ("uv_mutex_lock", Lock),
    ("uv_rwlock_*lock", Lock),
    ("flock", Lock),
    ("lockf*", Lock),
    ("*malloc*", Passed),
    // Condition variables, channels, joins.
    ("*Condvar*::wait*", Handover),
    ("*condition_variable*::wait*", Handover),
    ("*Receiver*::recv*", Handover),
    ("*Sender*::send*", Handover),
    ("*JoinHandle*::join*", Handover),
    ("*JoinInner*::join*", Handover),
    ("*Barrier*::wait*", Handover),
    ("std::thread::*park*", Handover),
    ("pthread_cond_*wait*", Handover),
    ("pthread_barrier_wait", Handover),
    ("pthread_*join*", Handover),
    ("cnd_*wait", Handover),
    ("uv_cond_*wait", Handover),
    ("uv_sem_wait", Handover),
    ("sem_*wait*", Handover),
    ("*thread::join*", Handover),
    // Waiting for any of many descriptors.
    ("epoll_*wait*", Events),
    ("*EpollWait*", Events),
    // Libraries' own code.
    ("*futex*", Passed),
    ("syscall*", Passed),
    ("std::*", Passed),
    ("<std::*", Passed),
    ("core::*", Passed),
    ("<core::*", Passed),
    ("alloc::*", Passed),
    ("<alloc::*", Passed),
    ("parking_lot*", Passed),
    ("<parking_lot*", Passed),
    ("lock_api::*", Passed),
    ("<lock_api::*", Passed),
    ("crossbeam_*", Passed),
    ("<crossbeam_*", Passed),
    ("tokio::loom::*", Passed),
    ("<tokio::loom::*", Passed),
    ("pthread_*", Passed),
    ("lll_*", Passed),
    ("os::*", Passed),
    ("*sem_*wait*", Passed),
    ("*nanosleep*", Passed),
    ("sleep", Passed),
    ("usleep", Passed),
    ("read", Passed),
    ("readv", Passed),
    ("pread*", Passed),
    ("write", Passed),
    ("writev", Passed),
    ("pwrite*", Passed),
    ("fsync", Passed),
    ("fdatasync", Passed),
    ("open", Passed),
    ("open64", Passed),
    ("openat*", Passed),
    ("poll", Passed),
    ("ppoll*", Passed),
    ("select", Passed),
    ("recv", Passed),
    ("recvfrom", Passed),
    ("recvmsg", Passed),
    ("send", Passed),
    ("sendto", Passed),
    ("sendmsg", Passed),
    ("connect", Passed),
    ("accept", Passed),
    ("accept4", Passed),
    ("clone*", Passed),
    ("start_thread", Passed),
];

/// Functions of the kernel that hold a thread for another one's sake.
const KERNEL: &[(&str, Meaning)] = &[
    ("ep_poll", Events),
    ("do_epoll_*", Events),
    ("__mutex_lock*", Lock),
    ("mutex_lock*", Lock),
    ("rwsem_down*", Lock),
    ("down_read*", Lock),
    ("down_write*", Lock),
    ("flock_lock*", Lock),
    ("locks_lock*", Lock),
    ("posix_lock*", Lock),
];

/// What a function says; `None` for one of the program's own.
pub(crate) fn meaning(name: &str, is_kernel: bool) -> Option<Meaning> {
    let look_up = |table: &[(&str, Meaning)], name: &str| {
        let mut entries = table.iter();
        entries
            .find(|(pattern, _)| fits(pattern, name))
            .map(|(_, meaning)| *meaning)
    };
    if is_kernel {
        return Some(look_up(KERNEL, name).unwrap_or(Passed));
    }
    look_up(USER, name).or_else(|| look_up(USER, bare(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_many_runtimes_are_known_and_the_programs_own_are_not() {
        for (name, expected) in [
            (
                "std::sys::sync::mutex::futex::Mutex::lock_contended",
                Some(Lock),
            ),
            (
                "<std::sync::poison::mutex::Mutex<ledger::Book>>::lock",
                Some(Lock),
            ),
            ("parking_lot::raw_mutex::RawMutex::lock_slow", Some(Lock)),
            ("__lll_lock_wait_private", Some(Lock)),
            ("___pthread_mutex_lock", Some(Lock)),
            (
                "std::sys::sync::rwlock::futex::RwLock::read_contended",
                Some(Lock),
            ),
            ("std::sync::poison::condvar::Condvar::wait", Some(Handover)),
            ("__pthread_cond_timedwait", Some(Handover)),
            (
                "tokio::runtime::scheduler::multi_thread::park::Inner::park_condvar",
                Some(Parked),
            ),
            ("tokio::runtime::blocking::pool::Inner::run", Some(Parked)),
            ("mio::poll::Poll::poll", Some(Events)),
            ("epoll_wait", Some(Events)),
            ("__GI_epoll_pwait", Some(Events)),
            ("runtime.findRunnable", Some(Parked)),
            (
                "java.util.concurrent.ThreadPoolExecutor.getTask",
                Some(Parked),
            ),
            ("take_gil", Some(Lock)),
            ("std::sys::pal::unix::futex::futex_wait", Some(Passed)),
            ("ledgerd::book::append", None),
            ("serve_report", None),
            ("main.handle", None),
        ] {
            assert_eq!(meaning(name, false), expected, "{name}");
        }
        assert_eq!(meaning("__mutex_lock.constprop.0", true), Some(Lock));
        assert_eq!(meaning("schedule", true), Some(Passed));
    }
}
