"""Word vectors of the simulated lexicon, and the file in GloVe's format that holds them."""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brainalign.data.simulated.lexicon import CLASSES, PRONUNCIATION
from brainalign.data.simulated.phones import PHONES

DIMS = 12
DECIMALS = 6

Vectors = dict[str, NDArray[np.float64]]


def word_vectors(seed: int) -> Vectors:
    """Random vectors in which words of a class lie together.

    What a word's sound says about its vector in a linear way (mean and first phonetic features, number of phones) is
    taken out over the lexicon, so that sound and meaning are as unrelated as a finite lexicon allows.

    Args:
        seed: Of the draws.

    Returns:
        Word -> (12,) of mean 0 and variance 1 over the lexicon, rounded to what the file holds.
    """
    rng = np.random.default_rng([seed, 1])
    words = [w for c in CLASSES.values() for w in c]
    values = np.concatenate(
        [0.6 * rng.standard_normal(DIMS) + rng.standard_normal((len(c), DIMS)) for c in CLASSES.values()]
    )
    said = [np.stack([PHONES[p].vector for p in PRONUNCIATION[w]]) for w in words]
    sound = np.stack([np.concatenate([[1.0, len(v)], v.mean(axis=0), v[0]]) for v in said])
    values -= sound @ np.linalg.lstsq(sound, values, rcond=None)[0]
    values /= values.std(axis=0)
    return dict(zip(words, values.round(DECIMALS), strict=True))


def own_part(vectors: Vectors) -> Vectors:
    """Each word's vector without the mean of its class: what syntax cannot foresee."""
    return {w: vectors[w] - np.mean([vectors[v] for v in c], axis=0) for c in CLASSES.values() for w in c}


def write_vectors(vectors: Vectors, seed: int, cache_dir: Path | None) -> Path:
    """Write ``word v1 ... vd``, one a line, under a temporary name and rename it; a file that says so already stays as it is.

    Args:
        vectors: Word -> (d,).
        seed: Stands in the file's name.
        cache_dir: Its folder, made where missing; where None a temporary one, which goes when this process ends.

    Returns:
        The file.
    """
    folder = Path(_of_this_process().name) if cache_dir is None else Path(cache_dir)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"simulated_vectors_seed{seed}.txt"
    content = "".join(f"{w} {' '.join(f'{x:.{DECIMALS}f}' for x in v)}\n" for w, v in vectors.items()).encode()
    if path.is_file() and path.read_bytes() == content:  # a cache that is complete may be read-only
        return path
    handle, name = tempfile.mkstemp(dir=folder, prefix=path.name, suffix=".part")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(name).replace(path)
    return path


@cache
def _of_this_process() -> tempfile.TemporaryDirectory[str]:
    """One folder for all that is simulated: a data set holds its file's path, and so may copies of it as long as the process lives."""
    return tempfile.TemporaryDirectory(prefix="brainalign-simulated-")
