//! CPython 3.8 to 3.13: which functions each native call of the interpreter's loop executed.

pub(super) mod binary;
mod code;
mod layout;
mod lines;
mod names;
mod places;

use super::{FoundFrame, InterpreterCounts, Known, MOST_FRAMES, memory::TargetMemory};
use crate::capture::{
    model::{Module, ModuleKind, Symbol},
    tables::{IdMap, Tables},
    unwind::LoopCall,
};
use binary::PythonBinary;
use code::Codes;
use layout::{Entry, Instruction, Layout, OBJECT_TYPE, OWNED_BY_NATIVE_STACK, Outermost};
use places::{Place, Places, register_numbers};

/// Chains that are remembered at most; then all are forgotten.
const MOST_REMEMBERED: usize = 1 << 12;
/// Calls of one sample from which places are learned: looking costs a few microseconds each.
const LEARNED_PER_SAMPLE: usize = 4;
/// Where more than half of so many calls stay uncertain, what was learned may be wrong: it is
/// learned anew.
const JUDGED_CALLS: u64 = 256;

/// What is read of one sample, and where it goes.
pub(super) struct Sample<'a, R> {
    /// Calls of the interpreter's loop, innermost first.
    pub(super) calls: &'a [LoopCall],
    pub(super) read_stack: &'a mut R,
    pub(super) now_ns: u64,
    pub(super) found: &'a mut Vec<FoundFrame>,
    pub(super) known: &'a mut Known,
    pub(super) tables: &'a mut Tables,
}

/// Reads the state of one process.
#[derive(Debug)]
pub(super) struct PythonReader {
    layout: &'static Layout,
    module: Module,
    code_type: u64,
    frame_type: u64,
    memory: TargetMemory,
    codes: Codes,
    frame_places: Places,
    /// Where the next instruction stands while the loop runs itself.
    running_places: Places,
    /// Where it stands while the loop calls, by return address: compilers keep it elsewhere at
    /// each call.
    calling_places: IdMap<u64, Places>,
    /// Chains as they were seen last, by their first frame and what it executed.
    chains: IdMap<(u64, u64), Vec<Link>>,
    /// What a frame object executed when its call was seen to go on still.
    objects: IdMap<u64, Link>,
    /// The chain that was seen last with a code object innermost.
    latest: IdMap<u64, Vec<Link>>,
    chain: Vec<Link>,
    /// Calls, and the uncertain among them, since what was learned was judged last.
    unjudged: (u64, u64),
}

/// A frame of the chain that one call executes.
#[derive(Clone, Copy, Debug)]
struct Link {
    code: u64,
    /// Instruction, as the frame states it.
    stated: u64,
}

/// A frame as it lies in memory.
#[derive(Clone, Copy, Debug)]
struct Head {
    code: u64,
    previous: u64,
    stated: u64,
}

/// How a chain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ChainEnd {
    /// Where the chain began.
    start: u64,
    /// Whether it ended at the frame that the call began with.
    is_complete: bool,
    /// The frame that made the call, of the next outer call.
    caller: u64,
}

impl PythonReader {
    /// A reader for a process that maps an interpreter `bias` bytes above where its file states
    /// it. `None` where the version is not read.
    pub(super) fn new(pid: u32, binary: &PythonBinary, bias: u64) -> Option<Self> {
        Some(Self {
            layout: binary.layout()?,
            module: Module {
                kind: ModuleKind::Interpreted,
                path: format!("[python 3.{}]", binary.minor),
                build_id: Vec::new(),
                deleted: false,
            },
            code_type: binary.code_type.wrapping_add(bias),
            frame_type: binary.frame_type.wrapping_add(bias),
            memory: TargetMemory::new(pid),
            codes: Codes::default(),
            frame_places: Places::default(),
            running_places: Places::default(),
            calling_places: IdMap::default(),
            chains: IdMap::default(),
            objects: IdMap::default(),
            latest: IdMap::default(),
            chain: Vec::new(),
            unjudged: (0, 0),
        })
    }

    /// From now on these bytes, from `start` on, are the process's memory.
    #[cfg(feature = "fuzzing")]
    pub(super) fn stand_in(&mut self, start: u64, memory: Vec<u8>) {
        self.memory.stand_in = Some((start, memory));
    }

