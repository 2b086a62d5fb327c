//! Looks at a waiting thread through `/proc` and `process_vm_readv`, without stopping it: what it
//! waits in, and its stack.

use std::{collections::HashMap, fs, io, os::unix::fs::FileTypeExt as _};

use super::classes::{CallHint, call_hint, descriptor_class};
use crate::{
    capture::{
        model::{NONE, WaitClass},
        tables::Tables,
        unwind::{Registers, UnwindEnd, Unwinder},
    },
    sys::{clock, ptrace::read_memory},
};

/// Bytes of a stack that are read.
const STACK_BYTES: usize = 64 << 10;
/// Mappings are read again for stacks that end nowhere at most so often.
const RELOAD_AFTER_NS: u64 = 1_000_000_000;
/// How far from the stack pointer saved frame pointers are looked for.
const FRAME_POINTER_BYTES: u64 = 16 << 10;
/// Looks at a thread that is caught running before it counts as running.
const MOST_LOOKS: usize = 3;
/// Frame pointers that are tried before a stack counts as truncated.
const MOST_TRIES: usize = 12;
/// Sockets that are remembered as local or not.
const MOST_SOCKETS: usize = 4_096;

/// What a thread was found waiting in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Stack node of the innermost frame, or [`NONE`].
    pub(crate) stack: u32,
    /// What the system call and its descriptor tell; the stack may tell more.
    pub(crate) class: WaitClass,
}

/// Where a thread stands, as `/proc/PID/task/TID/syscall` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// On a CPU, or ready for one.
    Runs,
    /// In a system call.
    Call {
        number: u64,
        arguments: [u64; 6],
        sp: u64,
        pc: u64,
    },
    /// Neither: it is stopped, or waits for memory.
    Elsewhere { sp: u64, pc: u64 },
}

/// Looks at the threads of some processes.
#[derive(Debug)]
pub(crate) struct Looker {
    unwinder: Unwinder,
    /// When the mappings of each process were read.
    loaded_ns: HashMap<u32, u64>,
    memory: Vec<u8>,
    frames: Vec<u32>,
    /// Whether sockets are local ones, by inode.
    local: HashMap<u64, bool>,
}

impl Looker {
    pub(crate) fn new(pids: &[u32]) -> Self {
        Self {
            unwinder: Unwinder::new(pids.first().copied().unwrap_or(0)),
            loaded_ns: HashMap::new(),
            memory: vec![0; STACK_BYTES],
            frames: Vec::new(),
            local: HashMap::new(),
        }
    }

    /// What a thread waits in; `None` where it runs, has ended or may not be looked at.
    pub(crate) fn look(&mut self, pid: u32, tid: u32, tables: &mut Tables) -> Option<Found> {
        for _ in 0..MOST_LOOKS {
            let standing = standing(pid, tid).ok()?;
            let (sp, pc) = match standing {
                Standing::Runs => continue,
                Standing::Call { sp, pc, .. } | Standing::Elsewhere { sp, pc } => (sp, pc),
            };
            let read = read_memory(pid, sp, &mut self.memory);
            // A thread that has run since then has left another stack behind, unless it waits at
            // the same place again.
            if self::standing(pid, tid).ok()? != standing {
                continue;
            }
            let class = self.class(pid, tid, standing)?;
            let stack = read.map_or(NONE, |length| self.stack(pid, (sp, pc), length, tables));
            return Some(Found { stack, class });
        }
        None
    }

    /// `None` where the thread has ended.
    fn class(&mut self, pid: u32, tid: u32, standing: Standing) -> Option<WaitClass> {
        let state = state(pid, tid)?;
        Some(match (state, standing) {
            ('Z' | 'X', _) => return None,
            ('T' | 't', _) => WaitClass::Stopped,
            (
                _,
                Standing::Call {
                    number, arguments, ..
                },
            ) => match call_hint(number) {
                CallHint::Class(class) => class,
                CallHint::AnyOf(position) if arguments[position] == 0 => WaitClass::Sleep,
                CallHint::AnyOf(_) => WaitClass::Network,
                CallHint::Descriptor => self.descriptor(pid, arguments[0]),
            },
            _ => WaitClass::PageFault,
        })
    }

