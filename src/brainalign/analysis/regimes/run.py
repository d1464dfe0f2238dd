"""analysis=regimes: one architecture under several weights, compared by region over participants (Millet et al. 2022)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from brainalign.figures import layer_profile, region_bars
from brainalign.notes import limits
from brainalign.stats import bonferroni, fdr, holm, signed_rank
from brainalign.study.region_scores import region_table
from brainalign.study.result import AnalysisResult
from brainalign.study.roles import Models
from brainalign.study.sentences import LEVEL
from brainalign.study.study import Study
from brainalign.study.summary import add_scores, warn_about, warn_about_ceilings

CORRECTIONS = {"holm": holm, "bonferroni": bonferroni, "fdr": fdr}


def regimes(study: Study, models: Models, *, regimes: Mapping[str, str], correction: str) -> AnalysisResult:
    """Scores of each regime, and Wilcoxon signed-rank tests between every two, by region and by voxel.

    Args:
        study: Data, window and folds.
        models: With ``regimes``, the representations in the order of the config.
        regimes: Name -> weights, as the config has them; their representations are in ``models``.
        correction: Of the tests by region, over pairs x regions: ``holm``, ``bonferroni`` or ``fdr``.

    Returns:
        Tables scores, layers, regions, region_tests (participants' means), and voxel_tests (FDR over the voxels of a pair) where
        electrodes of one name correspond between participants; bars by region and the layer profile.
    """
    result, score = AnalysisResult(), study.outcome.score
    compared = [m for m in models.regimes if m.name in regimes]
    scores = pd.concat([study.scores(m) for m in compared], ignore_index=True)
    layers = pd.concat([study.layer_scores(m) for m in compared], ignore_index=True)
    for m in compared:
        add_scores(result, scores, m.name, study.noun, f"{m.name}/")
    shown = study.shown(scores)
    pairs = list(combinations([m.name for m in compared], 2))
    means = shown.groupby(["model", "subject", "region"], sort=False)[score].mean().reset_index()
    tests = _tests(means, pairs, "region", score)
    family = f"pairs x regions ({len(tests)})"
    tests["p_corrected"] = CORRECTIONS[correction](tests["p"], len(tests))
    tests = tests.assign(correction=correction, family=family, family_size=len(tests))
    result.tables |= {"scores": scores, "layers": layers, "regions": region_table(study, scores), "region_tests": tests}
    for row in tests.itertuples():
        name = f"regimes/{row.a} - {row.b}/{row.region}"
        result.metrics |= {f"{name}/mean_difference": row.mean_difference, f"{name}/p_corrected": row.p_corrected}
    for a, b in pairs:
        mine = tests[(tests["a"] == a) & (tests["b"] == b)]
        below = mine[mine["p_corrected"] < LEVEL]
        where = f": {', '.join(below['region'])}" if len(below) else ""
        told = f"{len(below)} of {len(mine)} regions below {LEVEL:g} (Wilcoxon, {correction} over {family}){where}"
        result.summary.append((f"{a} - {b}, mean {score} {mine['mean_difference'].mean():+.3f}", told))
    _add_voxels(result, study, shown, pairs)
    people = study.channels["subject"].nunique()
    if 2 / 2**people * (len(tests) if correction != "fdr" else 1) >= LEVEL:
        result.warnings.append(
            limits(
                f"Wilcoxon's p of {people} participants is {2 / 2**people:.3g} at best: no region can reach {LEVEL:g} corrected over "
                f"{len(tests)} tests by {correction}.",
                "that regimes differ for other participants, as so few cannot make it significant",
            )
        )
    drawn = tests.assign(primary=True, unit="participants", reason="")
    result.figures |= {
        "regimes": region_bars(means.assign(electrode=means["region"]), drawn, score, noun="participant"),
        "layer_profile": layer_profile(layers, score, over="participants", noun=study.noun),
    }
    warn_about(result, scores, len(study.split.folds))
    warn_about_ceilings(result, study)
    return result


def _tests(values: pd.DataFrame, pairs: list[tuple[str, str]], unit: str, score: str) -> pd.DataFrame:
    """Signed-rank tests over participants: one row a (pair, unit)."""
    wide = values.pivot(index="subject", columns=["model", unit], values=score)
    units = list(dict.fromkeys(values[unit]))
    parts = []
    for a, b in pairs:
        difference = (wide[a].reindex(columns=units) - wide[b].reindex(columns=units)).to_numpy(dtype=np.float64)
        n = np.isfinite(difference).sum(axis=0)
        mean = np.nansum(difference, axis=0) / np.where(n > 0, n, np.nan)
        row = {"a": a, "b": b, unit: units, "score": score, "test": "wilcoxon", "mean_difference": mean, "n": n}
        parts.append(pd.DataFrame(row | {"p": signed_rank(difference)}))
    return pd.concat(parts, ignore_index=True)


def _add_voxels(result: AnalysisResult, study: Study, shown: pd.DataFrame, pairs: list[tuple[str, str]]) -> None:
    """Test every voxel where those of one name correspond, which the user has said by ``ceiling.inter_subject=true``."""
    if not study.outcome.inter_subject:
        result.warnings.append(
            limits(
                f"Single {study.noun}s are not tested over participants: say by ceiling.inter_subject=true that "
                f"those of one name correspond.",
            )
        )
        return
    voxels = _tests(shown, pairs, "electrode", study.outcome.score)
    for a, b in pairs:
        mine = (voxels["a"] == a) & (voxels["b"] == b)
        voxels.loc[mine, "p_fdr"] = fdr(voxels.loc[mine, "p"], int(mine.sum()))
        below = int((voxels.loc[mine, "p_fdr"] < LEVEL).sum())
        result.metrics[f"regimes/{a} - {b}/share_of_{study.noun}s_below_fdr"] = below / int(mine.sum())
        result.summary.append(
            (f"{a} - {b}, single {study.noun}s", f"{below} of {int(mine.sum())} below {LEVEL:g} (Wilcoxon, FDR)")
        )
    result.tables["voxel_tests"] = voxels
