"""Progress on a terminal, one line for work inside work, and silence elsewhere."""

import os
import pty
import subprocess
import sys

SCRIPT = """
import time
from brainalign.progress import track
for _ in track([1, 2], "layers"):
    for _ in track([1, 2, 3], "folds"):
        time.sleep(0.1)
print("done")
"""


def test_it_is_silent_where_there_is_no_terminal():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("done\n", "")


def test_a_terminal_sees_both_lines_with_the_time_left():
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stderr=theirs, stdout=subprocess.PIPE, env={**os.environ, "TERM": "xterm"}
    )
    os.close(theirs)
    seen = b""
    try:
        while part := os.read(ours, 4096):
            seen += part
    except OSError:  # the other end is closed
        pass
    assert process.communicate()[0] == b"done\n" and process.returncode == 0
    for text in (b"layers", b"folds", b"2/3", b"1/2", b"0:00:0"):
        assert text in seen, seen
