"""What the comparisons with other profilers share: tools, targets, kernel settings and statistics."""

import contextlib
import fcntl
import gzip
import json
import os
import pathlib
import platform
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGETS = ROOT / "tests" / "targets"
TOOLS = pathlib.Path(__file__).resolve().parent / ".tools"
STACK_BYTES = 32768
PARANOID = pathlib.Path("/proc/sys/kernel/perf_event_paranoid")


def missing(what):
    """Ends with status 3: something that is needed is not there."""
    print(f"{pathlib.Path(sys.argv[0]).name}: {what}", file=sys.stderr)
    sys.exit(3)


def need(*tools):
    for tool in tools:
        if shutil.which(tool) is None:
            missing(f"{tool} is not installed")


def from_crates_io(crate, program):
    """A program of a crate: from the search path, else installed into tests/peers/.tools."""
    found = shutil.which(program, path=f"{TOOLS / 'bin'}:{os.environ['PATH']}")
    if found is None:
        print(f"installing {crate} from crates.io into tests/peers/.tools", file=sys.stderr)
        need("cargo")
        run("cargo", "install", "--locked", "--quiet", "--root", TOOLS, crate)
        found = str(TOOLS / "bin" / program)
    return found


def scrutineer(path):
    """The program to measure: the given one, else a release build of this repository."""
    if path is None:
        need("cargo")
        run("cargo", "build", "--release", "--quiet", "-p", "scrutineer", cwd=ROOT)
        path = ROOT / "target" / "release" / "scrutineer"
    path = pathlib.Path(path).resolve()
    if not path.is_file():
        missing(f"{path} is not a program")
    return path


def run(*words, **more):
    return subprocess.run([str(word) for word in words], check=True, **more)


def version(*command):
    said = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    return (said.stdout or said.stderr).strip().splitlines()[0]


def crate_version(crate):
    """A crate that was installed into tests/peers/.tools, with its version."""
    listed = TOOLS / ".crates.toml"
    found = re.search(rf'"{crate} (\S+) ', listed.read_text()) if listed.is_file() else None
    return f"{crate} {found.group(1)}" if found else f"{crate} (as found on the search path)"


def machine(tools):
    """One line a fact: machine, kernel, tools, date."""
    model = "unknown processor"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    facts = [
        f"{model}, {os.cpu_count()} CPUs, Linux {platform.release()}",
        *tools,
        time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
    ]
    return "; ".join(facts)


def build_targets(folder, names):
    """Builds what `rate` programs are asked for; gives the command of each by its name."""
    need("cc", "c++", "rustc")
    commands = {}
    for name in names:
        program = folder / name
        if name == "rust":
            run("rustc", "-O", "-g", "--edition", "2024", "-o", program, TARGETS / "rate.rs")
            commands[name] = [program]
        elif name in ("c", "threads"):
            run("cc", "-O2", "-g", "-pthread", "-o", program, TARGETS / "rate.c")
            commands[name] = [program]
        elif name == "cpp":
            run("c++", "-O2", "-g", "-o", program, TARGETS / "rate.cpp")
            commands[name] = [program]
        elif name == "python":
            commands[name] = [os.path.realpath(sys.executable), TARGETS / "rate.py"]
    return commands


WORKLOADS = {
    "rust": "Rust, 60 frames deep",
    "c": "C, hot loop",
    "cpp": "C++, virtual calls and exceptions",
    "python": "CPython",
    "threads": "C, 4 threads",
}


class Target:
    """A running `rate` program, and the slices that it has printed so far."""

    def __init__(self, name, command, folder, seconds=86400):
        self.lines = folder / f"{name}.slices"
        self.output = open(self.lines, "w")
        words = [*command, seconds, *([4] if name == "threads" else [])]
        self.process = subprocess.Popen([str(word) for word in words], stdout=self.output)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.output.close()

    def slices(self, since_ns, until_ns):
        """(units of work, CPU ns) of the slices that lie wholly between two times."""
        return [
            (units, cpu_ns)
            for start, end, units, cpu_ns in self.told()
            if since_ns <= start and end <= until_ns
        ]

    def cpu_seconds(self, since_ns, until_ns):
        """CPU time between two times; of a slice at an edge the part that lies between them."""
        spent_ns = 0
        for start, end, _, cpu_ns in self.told():
            inside = min(end, until_ns) - max(start, since_ns)
            if inside > 0:
                spent_ns += cpu_ns * inside / (end - start)
        return spent_ns / 1e9

    def told(self):
        """Start, end, units and CPU ns of every slice so far."""
        if self.process.poll() is not None:
            raise RuntimeError("the target has ended")
        lines = self.lines.read_text().splitlines(keepends=True)
        words = (line.split() for line in lines if line.endswith("\n"))
        return [tuple(map(int, found)) for found in words if len(found) == 4]


