//! What waits were for, told from the names of their stacks' innermost functions, as these come in.

use std::collections::{BTreeMap, HashMap};

use crate::{
    capture::{
        model::{ModuleKind, NONE, WaitClass},
        waits::classes::{Hint, USER_FRAMES, kernel_hint, user_hint},
    },
    profile::Profile,
};

/// Rows of [`Profile::waits`] whose class nobody knows yet.
#[derive(Debug, Default)]
pub(super) struct Unclassed {
    rows: BTreeMap<u32, Vec<u32>>,
    /// Stacks that were told, for rows that come later.
    told: HashMap<u32, WaitClass>,
}

impl Unclassed {
    /// Takes rows from `first` on, which were just added.
    pub(super) fn add(&mut self, profile: &Profile, first: usize) {
        for row in first..profile.waits.class.len() {
            let stack = profile.waits.stack[row];
            if profile.waits.class[row] == WaitClass::Unknown as u8 && stack != NONE {
                self.rows.entry(stack).or_default().push(row as u32);
            }
        }
    }

    /// Classes what can be classed by now.
    pub(super) fn class(&mut self, profile: &mut Profile) {
        if self.rows.is_empty() {
            return;
        }
        let told = &mut self.told;
        self.rows.retain(|stack, rows| {
            let known = told.get(stack).copied();
            let Some(class) = known.or_else(|| class_of(profile, *stack)) else {
                return true;
            };
            told.insert(*stack, class);
            for row in rows {
                profile.waits.class[*row as usize] = class as u8;
            }
            false
        });
    }

    /// A frame has got other names: what was told from them may be wrong.
    pub(super) fn forget_told(&mut self) {
        self.told.clear();
    }
}

/// The class that a stack tells; `None` while a name that may decide is still to come.
fn class_of(profile: &Profile, stack: u32) -> Option<WaitClass> {
    let mut suggested = None;
    let mut user_frames = 0;
    let mut node = stack;
    while node != NONE && user_frames < USER_FRAMES {
        let frame = profile.stacks.frame[node as usize];
        if !profile.looked_up[frame as usize] {
            return None;
        }
        let module = profile.frames[frame as usize].module;
        let module = profile.modules.get(module as usize);
        let is_kernel = module.is_some_and(|module| module.kind == ModuleKind::Kernel);
        if !is_kernel && suggested.is_some() {
            // What the kernel does is nearer to the wait than who asked for it.
            break;
        }
        user_frames += usize::from(!is_kernel);
        let names = profile
            .logical_of(frame)
            .iter()
            .map(|logical| profile.functions[logical.function as usize].name.as_str());
        for name in names {
            let hint = if is_kernel {
                kernel_hint(name)
            } else {
                user_hint(name)
            };
            match hint {
                Some(Hint::Decides(class)) => return Some(class),
                Some(Hint::Suggests(class)) => suggested = suggested.or(Some(class)),
                None => {}
            }
        }
        node = profile.stacks.parent[node as usize];
    }
    Some(suggested.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        capture::model::{Chunk, FrameSymbols, Module, Waits},
        profile::{ProfileBuilder, testing},
    };

    /// The class of a wait in a stack, given from the root inwards; `k:` marks kernel functions.
    fn class_in(stack: &[&str]) -> WaitClass {
        let mut chunks = testing::chunks(&[stack.to_vec()]);
        for chunk in &mut chunks {
            match chunk {
                Chunk::Modules(modules) => modules.push(Module {
                    kind: ModuleKind::Kernel,
                    path: "[kernel]".into(),
                    ..modules[0].clone()
                }),
                Chunk::Frames(frames) => {
                    for (frame, name) in frames.iter_mut().zip(stack) {
                        frame.module = u32::from(name.starts_with("k:"));
                    }
                }
                Chunk::Symbols(symbols) => {
                    for symbol in symbols.iter_mut().flat_map(|s| &mut s.symbols) {
                        symbol.name = symbol.name.trim_start_matches("k:").to_owned();
                    }
                }
                _ => {}
            }
        }
        chunks.insert(6, Chunk::Waits(one_wait(stack.len() as u32 - 1)));
        let profile = testing::build(chunks);
        WaitClass::from_number(profile.waits.class[0])
    }

    fn one_wait(stack: u32) -> Waits {
        Waits {
            start_ns: vec![0],
            duration_ns: vec![1],
            run_queue_ns: vec![0],
            count: vec![1],
            thread: vec![0],
            stack: vec![stack],
            class: vec![0],
            waker: vec![NONE],
        }
    }

    #[test]
    fn the_innermost_function_that_knows_decides() {
        let pipe = [
            "main",
            "read",
            "k:vfs_read",
            "k:anon_pipe_read",
            "k:schedule",
        ];
        assert_eq!(class_in(&pipe), WaitClass::Ipc);
        let lock = ["main", "pthread_mutex_lock", "__lll_lock_wait"];
        assert_eq!(class_in(&lock), WaitClass::Lock);
        assert_eq!(class_in(&["main", "work"]), WaitClass::Unknown);
    }

    #[test]
    fn a_page_that_is_read_for_a_fault_is_a_page_fault_and_one_for_a_read_is_disk() {
        let inner = ["k:folio_wait_bit_common", "k:io_schedule", "k:schedule"];
        let with = |outer: &[&'static str]| class_in(&[outer, &inner[..]].concat());
        let fault = ["main", "k:asm_exc_page_fault", "k:filemap_fault"];
        assert_eq!(with(&fault), WaitClass::PageFault);
        let read = ["main", "pread64", "k:vfs_read", "k:filemap_read"];
        assert_eq!(with(&read), WaitClass::Disk);
    }

    #[test]
    fn what_the_kernel_suggests_goes_before_who_asked() {
        let stack = [
            "std::sync::once::futex::call",
            "write",
            "k:ext4_file_write",
            "k:schedule",
        ];
        assert_eq!(class_in(&stack), WaitClass::Disk);
        let unseen = ["std::sync::once::futex::call", "__GI___libc_write"];
        assert_eq!(class_in(&unseen), WaitClass::Unknown);
    }

    #[test]
    fn waits_are_classed_once_names_are_there_and_those_after_at_once() {
        let mut chunks = testing::chunks(&[vec!["main", "nanosleep"]]);
        let Some(Chunk::Symbols(symbols)) = chunks.pop() else {
            panic!("names come last")
        };
        let mut builder = ProfileBuilder::default();
        chunks.push(Chunk::Waits(one_wait(1)));
        for chunk in chunks {
            builder.push(chunk);
        }
        let classes = |builder: &ProfileBuilder| {
            builder
                .profile()
                .expect("there is a header")
                .waits
                .class
                .clone()
        };
        assert_eq!(classes(&builder), [0]);
        let (outer, inner): (Vec<FrameSymbols>, _) =
            symbols.into_iter().partition(|s| s.frame == 0);
        builder.push(Chunk::Symbols(outer));
        assert_eq!(classes(&builder), [0]);
        builder.push(Chunk::Symbols(inner));
        builder.push(Chunk::Waits(one_wait(1)));
        assert_eq!(classes(&builder), [WaitClass::Sleep as u8; 2]);
    }

    #[test]
    fn a_class_that_the_capture_knew_stays() {
        let mut chunks = testing::chunks(&[vec!["main", "nanosleep"]]);
        let mut known = one_wait(1);
        known.class[0] = WaitClass::RunQueue as u8;
        chunks.push(Chunk::Waits(known));
        let profile = testing::build(chunks);
        assert_eq!(profile.waits.class, [WaitClass::RunQueue as u8]);
    }
}