    fn descriptor(&mut self, pid: u32, number: u64) -> WaitClass {
        // Descriptors are ints, whatever lies in the register's upper half.
        let path = format!("/proc/{pid}/fd/{}", number as u32);
        let Ok(link) = fs::read_link(&path) else {
            return WaitClass::Unknown;
        };
        // A named pipe links to its name.
        if fs::metadata(&path).is_ok_and(|found| found.file_type().is_fifo()) {
            return WaitClass::Ipc;
        }
        let local = &mut self.local;
        descriptor_class(&link.to_string_lossy(), |inode| {
            if local.len() > MOST_SOCKETS {
                local.clear();
            }
            *local
                .entry(inode)
                .or_insert_with(|| is_local_socket(pid, inode))
        })
    }

    /// The stack at `sp` and `pc`, of which `length` bytes were read; [`NONE`] where nothing of it
    /// is known.
    fn stack(&mut self, pid: u32, (sp, pc): (u64, u64), length: usize, tables: &mut Tables) -> u32 {
        let now_ns = clock::monotonic_ns();
        if !self.loaded_ns.contains_key(&pid) && !self.load(pid, now_ns, tables) {
            return NONE;
        }
        let mut end = self.follow(pid, (sp, pc), length, tables);
        if end == UnwindEnd::Truncated && self.reload(pid, pc, now_ns, tables) {
            end = self.follow(pid, (sp, pc), length, tables);
        }
        if end == UnwindEnd::Truncated && self.frames.is_empty() {
            return NONE;
        }
        tables.stack(&self.frames)
    }

    fn load(&mut self, pid: u32, now_ns: u64, tables: &mut Tables) -> bool {
        let is_loaded = self.unwinder.load_process(pid, tables).is_ok();
        if is_loaded {
            self.loaded_ns.insert(pid, now_ns);
        }
        is_loaded
    }

    /// Reads the mappings again where a stack that could not be followed may lie in newer ones.
    fn reload(&mut self, pid: u32, pc: u64, now_ns: u64, tables: &mut Tables) -> bool {
        let loaded_ns = self.loaded_ns.get(&pid).copied().unwrap_or(0);
        if loaded_ns == now_ns {
            return false;
        }
        if self.unwinder.is_code(pid, pc) {
            if now_ns.saturating_sub(loaded_ns) < RELOAD_AFTER_NS {
                return false;
            }
        } else {
            // It runs another program.
            self.unwinder.exit(pid);
        }
        self.load(pid, now_ns, tables)
    }

    /// Follows the stack with each frame pointer that may be it until the frames end where a
    /// thread begins; the frames are left in `self.frames`.
    fn follow(
        &mut self,
        pid: u32,
        (sp, pc): (u64, u64),
        length: usize,
        tables: &mut Tables,
    ) -> UnwindEnd {
        // Library code below a system call rarely needs it, so that 0 mostly does.
        let first = self.try_frame_pointer(pid, (sp, pc, 0), length, tables);
        if first == UnwindEnd::Root {
            return first;
        }
        let without = std::mem::take(&mut self.frames);
        let mut tries = 0;
        let range = sp..sp + (length as u64).min(FRAME_POINTER_BYTES);
        for candidate in range.step_by(8) {
            if tries == MOST_TRIES {
                break;
            }
            if !self.may_be_frame(pid, candidate, sp, length) {
                continue;
            }
            tries += 1;
            let end = self.try_frame_pointer(pid, (sp, pc, candidate), length, tables);
            // The nearest one that leads home: those further out skip frames.
            if end == UnwindEnd::Root && self.frames.len() >= without.len() {
                return end;
            }
        }
        self.frames = without;
        UnwindEnd::Truncated
    }

    /// Whether a caller's frame pointer and a return address into code lie there.
    fn may_be_frame(&self, pid: u32, at: u64, sp: u64, length: usize) -> bool {
        let word = |address: u64| word_at(&self.memory[..length], sp, address).ok();
        let saved = word(at).is_some_and(|saved| saved == 0 || saved > at);
        saved && word(at + 8).is_some_and(|address| self.unwinder.is_code(pid, address))
    }

    fn try_frame_pointer(
        &mut self,
        pid: u32,
        (sp, pc, frame_pointer): (u64, u64, u64),
        length: usize,
        tables: &mut Tables,
    ) -> UnwindEnd {
        let mut registers = Registers::default();
        registers.0[Registers::RSP] = sp;
        registers.0[Registers::RIP] = pc;
        registers.0[Registers::RBP] = frame_pointer;
        self.frames.clear();
        let memory = &self.memory[..length];
        self.unwinder.unwind(
            pid,
            u64::MAX,
            &registers,
            |address| word_at(memory, sp, address),
            tables,
            &mut self.frames,
        )
    }
}

