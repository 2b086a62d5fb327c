//! Unwinding with the memory of the last stack gives what unwinding without it does.

use std::collections::HashMap;

use proptest::{collection::vec, prelude::*};

use super::{Mapping, Registers, UnwindEnd, Unwinder};
use crate::capture::{
    model::{Chunk, NONE},
    tables::Tables,
};

const PID: u32 = 7;
const CODE: u64 = 0x10_0000;
const STACK_END: u64 = 0x7fff_0000;

/// A stack of calls of functions that keep frame pointers.
struct Machine {
    memory: HashMap<u64, u64>,
    ip: u64,
    sp: u64,
    bp: u64,
    depth: u32,
}

impl Machine {
    fn new() -> Self {
        // The first function was called by nobody.
        let sp = STACK_END - 16;
        Self {
            memory: HashMap::from([(sp, 0), (sp + 8, 0)]),
            ip: CODE,
            sp,
            bp: sp,
            depth: 1,
        }
    }

    /// Calls one of few functions, each with a frame of one of few sizes, so that equal addresses,
    /// stack pointers and frame pointers come back with other callers.
    fn call(&mut self, function: u64, words: u64) {
        let return_address = self.ip + 5;
        self.memory.insert(self.sp - 8, return_address);
        self.memory.insert(self.sp - 16, self.bp);
        self.bp = self.sp - 16;
        self.sp = self.bp - 8 * words;
        self.ip = CODE + 0x100 * function;
        self.depth += 1;
    }

    fn leave(&mut self) {
        self.sp = self.bp + 16;
        self.ip = self.memory[&(self.bp + 8)];
        self.bp = self.memory[&self.bp];
        self.depth -= 1;
    }

    fn registers(&self) -> Registers {
        let mut registers = Registers::default();
        registers.0[Registers::RIP] = self.ip;
        registers.0[Registers::RSP] = self.sp;
        registers.0[Registers::RBP] = self.bp;
        registers
    }

    fn read(&self, address: u64) -> Result<u64, ()> {
        self.memory.get(&address).copied().ok_or(())
    }
}

fn unwinder(tables: &mut Tables) -> Unwinder {
    let mut unwinder = Unwinder::new(PID);
    let code = Mapping {
        range: CODE..CODE + 0x1_0000,
        file_offset: 0,
        device: (0, 0),
        inode: 0,
        path: String::new(),
    };
    unwinder.add_mapping(PID, &code, tables);
    unwinder
}

/// The frame ids of a stack node, innermost first.
fn frames_of(mut node: u32, nodes: &[(u32, u32)]) -> Vec<u32> {
    let mut frames = Vec::new();
    while node != NONE {
        let (parent, frame) = nodes[node as usize];
        frames.push(frame);
        node = parent;
    }
    frames
}

/// What happens between two samples: function and frame size of a call, or a return.
#[derive(Clone, Copy, Debug)]
enum Move {
    Call { function: u64, words: u64 },
    Leave,
}

fn moves() -> impl Strategy<Value = Vec<Vec<Move>>> {
    let one = prop_oneof![
        (1..4_u64, 1..3_u64).prop_map(|(function, words)| Move::Call { function, words }),
        Just(Move::Leave),
    ];
    vec(vec(one, 0..6), 1..200)
}

/// Takes a sample after each round of moves, with and without memory; frames seen in all, and those
/// that were reused.
fn compare(rounds: &[Vec<Move>]) -> Result<(u64, u64), TestCaseError> {
    let mut tables = Tables::new(0);
    let mut remembering = unwinder(&mut tables);
    let mut forgetful = unwinder(&mut tables);
    let mut machine = Machine::new();
    let mut nodes = Vec::new();
    let mut seen = 0;
    for (number, round) in rounds.iter().enumerate() {
        for step in round {
            match *step {
                Move::Call { function, words } if machine.depth < 60 => {
                    machine.call(function, words);
                }
                Move::Leave if machine.depth > 1 => machine.leave(),
                _ => {}
            }
        }
        let registers = machine.registers();
        let kernel_frames: &[u32] = if number % 3 == 0 { &[1, 0] } else { &[] };
        let read = |address| machine.read(address);
        let mut frames = kernel_frames.to_vec();
        let (stack, end) =
            remembering.unwind_sample((PID, PID), 0, &registers, read, &mut tables, &mut frames);
        let mut expected = kernel_frames.to_vec();
        let expected_end = forgetful.unwind(PID, 0, &registers, read, &mut tables, &mut expected);
        prop_assert_eq!((&frames, end), (&expected, expected_end));
        prop_assert_eq!(frames.len() - kernel_frames.len(), machine.depth as usize);
        for chunk in tables.drain_chunks() {
            if let Chunk::Stacks(new) = chunk {
                nodes.extend(new.parent.into_iter().zip(new.frame));
            }
        }
        prop_assert_eq!(frames_of(stack, &nodes), expected);
        seen += u64::from(machine.depth);
    }
    Ok((seen, remembering.reused_frames()))
}

proptest! {
    #[test]
    fn a_stack_that_is_met_again_is_what_it_would_have_been_followed_anew(rounds in moves()) {
        compare(&rounds)?;
    }
}

#[test]
fn outer_frames_that_stay_are_not_followed_again() {
    let call = Move::Call {
        function: 1,
        words: 1,
    };
    let mut rounds = vec![vec![call; 20]];
    rounds.extend(std::iter::repeat_n(vec![Move::Leave, call], 10));
    let (seen, reused) = compare(&rounds).expect("both ways agree");
    // All but the innermost frame and its caller, which calls from another place each time.
    assert_eq!((seen, reused), (11 * 21, 10 * 19));
}

#[test]
fn threads_and_mappings_of_others_are_kept_apart() {
    let mut tables = Tables::new(0);
    let mut unwinder = unwinder(&mut tables);
    let mut machine = Machine::new();
    machine.call(1, 1);
    machine.call(2, 1);
    let mut unwind = |unwinder: &mut Unwinder, tid| {
        let mut frames = Vec::new();
        let read = |address| machine.read(address);
        let registers = machine.registers();
        let (_, end) =
            unwinder.unwind_sample((PID, tid), 0, &registers, read, &mut tables, &mut frames);
        (frames, end)
    };
    let first = unwind(&mut unwinder, 1);
    assert_eq!(unwinder.reused_frames(), 0);
    assert_eq!(unwind(&mut unwinder, 2), first);
    assert_eq!(unwinder.reused_frames(), 0);
    assert_eq!(unwind(&mut unwinder, 1), first);
    assert_eq!(unwinder.reused_frames(), 3);

    unwinder.remove_mapping(PID, CODE..CODE + 0x1_0000);
    let (frames, end) = unwind(&mut unwinder, 1);
    assert_eq!(unwinder.reused_frames(), 3);
    assert_ne!(frames, first.0);
    assert_eq!(end, UnwindEnd::Truncated);
}