def rate(slices):
    """Units of work per CPU-second over slices, and the CPU seconds."""
    units, cpu_ns = map(sum, zip(*slices))
    return units / cpu_ns * 1e9, cpu_ns / 1e9


@contextlib.contextmanager
def paranoid_at_most(level):
    """Lowers kernel.perf_event_paranoid and restores it, whatever happens (but SIGKILL)."""
    before = PARANOID.read_text().strip()
    if int(before) <= level:
        yield
        return
    if not os.access(PARANOID, os.W_OK):
        missing(
            f"samply needs kernel.perf_event_paranoid at {level} (it is {before}): "
            f"sudo sysctl kernel.perf_event_paranoid={level}"
        )
    lock = pathlib.Path(tempfile.gettempdir()) / "scrutineer-sysctl.lock"
    with open(lock, "a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        before = PARANOID.read_text().strip()
        old = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        PARANOID.write_text(str(level))
        try:
            yield
        finally:
            PARANOID.write_text(before)
            signal.signal(signal.SIGTERM, old)


class Tool:
    """A profiler with its options: how it is started on a pid, and what it has left behind."""

    def __init__(self, name, command, count_samples):
        self.name = name
        self.command = command
        self.count_samples = count_samples

    def start(self, pid, hz, output, log):
        words = self.command(pid, hz, output)
        return subprocess.Popen(
            [str(word) for word in words], stdout=log, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, cwd=output.parent,
        )

    @property
    def needs_paranoid(self):
        return 1 if self.name.startswith("samply") else 4


def our_samples(program):
    def count(output, _log):
        said = run(program, "report", output, "--format", "json", capture_output=True)
        quality = json.loads(said.stdout)["quality"]
        return quality["samples"], quality["lost"]
    return count


def perf_samples(output, _log):
    said = subprocess.run(
        ["perf", "report", "--stats", "-i", str(output)], capture_output=True, text=True
    ).stdout
    total = dict(re.findall(r"(\w+) events:\s+(\d+)", said))
    lost = re.search(r"LOST_SAMPLES.*?(\d+)\s*$", said, re.MULTILINE)
    return int(total.get("SAMPLE", 0)), int(lost.group(1)) if lost else 0


def samply_samples(output, _log):
    with gzip.open(output) as file:
        profile = json.load(file)
    return sum(thread["samples"]["length"] for thread in profile["threads"]), 0


def tools(program, samply, which=None):
    """The profilers by name, each with equal stack dumps where it copies stacks."""
    def ours(*options):
        return lambda pid, hz, output: [
            program, "record", "-p", pid, "-F", hz, "-o", output, *options,
        ]

    def perf(call_graph):
        # With its default rings perf loses a third of the samples at 4,999 Hz.
        return lambda pid, hz, output: [
            "perf", "record", "-F", hz, "-m", "16M", "--call-graph", call_graph, "-p", pid,
            "-o", output,
        ]

    def samply_command(pid, hz, output):
        return [samply, "record", "--save-only", "-r", hz, "-p", pid, "-o", output]

    ours_dwarf = ours("--call-graph", "dwarf", "--stack-bytes", STACK_BYTES)
    every = [
        Tool("Scrutineer, 32 KiB", ours_dwarf, our_samples(program)),
        Tool("Scrutineer, frame pointers", ours("--call-graph", "fp"), our_samples(program)),
        Tool("samply", samply_command, samply_samples),
        Tool("perf, dwarf,32768", perf(f"dwarf,{STACK_BYTES}"), perf_samples),
        Tool("perf, fp", perf("fp"), perf_samples),
    ]
    return [tool for tool in every if which is None or tool.name in which]


def suffix(tool):
    return {"S": ".scrutineer", "s": ".json.gz", "p": ".data"}[tool.name[0]]


def stop(process, seconds=120):
    """Asks a profiler to stop as Ctrl+C does, and waits until it has saved."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise RuntimeError(f"{process.args[0]} did not stop") from None


def interval(values, level=0.95, rounds=4000):
    """Median, with the bounds of its bootstrap interval."""
    if not values:
        return float("nan"), float("nan"), float("nan")
    chance = random.Random(1)
    medians = sorted(
        statistics.median(chance.choices(values, k=len(values))) for _ in range(rounds)
    )
    low = medians[int(rounds * (1 - level) / 2)]
    high = medians[int(rounds * (1 + level) / 2) - 1]
    return statistics.median(values), low, high


def with_interval(values, digits=3):
    median, low, high = interval(values)
    return f"{median:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def table(head, rows):
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
