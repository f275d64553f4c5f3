"""What the benchmarks share: running a process and saying what it cost."""
import os
import pathlib
import shutil
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = TOP / ".build" / "release"
ENVIRONMENT = dict(os.environ, ZSCTL_NOW="2026-11-20T10:15:00Z", ZSCTL_AUTHOR="bench@example.org",
                   ZSCTL_APPROVER="bench@example.org", NO_COLOR="1")


def say(name, wall, cpu, peak, note=""):
    print(f"{name:<36} {wall:8.2f} s {cpu:8.2f} s {peak:7.0f} MiB  {note}", flush=True)


def run(command, cwd, ok=(0,), stdin=None):
    """wall, cpu, peak MiB of one process."""
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=cwd, env=ENVIRONMENT, stdin=stdin or subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    code = os.waitstatus_to_exitcode(status)
    process.returncode = code
    if code not in ok:
        sys.exit(f"{command}: exit status {code}\n{said.decode(errors='replace')[-2000:]}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def stages(command, cwd):
    """The lines of bench_measure as {name: (wall, cpu, peak)}."""
    out = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, check=True, stdout=subprocess.PIPE).stdout
    return {words[0]: tuple(map(float, words[1:]))
            for words in (line.split() for line in out.decode().splitlines())}


def generate(size, place, *options):
    shutil.rmtree(place, ignore_errors=True)
    subprocess.run([sys.executable, str(TOP / "tests/bench/generate.py"), "--accounts", str(size),
                    *options, str(place)], check=True, stdout=subprocess.DEVNULL)


def compare(name, ours, yardstick, of):
    """The line of the yardstick, and how many times as long ours took."""
    say(name, *yardstick, f"{of}: {ours[0] / yardstick[0]:.2f} x the wall, "
                          f"{ours[1] / yardstick[1]:.2f} x the CPU")
