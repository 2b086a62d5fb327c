//! Unwinds stacks of any number of processes from registers and stack memory, and turns addresses
//! into frames.

mod cfi;
mod chains;
mod files;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod image;
mod maps;
mod recorded;
mod rows;
mod space;
mod trail;
#[cfg(test)]
mod trail_tests;
mod walk;

use std::io;

use crate::capture::{
    interpreters::Interpreters,
    model::{Frame, NONE},
    tables::{IdMap, Tables},
};
use chains::Chains;
use files::Files;
pub use maps::Mapping;
pub(crate) use recorded::RecordedFiles;
pub(crate) use rows::LoopCall;
use space::AddressSpace;
use trail::Trails;
use walk::{Tools, Walk};

/// Deeper stacks are cut, and count as truncated.
pub const MAX_FRAMES: usize = 2048;

/// Registers of a stopped thread, in DWARF's order for x86-64: rax, rdx, rcx, rbx, rsi, rdi, rbp,
/// rsp, r8 to r15, rip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Registers(pub [u64; Registers::COUNT]);

impl Registers {
    /// How many there are.
    pub const COUNT: usize = 17;
    /// Position of the frame pointer.
    pub const RBP: usize = 6;
    /// Position of the stack pointer.
    pub const RSP: usize = 7;
    /// Position of the instruction pointer.
    pub const RIP: usize = 16;

    /// Instruction pointer.
    pub fn ip(&self) -> u64 {
        self.0[Self::RIP]
    }

    /// Stack pointer.
    pub fn sp(&self) -> u64 {
        self.0[Self::RSP]
    }

    /// Frame pointer.
    pub fn bp(&self) -> u64 {
        self.0[Self::RBP]
    }
}

/// How an unwinding ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnwindEnd {
    /// At a function that is known to have no caller.
    Root,
    /// Before one: the stack's copy was too short, unwind information is missing or wrong.
    Truncated,
}

/// The address spaces of all processes of a capture, and the unwinder over them.
pub struct Unwinder {
    files: Files,
    /// Per process, the address space since each exec, in order of time. Samples from before an
    /// exec that are unwound after it was seen still find theirs.
    spaces: IdMap<u32, Vec<(u64, AddressSpace)>>,
    next_epoch: u32,
    tools: Tools,
    trails: Trails,
    chains: Chains,
    interpreters: Interpreters,
}

impl std::fmt::Debug for Unwinder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Unwinder")
            .field("spaces", &self.spaces)
            .finish_non_exhaustive()
    }
}

impl Unwinder {
    /// Knows no process yet. Code made at run time by `target` is told apart from that of its
    /// children.
    pub fn new(target: u32) -> Self {
        Self {
            files: Files::new(target),
            spaces: IdMap::default(),
            next_epoch: 1,
            tools: Tools::new(),
            trails: Trails::new(),
            chains: Chains::default(),
            interpreters: Interpreters::default(),
        }
    }

    /// An unwinder of what another tool recorded: nothing is read of processes that run.
    pub(crate) fn of_recording(files: RecordedFiles) -> Self {
        Self {
            files: Files::recorded(files),
            ..Self::new(0)
        }
    }

    /// Another unwinder that knows no process, and the files that this one has read.
    pub(crate) fn with_same_files(&self) -> Self {
        Self {
            files: self.files.clone(),
            ..Self::new(0)
        }
    }

    /// What was found of interpreted functions, and how far it can be trusted.
    pub fn interpreters(&self) -> &Interpreters {
        &self.interpreters
    }

    /// Whether an interpreter runs whose functions are merged into the stacks.
    pub fn follows_interpreters(&self) -> bool {
        self.tools.follows_interpreters()
    }

    /// Reads the executable mappings of a running process and adds those that are new or changed.
    /// `EACCES` where it may not be read, `ENOENT` or `ESRCH` where it is gone.
    pub fn load_process(&mut self, pid: u32, tables: &mut Tables) -> io::Result<()> {
        for mapping in maps::read(pid)? {
            self.add_mapping(pid, &mapping, tables);
        }
        Ok(())
    }

