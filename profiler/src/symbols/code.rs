//! The machine code of a function, from the very file that was mapped, and its instructions.

use iced_x86::{Decoder, DecoderOptions, Formatter as _, IntelFormatter};
use object::{Architecture, Object as _, ObjectSection as _};

use super::{Symbolizer, image::Image};
use crate::capture::model::{Module, ModuleKind};

/// Code of one function that is read at most, bytes; the rest is left out.
const LARGEST_CODE_BYTES: u64 = 1 << 20;

/// Why there is no code to show.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// The code lies in no file.
    #[error(
        "{path} is no file: the code of the kernel, of interpreters and of what was made at run \
         time is not kept in a capture"
    )]
    NoFile {
        /// Path of the module.
        path: String,
    },
    /// The file is gone, or another one now.
    #[error(
        "{path} is not here any more, or is another file than the one that was captured: put the \
         captured one back to see its code"
    )]
    Missing {
        /// Path of the module.
        path: String,
    },
    /// Not x86-64.
    #[error("{path} is not for x86-64, the only machine whose code can be shown")]
    OtherMachine {
        /// Path of the module.
        path: String,
    },
    /// Neither symbols nor the unwind table say where the function begins and ends.
    #[error(
        "where the function begins and ends is not known: {path} has neither a symbol nor an entry \
         of its unwind table for it"
    )]
    NoRange {
        /// Path of the module.
        path: String,
    },
}

/// The code of one function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Address of the first byte, as the file states it.
    pub start: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Whether the function goes on behind them.
    pub is_cut: bool,
}

/// An instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Address as the file states it.
    pub address: u64,
    /// Length, bytes.
    pub length: u32,
    /// In Intel's notation: `mov rax,[rdi+8]`; `(bad)` where the bytes are none.
    pub text: String,
}

impl Symbolizer {
    /// The code of the function that holds an address of module `id`.
    pub fn code(&mut self, id: u32, module: &Module, address: u64) -> Result<Code, CodeError> {
        let path = || module.path.clone();
        if module.kind != ModuleKind::File {
            return Err(CodeError::NoFile { path: path() });
        }
        self.hold_one(id, module);
        let Some(Some(file)) = self.files.get(&id) else {
            return Err(CodeError::Missing { path: path() });
        };
        let image = &file.symbols.located().image;
        let is_x86_64 = image.elf().map(|elf| elf.architecture()) == Some(Architecture::X86_64);
        if !is_x86_64 {
            return Err(CodeError::OtherMachine { path: path() });
        }
        let range = file.symbols.range(address);
        let code = range.and_then(|(start, end)| read(image, start, end));
        code.ok_or_else(|| CodeError::NoRange { path: path() })
    }

    fn hold_one(&mut self, id: u32, module: &Module) {
        if !self.files.contains_key(&id) {
            let file = self.open(module);
            self.files.insert(id, file);
        }
    }
}

fn read(image: &Image, start: u64, end: u64) -> Option<Code> {
    let elf = image.elf()?;
    let holds = |section: &object::read::elf::ElfSection64<'_, '_, _>| {
        let from = section.address();
        from <= start && start < from.saturating_add(section.size())
    };
    let section = elf.sections().find(holds)?;
    let length = (end.saturating_sub(start)).min(LARGEST_CODE_BYTES);
    let from = usize::try_from(start - section.address()).ok()?;
    let bytes = section.data().ok()?.get(from..)?;
    let bytes = &bytes[..bytes.len().min(length as usize)];
    Some(Code {
        start,
        is_cut: (bytes.len() as u64) < end.saturating_sub(start),
        bytes: bytes.to_vec(),
    })
}

/// The instructions of some code, one after the other.
pub fn disassemble(code: &Code) -> Vec<Instruction> {
    let mut decoder = Decoder::with_ip(64, &code.bytes, code.start, DecoderOptions::NONE);
    let mut formatter = IntelFormatter::new();
    let mut instructions = Vec::new();
    while decoder.can_decode() {
        let (position, address) = (decoder.position(), decoder.ip());
        let instruction = decoder.decode();
        let is_none = instruction.is_invalid();
        let mut text = String::new();
        formatter.format(&instruction, &mut text);
        if is_none {
            // Data within code is as long as it likes: the next byte may begin an instruction.
            decoder.set_ip(address + 1);
            if decoder.set_position(position + 1).is_err() {
                break;
            }
        }
        instructions.push(Instruction {
            address,
            length: if is_none { 1 } else { instruction.len() as u32 },
            text,
        });
    }
    instructions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(bytes: &[u8]) -> Code {
        Code {
            start: 0x1000,
            bytes: bytes.to_vec(),
            is_cut: false,
        }
    }

    #[test]
    fn instructions_follow_each_other_with_their_addresses() {
        // push rbp; mov rbp,rsp; call +0; ret
        let code = code(&[0x55, 0x48, 0x89, 0xe5, 0xe8, 0, 0, 0, 0, 0xc3]);
        let told: Vec<_> = disassemble(&code)
            .into_iter()
            .map(|i| (i.address, i.length, i.text))
            .collect();
        let expected = [
            (0x1000, 1, "push rbp"),
            (0x1001, 3, "mov rbp,rsp"),
            (0x1004, 5, "call 0000000000001009h"),
            (0x1009, 1, "ret"),
        ];
        let expected = expected.map(|(a, l, text)| (a, l, text.to_owned()));
        assert_eq!(told, expected);
    }

    #[test]
    fn bytes_that_are_no_instruction_are_said_and_the_rest_goes_on() {
        let told = disassemble(&code(&[0x06, 0xc3]));
        assert_eq!(told.first().map(|i| i.text.as_str()), Some("(bad)"));
        assert_eq!(told.last().map(|i| i.text.as_str()), Some("ret"));
    }

    #[test]
    fn the_code_of_a_function_of_this_very_program_is_found() {
        let program = std::env::current_exe().expect("a path");
        let module = Module {
            kind: ModuleKind::File,
            path: program.to_string_lossy().into_owned(),
            build_id: Image::open(&program)
                .expect("an ELF file")
                .build_id()
                .to_vec(),
            deleted: false,
        };
        let mut symbolizer = Symbolizer::new(super::super::SymbolSources::of(std::process::id()));
        let image = Image::open(&program).expect("an ELF file");
        let entry = image.elf().expect("it is parsed").entry();
        let code = symbolizer.code(0, &module, entry);
        if cfg!(target_arch = "x86_64") {
            let code = code.expect("it is there");
            assert!(code.start <= entry && !disassemble(&code).is_empty());
        } else {
            assert!(matches!(code, Err(CodeError::OtherMachine { .. })));
        }
    }

    #[test]
    fn what_is_no_file_or_not_here_is_said() {
        let mut symbolizer = Symbolizer::new(super::super::SymbolSources::default());
        let module = |kind, path: &str| Module {
            kind,
            path: path.to_owned(),
            build_id: vec![1],
            deleted: false,
        };
        let kernel = symbolizer.code(0, &module(ModuleKind::Kernel, "[kernel]"), 1);
        assert!(matches!(kernel, Err(CodeError::NoFile { .. })));
        let gone = symbolizer.code(1, &module(ModuleKind::File, "/nowhere/gone"), 1);
        assert!(matches!(gone, Err(CodeError::Missing { .. })));
    }
}
