"""How much of a model's score each control reaches, by region: the table of analysis=controls, and its numbers in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.analysis.controls.kinds import Control
from brainalign.counts import count, ends
from brainalign.stats import FEWEST, electrodes_ci, mean_ci, ratio_ci

ALL = "all"
"""Name of the rows over all regions."""

CLEAR = 0.25
"""Part of the model's own score that the lower end of its 90 % interval must exceed: else a ratio to it has no useful interval."""

LEVEL = 0.05

Array = NDArray[np.float64]


class Share(NamedTuple):
    """A control's score in units of the model's.

    Attributes:
        share: Ratio of sums over electrodes; NaN where the model's own score is not clearly above 0.
        low, high: 95 % jackknife interval.
        over: What was left out in turn: ``participants``, or ``electrodes`` where there are fewer than three.
    """

    share: float
    low: float
    high: float
    over: str


def share_of(control: Array, model: Array, subjects: Sequence[Any]) -> Share:
    """Sum of a control's scores over the sum of the model's, see :func:`brainalign.stats.ratio_ci`.

        share = sum_e control(e) / sum_e model(e)

    A ratio of sums, as the mean of single ratios is ruled by electrodes where the model scores next to nothing. Electrodes of one
    participant are not independent: with three participants or more these are left out in turn, with all their electrodes.

    Args:
        control: (n,) scores of electrodes; pairs that are not finite are left out.
        model: (n,) scores of the same electrodes.
        subjects: (n,) participant of each.

    Returns:
        All NaN where the lower end of the 90 % interval of the model's own mean is not above ``CLEAR`` of it: there is nothing
        to reach, or not enough to divide by.

    Example:
        >>> found = share_of(np.array([0.1, 0.2, 0.1]), np.array([0.2, 0.4, 0.2]), ["p1", "p2", "p3"])
        >>> round(found.share, 6), round(found.low, 6), found.over
        (0.5, 0.5, 'participants')
    """
    fine = np.isfinite(control) & np.isfinite(model)
    own, whole, who = control[fine], model[fine], np.asarray(subjects, dtype=object)[fine]
    over = "participants" if len(set(who)) >= FEWEST else "electrodes"
    reference = electrodes_ci(whole, who, 0.9)
    if not reference.low > CLEAR * reference.mean or not reference.mean > 0:
        return Share(np.nan, np.nan, np.nan, over)
    ratio = ratio_ci(own, whole, who)
    return Share(ratio.mean, ratio.low, ratio.high, over)


def control_table(
    shown: pd.DataFrame,
    tests: pd.DataFrame,
    controls: Mapping[str, Control],
    *,
    model: str,
    regions: Sequence[str],
    score: str,
) -> pd.DataFrame:
    """One row a (control, region), and one a control over all regions; the model itself comes first.

    Args:
        shown: One row a (label in the column ``model``, electrode): the model in question, and each control.
        tests: Primary tests ``model - control`` of these labels, with the region ``all`` among them.
        controls: Label -> what it is.
        model: Label of the model in question.
        regions: In the order wanted.
        score: Column.

    Returns:
        Columns control, keeps, destroys, region, score (its name), mean, low, high (see :func:`brainalign.stats.electrodes_ci`),
        participants_mean, _low, _high
        (over participants' means), share, share_low, share_high, share_over, difference (of the model and the control), p,
        p_corrected, test, correction, n, n_participants.
    """
    wide = shown.pivot(index=["subject", "electrode", "region"], columns="model", values=score).reset_index()
    itself = Control("all", "nothing", model)
    rows: list[dict[str, Any]] = []
    for label, control in {model: itself, **controls}.items():
        for region in (ALL, *regions):
            inside = wide if region == ALL else wide[wide["region"] == region]
            values, reference = (inside[name].to_numpy(dtype=np.float64) for name in (label, model))
            mean = electrodes_ci(values, inside["subject"])
            people = mean_ci(inside[label].groupby(inside["subject"]).mean())
            share = share_of(values, reference, inside["subject"].to_list())
            test = tests[(tests["b"] == label) & (tests["region"] == region)]
            names = {
                "mean_difference": "difference",
                "p": "p",
                "p_corrected": "p_corrected",
                "test": "test",
                "correction": "correction",
            }
            tested = {ours: (test[theirs].iloc[0] if len(test) else None) for theirs, ours in names.items()}
            rows.append({
                "control": label, "keeps": control.keeps, "destroys": control.destroys, "region": region, "score": score,
                "mean": mean.mean, "low": mean.low, "high": mean.high, "participants_mean": people.mean, "participants_low": people.low,
                "participants_high": people.high, "share": share.share, "share_low": share.low, "share_high": share.high,
                "share_over": share.over, **tested, "n": mean.n, "n_participants": people.n,
            })  # fmt: skip
    numbers = ["difference", "p", "p_corrected"]
    table = pd.DataFrame(rows)
    return table.astype(dict.fromkeys(numbers, np.float64))