fn word_at(memory: &[u8], start: u64, address: u64) -> Result<u64, ()> {
    let offset = address.checked_sub(start).ok_or(())?;
    let offset = usize::try_from(offset).map_err(|_| ())?;
    let end = offset.checked_add(8).ok_or(())?;
    let word = memory.get(offset..end).ok_or(())?;
    Ok(u64::from_le_bytes(word.try_into().map_err(|_| ())?))
}

/// Where a thread stands. `EACCES` or `EPERM` where it may not be looked at.
pub(crate) fn standing(pid: u32, tid: u32) -> io::Result<Standing> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{tid}/syscall"))?;
    parse(&text).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, text))
}

fn parse(text: &str) -> Option<Standing> {
    let mut words = text.split_ascii_whitespace();
    let first = words.next()?;
    if first == "running" {
        return Some(Standing::Runs);
    }
    let mut number = || u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok();
    if first.starts_with('-') {
        return Some(Standing::Elsewhere {
            sp: number()?,
            pc: number()?,
        });
    }
    let mut arguments = [0; 6];
    for argument in &mut arguments {
        *argument = number()?;
    }
    Some(Standing::Call {
        number: first.parse().ok()?,
        arguments,
        sp: number()?,
        pc: number()?,
    })
}

fn state(pid: u32, tid: u32) -> Option<char> {
    let stat = fs::read(format!("/proc/{pid}/task/{tid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    stat.rsplit_once(") ")?.1.chars().next()
}

fn is_local_socket(pid: u32, inode: u64) -> bool {
    let sockets = fs::read(format!("/proc/{pid}/net/unix")).unwrap_or_default();
    let inode = inode.to_string();
    String::from_utf8_lossy(&sockets)
        .lines()
        .any(|line| line.split_ascii_whitespace().nth(6) == Some(inode.as_str()))
}

#[cfg(test)]
mod tests {
    use std::{
        io::Read as _,
        os::unix::net::UnixStream,
        sync::mpsc,
        time::{Duration, Instant},
    };

    use super::*;

    #[test]
    fn the_three_forms_of_the_syscall_file_are_read() {
        assert_eq!(parse("running\n"), Some(Standing::Runs));
        let elsewhere = Standing::Elsewhere { sp: 0x10, pc: 0x20 };
        assert_eq!(parse("-1 0x10 0x20\n"), Some(elsewhere));
        let call = parse("7 0x1 0x2 0x3 0x4 0x5 0x6 0x7ffd 0x7f00\n");
        let expected = Standing::Call {
            number: 7,
            arguments: [1, 2, 3, 4, 5, 6],
            sp: 0x7ffd,
            pc: 0x7f00,
        };
        assert_eq!(call, Some(expected));
        assert_eq!(parse("7 0x1\n"), None);
    }

    /// Runs `wait` on a thread of its own and looks at it until it is found waiting so.
    fn looked_at(
        wait: impl FnOnce() + Send + 'static,
        class: WaitClass,
    ) -> (Tables, Looker, Found) {
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            tell.send(crate::sys::thread_id())
                .expect("somebody listens");
            wait();
        });
        let tid = told.recv().expect("the thread tells its id");
        let pid = std::process::id();
        let mut tables = Tables::new(0);
        let mut looker = Looker::new(&[pid]);
        let give_up = Instant::now() + Duration::from_secs(20);
        loop {
            let found = looker.look(pid, tid, &mut tables);
            if let Some(found) = found.filter(|found| found.class == class) {
                return (tables, looker, found);
            }
            assert!(Instant::now() < give_up, "{found:?}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    #[test]
    fn a_sleeping_thread_is_found_asleep_with_its_whole_stack() {
        let nap = || std::thread::sleep(Duration::from_secs(30));
        let (_, looker, found) = looked_at(nap, WaitClass::Sleep);
        assert_ne!(found.stack, NONE);
        assert!(looker.frames.len() > 5, "{:?}", looker.frames);
    }

    #[test]
    fn a_read_of_a_local_socket_is_told_from_one_of_the_network() {
        let (here, _there) = UnixStream::pair().expect("a pair of sockets");
        let read_local = move || {
            let mut here = &here;
            let _ = here.read(&mut [0]);
        };
        looked_at(read_local, WaitClass::Ipc);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let accept = move || {
            let _ = listener.accept();
        };
        looked_at(accept, WaitClass::Network);
    }

    #[test]
    fn a_lock_is_a_lock() {
        static HELD: std::sync::Mutex<()> = std::sync::Mutex::new(());
        let _held = HELD.lock();
        looked_at(|| drop(HELD.lock()), WaitClass::Lock);
    }
}
