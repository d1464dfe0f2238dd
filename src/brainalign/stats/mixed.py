"""A mixed model of the difference between two labels: participants differ, electrodes are no independent units."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEWEST = 3
"""Participants from which on their variance is estimated."""
DIGITS = 10
"""Of a difference in standard deviations: near a variance of 0 the optimiser's path hangs on the last ones, and these on the unit."""


@dataclass(frozen=True)
class MixedFit:
    """Contrasts of one mixed model.

    Attributes:
        effect: Region -> (difference, standard error).
        reason: Why there is no fit, or what about it must be known; empty where all is well.
    """

    effect: dict[str, tuple[float, float]]
    reason: str = ""


def mixed_differences(d: NDArray[np.float64], who: NDArray[np.object_], where: NDArray[np.object_]) -> MixedFit:
    """Fit the model on differences a - b of complete pairs.

        score ~ model * region + (1 + model | subject) + (1 | subject:electrode)

    With both labels at every electrode the electrode's own level cancels in its difference, and so does the
    participant's: what is left of the model is

        d_se = beta_region(e) + u_s + e_se,    u_s ~ N(0, tau^2)

    with the same contrasts beta and the same random slope u, fitted by REML (statsmodels MixedLM). Contrasts and standard errors
    are those of the whole model where participants have equally many electrodes in each region. Where they have not, the whole
    model also draws a little on how slopes go with participants' levels, which differences do not know: estimates then differ by a
    fraction of their standard errors, for a small share of the time and with far fewer failures to converge. Random intercepts
    alone, without u, would count electrodes as independent. A slope that also differs by region within a participant is not in
    the model; sign-flip tests allow for that.

    Args:
        d: (n,) differences, finite.
        who: (n,) participant of each.
        where: (n,) region of each.

    Returns:
        Contrasts of every region with an observation; or none and the reason: fewer than three participants, one value a
        participant, no variation, or a fit that does not converge.
    """
    subjects = len(set(who))
    if subjects < FEWEST:
        return MixedFit(
            {},
            f"a mixed model needs at least {FEWEST} participants, there {'is' if subjects == 1 else 'are'} {subjects}",
        )
    if len(d) == subjects:
        return MixedFit({}, "one value a participant: a mixed model cannot tell participants from chance")
    unit = d.std()
    if not unit > 1e-14 * np.abs(d).max():
        return MixedFit({}, "the difference is the same everywhere")
    from statsmodels.regression.mixed_linear_model import MixedLM

    regions = list(dict.fromkeys(where))
    design = np.stack([(where == r).astype(np.float64) for r in regions], axis=1)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            fit = MixedLM(np.round(d / unit, DIGITS), design, groups=who.astype(str)).fit(reml=True)
        except (np.linalg.LinAlgError, ValueError) as error:
            return MixedFit({}, f"the mixed model could not be fitted ({error})")
    if not fit.converged:
        return MixedFit({}, "the mixed model did not converge")
    effects = np.asarray(fit.fe_params)
    errors = _standard_errors(design, who, float(np.asarray(fit.cov_re)[0, 0]), float(fit.scale))
    # Other warnings are of optimisers that another one then did better than, or of standard errors that are not used.
    edge = any("boundary" in str(w.message) or "singular" in str(w.message) for w in told)
    return MixedFit(
        {r: (float(b * unit), float(e * unit)) for r, b, e in zip(regions, effects, errors, strict=True)},
        "the mixed model's variance between participants is at or near 0" if edge else "",
    )


def _standard_errors(
    design: NDArray[np.float64], who: NDArray[np.object_], between: float, within: float
) -> NDArray[np.float64]:
    """Of the contrasts at the fitted variances, (X' V^-1 X)^-1; statsmodels' own lack some where the variance is near 0."""
    precision = np.zeros((design.shape[1], design.shape[1]))
    for subject in dict.fromkeys(who):
        x = design[who == subject]
        share = between / (within + len(x) * between)
        precision += (x.T @ x - share * np.outer(x.sum(axis=0), x.sum(axis=0))) / within
    return np.asarray(np.sqrt(np.diag(np.linalg.inv(precision))))
