//! The frames by which the garbage collectors of language runtimes are recognised.

use scrutineer_evidence::process::Runtime;

/// How a name is compared.
#[derive(Clone, Copy, Debug)]
enum Pattern {
    /// The whole name, up to its parameters or template arguments.
    Is(&'static str),
    /// The name's start.
    Starts(&'static str),
    /// Anywhere: C++ names carry return types and namespaces.
    Contains(&'static str),
}

use Pattern::{Contains, Is, Starts};

/// Entry points of marking, sweeping, compacting and their assistants, from the runtimes' sources.
/// Allocation alone is not garbage collection.
const COLLECTORS: &[(Runtime, &[Pattern])] = &[
    // runtime/mgc.go, mgcmark.go, mgcsweep.go, mgcscavenge.go, mwbbuf.go
    (
        Runtime::Go,
        &[
            Starts("runtime.gcBgMarkWorker"),
            Starts("runtime.gcDrain"),
            Starts("runtime.gcAssistAlloc"),
            Starts("runtime.gcStart"),
            Starts("runtime.gcMark"),
            Starts("runtime.gcSweep"),
            Starts("runtime.gcWriteBarrier"),
            Starts("runtime.wbBufFlush"),
            Starts("runtime.bgsweep"),
            Starts("runtime.bgscavenge"),
            Starts("runtime.sweepone"),
            Starts("runtime.scanobject"),
            Starts("runtime.markroot"),
            Starts("runtime.(*sweepLocked).sweep"),
            Starts("runtime.(*mspan).sweep"),
        ],
    ),
    // src/heap of V8; cppgc is Blink's collector, which Node embeds too
    (
        Runtime::Node,
        &[
            Contains("v8::internal::Heap::CollectGarbage"),
            Contains("v8::internal::Heap::PerformGarbageCollection"),
            Contains("v8::internal::Heap::CollectAllGarbage"),
            Contains("v8::internal::Scavenge"),
            Contains("v8::internal::MarkCompact"),
            Contains("v8::internal::MinorMarkSweep"),
            Contains("v8::internal::MinorGC"),
            Contains("v8::internal::ConcurrentMarking"),
            Contains("v8::internal::IncrementalMarking::"),
            Contains("v8::internal::Sweeper"),
            Contains("v8::internal::PageEvacuation"),
            Contains("v8::internal::Evacuator"),
            Contains("cppgc::internal::Marker"),
            Contains("cppgc::internal::Sweeper"),
        ],
    ),
    // src/hotspot/share/gc
    (
        Runtime::Jvm,
        &[
            Contains("G1CollectedHeap::do_collection"),
            Contains("G1CollectedHeap::collect"),
            Contains("G1YoungCollector"),
            Contains("G1FullCollector"),
            Contains("G1FullGC"),
            Contains("G1Concurrent"),
            Contains("G1CM"),
            Contains("G1Par"),
            Contains("G1EvacuateRegions"),
            Contains("G1Remark"),
            Contains("ConcurrentG1Refine"),
            Contains("PSParallelCompact"),
            Contains("PSScavenge"),
            Contains("PSPromotionManager"),
            Contains("ParallelScavengeHeap::collect"),
            Contains("GenCollectedHeap::do_collection"),
            Contains("SerialHeap::do_collection"),
            Contains("DefNewGeneration::collect"),
            Contains("GenMarkSweep"),
            Contains("SerialFullGC"),
            Contains("ZMark"),
            Contains("ZRelocate"),
            Contains("ZDriver"),
            Contains("ZGeneration"),
            Contains("ShenandoahConcurrent"),
            Contains("ShenandoahFullGC"),
            Contains("ShenandoahMark"),
            Contains("VM_GenCollect"),
            Contains("VM_G1Collect"),
            Contains("VM_ParallelGC"),
            Contains("GCTaskThread::run"),
        ],
    ),
    // Modules/gcmodule.c until 3.12, Python/gc.c and gc_free_threading.c since
    (
        Runtime::Python,
        &[
            Is("gc_collect_main"),
            Is("gc_collect_generations"),
            Is("gc_collect_with_callback"),
            Is("gc_collect_internal"),
            Is("gc_collect_region"),
            Is("gc_collect_young"),
            Is("gc_collect_increment"),
            Is("gc_collect_full"),
            Is("collect_with_callback"),
            Is("collect_generations"),
            Is("deduce_unreachable"),
            Is("_Py_RunGC"),
            Is("_PyGC_Collect"),
            Is("_PyGC_CollectNoFail"),
            Is("PyGC_Collect"),
        ],
    ),
    // src/coreclr/gc/gc.cpp: WKS:: and SVR:: builds of one class
    (
        Runtime::DotNet,
        &[
            Contains("gc_heap::garbage_collect"),
            Contains("gc_heap::gc1"),
            Contains("gc_heap::mark_phase"),
            Contains("gc_heap::plan_phase"),
            Contains("gc_heap::relocate_phase"),
            Contains("gc_heap::compact_phase"),
            Contains("gc_heap::sweep_ro_segments"),
            Contains("gc_heap::background_mark_phase"),
            Contains("gc_heap::background_sweep"),
            Contains("gc_heap::bgc_thread_function"),
            Contains("gc_heap::gc_thread_function"),
            Contains("GCHeap::GarbageCollect"),
        ],
    ),
    // gc.c, since 3.4 gc/default/default.c
    (
        Runtime::Ruby,
        &[
            Is("gc_start"),
            Is("garbage_collect"),
            Is("gc_marks"),
            Is("gc_marks_rest"),
            Is("gc_marks_continue"),
            Is("gc_mark_stacked_objects"),
            Is("gc_mark_stacked_objects_all"),
            Is("gc_mark_stacked_objects_incremental"),
            Is("gc_sweep"),
            Is("gc_sweep_step"),
            Is("gc_sweep_rest"),
            Is("gc_sweep_continue"),
            Is("gc_rest"),
            Is("gc_continue"),
        ],
    ),
];

/// Whether a function belongs to the garbage collector of `runtime`. A compiler's suffix for
/// clones (`.isra.0`, `.constprop.0`) does not hide it.
pub(super) fn collects_garbage(runtime: Runtime, name: &str) -> bool {
    let patterns = COLLECTORS
        .iter()
        .filter(|(of, _)| *of == runtime)
        .flat_map(|(_, p)| *p);
    let mut patterns = patterns.copied();
    patterns.any(|pattern| match pattern {
        Is(whole) => name
            .strip_prefix(whole)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '(', '<'])),
        Starts(start) => name.starts_with(start),
        Contains(part) => name.contains(part),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_runtime_that_collects_garbage_has_its_frames() {
        let all = [
            Runtime::Rust,
            Runtime::Native,
            Runtime::Go,
            Runtime::Python,
            Runtime::Node,
            Runtime::Jvm,
            Runtime::DotNet,
            Runtime::Ruby,
        ];
        for runtime in all {
            let known = COLLECTORS.iter().any(|(of, _)| *of == runtime);
            assert_eq!(known, runtime.collects_garbage(), "{runtime:?}");
        }
    }

    #[test]
    fn names_are_recognised_for_their_own_runtime_alone() {
        assert!(collects_garbage(
            Runtime::Python,
            "gc_collect_main.constprop.0"
        ));
        assert!(!collects_garbage(Runtime::Python, "gc_collect_main_loop"));
        assert!(!collects_garbage(Runtime::Ruby, "gc_collect_main"));
        assert!(collects_garbage(
            Runtime::Node,
            "v8::internal::Heap::CollectGarbage(v8::internal::AllocationSpace)"
        ));
        assert!(collects_garbage(
            Runtime::DotNet,
            "WKS::gc_heap::mark_phase(int)"
        ));
    }
}
