//! Unwinds stacks of any number of processes from registers and stack memory, and turns addresses
//! into frames.

mod cfi;
mod files;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod image;
mod maps;
mod rows;
mod space;

use std::{collections::HashMap, io};

use framehop::{CacheNative, FrameAddress, UnwindRegsNative, Unwinder as _};

use crate::capture::{
    interpreters::Interpreters,
    model::{Frame, ModuleKind, NONE},
    tables::Tables,
};
use crate::sys;
use cfi::FrameKind;
pub(crate) use cfi::KnownRegisters;
use files::Files;
pub use maps::Mapping;
pub(crate) use rows::LoopCall;
use rows::Rows;
use space::AddressSpace;

/// Deeper stacks are cut, and count as truncated.
pub const MAX_FRAMES: usize = 2048;

/// Slots of the cache from addresses to frames; a power of two.
const CACHE_SLOTS: usize = if cfg!(feature = "fuzzing") {
    // An unwinder for each input: a large table would take most of the time.
    1 << 4
} else {
    1 << 14
};

/// The kernel's shortest turn of a processor.
const SHORT_TURN_NS: u64 = 100_000;

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

/// What is remembered of an address.
#[derive(Clone, Copy, Debug)]
struct CachedAddress {
    epoch: u32,
    address: u64,
    kind: FrameKind,
    frame_id: u32,
}

const EMPTY_SLOT: CachedAddress = CachedAddress {
    epoch: u32::MAX,
    address: 0,
    kind: FrameKind::Plain,
    frame_id: 0,
};

/// The address spaces of all processes of a capture, and the unwinder over them.
pub struct Unwinder {
    files: Files,
    /// Per process, the address space since each exec, in order of time. Samples from before an
    /// exec that are unwound after it was seen still find theirs.
    spaces: HashMap<u32, Vec<(u64, AddressSpace)>>,
    next_epoch: u32,
    framehop_cache: CacheNative<framehop::MayAllocateDuringUnwind>,
    cfi_context: gimli::UnwindContext<usize>,
    cache: Box<[CachedAddress]>,
    /// Made for the first process with an interpreter.
    rows: Option<Rows>,
    loop_calls: Vec<LoopCall>,
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
            spaces: HashMap::new(),
            next_epoch: 1,
            framehop_cache: CacheNative::new(),
            cfi_context: gimli::UnwindContext::new(),
            cache: vec![EMPTY_SLOT; CACHE_SLOTS].into_boxed_slice(),
            rows: None,
            loop_calls: Vec::new(),
            interpreters: Interpreters::default(),
        }
    }

    /// What was found of interpreted functions, and how far it can be trusted.
    pub fn interpreters(&self) -> &Interpreters {
        &self.interpreters
    }

    /// Whether an interpreter runs whose functions are merged into the stacks.
    pub fn follows_interpreters(&self) -> bool {
        self.rows.is_some()
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
        let spaces = self.spaces.get(&pid).map_or(&[][..], Vec::as_slice);
        let since = spaces
            .iter()
            .rposition(|(since_ns, _)| *since_ns <= at_ns)
            .unwrap_or(0);
        let Some((_, space)) = spaces.get(since) else {
            let unmapped = Frame {
                module: NONE,
                address: registers.ip(),
            };
            frames.push(tables.frame(unmapped));
            return UnwindEnd::Truncated;
        };
        self.loop_calls.clear();
        if space.interpreter.is_some() && self.rows.is_none() {
            self.rows = Some(Rows::new());
            // A wish, which costs nothing where it is not granted.
            let _ = sys::schedule::ask_for_short_turns(SHORT_TURN_NS);
        }
        let walk = Walk {
            rows: self.rows.as_mut().filter(|_| space.interpreter.is_some()),
            loop_calls: &mut self.loop_calls,
            space,
            framehop_cache: &mut self.framehop_cache,
            cfi_context: &mut self.cfi_context,
            cache: &mut self.cache,
            tables,
            pointers: UnwindRegsNative::new(registers.ip(), registers.sp(), registers.bp()),
            known: Some(KnownRegisters::all(*registers)),
        };
        let end = walk.run(&mut read_stack, frames);
        if let Some(interpreter) = &space.interpreter
            && !self.loop_calls.is_empty()
        {
            let loop_frame = tables.frame(space.frame(interpreter.loop_start()));
            self.interpreters.merge(
                (pid, interpreter),
                (&self.loop_calls, loop_frame),
                &mut read_stack,
                frames,
                tables,
            );
        }
        end
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
        let spaces = self.spaces.get(&pid).map_or(&[][..], Vec::as_slice);
        let since = spaces
            .iter()
            .rposition(|(since_ns, _)| *since_ns <= at_ns)
            .unwrap_or(0);
        let space = spaces.get(since).map(|(_, space)| space);
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

/// One unwinding.
struct Walk<'a> {
    space: &'a AddressSpace,
    framehop_cache: &'a mut CacheNative<framehop::MayAllocateDuringUnwind>,
    cfi_context: &'a mut gimli::UnwindContext<usize>,
    cache: &'a mut [CachedAddress],
    tables: &'a mut Tables,
    /// What framehop follows.
    pointers: UnwindRegsNative,
    /// All registers that are known, while more than the pointers are.
    known: Option<KnownRegisters>,
    /// Keeps more than the pointers known, where the process has an interpreter.
    rows: Option<&'a mut Rows>,
    loop_calls: &'a mut Vec<LoopCall>,
}

