"""High gamma of 128 channels x 10 minutes at 1 kHz beside MNE's filter and Hilbert transform of the same 8 bands.

    python -m benchmarks.high_gamma [--channels 128] [--minutes 10] [--rate 1000] [--write]

Every way runs in a process of its own, on the same simulated voltages (noise with a 1/f spectrum), which lie in memory before the clock
starts. MNE's bands are FIR filters as wide as ours at half of their height.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from itertools import product
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.child import Answer, answer, run_child
from benchmarks.history import record
from benchmarks.machine import cores, describe, hardware
from benchmarks.memory import Peak
from benchmarks.results import RESULTS, markdown_table, write_section
from brainalign.data.preprocessing.process import preprocess
from brainalign.data.preprocessing.settings import Preprocessing
from brainalign.signal.high_gamma import LEAST, filter_bank, high_gamma

HEADER = ["what", "threads", "seconds", "processor s", "x processor", "MiB", "x memory", "r with ours"]
HALF_HEIGHT = float(np.sqrt(2 * np.log(2)))


def voltages(channels: int, samples: int) -> NDArray[np.float64]:
    """(channels, samples) cumulated noise, pulled back to 0, and white noise."""
    from scipy.signal import lfilter

    rng = np.random.default_rng(0)
    out = np.empty((channels, samples))
    for row in out:
        row[:] = lfilter([1.0], [1.0, -0.995], rng.normal(size=samples)) + rng.normal(size=samples)
    return out


def ours(data: NDArray[np.float64], rate: float) -> NDArray[np.float32]:
    """The filter bank alone."""
    return high_gamma(data.T, rate)[0]


def whole(data: NDArray[np.float64], rate: float) -> NDArray[np.float32]:
    """All of data/preprocessing=high_gamma, from MNE's raw to 100 Hz."""
    import mne

    names = [f"E{i}" for i in range(len(data))]
    raw = mne.io.RawArray(data, mne.create_info(names, rate, "ecog"), copy=None, verbose="error")
    table = pd.DataFrame({"electrode": names, "region": "STG"})
    return preprocess(raw, Preprocessing(), table).values


def mne_bands(data: NDArray[np.float64], rate: float) -> NDArray[np.float64]:
    """MNE: filter and apply_hilbert(envelope=True) of each band, averaged, at the full rate."""
    import mne

    raw = mne.io.RawArray(data, mne.create_info(len(data), rate, "ecog"), copy=None, verbose="error")
    jobs = int(os.environ["OMP_NUM_THREADS"])
    total = np.zeros_like(data)
    centres, widths = filter_bank()
    for centre, width in zip(centres, widths, strict=True):
        edge = (HALF_HEIGHT - 0.6) * width  # half of the height is in the middle of the transition band
        band = raw.copy().filter(
            centre - edge,
            centre + edge,
            l_trans_bandwidth=1.2 * width,
            h_trans_bandwidth=1.2 * width,
            n_jobs=jobs,
            verbose="error",
        )
        total += band.apply_hilbert(envelope=True, n_jobs=jobs, verbose="error").get_data()
    return total.T / len(centres)


SLOW = "MNE: filter + hilbert"
WAYS = {
    "brainalign: high_gamma": ours,
    "brainalign: preprocess, whole": whole,
    SLOW: mne_bands,
}


def child(way: str, channels: int, minutes: float, rate: float, out: Path) -> None:
    """One way, in this process; its libraries are loaded by a tiny problem before the clock starts."""
    work = WAYS[way]
    work(voltages(8, round(10 * rate)), rate)
    data = voltages(channels, round(60 * minutes * rate))
    with Peak() as peak:
        begun, used = time.perf_counter(), time.process_time()
        found = work(data, rate)
        seconds, processor = time.perf_counter() - begun, time.process_time() - used
    step = int(rate / LEAST) if len(found) == data.shape[1] else 1
    answer(out, {"seconds": seconds, "processor": processor, "bytes": peak.above}, {"first": found[::step, 0]})