    /// Whether the system does not let the process's memory be read.
    pub(super) fn is_refused(&self) -> bool {
        self.memory.is_refused()
    }

    /// Finds the functions of a sample, innermost first.
    pub(super) fn read<R: FnMut(u64) -> Result<u64, ()>>(
        &mut self,
        sample: &mut Sample<'_, R>,
        counts: &mut InterpreterCounts,
    ) {
        self.memory.forget();
        let uncertain_before = counts.uncertain;
        counts.calls += sample.calls.len() as u64;
        if self.is_refused() {
            return;
        }
        if self.frame_places.is_learning() {
            self.learn_frame_places(sample);
        }
        let module = sample.tables.module(&self.module);
        let mut expected = None;
        for call in sample.calls {
            let end = self.follow_call(call, expected, sample);
            self.frame_places.tried(end.is_some());
            expected = end.map(|end| end.caller);
            let exact = self.settle(call, end, sample, counts);
            counts.found += u64::from(!self.chain.is_empty());
            self.keep(call.position, module, exact, sample);
            if sample.found.len() >= MOST_FRAMES {
                break;
            }
        }
        let uncertain = counts.uncertain - uncertain_before;
        self.judge_learned(sample.calls.len() as u64, uncertain);
    }

    /// Learns the places anew where they serve badly: on a busy machine, what was read while they
    /// were learned may have been late.
    fn judge_learned(&mut self, calls: u64, uncertain: u64) {
        self.unjudged.0 += calls;
        self.unjudged.1 += uncertain;
        if self.unjudged.0 < JUDGED_CALLS {
            return;
        }
        let (calls, uncertain) = std::mem::take(&mut self.unjudged);
        if uncertain * 2 > calls {
            self.frame_places = Places::default();
            self.running_places = Places::default();
            self.calling_places.clear();
        }
    }

    /// Decides between what the frames say by now and what registers and the copied stack said at
    /// the sample's time, and gives the offset of the innermost function's instruction where they
    /// tell it. `end` is that of the chain, `None` where none was found.
    fn settle<R: FnMut(u64) -> Result<u64, ()>>(
        &mut self,
        call: &LoopCall,
        end: Option<ChainEnd>,
        sample: &mut Sample<'_, R>,
        counts: &mut InterpreterCounts,
    ) -> Option<u32> {
        if end.is_some() {
            self.learn_instruction_places(call, sample);
        } else {
            self.chain.clear();
        }
        let is_complete = end.is_some_and(|end| end.is_complete);
        let start = end.map(|end| end.start);
        let Some((code, offset)) = self.next_instruction(call, sample) else {
            if let Some(end) = end {
                self.settle_unconfirmed(call, end, sample, counts);
            }
            return None;
        };
        if self.chain.first().is_some_and(|link| link.code == code) {
            counts.confirmed += 1;
        } else {
            counts.moved += 1;
        }
        let is_current = self.chain.first().is_some_and(|link| link.code == code);
        if is_current && is_complete {
            self.remember((start.unwrap_or(0), code));
        } else {
            counts.uncertain += 1;
            self.recall(call, (start, code), sample);
        }
        Some(offset)
    }

    /// Decides where registers and the copied stack do not tell what a call executed: what is read
    /// holds where the call still goes on.
    fn settle_unconfirmed<R: FnMut(u64) -> Result<u64, ()>>(
        &mut self,
        call: &LoopCall,
        end: ChainEnd,
        sample: &mut Sample<'_, R>,
        counts: &mut InterpreterCounts,
    ) {
        let goes_on = self.goes_on(call, sample);
        counts.uncertain += u64::from(!end.is_complete || !goes_on);
        if self.layout.entry != Entry::Object {
            return;
        }
        // The object is used again for other functions once the call is over.
        if goes_on {
            if self.objects.len() >= MOST_REMEMBERED {
                self.objects.clear();
            }
            self.objects.insert(end.start, self.chain[0]);
        } else if let Some(link) = self.objects.get(&end.start) {
            self.chain[0] = *link;
        }
    }