def percent(value: float, low: float, high: float) -> str:
    """A share with its interval.

    Example:
        >>> percent(0.613, 0.5, 0.7), percent(-0.02, -0.1, 0.04)
        ('61 % [50, 70]', '−2 % [−10, 4]')
    """
    return f"{100 * value:.0f} %{ends(100 * low, 100 * high, '.0f')}".replace("-", "−")


def limitations(
    table: pd.DataFrame,
    controls: Mapping[str, Control],
    splits: Mapping[str, Control],
    *,
    model: str,
    label: str,
    noun: str,
) -> str:
    """What a paper's section on limitations has to say, from the numbers.

    Args:
        table: From :func:`control_table`.
        controls: Label -> what it is, of representations.
        splits: Label -> what it is, of splits; ``phrase`` is a clause with room for the share.
        model: Label of the model in question.
        label: The score in words.
        noun: What n counts.

    Returns:
        One paragraph: what each control reaches over all electrodes and where the model scores best, what other splits would give,
        and which controls no test tells from the model.
    """
    whole = table[table["region"] == ALL].set_index("control")
    own = whole.loc[model]
    people = f"{own['n']} {noun}s of {count(own['n_participants'], 'participant')}"
    base = f"{label} {own['mean']:.3f}{ends(own['low'], own['high'])} over {people}"
    if not np.isfinite(own["share"]):
        return (
            f"The held-out score of {model} ({base}) is not clearly above 0, so that no share of it can be given: nothing can be concluded "
            "from these controls."
        )
    over = whole["share_over"].iloc[0]
    by = table[(table["control"] == model) & (table["region"] != ALL)].dropna(subset="share")
    best = str(by.loc[by["mean"].idxmax(), "region"]) if len(by) else ""
    sentences = []
    reached = [_reached(table, name, c.phrase, best) for name, c in controls.items()]
    if reached:
        sentences.append(
            f"Of the held-out score of {model} ({base}{f', best in {best}' if best else ''}), {_listed(reached)} (95 % jackknife intervals "
            f"over {over})."
        )
    elsewhere = [
        c.phrase.format(percent(*whole.loc[name, ["share", "share_low", "share_high"]])) for name, c in splits.items()
    ]
    if elsewhere:
        sentences.append(
            f"Under other splits, in the same units, {_listed(elsewhere)}; more than 100 % under a split that leaks is inflation."
        )
    tested = whole.loc[[name for name in controls if np.isfinite(whole.loc[name, "p_corrected"])]]
    if len(tested):
        same = [
            c.phrase
            for name, c in controls.items()
            if name in tested.index and tested.loc[name, "p_corrected"] >= LEVEL
        ]
        test, correction = tested["test"].iloc[0], tested["correction"].iloc[0]
        how = f"{test.replace('_', '-')} test, {'maximum statistic' if correction == 'max' else correction}"
        sentences.append(
            f"Over all {noun}s the difference from {model} is not significant at {LEVEL:g} ({how}) for {_listed(same)}."
            if same
            else f"Over all {noun}s {model} differs from each of these controls at {LEVEL:g} ({how})."
        )
    return " ".join(sentences)


def _reached(table: pd.DataFrame, name: str, told: str, best: str) -> str:
    """What a control reaches over all, and in the region where the model scores best."""
    own = table[table["control"] == name].set_index("region")
    whole, there = (percent(*own.loc[r, ["share", "share_low", "share_high"]]) if r else "" for r in (ALL, best))
    return f"{told} reaches {whole}" + (f" ({there} in {best})" if best else "")


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
