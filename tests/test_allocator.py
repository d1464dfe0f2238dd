"""What threads free is used again by others."""

import os
import platform
import subprocess
import sys

import pytest

CODE = """
import sys, threading
import numpy as np
from brainalign.allocator import one_arena

def held():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20

def work(kept, together):
    together.wait()
    blocks = [np.ones(8000) for _ in range(500)]  # 32 MB, of which a tenth stays
    together.wait()
    kept.extend(blocks[::10])

one_arena()
kept, together = [], threading.Barrier(4)
threads = [threading.Thread(target=work, args=(kept, together)) for _ in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
before = held()
more = [np.ones(8000) for _ in range(1500)]  # 96 MB, for which there is room
print(held() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library, which is left as it is")
def test_memory_that_threads_have_freed_has_room_for_others():
    grown = {}
    for arenas in ("", "8"):
        told = {"MALLOC_ARENA_MAX": arenas} if arenas else {}
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")} | told
        done = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True)
        grown[arenas] = float(done.stdout)
    assert grown[""] < 30 < 60 < grown["8"]  # MiB; a setting of the user's stays
