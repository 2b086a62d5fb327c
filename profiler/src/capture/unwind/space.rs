//! The executable mappings of one process, as lookup table and as framehop's modules.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use framehop::{ExplicitModuleSectionInfo, MayAllocateDuringUnwind, Unwinder as _, UnwinderNative};

use super::{files::LoadedModule, image::SectionBytes};
use crate::capture::{
    interpreters::MappedInterpreter,
    model::{Frame, ModuleKind, NONE},
};

/// A mapping with what is known of its file.
#[derive(Clone, Debug)]
pub(super) struct MappedModule {
    end: u64,
    /// Added to an address in the target, gives what the file states (both wrap around).
    shift: u64,
    /// The module.
    pub(super) loaded: Arc<LoadedModule>,
    /// Module id in the capture's tables.
    pub(super) module_id: u32,
}

impl MappedModule {
    /// The address as the file states it; the absolute one for code made at run time.
    pub(super) fn file_address(&self, address: u64) -> u64 {
        address.wrapping_add(self.shift)
    }
}

/// The executable mappings of one process.
#[derive(Clone)]
pub(super) struct AddressSpace {
    mappings: BTreeMap<u64, MappedModule>,
    pub(super) framehop: UnwinderNative<SectionBytes, MayAllocateDuringUnwind>,
    /// Changes with every change of the mappings and is equal only for equal mappings.
    pub(super) epoch: u32,
    /// The interpreter that is mapped, where one is.
    pub(super) interpreter: Option<MappedInterpreter>,
}

impl std::fmt::Debug for AddressSpace {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("AddressSpace")
            .field("mappings", &self.mappings)
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

impl AddressSpace {
    /// No mappings.
    pub(super) fn new(epoch: u32) -> Self {
        Self {
            mappings: BTreeMap::new(),
            framehop: UnwinderNative::new(),
            epoch,
            interpreter: None,
        }
    }

    /// Mappings.
    pub(super) fn len(&self) -> usize {
        self.mappings.len()
    }

    /// The mapping at an address.
    pub(super) fn find(&self, address: u64) -> Option<&MappedModule> {
        let (_, mapped) = self.mappings.range(..=address).next_back()?;
        (address < mapped.end).then_some(mapped)
    }

    /// The frame at an address.
    pub(super) fn frame(&self, address: u64) -> Frame {
        match self.find(address) {
            Some(mapped) => Frame {
                module: mapped.module_id,
                address: mapped.file_address(address),
            },
            None => Frame {
                module: NONE,
                address,
            },
        }
    }

    /// Whether an address lies in a function that is known to have no caller.
    pub(super) fn is_start(&self, address: u64) -> bool {
        self.find(address).is_some_and(|mapped| {
            let image = mapped.loaded.image.as_ref();
            image.is_some_and(|image| image.is_start_function(mapped.file_address(address)))
        })
    }

    /// Whether a chain of frame pointers that ends at an address has come to its end: in a function
    /// without a caller, or in the C library, where programs and threads begin. That library keeps
    /// no frame pointers itself, so how its own functions were called is not seen.
    pub(super) fn ends_chain(&self, address: u64) -> bool {
        let in_c_library = |mapped: &MappedModule| {
            let file = mapped.loaded.module.path.rsplit('/').next().unwrap_or("");
            ["libc.so", "libc-", "ld-", "libpthread"]
                .iter()
                .any(|name| file.starts_with(name))
        };
        self.is_start(address) || self.find(address).is_some_and(in_c_library)
    }

    /// Whether the very mapping is there already.
    pub(super) fn holds(
        &self,
        range: &Range<u64>,
        file_offset: u64,
        loaded: &Arc<LoadedModule>,
        module_id: u32,
    ) -> bool {
        self.mappings.get(&range.start).is_some_and(|mapped| {
            mapped.end == range.end
                && mapped.module_id == module_id
                && (Arc::ptr_eq(&mapped.loaded, loaded) || loaded.image.is_none())
                && mapped.shift == shift(range.start, file_offset, loaded)
        })
    }

    /// Adds a mapping in place of whatever lay there.
    pub(super) fn add(
        &mut self,
        range: Range<u64>,
        file_offset: u64,
        loaded: Arc<LoadedModule>,
        module_id: u32,
        epoch: u32,
    ) {
        self.remove(range.clone(), epoch);
        let shift = shift(range.start, file_offset, &loaded);
        if let Some(python) = &loaded.python {
            self.interpreter = Some(MappedInterpreter::new(python, shift.wrapping_neg()));
        }
        self.insert(
            range.start,
            MappedModule {
                end: range.end,
                shift,
                loaded,
                module_id,
            },
        );
    }