    /// Adds an executable mapping, in place of whatever lay there.
    pub fn add_mapping(&mut self, pid: u32, mapping: &Mapping, tables: &mut Tables) {
        let loaded = self.files.load(pid, mapping);
        let module_id = tables.module(&loaded.module);
        let is_known = |space: &AddressSpace| {
            space.holds(&mapping.range, mapping.file_offset, &loaded, module_id)
        };
        if self
            .spaces
            .get(&pid)
            .and_then(|spaces| spaces.last())
            .is_some_and(|(_, space)| is_known(space))
        {
            return;
        }
        let epoch = self.take_epoch();
        self.space_mut(pid).add(
            mapping.range.clone(),
            mapping.file_offset,
            loaded,
            module_id,
            epoch,
        );
    }

    /// Removes what is mapped in a range.
    pub fn remove_mapping(&mut self, pid: u32, range: std::ops::Range<u64>) {
        let epoch = self.take_epoch();
        self.space_mut(pid).remove(range, epoch);
    }

    /// A child process starts with its parent's mappings.
    pub fn fork(&mut self, parent: u32, child: u32) {
        if parent == child {
            return;
        }
        if let Some((_, space)) = self.spaces.get(&parent).and_then(|spaces| spaces.last()) {
            self.spaces.insert(child, vec![(0, space.clone())]);
        }
    }

    /// A process executes another program from `at_ns` on (`CLOCK_MONOTONIC`): its mappings are
    /// gone.
    pub fn exec(&mut self, pid: u32, at_ns: u64) {
        let space = AddressSpace::new(self.take_epoch());
        self.spaces.entry(pid).or_default().push((at_ns, space));
    }

    /// A process has ended.
    pub fn exit(&mut self, pid: u32) {
        self.spaces.remove(&pid);
        self.interpreters.forget(pid);
    }

    /// Forgets the mappings from before a process's last exec; called once no sample from before
    /// it can turn up any more.
    pub fn forget_before_exec(&mut self, pid: u32) {
        if let Some(spaces) = self.spaces.get_mut(&pid)
            && spaces.len() > 1
        {
            spaces.drain(..spaces.len() - 1);
        }
    }

    /// Mappings that a process has now.
    pub(crate) fn mapping_count(&self, pid: u32) -> usize {
        let spaces = self.spaces.get(&pid).and_then(|spaces| spaces.last());
        spaces.map_or(0, |(_, space)| space.len())
    }

    /// Whether anything is known of a process.
    pub fn knows(&self, pid: u32) -> bool {
        self.spaces.contains_key(&pid)
    }

    /// Whether code of a process lies at an address, as far as its mappings are known.
    pub fn is_code(&self, pid: u32, address: u64) -> bool {
        let spaces = self.spaces.get(&pid);
        spaces
            .and_then(|spaces| spaces.last())
            .is_some_and(|(_, space)| space.find(address).is_some())
    }

    /// Unwinds a stack of process `pid` at `at_ns` (`CLOCK_MONOTONIC`; `u64::MAX` for now) and
    /// appends its frame ids, innermost first. `read_stack` reads eight bytes of the thread's
    /// memory; it may know the stack alone.
    pub fn unwind(
        &mut self,
        pid: u32,
        at_ns: u64,
        registers: &Registers,
        mut read_stack: impl FnMut(u64) -> Result<u64, ()>,
        tables: &mut Tables,
        frames: &mut Vec<u32>,
    ) -> UnwindEnd {
        let Some(space) = space_at(&self.spaces, pid, at_ns) else {
            return push_unmapped(registers, tables, frames);
        };
        let walk = Walk::new(space, &mut self.tools, tables, registers);
        let end = walk.run(&mut read_stack, frames);
        let loop_calls = self.tools.loop_calls();
        if let Some(interpreter) = &space.interpreter
            && !loop_calls.is_empty()
        {
            let loop_frame = tables.frame(space.frame(interpreter.loop_start()));
            self.interpreters.merge(
                (pid, interpreter),
                (loop_calls, loop_frame),
                &mut read_stack,
                frames,
                tables,
            );
        }
        end
    }

