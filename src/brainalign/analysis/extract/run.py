"""analysis=extract: a model's layers over a data set, extracted, cached and described; nothing is encoded."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
import pandas as pd

from brainalign.data.types import Dataset
from brainalign.features.base import Rows
from brainalign.features.variance_shares import CLOCK, variance_shares
from brainalign.figures import feature_picture
from brainalign.notes import limits
from brainalign.progress import duration, track
from brainalign.study.result import AnalysisResult
from brainalign.study.roles import Models
from brainalign.study.study import Study


def extract(study: Study, models: Models) -> AnalysisResult:
    """Extract every layer that is asked for, or read it from the cache, and say what it holds.

    Args:
        study: Whose stimuli.
        models: The model in question.

    Returns:
        Tables layers (one row a layer, with the shares of :class:`brainalign.features.variance_shares.VarianceShares`) and stimuli
        (one row a stimulus); a picture of one stimulus.
    """
    result, dataset, model = AnalysisResult(), study.dataset, models.model
    missing = len(model.missing)
    start = time.perf_counter()
    model.rows(model.layers[0])  # all layers that are missing are extracted in one pass
    seconds = time.perf_counter() - start
    parts = []
    for layer in track(model.layers, f"describing {model.name}"):
        parts.append(
            {"model": model.name, "layer": layer, **_describe(model.rows(layer)), "file": str(model.path(layer))}
        )
    layers = pd.DataFrame(parts)
    first = model.rows(model.layers[0])
    stimuli = pd.DataFrame(
        [
            {"stimulus": s, "duration": stimulus.duration, "words": len(stimulus.words), "rows": len(first[s].values)}
            for s, stimulus in dataset.stimuli.items()
        ]
    )
    result.tables |= {"layers": layers, "stimuli": stimuli}
    _warn(result, layers, model.unit)
    total = float(stimuli["duration"].sum())
    result.metrics |= {
        "extract/rows": float(stimuli["rows"].sum()),
        "extract/bytes": float(layers["bytes"].sum()),
    }
    how = (
        f"{missing} extracted in {duration(seconds)}{f' ({total / seconds:.1f} x real time)' if dataset.timed else ''}"
        if missing
        else "all from the cache"
    )
    result.found = (
        f"{model.name} gives {len(layers)} layer(s) of {layers['dims'].min()} to {layers['dims'].max()} dimensions, "
        f"{int(stimuli['rows'].sum()):,} {model.unit} of {len(stimuli)} stimuli."
    )
    result.summary += [
        (f"{model.name}", model.extractor.describe()),
        ("layers", f"{len(layers)}, {how}"),
        ("context", str(model.extractor.receptive_field)),
        (
            "rows",
            f"{int(stimuli['rows'].sum()):,} of {len(stimuli)} stimuli ({dataset.extent}): a {model.unit[:-1]} each",
        ),
        ("dims", ", ".join(f"layer {n}: {d}" for n, d in zip(layers["layer"], layers["dims"], strict=True))),
        ("cache", f"{layers['bytes'].sum() / 2**20:.1f} MiB in {model.path(model.layers[0]).parent}"),
    ]
    norms = (f"layer {n}: {v:.3g}" for n, v in zip(layers["layer"], layers["norm_mean"], strict=True))
    result.tell("Layers", "mean norm of a row", ", ".join(norms))
    shares = (f"layer {row.layer}: {row.first_rows:.2f} · {row.common:.2f}" for row in layers.itertuples())
    result.tell("Layers", "share of variance of first rows · common to stimuli by row number", ", ".join(shares))
    if model.unit == "frames" and np.isfinite(layers["hop_s"]).all():
        result.summary.append(
            (
                "frames",
                f"every {1000 * layers['hop_s'].iloc[0]:g} ms, the first at {1000 * layers['first_s'].iloc[0]:g} ms",
            )
        )
    chosen = _typical(dataset)
    layer = model.layers[len(model.layers) // 2]
    stimulus = dataset.stimuli[chosen]
    result.figures["features"] = feature_picture(
        model.rows(layer)[chosen].values, model.rows(layer)[chosen].onset, model.rows(layer)[chosen].offset,
        sound=stimulus.audio.load() if stimulus.audio is not None else None, duration=stimulus.duration, words=stimulus.timed_words,
        title=f"{model.name}, layer {layer}, stimulus {chosen}",
    )  # fmt: skip
    return result


def _describe(rows: Mapping[str, Rows]) -> dict[str, float]:
    """Sizes, norms, times and outliers of one layer."""
    values = np.concatenate([r.values for r in rows.values()])
    norms = np.linalg.norm(values.astype(np.float64), axis=1)
    hops = np.concatenate([np.diff(r.onset) for r in rows.values()])
    return {
        "rows": len(values),
        "dims": values.shape[1],
        "norm_mean": float(norms.mean()) if len(norms) else np.nan,
        "norm_sd": float(norms.std()) if len(norms) else np.nan,
        "zero_rows": int((norms == 0).sum()),
        "mean": float(values.mean()) if len(values) else np.nan,
        "sd": float(values.std()) if len(values) else np.nan,
        "hop_s": float(np.median(hops)) if len(hops) and np.ptp(hops) < 1e-6 else np.nan,
        "first_s": float(min((r.onset[0] for r in rows.values() if len(r.onset)), default=np.nan)),
        "bytes": values.nbytes,
        **variance_shares(rows)._asdict(),
    }


def _warn(result: AnalysisResult, layers: pd.DataFrame, unit: str) -> None:
    """Say of which layers most variance is a mere clock."""
    clocks = layers[layers["common"] > CLOCK]
    if len(clocks):
        named = ", ".join(f"{row.layer} ({row.common:.2f})" for row in clocks.itertuples())
        result.warnings.append(
            limits(
                f"In layer{'s' * (len(clocks) > 1)} {named} more than half of the variance is the same in two stimuli at the same "
                f"{unit[:-1]} number: what they predict may be time since onset alone."
            )
        )


def _typical(dataset: Dataset) -> str:
    """The stimulus of median duration: nobody picks it."""
    ordered = sorted(dataset.stimuli.values(), key=lambda s: (s.duration, s.id))
    return ordered[len(ordered) // 2].id