    /// Removes what lies in a range; mappings that reach out of it keep their rest.
    pub(super) fn remove(&mut self, range: Range<u64>, epoch: u32) {
        self.epoch = epoch;
        let overlapping: Vec<u64> = self
            .mappings
            .range(..range.end)
            .rev()
            .take_while(|(_, mapped)| mapped.end > range.start)
            .map(|(start, _)| *start)
            .collect();
        for start in overlapping {
            let mapped = self
                .mappings
                .remove(&start)
                .expect("its key was just listed");
            self.framehop.remove_module(start);
            if mapped.end > range.end {
                self.insert(range.end, mapped.clone());
            }
            if start < range.start {
                self.insert(
                    start,
                    MappedModule {
                        end: range.start,
                        ..mapped
                    },
                );
            }
        }
    }

    fn insert(&mut self, start: u64, mapped: MappedModule) {
        if let Some(module) = framehop_module(start, &mapped) {
            self.framehop.add_module(module);
        }
        self.mappings.insert(start, mapped);
    }
}

/// What, added to an address of a mapping that begins at `start`, gives what the file states.
fn shift(start: u64, file_offset: u64, loaded: &LoadedModule) -> u64 {
    let stated = match (&loaded.image, loaded.module.kind) {
        (Some(image), _) => image.address_of_offset(file_offset),
        // Without the file's headers the offset is the best name for a place in it.
        (None, ModuleKind::File) => Some(file_offset),
        (None, _) => Some(start),
    };
    stated.unwrap_or(file_offset).wrapping_sub(start)
}

/// Code made at run time gets none: framehop follows frame pointers where it knows no module.
fn framehop_module(start: u64, mapped: &MappedModule) -> Option<framehop::Module<SectionBytes>> {
    let image = mapped.loaded.image.as_ref()?;
    let sections = ExplicitModuleSectionInfo {
        base_svma: image.base,
        text_svma: image.text.clone(),
        got_svma: image.got.clone(),
        eh_frame_svma: image.eh_frame.as_ref().map(|section| section.range.clone()),
        eh_frame: image.eh_frame.as_ref().map(|section| section.bytes.clone()),
        eh_frame_hdr_svma: image
            .eh_frame_hdr
            .as_ref()
            .map(|section| section.range.clone()),
        eh_frame_hdr: image
            .eh_frame_hdr
            .as_ref()
            .map(|section| section.bytes.clone()),
        debug_frame: image
            .debug_frame
            .as_ref()
            .map(|section| section.bytes.clone()),
        ..ExplicitModuleSectionInfo::default()
    };
    let base_in_target = image.base.wrapping_sub(mapped.shift);
    Some(framehop::Module::new(
        String::new(),
        start..mapped.end,
        base_in_target,
        sections,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::model::Module;

    fn module() -> Arc<LoadedModule> {
        let module = Module {
            kind: ModuleKind::File,
            path: "/a".to_owned(),
            build_id: Vec::new(),
            deleted: false,
        };
        Arc::new(LoadedModule {
            module,
            image: None,
            python: None,
        })
    }

    #[test]
    fn a_mapping_in_the_middle_of_another_leaves_both_ends() {
        let mut space = AddressSpace::new(0);
        space.add(0x1000..0x5000, 0, module(), 1, 1);
        space.add(0x2000..0x3000, 0x7000, module(), 2, 2);
        assert_eq!(
            space.frame(0x1fff),
            Frame {
                module: 1,
                address: 0xfff
            }
        );
        assert_eq!(
            space.frame(0x2001),
            Frame {
                module: 2,
                address: 0x7001
            }
        );
        assert_eq!(
            space.frame(0x3001),
            Frame {
                module: 1,
                address: 0x2001
            }
        );
        assert_eq!(
            space.frame(0x5000),
            Frame {
                module: NONE,
                address: 0x5000
            }
        );
    }

    #[test]
    fn a_larger_mapping_replaces_all_that_it_covers() {
        let mut space = AddressSpace::new(0);
        space.add(0x1000..0x2000, 0, module(), 1, 1);
        space.add(0x3000..0x4000, 0, module(), 2, 2);
        space.add(0x1000..0x6000, 0, module(), 3, 3);
        assert_eq!(space.frame(0x3800).module, 3);
        assert_eq!(space.frame(0x1000).module, 3);
    }
}