    /// Unwinds a sampled stack like [`Unwinder::unwind`], without following again what has not
    /// moved since the thread's last one, and interns it: its innermost stack node, and how it
    /// ended. What `frames` hold before are the kernel's, called by the stack.
    pub fn unwind_sample(
        &mut self,
        (pid, tid): (u32, u32),
        at_ns: u64,
        registers: &Registers,
        mut read_stack: impl FnMut(u64) -> Result<u64, ()>,
        tables: &mut Tables,
        frames: &mut Vec<u32>,
    ) -> (u32, UnwindEnd) {
        let space = space_at(&self.spaces, pid, at_ns);
        let Some(space) = space.filter(|space| space.interpreter.is_none()) else {
            // Functions of an interpreter hang on more than the stack.
            let end = self.unwind(pid, at_ns, registers, read_stack, tables, frames);
            return (tables.stack(frames), end);
        };
        let kernel_frames = frames.len();
        self.trails.begin(tid, space.epoch);
        let walk = Walk::new(space, &mut self.tools, tables, registers);
        let (end, was_met) = walk.run_on(&mut self.trails, &mut read_stack, frames);
        let user_stack = self.trails.finish(end, was_met, tables);
        let kernel = frames[..kernel_frames].iter().rev();
        let stack = kernel.fold(user_stack, |parent, frame| tables.node(parent, *frame));
        (stack, end)
    }

    /// Frames that [`Unwinder::unwind_sample`] did not have to follow again.
    #[cfg(test)]
    fn reused_frames(&self) -> u64 {
        self.trails.reused
    }

    /// Appends the frame ids of a stack that the kernel followed: `addresses` are the sampled
    /// instruction and return addresses, innermost first. `None` where there are none.
    pub fn follow_chain(
        &mut self,
        pid: u32,
        at_ns: u64,
        addresses: impl Iterator<Item = u64>,
        tables: &mut Tables,
        frames: &mut Vec<u32>,
    ) -> Option<UnwindEnd> {
        let space = space_at(&self.spaces, pid, at_ns);
        let mut last = None;
        for (depth, address) in addresses.enumerate().take(MAX_FRAMES) {
            // Within the call instruction, as everywhere.
            let address = address.wrapping_sub(u64::from(depth > 0));
            let frame = space.map_or(
                Frame {
                    module: NONE,
                    address,
                },
                |space| space.frame(address),
            );
            frames.push(tables.frame(frame));
            last = Some(address);
        }
        let last = last?;
        Some(if space.is_some_and(|space| space.ends_chain(last)) {
            UnwindEnd::Root
        } else {
            UnwindEnd::Truncated
        })
    }

    /// As [`Unwinder::follow_chain`], without looking again at what a thread's last chain had in
    /// common: the innermost stack node, below `kernel_frames` (innermost first), and how it ended;
    /// `None` for an empty chain.
    pub(crate) fn follow_chain_on(
        &mut self,
        (pid, tid): (u32, u32),
        addresses: impl Iterator<Item = u64>,
        tables: &mut Tables,
        kernel_frames: &[u32],
    ) -> Option<(u32, UnwindEnd)> {
        let space = space_at(&self.spaces, pid, u64::MAX);
        let (user, end) = self.chains.follow(space, (pid, tid), addresses, tables)?;
        let kernel = kernel_frames.iter().rev();
        let stack = kernel.fold(user, |parent, frame| tables.node(parent, *frame));
        Some((stack, end))
    }

    fn take_epoch(&mut self) -> u32 {
        let epoch = self.next_epoch;
        self.next_epoch = self.next_epoch.wrapping_add(1);
        epoch
    }

    fn space_mut(&mut self, pid: u32) -> &mut AddressSpace {
        let next_epoch = self.next_epoch;
        let spaces = self.spaces.entry(pid).or_default();
        if spaces.is_empty() {
            spaces.push((0, AddressSpace::new(next_epoch)));
            self.next_epoch += 1;
        }
        &mut spaces
            .last_mut()
            .expect("one was just added where there was none")
            .1
    }
}

/// The address space of a process at a time (`CLOCK_MONOTONIC`, nanoseconds).
fn space_at(
    spaces: &IdMap<u32, Vec<(u64, AddressSpace)>>,
    pid: u32,
    at_ns: u64,
) -> Option<&AddressSpace> {
    let spaces = spaces.get(&pid)?;
    let since = spaces
        .iter()
        .rposition(|(since_ns, _)| *since_ns <= at_ns)
        .unwrap_or(0);
    spaces.get(since).map(|(_, space)| space)
}

/// The stack of a process of which nothing is known: where it ran.
fn push_unmapped(registers: &Registers, tables: &mut Tables, frames: &mut Vec<u32>) -> UnwindEnd {
    let unmapped = Frame {
        module: NONE,
        address: registers.ip(),
    };
    frames.push(tables.frame(unmapped));
    UnwindEnd::Truncated
}
