"""Listeners' answers to triplets, held against what a model's frames say of them (Millet et al. 2022)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.errors import BrainalignError, nearest
from brainalign.stats import fdr, mean_ci
from brainalign.stats.abx import relate
from brainalign.study.study import Study

CONDITION = ["language", "contrast"]


def listeners(answers: pd.DataFrame, triplets: pd.DataFrame) -> pd.DataFrame:
    """Mean answer of each group to each contrast, with the interval over listeners.

    Args:
        answers: Of :func:`brainalign.data.stimuli.triplets.read_answers`.
        triplets: Those that models are asked as well.

    Returns:
        One row a (group, language, contrast): mean, low, high, n_listeners, n_answers.
    """
    both = answers.merge(triplets[["triplet", *CONDITION]], on="triplet")
    rows = []
    for key, own in both.groupby(["group", *CONDITION], sort=False):
        mean = mean_ci(own.groupby("listener")["answer"].mean())
        rows.append((*key, *mean[:4], len(own)))
    return pd.DataFrame(rows, columns=["group", *CONDITION, "mean", "low", "high", "n_listeners", "n_answers"])


def relations(study: Study, deltas: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """Correlation over triplets of what a layer gives and of a group's mean answer.

    Args:
        study: Its outcome says how many shuffles and draws; its seed is theirs.
        deltas: One row a (model, layer, triplet).
        answers: One row an answer.

    Returns:
        One row a (model, group, measure: delta or correct, coefficient: spearman or pearson, layer): r, low, high, p (shuffles of
        triplets within contrasts), p_fdr over layers, groups and models of one measure and coefficient, n.
    """
    parts = []
    for model, own in deltas.groupby("model", sort=False):
        labels = own.drop_duplicates("triplet").set_index("triplet")[CONDITION].agg("\0".join, axis=1)
        for group, given in answers.groupby("group", sort=False):
            mean = given.groupby("triplet")["answer"].mean()
            mean = mean[mean.index.isin(labels.index)]
            if len(mean) < 3:
                continue
            for measure in ("delta", "correct"):
                wide = own.pivot(index="triplet", columns="layer", values=measure).loc[mean.index]
                for coefficient in ("spearman", "pearson"):
                    x, y = (wide.rank(), mean.rank()) if coefficient == "spearman" else (wide, mean)
                    found = _relate(study, x.to_numpy(), y.to_numpy(), labels.loc[mean.index].to_numpy())
                    head = {"model": model, "group": group, "measure": measure, "coefficient": coefficient}
                    parts.append(found.assign(**head, layer=wide.columns.to_numpy()))
    if not parts:
        raise BrainalignError(
            "analysis.answers: no group has answered three triplets that are left; there is nothing to relate."
        )
    return _corrected(pd.concat(parts, ignore_index=True), ["measure", "coefficient"])


def native_effect(
    study: Study, deltas: pd.DataFrame, answers: pd.DataFrame, models: tuple[str, str], groups: tuple[str, str]
) -> pd.DataFrame:
    """Whether the difference of two models goes, contrast by contrast, with that of their groups of listeners.

        model side     mean over triplets of delta / sd(delta), first model less second
        listener side  mean answer, first group less second

    Args:
        study: As in :func:`relations`.
        deltas: With both models.
        answers: With both groups.
        models: Two models.
        groups: Who each stands for.

    Returns:
        One row a (coefficient, layer that both have): r, low, high, p (contrasts shuffled), p_fdr, n contrasts.
    """
    people = answers.merge(deltas.drop_duplicates("triplet")[["triplet", *CONDITION]], on="triplet")
    heard = people.groupby(["group", *CONDITION])["answer"].mean().unstack("group")
    human = (heard[groups[0]] - heard[groups[1]]).dropna()
    sd = deltas.groupby(["model", "layer"])["delta"].transform("std")
    mean = (
        deltas.assign(z=deltas["delta"] / sd)
        .groupby(["model", "layer", *CONDITION])["z"]
        .mean()
        .unstack(["model", "layer"])
    )
    shared = sorted(set(mean[models[0]].columns) & set(mean[models[1]].columns))
    if not shared or len(human) < 3:
        return pd.DataFrame()
    model = pd.DataFrame({n: mean[models[0]][n] - mean[models[1]][n] for n in shared}).loc[human.index]
    parts = []
    for coefficient in ("spearman", "pearson"):
        x, y = (model.rank(), human.rank()) if coefficient == "spearman" else (model, human)
        found = _relate(study, x.to_numpy(), y.to_numpy(), np.zeros(len(y)))
        parts.append(
            found.assign(models=" - ".join(models), groups=" - ".join(groups), coefficient=coefficient, layer=shared)
        )
    return _corrected(pd.concat(parts, ignore_index=True), ["coefficient"])


def two_groups(answers: pd.DataFrame, asked: Sequence[str] | None) -> tuple[str, str] | None:
    """The groups that model and partner stand for: those asked for, or the first two; None where there is one.

    Raises:
        BrainalignError: A group that is asked for has answered nothing.
    """
    present = list(dict.fromkeys(answers["group"]))
    for group in asked or ():
        if group not in present:
            raise BrainalignError(f"analysis.groups: no listener is of group {group!r}; {nearest(group, present)}")
    chosen = list(asked or present)
    return (chosen[0], chosen[1]) if len(chosen) > 1 else None


def _relate(
    study: Study, x: NDArray[np.float64], y: NDArray[np.float64], strata: NDArray[np.object_ | np.float64]
) -> pd.DataFrame:
    outcome = study.outcome
    return relate(x, y, strata, draws=outcome.draws, permutations=outcome.permutations, seed=study.seed)


def _corrected(table: pd.DataFrame, family: list[str]) -> pd.DataFrame:
    table["p_fdr"] = table.groupby(family)["p"].transform(lambda p: fdr(p.to_numpy(), len(p)))
    head = [c for c in table.columns if c not in ("r", "low", "high", "p", "p_fdr", "n")]
    return table[[*head, "r", "low", "high", "p", "p_fdr", "n"]]