    /// Whether a call's part of the stack is by now what it was when it was copied.
    fn goes_on<R: FnMut(u64) -> Result<u64, ()>>(
        &mut self,
        call: &LoopCall,
        sample: &mut Sample<'_, R>,
    ) -> bool {
        let mut slots = Place::slots(call).filter_map(|slot| slot.address(call));
        slots.all(|address| match (sample.read_stack)(address) {
            Ok(copied) => self.memory.word(address) == Some(copied),
            // Nothing is known of what was not copied.
            Err(()) => true,
        })
    }

    /// The frames that a call may start from, as far as the copied stack and registers tell; the
    /// likeliest first.
    fn first_frames<R: FnMut(u64) -> Result<u64, ()>>(
        &self,
        call: &LoopCall,
        sample: &mut Sample<'_, R>,
    ) -> Vec<u64> {
        let places = self.frame_places.chosen().iter();
        places
            .filter_map(|place| place.value(call, sample.read_stack))
            .collect()
    }

    /// Keeps the chain of a frame that executes a code object.
    fn remember(&mut self, key: (u64, u64)) {
        if self.chain.len() < 2 {
            return;
        }
        if self.chains.len() >= MOST_REMEMBERED {
            self.chains.clear();
            self.latest.clear();
        }
        for kept in [
            self.chains.entry(key).or_default(),
            self.latest.entry(key.1).or_default(),
        ] {
            kept.clear();
            kept.extend_from_slice(&self.chain);
        }
    }

    /// Takes the chain that was seen last when a frame executed `code`, else when any did, else
    /// that function alone: callers that are there by now may never have called it.
    fn recall<R: FnMut(u64) -> Result<u64, ()>>(
        &mut self,
        call: &LoopCall,
        (start, code): (Option<u64>, u64),
        sample: &mut Sample<'_, R>,
    ) {
        let mut starts = start.into_iter().chain(self.first_frames(call, sample));
        let kept = starts.find_map(|start| self.chains.get(&(start, code)));
        self.chain.clear();
        match kept.or_else(|| self.latest.get(&code)) {
            Some(kept) => self.chain.extend_from_slice(kept),
            None => self.chain.push(Link { code, stated: 0 }),
        }
    }

    /// Fills the chain with what a call executes, by the first frame that leads somewhere.
    fn follow_call<R: FnMut(u64) -> Result<u64, ()>>(
        &mut self,
        call: &LoopCall,
        expected: Option<u64>,
        sample: &mut Sample<'_, R>,
    ) -> Option<ChainEnd> {
        let mut second_best = None;
        let chosen = match self.layout.entry {
            // There is one place on the stack, and what lies there is exact.
            Entry::CFrame { .. } => self.frame_places.chosen().len().min(1),
            _ => self.frame_places.chosen().len(),
        };
        // Where the inner call's entry says who made it, that is exact.
        let from_inside = expected.filter(|_| matches!(self.layout.outermost, Outermost::Shim(_)));
        for index in 0..=chosen {
            let start = match index {
                0 => from_inside,
                _ => self.frame_places.chosen()[index - 1].value(call, sample.read_stack),
            };
            let Some(start) = start else { continue };
            match self.follow_chain(start, call, sample) {
                Some(end) if end.is_complete => return Some(end),
                Some(_) if second_best.is_none() => second_best = Some(start),
                _ => {}
            }
        }
        self.follow_chain(second_best?, call, sample)
    }

