"""Runs a command on one core and says what it took: python measured.py '{"command": [...], "folder": ".", "seconds": 150, "bytes": 6e9, "core": 0}'

Prints one JSON document: status (exit code, or null), ended ("time" or "memory" where it was killed for that), wall and cpu (seconds, its own and
those of its children), peak (bytes, of the largest process) and the last lines of what it printed. Seconds are limited as processor time, because
others may work on the machine; four times that as wall time.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import time

WATCH = 0.1
TAIL = 2000


def resident(group):
    """Bytes that the processes of a group hold in memory together."""
    total = 0
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
            if int(fields[2]) == group:
                total += int(fields[21]) * resource.getpagesize()
        except OSError:
            continue  # it has just ended
    return total


def measure(command, folder, seconds, most_bytes, core, environment):
    def limit():
        os.sched_setaffinity(0, {core})
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 5))

    start = time.monotonic()
    with open(os.path.join(folder, "printed.txt"), "w+") as printed:
        child = subprocess.Popen(
            command, cwd=folder, stdout=printed, stderr=printed, preexec_fn=limit, start_new_session=True, env={**os.environ, **environment}
        )
        ended, done = None, 0
        while not done:
            done, status, usage = os.wait4(child.pid, os.WNOHANG)
            if done:
                break
            if time.monotonic() - start > 4 * seconds:
                ended = "time"
            elif resident(child.pid) > most_bytes:
                ended = "memory"
            if ended:
                os.killpg(child.pid, signal.SIGKILL)
                done, status, usage = os.wait4(child.pid, 0)
            else:
                time.sleep(WATCH)
        wall = time.monotonic() - start
        code = os.waitstatus_to_exitcode(status)
        if code in (-signal.SIGXCPU, -signal.SIGKILL) and ended is None:
            ended = "time" if usage.ru_utime + usage.ru_stime >= seconds - 1 else "memory"
        printed.seek(0)
        text = printed.read()[-TAIL:]
    cpu = usage.ru_utime + usage.ru_stime
    return {"status": None if code < 0 else code, "signal": -code if code < 0 else None, "ended": ended, "wall": wall, "cpu": cpu, "peak": usage.ru_maxrss * 1024, "printed": text}


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    print(json.dumps(measure(given["command"], given["folder"], given["seconds"], given["bytes"], given["core"], given.get("environment", {}))))