def main() -> None:
    """Measure, print and, with --write, put the table into RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--channels", type=int, default=128)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=1000.0)
    parser.add_argument("--threads", type=int, nargs="+", default=sorted({1, cores()}))
    parser.add_argument("--repeats", type=int, default=3, help="of brainalign's ways, in turn; MNE runs once")
    parser.add_argument("--write", action="store_true", help="replace this section of the results")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the file with the results")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        child(given.way, given.channels, given.minutes, given.rate, given.out)
        return
    size = ["--channels", str(given.channels), "--minutes", f"{given.minutes:g}", "--rate", f"{given.rate:g}"]
    found: dict[tuple[str, int], list[Answer]] = {}
    for repeat in range(given.repeats):
        for threads, way in product(given.threads, WAYS):
            if repeat == 0 or way != SLOW:
                found.setdefault((way, threads), []).append(
                    run_child("benchmarks.high_gamma", [*size, "--way", way], threads)
                )
    faults = [f"{way}: {a.fault}" for (way, _), answers in found.items() for a in answers if a.fault]
    if faults:
        sys.exit("\n".join(faults))
    rows = []
    for (way, threads), answers in found.items():
        base = found["brainalign: high_gamma", threads]
        a, b = answers[0].arrays["first"], base[0].arrays["first"]
        same = len(a) == len(b)
        ratio = median(x.facts["processor"] / y.facts["processor"] for x, y in zip(answers, base, strict=False))
        memory = [answers[0].facts["bytes"], base[0].facts["bytes"]]
        known = all(memory)
        rows.append(
            [
                way, str(threads), *(f"{median(x.facts[key] for x in answers):.3g}" for key in ("seconds", "processor")), f"{ratio:.3g}",
                f"{memory[0] / 2**20:.0f}" if known else "–", f"{memory[0] / memory[1]:.3g}" if known else "–",
                f"{np.corrcoef(a, b)[0, 1]:.4f}" if same else "–",
            ]
        )  # fmt: skip
    table = Table(*HEADER, title=f"High gamma, {given.channels} channels x {given.minutes:g} min at {given.rate:g} Hz")
    for row in rows:
        table.add_row(*row)
    Console(width=140).print(table)
    if given.write:
        body = [
            "## High gamma",
            f"`python -m benchmarks.high_gamma {' '.join(size)} --threads {' '.join(map(str, given.threads))} "
            f"--repeats {given.repeats} --write`",
            f"{given.channels} channels x {given.minutes:g} minutes at {given.rate:g} Hz, 8 bands, one process a way. MiB: peak resident "
            "memory above the voltages in memory (Linux VmHWM). Medians of repeats in turn (MNE: one); x: ratio to high_gamma of the "
            "same repeat with as many threads, in processor seconds, since other work ran beside; r: of the first channel's amplitude. "
            "Whole: notch, bad channels, average reference, high gamma, artefacts, 100 Hz, z-scores, spectra before and after. "
            "MNE with n_jobs = threads; its FIR bands are as wide at half height, which is why r is not 1.",
            describe(["brainalign", "mne", "numpy", "scipy"], max(given.threads)),
            markdown_table(HEADER, rows),
        ]
        write_section("high_gamma", "\n\n".join(body), given.results)
        for threads in given.threads:
            base = [a.facts["processor"] for a in found["brainalign: high_gamma", threads]]
            ratios = {}
            for (way, n), answers in found.items():
                if n != threads or way == "brainalign: high_gamma":
                    continue
                pairs = list(zip([a.facts["processor"] for a in answers], base, strict=False))
                # of our own whole preprocessing the share that is high gamma, so that larger is better there too
                ratios[way] = [b / a if way.startswith("brainalign") else a / b for a, b in pairs]
            record(given.results.parent, "high_gamma", " ".join(size), hardware(threads), ratios)


if __name__ == "__main__":
    main()