    /// Fills the chain from a frame outwards; `None` where there is no frame.
    fn follow_chain<R: FnMut(u64) -> Result<u64, ()>>(
        &mut self,
        start: u64,
        call: &LoopCall,
        sample: &mut Sample<'_, R>,
    ) -> Option<ChainEnd> {
        self.chain.clear();
        let mut at = start;
        let mut end = ChainEnd {
            start,
            is_complete: false,
            caller: 0,
        };
        while self.chain.len() < MOST_FRAMES {
            let on_native_stack = (sample.read_stack)(at).is_ok();
            if let Outermost::Shim(owner) = self.layout.outermost
                && on_native_stack
            {
                let word = (sample.read_stack)(at + (owner & !7)).unwrap_or(0);
                let owner = word.to_le_bytes()[(owner & 7) as usize];
                end.is_complete = owner == OWNED_BY_NATIVE_STACK
                    && (call.sp..call.cfa).contains(&at)
                    && !self.chain.is_empty();
                end.caller = (sample.read_stack)(at + self.layout.frame_previous).unwrap_or(0);
                break;
            }
            let Some(head) = self.head(at, sample.now_ns) else {
                break;
            };
            self.chain.push(Link {
                code: head.code,
                stated: head.stated,
            });
            end.caller = head.previous;
            let is_outermost = match self.layout.outermost {
                Outermost::Every => true,
                Outermost::Flag(offset) => {
                    let word = self.memory.word(at + (offset & !7)).unwrap_or(0);
                    word.to_le_bytes()[(offset & 7) as usize] & 1 == 1
                }
                Outermost::Shim(_) => false,
            };
            if is_outermost {
                end.is_complete = true;
                break;
            }
            if head.previous == 0 || head.previous == at {
                break;
            }
            at = head.previous;
        }
        (!self.chain.is_empty()).then_some(end)
    }

    fn head(&mut self, at: u64, now_ns: u64) -> Option<Head> {
        if at == 0 || !at.is_multiple_of(8) || at >> 47 != 0 {
            return None;
        }
        let layout = self.layout;
        if layout.entry == Entry::Object
            && self.memory.word(at + OBJECT_TYPE as u64)? != self.frame_type
        {
            return None;
        }
        let code = self.memory.word(at + layout.frame_code)?;
        let memory = &mut self.memory;
        self.codes
            .get(code, now_ns, self.code_type, layout, memory)?;
        let stated = match layout.instruction {
            Instruction::Address => self.memory.word(at + layout.frame_instruction)?,
            // An even number of 32-bit fields makes a word hold two.
            _ => self.memory.word(at + layout.frame_instruction)? & 0xffff_ffff,
        };
        Some(Head {
            code,
            previous: self.memory.word(at + layout.frame_previous)?,
            stated,
        })
    }

    fn learn_frame_places<R: FnMut(u64) -> Result<u64, ()>>(&mut self, sample: &mut Sample<'_, R>) {
        for (index, call) in sample.calls.iter().enumerate().take(LEARNED_PER_SAMPLE) {
            let outer = sample.calls.get(index + 1);
            let mut votes = Vec::new();
            for place in Place::all(call) {
                if let Some(weight) = self.weigh(place, call, outer, sample) {
                    votes.push((place, weight));
                }
            }
            self.frame_places.learn(votes);
        }
    }

    /// How much speaks for a place of the frame that a call executes; `None` where nothing does.
    fn weigh<R: FnMut(u64) -> Result<u64, ()>>(
        &mut self,
        place: Place,
        call: &LoopCall,
        outer: Option<&LoopCall>,
        sample: &mut Sample<'_, R>,
    ) -> Option<u32> {
        let value = place.value(call, sample.read_stack)?;
        if let Entry::CFrame { current, previous } = self.layout.entry {
            let slot = place.address(call)?;
            let calling = (sample.read_stack)(slot - current + previous).ok()?;
            let caller = match (sample.read_stack)(calling.wrapping_add(current)) {
                Ok(frame) => frame,
                Err(()) => self.memory.word(calling.wrapping_add(current))?,
            };
            if caller != 0 && self.head(caller, sample.now_ns).is_none() {
                return None;
            }
        }
        let end = self
            .follow_chain(value, call, sample)
            .filter(|end| end.is_complete)?;
        let caller = outer.and_then(|outer| place.value(outer, sample.read_stack));
        Some(1 + u32::from(caller == Some(end.caller)))
    }
}

/// Bytes of a code unit.
const UNIT_BYTES: u64 = 2;
/// Bytes that the next instruction lies behind the current one at most: the longest has nine
/// units of cache.
const LONGEST_INSTRUCTION: u32 = 24;

