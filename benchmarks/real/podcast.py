"""A transcript of half an hour: surprisal of a small network beside GPT-2 XL's, word by word."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from benchmarks.real import data, model
from benchmarks.real.runs import Runs
from benchmarks.real.tables import markdown, number
from brainalign.data.types import Stimulus
from brainalign.features.checkpoints.checkpoint import Loading
from brainalign.features.language.surprisal import Surprisal

FIRST = 50
"""Words at the beginning that GPT-2 XL read with hardly any context; they are left out."""


def section(runs: Runs, docs: Path) -> list[str]:
    """Lines of the section.

    Args:
        runs: Its folder keeps the surprisals.
        docs: Not used: there is no figure.
    """
    given = published()
    kinds = {
        "SmolLM2": ("smollm2_135m", "trained"),
        "Llama 260K": ("", "trained"),
    }
    rows = []
    for name, (folder, weights) in kinds.items():
        place = model(folder) if folder else data("models", "aidreams-260k")
        own = kept(
            runs.folder / f"surprisal-{name.split()[0].lower()}-{weights}.npy", place, weights, given["word"].tolist()
        )
        rows.append(
            [
                name,
                *(_rank(own[FIRST:, k], given[c].to_numpy()[FIRST:]) for k, c in enumerate(("surprisal", "entropy"))),
            ]
        )
    rank = frequency_rank(given["word"])
    rows.append(
        [
            "rank of the word's frequency (GloVe's order)",
            _rank(rank[FIRST:], given["surprisal"].to_numpy()[FIRST:]),
            "–",
        ]
    )
    return [
        "## Podcast: surprisal",
        "",
        f"{len(given):,} words of a transcript (Zada et al. 2025), Spearman's rank correlation with the columns of",
        "GPT-2 XL (1.5 billion weights) that",
        f"come with it; the first {FIRST} words are left out, and words that GloVe's 2,446 do not hold are ranked",
        "last. A word's surprisal is the sum",
        "over its sub-words, its entropy that of the prediction of the first:",
        "",
        *markdown(["model", "surprisal", "entropy"], rows),
        "",
    ]


def published() -> pd.DataFrame:
    """One row a word of the transcript: word, surprisal and entropy of GPT-2 XL in bits."""
    table = pd.read_csv(data("podcast", "gpt2-xl.tsv"), sep="\t", quoting=3, keep_default_na=False)
    table["surprisal"] = -np.log2(table["true_prob"].astype(float))
    grouped = table.groupby("word_idx", sort=True)
    return pd.DataFrame(
        {
            "word": grouped["word"].first(),
            "surprisal": grouped["surprisal"].sum(),
            "entropy": grouped["entropy"].first().astype(float) / np.log(2),
        }
    )


def kept(path: Path, folder: Path, weights: str, words: Sequence[str]) -> np.ndarray:
    """(words, 2) surprisal and entropy in bits, computed once.

    Args:
        path: Where they are kept.
        folder: The checkpoint.
        weights: ``trained`` or ``rerandomized``.
        words: The text; times have no part in it.
    """
    if not path.is_file():
        extractor = Surprisal.from_folder(
            folder, "surprisal", Loading(weights=weights), outputs=("surprisal", "entropy")
        )
        onset = 0.4 * np.arange(len(words))
        text = Stimulus(
            "podcast", 0.4 * len(words), pd.DataFrame({"word": words, "onset": onset, "offset": onset + 0.3})
        )
        ((_, rows),) = extractor.extract([text])
        np.save(path, rows[0].values)
    return np.asarray(np.load(path))


def frequency_rank(words: pd.Series) -> np.ndarray:
    """Place of each word among GloVe's, most frequent first; those that are not there come last."""
    lines = data("glove", "glove.6B.50d.top.txt").read_text(encoding="utf-8").splitlines()
    place = {row.split(" ", 1)[0]: k for k, row in enumerate(lines)}
    return words.str.lower().str.strip(".,?!;:\"'").map(lambda w: place.get(w, len(place))).to_numpy(dtype=float)


def _rank(own: np.ndarray, theirs: np.ndarray) -> str:
    return number(float(spearmanr(own, theirs).statistic))
