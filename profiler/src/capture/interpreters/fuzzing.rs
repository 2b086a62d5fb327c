//! Fuzzed: the memory of a process with an interpreter, whatever lies in it.

use super::{
    Interpreters, MappedInterpreter, Reader,
    python::{PythonReader, binary::PythonBinary},
};
use crate::{
    capture::{
        tables::Tables,
        unwind::{LoopCall, Registers},
    },
    fuzzing::Numbers,
};

const PID: u32 = 1;
/// Where the memory begins; a page's start.
const START: u64 = 0x10_0000;
const LOOP_START: u64 = 0x1000;
/// Bytes from the end of the memory on that are the stack.
const STACK_BYTES: usize = 2048;

/// Reads the bytes as the memory of a process that executes CPython: pointers in it are offsets in
/// the memory where they are small enough.
pub fn python_memory(bytes: &[u8]) {
    let mut numbers = Numbers(bytes);
    let minor = 8 + numbers.u8() % 6;
    let mut registers = Registers([START; Registers::COUNT]);
    for register in &mut registers.0 {
        *register = START + u64::from(numbers.u16());
    }
    let call_count = 1 + usize::from(numbers.u8() % 4);
    let mut memory: Vec<u8> = numbers.0.to_vec();
    memory.resize(memory.len().next_multiple_of(4096).max(8192), 0);
    // Small numbers point into the memory: or else hardly any pointer would.
    for word in memory.chunks_exact_mut(8) {
        let value = u64::from_le_bytes(word.try_into().expect("there are eight"));
        if value >> 16 == 0 && value & 0x8000 != 0 {
            word.copy_from_slice(&(START + (value & 0x7fff)).to_le_bytes());
        }
    }
    let stack_start = START + (memory.len() - STACK_BYTES) as u64;
    registers.0[Registers::RSP] = stack_start;
    let python = PythonBinary::of_memory(minor, LOOP_START, START + 0x10, START + 0x18);
    let interpreter = MappedInterpreter::new(&std::sync::Arc::new(python), 0);
    let mut reader = PythonReader::new(PID, &interpreter.python, 0);
    if let Some(reader) = &mut reader {
        reader.stand_in(START, memory.clone());
    }
    let mut interpreters = Interpreters::default();
    let reader = Reader {
        bias: 0,
        python: reader,
    };
    interpreters.readers.insert(PID, reader);
    let calls: Vec<LoopCall> = (0..call_count)
        .map(|number| {
            let sp = stack_start + 256 * number as u64;
            LoopCall::fuzzed(number, &registers, sp, sp + 256)
        })
        .collect();
    let mut read_stack = |address: u64| {
        let at = usize::try_from(address.checked_sub(START).ok_or(())?).map_err(|_| ())?;
        let word = memory.get(at..at.checked_add(8).ok_or(())?).ok_or(())?;
        Ok(u64::from_le_bytes(word.try_into().map_err(|_| ())?))
    };
    let mut tables = Tables::new(0);
    // Twice: places are learned, chains and code objects remembered.
    for _ in 0..3 {
        let mut frames: Vec<u32> = (0..call_count as u32).collect();
        interpreters.merge(
            (PID, &interpreter),
            (&calls, 99),
            &mut read_stack,
            &mut frames,
            &mut tables,
        );
        assert!(frames.len() >= call_count);
    }
}