impl PythonReader {
    /// The code object that the innermost function of a call executed and the offset of its
    /// instruction, from registers and the copied stack; `None` where they do not tell.
    fn next_instruction<R: FnMut(u64) -> Result<u64, ()>>(
        &mut self,
        call: &LoopCall,
        sample: &mut Sample<'_, R>,
    ) -> Option<(u64, u32)> {
        let places = self.instruction_places(call);
        // While it runs, the instruction moves between registers, and each of them that points
        // into bytecode was written a moment ago.
        let places = match places.certain() {
            Some(place) if !call.is_innermost => vec![place],
            None if !call.is_innermost => return None,
            _ => places.chosen().to_vec(),
        };
        let values: Vec<u64> = places
            .into_iter()
            .filter_map(|place| place.value(call, sample.read_stack))
            .collect();
        // Code objects of equal bytecode can share it, so the frame's own is asked first.
        let current = self.chain.first().map(|link| link.code);
        let by_current = values.iter().map(|next| (current, *next));
        let by_any = values.iter().map(|next| (self.codes.holding(*next), *next));
        let candidates: Vec<_> = by_current.chain(by_any).collect();
        candidates.into_iter().find_map(|(code, next)| {
            let code = code?;
            let range = self.code(code, sample.now_ns)?.bytecode.clone();
            is_next_in(&range, next).then(|| (code, (next - range.start - UNIT_BYTES) as u32))
        })
    }

    fn instruction_places(&mut self, call: &LoopCall) -> &mut Places {
        if call.is_innermost {
            return &mut self.running_places;
        }
        let address = call.registers.instruction_pointer();
        self.calling_places.entry(address).or_default()
    }

    fn learn_instruction_places<R: FnMut(u64) -> Result<u64, ()>>(
        &mut self,
        call: &LoopCall,
        sample: &mut Sample<'_, R>,
    ) {
        if !self.instruction_places(call).is_learning() {
            return;
        }
        let (layout, innermost) = (self.layout, self.chain[0]);
        let Some(code) = self.code(innermost.code, sample.now_ns) else {
            return;
        };
        let range = code.bytecode.clone();
        let stated = code.offset(layout, innermost.stated);
        let near = |next: u64| {
            is_next_in(&range, next) && {
                let ahead = ((next - range.start) as u32).wrapping_sub(stated);
                ahead > 0 && ahead <= LONGEST_INSTRUCTION
            }
        };
        let mut places = Vec::new();
        for register in register_numbers() {
            if call.registers.value(register).is_some_and(near) {
                places.push((Place::Register(register), 1));
            }
        }
        for slot in Place::slots(call).filter(|_| !call.is_innermost) {
            if slot.value(call, sample.read_stack).is_some_and(near) {
                places.push((slot, 1));
            }
        }
        self.instruction_places(call).learn(places);
    }

    fn code(&mut self, address: u64, now_ns: u64) -> Option<&mut code::Code> {
        let (layout, memory) = (self.layout, &mut self.memory);
        self.codes
            .get(address, now_ns, self.code_type, layout, memory)
    }

    /// Hands the chain over as frames.
    fn keep<R>(
        &mut self,
        position: usize,
        module: u32,
        exact: Option<u32>,
        sample: &mut Sample<'_, R>,
    ) {
        for index in 0..self.chain.len() {
            let link = self.chain[index];
            let layout = self.layout;
            let Some(code) = self.code(link.code, sample.now_ns) else {
                continue;
            };
            let offset = exact
                .filter(|_| index == 0)
                .unwrap_or_else(|| code.offset(layout, link.stated));
            let known = code.frames.get(&offset).copied();
            let frame_id = known.unwrap_or_else(|| {
                let symbol = Symbol {
                    name: code.name.clone(),
                    file: code.file.clone(),
                    line: code.line(layout, offset),
                    inlined: false,
                };
                let frame_id = sample.known.frame(module, symbol, sample.tables);
                code.frames.insert(offset, frame_id);
                frame_id
            });
            sample.found.push(FoundFrame { position, frame_id });
        }
    }
}

/// Whether an address can be that of the next instruction of a function.
fn is_next_in(bytecode: &std::ops::Range<u64>, next: u64) -> bool {
    next >= bytecode.start + UNIT_BYTES && next <= bytecode.end && next.is_multiple_of(2)
}
