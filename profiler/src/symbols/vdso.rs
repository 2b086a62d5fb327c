//! Names in the vDSO, read from our own process: it is the same for all of one kernel.

use std::{
    fs,
    io::{Read as _, Seek as _, SeekFrom},
};

use object::{Object as _, ObjectSymbol as _};

use super::bare_symbol;
use crate::capture::model::{Module, Symbol};

/// The functions of the vDSO.
#[derive(Debug, Default)]
pub(super) struct VdsoSymbols {
    build_id: Vec<u8>,
    /// Address, size and name, sorted.
    functions: Vec<(u64, u64, String)>,
}

impl VdsoSymbols {
    /// Reads it; empty where there is none.
    pub(super) fn load() -> Self {
        read_image()
            .and_then(|image| parse(&image))
            .unwrap_or_default()
    }

    pub(super) fn lookup(&self, module: &Module, address: u64) -> Vec<Symbol> {
        if !module.build_id.is_empty() && module.build_id != self.build_id {
            return Vec::new();
        }
        let after = self
            .functions
            .partition_point(|(start, _, _)| *start <= address);
        let holds = |(start, size, _): &&(u64, u64, String)| address < start + size;
        let function = self.functions[..after].iter().rev().find(holds);
        function
            .map(|(_, _, name)| vec![bare_symbol(name.as_str())])
            .unwrap_or_default()
    }
}

fn read_image() -> Option<Vec<u8>> {
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    let line = maps.lines().find(|line| line.ends_with("[vdso]"))?;
    let (start, end) = line.split_ascii_whitespace().next()?.split_once('-')?;
    let start = u64::from_str_radix(start, 16).ok()?;
    let end = u64::from_str_radix(end, 16).ok()?;
    let mut memory = fs::File::open("/proc/self/mem").ok()?;
    memory.seek(SeekFrom::Start(start)).ok()?;
    let mut image = vec![0; end.checked_sub(start)? as usize];
    memory.read_exact(&mut image).ok()?;
    Some(image)
}

fn parse(image: &[u8]) -> Option<VdsoSymbols> {
    let elf = object::File::parse(image).ok()?;
    let build_id = elf.build_id().ok().flatten().unwrap_or_default().to_vec();
    let mut functions: Vec<_> = elf
        .dynamic_symbols()
        .filter(|symbol| symbol.is_definition() && symbol.kind() == object::SymbolKind::Text)
        .filter_map(|s| Some((s.address(), s.size(), s.name().ok()?.to_owned())))
        .collect();
    // Of two names at one address the longer one (`__vdso_time` before `time`) says where it is.
    functions.sort_by(|a, b| (a.0, a.2.len(), &a.2).cmp(&(b.0, b.2.len(), &b.2)));
    Some(VdsoSymbols {
        build_id,
        functions,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::model::ModuleKind;

    fn module(build_id: Vec<u8>) -> Module {
        Module {
            kind: ModuleKind::Vdso,
            path: "[vdso]".into(),
            build_id,
            deleted: false,
        }
    }

    #[test]
    fn the_clock_is_found_in_our_own_vdso() {
        let vdso = VdsoSymbols::load();
        let clock = vdso
            .functions
            .iter()
            .find(|(_, _, name)| name == "__vdso_clock_gettime");
        let Some((address, size, _)) = clock else {
            return crate::symbols::tests::skip("the_clock_is_found", "there is no vDSO here");
        };
        let name = |id: &[u8], address| {
            let symbols = vdso.lookup(&module(id.to_vec()), address);
            symbols.into_iter().map(|s| s.name).collect::<String>()
        };
        assert_eq!(
            name(&vdso.build_id, address + size - 1),
            "__vdso_clock_gettime"
        );
        assert_eq!(name(&[1, 2, 3], *address), "");
    }
}