impl Walk<'_> {
    fn run(
        mut self,
        read_stack: &mut impl FnMut(u64) -> Result<u64, ()>,
        frames: &mut Vec<u32>,
    ) -> UnwindEnd {
        let first_frame = frames.len();
        let mut at = FrameAddress::from_instruction_pointer(self.pointers.ip());
        loop {
            let address = at.address_for_lookup();
            let (kind, frame_id) = self.look_up(address);
            frames.push(frame_id);
            if kind == FrameKind::Outermost {
                return UnwindEnd::Root;
            }
            if frames.len() - first_frame >= MAX_FRAMES {
                return UnwindEnd::Truncated;
            }
            let is_innermost = frames.len() == first_frame + 1;
            let call = self.loop_call(address, frames.len() - 1, is_innermost);
            let caller = self.caller(at, kind, read_stack);
            if let Some(call) = call {
                self.note(call, caller);
            }
            match caller {
                Some(caller) => at = caller,
                None => return self.judge_end(address),
            }
        }
    }

    /// The call of an interpreter's loop that a frame is, its end still unknown.
    fn loop_call(&self, address: u64, position: usize, is_innermost: bool) -> Option<LoopCall> {
        let interpreter = self.space.interpreter.as_ref()?;
        let is_loop = interpreter
            .loop_ranges
            .iter()
            .any(|range| range.contains(&address));
        is_loop.then(|| LoopCall {
            position,
            is_innermost,
            registers: self.known_registers(),
            sp: self.pointers.sp(),
            cfa: 0,
            by_run_time_code: false,
        })
    }

    fn note(&mut self, mut call: LoopCall, caller: Option<FrameAddress>) {
        call.cfa = self.pointers.sp();
        call.by_run_time_code = caller.is_some_and(|caller| {
            self.space
                .find(caller.address_for_lookup())
                .is_some_and(|mapped| mapped.loaded.module.kind == ModuleKind::Jit)
        });
        self.loop_calls.push(call);
    }

    fn known_registers(&self) -> KnownRegisters {
        let pointers = &self.pointers;
        self.known.unwrap_or_else(|| {
            KnownRegisters::pointers(pointers.ip(), pointers.sp(), pointers.bp())
        })
    }

    /// Follows one frame by its row, where an interpreter is watched.
    fn follow_row(
        &mut self,
        at: FrameAddress,
        read_stack: &mut impl FnMut(u64) -> Result<u64, ()>,
    ) -> Option<KnownRegisters> {
        let registers = self.known_registers();
        let rows = self.rows.as_mut()?;
        let address = at.address_for_lookup();
        let mapped = self.space.find(address)?;
        let image = mapped.loaded.image.as_ref()?;
        rows.follow(
            (self.space.epoch, address),
            (image, mapped.file_address(address)),
            &registers,
            read_stack,
            self.cfi_context,
        )
    }

    /// Follows one frame.
    fn caller(
        &mut self,
        at: FrameAddress,
        kind: FrameKind,
        read_stack: &mut impl FnMut(u64) -> Result<u64, ()>,
    ) -> Option<FrameAddress> {
        if kind == FrameKind::Plain
            && let Some(caller) = self.follow_row(at, read_stack)
        {
            let values = caller.values;
            self.pointers = UnwindRegsNative::new(values.ip(), values.sp(), values.bp());
            self.known = Some(caller);
            return FrameAddress::from_return_address(values.ip());
        }
        let known = self.known.take();
        if matches!(kind, FrameKind::Special | FrameKind::Signal) {
            let known = known.unwrap_or_else(|| {
                let pointers = &self.pointers;
                KnownRegisters::pointers(pointers.ip(), pointers.sp(), pointers.bp())
            });
            if let Some(caller) = self.step(at.address_for_lookup(), &known, read_stack) {
                let values = caller.values;
                self.pointers = UnwindRegsNative::new(values.ip(), values.sp(), values.bp());
                self.known = Some(caller);
                // A signal interrupts its caller anywhere, not behind a call.
                return if kind == FrameKind::Signal && values.ip() != 0 {
                    Some(FrameAddress::from_instruction_pointer(values.ip()))
                } else {
                    FrameAddress::from_return_address(values.ip())
                };
            }
        }
        let ip = self
            .space
            .framehop
            .unwind_frame(at, &mut self.pointers, self.framehop_cache, read_stack)
            .ok()??;
        FrameAddress::from_return_address(ip)
    }

    fn look_up(&mut self, address: u64) -> (FrameKind, u32) {
        let hash = (address ^ u64::from(self.space.epoch).rotate_left(32))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let slot = (hash >> (64 - CACHE_SLOTS.trailing_zeros())) as usize;
        let cached = self.cache[slot];
        if cached.epoch == self.space.epoch && cached.address == address {
            return (cached.kind, cached.frame_id);
        }
        let frame_id = self.tables.frame(self.space.frame(address));
        let kind = match self.space.find(address) {
            Some(mapped) => mapped
                .loaded
                .image
                .as_ref()
                .map_or(FrameKind::Plain, |image| {
                    cfi::classify(image, mapped.file_address(address), self.cfi_context)
                }),
            None => FrameKind::Plain,
        };
        self.cache[slot] = CachedAddress {
            epoch: self.space.epoch,
            address,
            kind,
            frame_id,
        };
        (kind, frame_id)
    }

    fn step(
        &mut self,
        address: u64,
        registers: &KnownRegisters,
        read_stack: &mut impl FnMut(u64) -> Result<u64, ()>,
    ) -> Option<KnownRegisters> {
        let mapped = self.space.find(address)?;
        let image = mapped.loaded.image.as_ref()?;
        cfi::step(
            image,
            mapped.file_address(address),
            registers,
            read_stack,
            self.cfi_context,
        )
    }

    /// An end counts only at a function that is known to have no caller: a frame pointer of 0
    /// may as well belong to code that uses the register for something else.
    fn judge_end(&self, address: u64) -> UnwindEnd {
        if self.space.is_start(address) {
            UnwindEnd::Root
        } else {
            UnwindEnd::Truncated
        }
    }
}
