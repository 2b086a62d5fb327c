//! Fuzzed: lines of `/proc/PID/maps`, and ELF images with the frames that they describe.

use std::sync::Arc;

use super::{MAX_FRAMES, Registers, Unwinder, files::LoadedModule, image::Image, maps};
use crate::{
    capture::{
        model::{Module, ModuleKind},
        tables::Tables,
    },
    fuzzing::{Numbers, text},
};

const PID: u32 = 1;
const START: u64 = 0x5000_0000;
const LENGTH: u64 = 1 << 24;

/// Reads the bytes as `/proc/PID/maps`.
pub fn proc_maps(bytes: &[u8]) {
    for mapping in text(bytes).lines().filter_map(maps::parse_line) {
        let _ = (mapping.is_file(), mapping.is_vdso(), mapping.clean_path());
    }
}

/// Reads the bytes as registers, a stack and an ELF image, maps the image and unwinds in it.
pub fn elf_image(bytes: &[u8]) {
    let mut numbers = Numbers(bytes);
    let file_offset = u64::from(numbers.u16()) << 12;
    let ip = START + (numbers.u64() % LENGTH);
    let stack = numbers.take(256);
    let Some(image) = Image::from_memory(numbers.0) else {
        return;
    };
    let _ = image.address_of_offset(file_offset);
    let loaded = Arc::new(LoadedModule {
        module: Module {
            kind: ModuleKind::File,
            path: "/image".to_owned(),
            build_id: image.build_id.clone(),
            deleted: false,
        },
        image: Some(image),
        python: None,
    });
    let mut tables = Tables::new(0);
    let module_id = tables.module(&loaded.module);
    let mut unwinder = Unwinder::new(PID);
    let range = START..START + LENGTH;
    unwinder
        .space_mut(PID)
        .add(range, file_offset, loaded, module_id, 2);
    for ip in [ip, START, START + 0x1000, START + 0x1040] {
        let mut registers = Registers([START + 0x2000; Registers::COUNT]);
        registers.0[Registers::RIP] = ip;
        registers.0[Registers::RSP] = 0x7000_0000;
        registers.0[Registers::RBP] = 0x7000_0040;
        let read = |address: u64| {
            let offset = address.wrapping_sub(0x7000_0000) as usize;
            let end = offset.checked_add(8).ok_or(())?;
            let word = stack.get(offset..end).ok_or(())?;
            Ok(u64::from_le_bytes(word.try_into().map_err(|_| ())?))
        };
        let mut frames = Vec::new();
        unwinder.unwind(PID, 0, &registers, read, &mut tables, &mut frames);
        assert!(!frames.is_empty() && frames.len() <= MAX_FRAMES);
    }
}
