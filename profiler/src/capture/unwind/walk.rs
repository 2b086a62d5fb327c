//! One stack, followed from frame to frame.

use framehop::{CacheNative, FrameAddress, UnwindRegsNative, Unwinder as _};

use super::{
    MAX_FRAMES, Registers, UnwindEnd,
    cfi::{self, FrameKind, KnownRegisters},
    rows::{LoopCall, Rows},
    space::AddressSpace,
    trail::{Standing, Trails},
};
use crate::{
    capture::{model::ModuleKind, tables::Tables},
    sys,
};

/// Slots of the cache from addresses to frames; a power of two.
const CACHE_SLOTS: usize = if cfg!(feature = "fuzzing") {
    // An unwinder for each input: a large table would take most of the time.
    1 << 4
} else {
    1 << 14
};

/// The kernel's shortest turn of a processor.
const SHORT_TURN_NS: u64 = 100_000;

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

/// What walks share.
pub(super) struct Tools {
    framehop_cache: CacheNative<framehop::MayAllocateDuringUnwind>,
    cfi_context: gimli::UnwindContext<usize>,
    cache: Box<[CachedAddress]>,
    /// Keeps more than the pointers known; made for the first process with an interpreter.
    rows: Option<Rows>,
    /// Calls of an interpreter's loop in the last stack.
    loop_calls: Vec<LoopCall>,
}

impl Tools {
    pub(super) fn new() -> Self {
        Self {
            framehop_cache: CacheNative::new(),
            cfi_context: gimli::UnwindContext::new(),
            cache: vec![EMPTY_SLOT; CACHE_SLOTS].into_boxed_slice(),
            rows: None,
            loop_calls: Vec::new(),
        }
    }

    /// Whether a process with an interpreter was come by.
    pub(super) fn follows_interpreters(&self) -> bool {
        self.rows.is_some()
    }

    /// Calls of an interpreter's loop in the last stack.
    pub(super) fn loop_calls(&self) -> &[LoopCall] {
        &self.loop_calls
    }

    fn begin(&mut self, space: &AddressSpace) {
        self.loop_calls.clear();
        if space.interpreter.is_some() && self.rows.is_none() {
            self.rows = Some(Rows::new());
            // A wish, which costs nothing where it is not granted.
            let _ = sys::schedule::ask_for_short_turns(SHORT_TURN_NS);
        }
    }
}

/// One unwinding.
pub(super) struct Walk<'a> {
    space: &'a AddressSpace,
    tools: &'a mut Tools,
    tables: &'a mut Tables,
    /// What framehop follows.
    pointers: UnwindRegsNative,
    /// All registers that are known, while more than the pointers are.
    known: Option<KnownRegisters>,
}

impl<'a> Walk<'a> {
    /// Begins a walk at the registers of a thread.
    pub(super) fn new(
        space: &'a AddressSpace,
        tools: &'a mut Tools,
        tables: &'a mut Tables,
        registers: &Registers,
    ) -> Self {
        tools.begin(space);
        Self {
            space,
            tools,
            tables,
            pointers: UnwindRegsNative::new(registers.ip(), registers.sp(), registers.bp()),
            known: Some(KnownRegisters::all(*registers)),
        }
    }

    /// Follows the stack to its end and appends its frame ids.
    pub(super) fn run(
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

    /// As [`Walk::run`], until the thread's last walk is met; whether it was.
    pub(super) fn run_on(
        mut self,
        trails: &mut Trails,
        read_stack: &mut impl FnMut(u64) -> Result<u64, ()>,
        frames: &mut Vec<u32>,
    ) -> (UnwindEnd, bool) {
        let first_frame = frames.len();
        let mut at = FrameAddress::from_instruction_pointer(self.pointers.ip());
        loop {
            let standing = Standing {
                at,
                sp: self.pointers.sp(),
                bp: self.pointers.bp(),
            };
            let room = MAX_FRAMES - (frames.len() - first_frame);
            if let Some(end) = trails.meet(standing, room, read_stack, frames) {
                return (end, true);
            }
            let address = at.address_for_lookup();
            let (kind, frame_id) = self.look_up(address);
            frames.push(frame_id);
            let caller = if kind == FrameKind::Outermost {
                Err(UnwindEnd::Root)
            } else if room == 1 {
                Err(UnwindEnd::Truncated)
            } else {
                let mut read_noted = |address: u64| {
                    let value = read_stack(address);
                    trails.note_read(address, value);
                    value
                };
                self.caller(at, kind, &mut read_noted)
                    .ok_or_else(|| self.judge_end(address))
            };
            let is_plain = matches!(kind, FrameKind::Plain | FrameKind::Outermost);
            trails.note_frame(standing, frame_id, is_plain);
            match caller {
                Ok(caller) => at = caller,
                Err(end) => return (end, false),
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
        self.tools.loop_calls.push(call);
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
        let rows = self
            .tools
            .rows
            .as_mut()
            .filter(|_| self.space.interpreter.is_some())?;
        let address = at.address_for_lookup();
        let mapped = self.space.find(address)?;
        let image = mapped.loaded.image.as_ref()?;
        rows.follow(
            (self.space.epoch, address),
            (image, mapped.file_address(address)),
            &registers,
            read_stack,
            &mut self.tools.cfi_context,
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
            .unwind_frame(
                at,
                &mut self.pointers,
                &mut self.tools.framehop_cache,
                read_stack,
            )
            .ok()??;
        FrameAddress::from_return_address(ip)
    }

    fn look_up(&mut self, address: u64) -> (FrameKind, u32) {
        let hash = (address ^ u64::from(self.space.epoch).rotate_left(32))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let slot = (hash >> (64 - CACHE_SLOTS.trailing_zeros())) as usize;
        let cached = self.tools.cache[slot];
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
                    cfi::classify(
                        image,
                        mapped.file_address(address),
                        &mut self.tools.cfi_context,
                    )
                }),
            None => FrameKind::Plain,
        };
        self.tools.cache[slot] = CachedAddress {
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
            &mut self.tools.cfi_context,
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
