//! What can be recorded beside one process: several, trees, control groups, the machine; and how.

use std::{collections::BTreeSet, os::unix::process::CommandExt, path::PathBuf, process::Command};

use scrutineer_profiler::capture::model::{CallGraph, EventKind, Subject};

use super::{
    FEW, Running, launch, options, perf_works,
    programs::{Folder, copy_program, is_root, skip, wait_until},
    record,
};
use scrutineer_profiler::capture::{
    recorder::{RecordOptions, Recording},
    target::Target,
};

fn for_seconds(seconds: u64, options: RecordOptions) -> RecordOptions {
    RecordOptions {
        duration: Some(std::time::Duration::from_secs(seconds)),
        ..options
    }
}

/// `spin` under a name of its own.
fn named_spin(folder: &Folder, test: &str, name: &str) -> Option<PathBuf> {
    let spin = folder
        .compile(test, "spin.c")
        .filter(|_| perf_works(test))?;
    let copy = folder.path(name);
    copy_program(&spin, &copy);
    Some(copy)
}

#[test]
fn several_processes_are_recorded_into_one_capture() {
    let test = "several_processes_are_recorded_into_one_capture";
    let folder = Folder::new();
    let Some(spin) = named_spin(&folder, test, "scrut-several") else {
        return;
    };
    let twins = [
        Running::start(&spin, &["60"]),
        Running::start(&spin, &["60"]),
    ];
    let pids: BTreeSet<u32> = twins.iter().map(|twin| twin.0.id()).collect();
    for (target, name) in [
        (Target::Pids(pids.iter().copied().collect()), "pids"),
        (Target::AllNamed("scrut-several".to_owned()), "named"),
    ] {
        let output = folder.path(&format!("{name}.scrutineer"));
        let (_, capture) = record(&target, for_seconds(1, options(&output)));
        assert_eq!(capture.header().subject, Subject::Processes);
        assert_eq!(capture.pids_of_threads_named("scrut-several"), pids);
        assert!(capture.samples() > FEW && capture.truncated_share() < 0.05);
    }
}

#[test]
fn a_tree_is_recorded_with_the_descendants_that_run_already() {
    let test = "a_tree_is_recorded_with_the_descendants_that_run_already";
    let folder = Folder::new();
    let Some(spin) = named_spin(&folder, test, "scrut-leaf") else {
        return;
    };
    let script = format!("({0} 60 & {0} 60 & wait) & wait", spin.display());
    let mut command = Command::new("bash");
    command.args(["-c", &script]).process_group(0);
    let mut root = command.spawn().expect("bash runs");
    wait_until("two descendants", || {
        let listed = Command::new("pgrep").args(["-x", "scrut-leaf"]).output();
        listed.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).lines().count() == 2)
    });
    let output = folder.path("tree.scrutineer");
    let (_, capture) = record(&Target::Tree(root.id()), for_seconds(1, options(&output)));
    let _ = Command::new("kill")
        .args(["--", &format!("-{}", root.id())])
        .status();
    let _ = root.wait();
    assert_eq!(capture.header().subject, Subject::Tree);
    assert_eq!(capture.pids_of_threads_named("scrut-leaf").len(), 2);
}

#[test]
fn children_are_recorded_or_left_out_as_it_was_asked() {
    let test = "children_are_recorded_or_left_out_as_it_was_asked";
    let folder = Folder::new();
    let Some(spin) = named_spin(&folder, test, "scrut-child") else {
        return;
    };
    let script = format!("{} 1; true", spin.display());
    for follows_children in [true, false] {
        let output = folder.path(&format!("{follows_children}.scrutineer"));
        let options = RecordOptions {
            follows_children,
            ..options(&output)
        };
        let (_, capture) = record(&launch(&["bash", "-c", &script]), options);
        let found = capture.pids_of_threads_named("scrut-child").len();
        assert_eq!(found, usize::from(follows_children));
        assert_eq!(capture.header().follows_children, follows_children);
    }
}

/// A control group in the hierarchy that perf events are bound to; removed at the end.
struct Group(PathBuf);

impl Group {
    fn make(test: &str) -> Option<Self> {
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let mounted_at = mounts.lines().find_map(|line| {
            let mut fields = line.split(' ').skip(1);
            let (place, kind) = (fields.next()?, fields.next()?);
            (kind == "cgroup2").then(|| PathBuf::from(place))
        });
        let Some(mounted_at) = mounted_at.filter(|_| is_root()) else {
            skip(
                test,
                "needs root and the unified hierarchy of control groups",
            );
            return None;
        };
        let folder = mounted_at.join(format!("scrutineer-test-{}", std::process::id()));
        match std::fs::create_dir(&folder) {
            Ok(()) => Some(Self(folder)),
            Err(error) => {
                skip(test, &format!("no control group can be made: {error}"));
                None
            }
        }
    }

