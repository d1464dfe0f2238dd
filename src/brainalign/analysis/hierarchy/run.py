"""analysis=hierarchy: which layer of a model each electrode prefers, and whether regions are ordered by it (Millet et al. 2022)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from brainalign.counts import ends
from brainalign.encoding.layers import LayerSelection
from brainalign.encoding.tables import layer_table
from brainalign.errors import BrainalignError, nearest
from brainalign.features.representation import Representation
from brainalign.figures import brain_map, hierarchy_figure, located
from brainalign.notes import changes, limits
from brainalign.progress import track
from brainalign.stats import best_layer, centre_of_mass, mean_ci, ordering, pairwise
from brainalign.study.result import AnalysisResult
from brainalign.study.roles import Models
from brainalign.study.study import Study
from brainalign.study.summary import add_layer_curves, add_scores, warn_about, warn_about_ceilings

CENTRE = "preferred layer"


def hierarchy(study: Study, models: Models, *, layers: str, order: Sequence[str] | None) -> AnalysisResult:
    """Preferred layer of each electrode, by participant and region first; the order of the regions tested over participants.

    Args:
        study: Data, window and folds.
        models: The model whose layers are tried.
        layers: ``separate``: each layer alone. ``cumulative``: what a layer adds to those below it, the gain of fitting
            layers 0..k together over 0..k-1.
        order: Regions, lowest first, that the order is tested against; None = that of the other participants.

    Returns:
        Tables layers, preference (one row an electrode), regions (a participant and region), ordering (a participant) and pairs; a
        figure of profile and preference, and a brain map where coordinates are known.

    Raises:
        BrainalignError: A region in ``order`` that the data do not have, or a model of one layer.
    """
    model, score = models.model, study.outcome.score
    if len(model.layers) < 2:
        raise BrainalignError(
            f"model={model.name} has one layer, {model.layers[0]}; analysis=hierarchy needs two or more."
        )
    for region in order or ():
        if region not in study.regions:
            raise BrainalignError(f"analysis.order: region {region!r} is unknown; {nearest(region, study.regions)}")
    result = AnalysisResult()
    if layers == "separate":
        scores, profile = study.scores(model), study.layer_scores(model)
        add_scores(result, scores, model.name, study.noun)
        result.tables["scores"] = scores
        warn_about(result, scores, len(study.split.folds))
    else:
        profile = _gains(study, model)
    add_layer_curves(result, profile, model.name)
    preference = _preference(study, profile, score)
    means = preference.groupby(["subject", "region"], sort=False)[["best_layer", CENTRE]].mean().reset_index()
    result.tables |= {"layers": profile, "preference": preference, "regions": means}
    lost = int(preference[CENTRE].isna().sum())
    if lost:
        result.warnings.append(
            changes(
                f"{lost} of {len(preference)} {study.noun}s have no layer with a score above 0 and so no "
                f"preferred layer; means leave them out."
            )
        )
    _add_order(result, study, means, order)
    shown = preference.dropna(subset=CENTRE)
    if len(shown):
        result.figures["hierarchy"] = hierarchy_figure(
            profile, means.dropna(subset=CENTRE), score, CENTRE, order=study.regions, gain=layers == "cumulative"
        )
    if located(shown).any():
        result.figures["brain_map"] = brain_map(shown, CENTRE, noun=study.noun)
    warn_about_ceilings(result, study)
    return result


def _gains(study: Study, model: Representation) -> pd.DataFrame:
    """What each layer adds to those below it: a layer table of the differences between successive fits."""
    selection, frames, keys = LayerSelection(), [], []
    for n in track(sorted(model.layers), f"fitting {model.name}, layers so far"):
        frames.append(study.frames(model, n))
        keys.append(study.rows_key(model, n))
        joined = {s: np.concatenate([f[s] for f in frames], axis=1) for s in frames[0]}
        dims = next(iter(joined.values())).shape[1]
        selection.add(n, study.fit(joined, dims, f"{model.name} up to layer {n}", identity={"layers": list(keys)}))
    table = layer_table(study.channels, selection, model.name)
    raw = ["r", "r2_pearson", "r2"]
    below = table.groupby(["subject", "electrode"], sort=False)[raw].shift(fill_value=0.0)
    return table.assign(**{f"{s}_cumulative": table[s] for s in raw}, **{s: table[s] - below[s] for s in raw})


def _preference(study: Study, profile: pd.DataFrame, score: str) -> pd.DataFrame:
    """One row an electrode: its channel's columns, the best layer, and the centre of mass."""
    wide = profile.pivot(index="layer", columns=["subject", "electrode"], values=score)
    wide = wide[[(c.subject, c.electrode) for c in study.channels.itertuples()]]
    values, numbers = wide.to_numpy(dtype=np.float64), [int(n) for n in wide.index]
    found = {"best_layer": best_layer(values, numbers), CENTRE: centre_of_mass(values, numbers)}
    return study.channels.assign(model=profile["model"].iloc[0], **found)


def _add_order(result: AnalysisResult, study: Study, means: pd.DataFrame, order: Sequence[str] | None) -> None:
    """Test the order of the regions and every two of them, and say it."""
    wide = means.pivot(index="subject", columns="region", values=CENTRE).reindex(columns=study.regions)
    values = wide.to_numpy(dtype=np.float64)
    preferred = []
    for region, column in zip(study.regions, values.T, strict=True):
        ci = mean_ci(column)
        result.metrics[f"preferred_layer/{region}/mean"] = ci.mean
        preferred.append(
            (
                f"preferred layer in {region}, {ci.n} participants [95 % CI]",
                f"{ci.mean:.2f}{ends(ci.low, ci.high, '.2f')}",
            )
        )
    found = ordering(values, None if order is None else [study.regions.index(r) for r in order], study.seed)
    test = "shuffle" if order is None else "sign_flip"
    named = " < ".join(study.regions[r] for r in found.order)
    kind = "fitted to the other participants" if order is None else "given"
    result.tables["ordering"] = pd.DataFrame(
        {
            "subject": wide.index,
            "rho": found.rho,
            "order": named,
            "kind": kind,
            "test": test,
            "p": found.p,
            "smallest_p": found.smallest,
        }
    )
    pairs, differences, p, corrected = pairwise(values)
    result.tables["pairs"] = pd.DataFrame(
        {
            "a": [study.regions[a] for a, _ in pairs], "b": [study.regions[b] for _, b in pairs], "mean_difference": differences,
            "p_sign_flip": p, "p_max": corrected, "family": f"pairs of regions ({len(pairs)})", "n_participants": len(values),
        }
    )  # fmt: skip
    mean = mean_ci(found.rho)
    result.metrics |= {"ordering/rho/mean": mean.mean, "ordering/p": found.p}
    result.summary.append(("order of the regions", f"{named} ({kind})"))
    # leave-one-out correlations share participants, so that an interval over them would be too narrow
    interval = "" if order is None else ends(mean.low, mean.high, ".2f")
    told = (
        f"mean Spearman {mean.mean:.2f}{interval} over {mean.n} participants, {test.replace('_', '-')} p {found.p:.3g}"
    )
    result.summary += [("participants' layers along that order", told), *preferred]
    result.found = f"Along {named} ({kind}), participants' preferred layers rise with a {told[0].lower()}{told[1:]}."
    if not found.smallest < 0.05:
        note = limits(
            f"The order of the regions cannot reach p < .05: {mean.n} participants with a value give {found.smallest:.3g} at best.",
            "that regions differ in the layer that they prefer, as so few participants cannot make it significant",
        )
        result.warnings.append(note)