    fn add(&self, pid: u32) {
        std::fs::write(self.0.join("cgroup.procs"), pid.to_string()).expect("it joins");
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for _ in 0..100 {
            if std::fs::remove_dir(&self.0).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}

#[test]
fn a_control_group_is_recorded_with_what_joins_it_later() {
    let test = "a_control_group_is_recorded_with_what_joins_it_later";
    let folder = Folder::new();
    let Some(spin) = named_spin(&folder, test, "scrut-member") else {
        return;
    };
    let Some(group) = Group::make(test) else {
        return;
    };
    let first = Running::start(&spin, &["60"]);
    let outside = Running::start(&spin, &["60"]);
    group.add(first.0.id());
    let options = options(&folder.path("group.scrutineer"));
    let path = options.output.clone();
    let recording = Recording::start(&Target::Cgroup(group.0.clone()), options).expect("it starts");
    let later = Running::start(&spin, &["60"]);
    group.add(later.0.id());
    let pids = BTreeSet::from([first.0.id(), later.0.id()]);
    std::thread::sleep(std::time::Duration::from_secs(2));
    recording.stop();
    recording.join().expect("it is saved");
    let capture = super::Capture::read(&path);
    assert_eq!(capture.pids_of_threads_named("scrut-member"), pids);
    assert!(matches!(capture.header().subject, Subject::Cgroup { .. }));
    drop((first, outside, later));
}

#[test]
fn the_whole_machine_is_recorded_where_that_is_permitted() {
    let test = "the_whole_machine_is_recorded_where_that_is_permitted";
    let folder = Folder::new();
    let Some(spin) = named_spin(&folder, test, "scrut-anybody") else {
        return;
    };
    if !is_root() {
        return skip(test, "needs root");
    }
    let twins = [
        Running::start(&spin, &["60"]),
        Running::start(&spin, &["60"]),
    ];
    let pids: BTreeSet<u32> = twins.iter().map(|twin| twin.0.id()).collect();
    let output = folder.path("machine.scrutineer");
    let (summary, capture) = record(&Target::System, for_seconds(1, options(&output)));
    assert_eq!((summary.pid, capture.header().pid), (0, 0));
    assert_eq!(capture.pids_of_threads_named("scrut-anybody"), pids);
    assert!(
        !capture.sampled_threads().any(|thread| thread.pid == 0),
        "idling is no work"
    );
}

#[test]
fn frame_pointers_are_followed_by_the_kernel_where_code_keeps_them() {
    let test = "frame_pointers_are_followed_by_the_kernel_where_code_keeps_them";
    let folder = Folder::new();
    let Some(spin) = folder.compile_with(
        test,
        "spin.c",
        &[
            "-O1",
            "-fno-omit-frame-pointer",
            "-mno-omit-leaf-frame-pointer",
        ],
    ) else {
        return;
    };
    if !perf_works(test) {
        return;
    }
    let options = RecordOptions {
        call_graph: CallGraph::FramePointers,
        ..options(&folder.path("fp.scrutineer"))
    };
    let (_, capture) = record(&launch(&[&spin.to_string_lossy(), "1"]), options);
    assert_eq!(capture.header().stack_dump_bytes, 0);
    assert_eq!(capture.header().call_graph, CallGraph::FramePointers);
    assert!(capture.samples() > FEW);
    assert!(capture.total_share(&spin, "work") > 0.9);
    assert!(capture.total_share(&spin, "main") > 0.9);
    assert!(
        capture.truncated_share() < 0.05,
        "{}",
        capture.truncated_share()
    );
}

#[test]
fn stack_copies_grow_until_deep_stacks_are_whole_and_shrink_for_shallow_ones() {
    let test = "stack_copies_grow_until_deep_stacks_are_whole_and_shrink_for_shallow_ones";
    let folder = Folder::new();
    let Some(deep) = folder.compile(test, "deep.c").filter(|_| perf_works(test)) else {
        return;
    };
    for (depth, wanted, name) in [("90", 65_528, "deep"), ("2", 8_192, "shallow")] {
        let options = RecordOptions {
            stack_dump_bytes: None,
            ..options(&folder.path(&format!("{name}.scrutineer")))
        };
        let command = launch(&[&deep.to_string_lossy(), "6", depth]);
        let (summary, capture) = record(&command, options);
        let changes: Vec<&str> = capture
            .events
            .iter()
            .filter(|event| event.kind == EventKind::StackCopyChanged)
            .map(|event| event.text.as_str())
            .collect();
        assert!(
            changes
                .iter()
                .any(|text| text.contains(&format!(" {wanted} "))),
            "{name}: {changes:?}, {summary:?}"
        );
        assert!(capture.late_truncated_share() < 0.05, "{name}: {summary:?}");
    }
}

#[test]
fn page_faults_tell_how_much_each_function_touched() {
    let test = "page_faults_tell_how_much_each_function_touched";
    let folder = Folder::new();
    let Some(touch) = folder.compile(test, "touch.c").filter(|_| perf_works(test)) else {
        return;
    };
    let options = RecordOptions {
        page_faults: true,
        ..options(&folder.path("faults.scrutineer"))
    };
    let (_, capture) = record(&launch(&[&touch.to_string_lossy(), "160"]), options);
    let mebibytes = |function| capture.faults_below(&touch, function) as f64 * 4096.0 / 1_048_576.0;
    let (greedy, modest) = (mebibytes("greedy"), mebibytes("modest"));
    assert!(
        (greedy - 120.0).abs() < 6.0,
        "greedy touched {greedy} MiB of 120"
    );
    assert!(
        (modest - 40.0).abs() < 2.0,
        "modest touched {modest} MiB of 40"
    );
}
