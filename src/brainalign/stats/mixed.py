"""A mixed model of the difference between two labels: participants differ, electrodes are no independent units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

FEWEST = 3
"""Participants from which on their variance is estimated."""
RATIOS = np.r_[0.0, np.logspace(-8, 8, 65)]
"""Variance between participants over variance within: where the likelihood is looked at before its maximum is refined."""
EDGE = 1e-6
"""Ratio of variances that is told as none."""


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

    with the same contrasts beta and the same random slope u, fitted by REML. Of its two variances one is in closed form given their ratio,
    so that the ratio alone is searched: exactly, where a general optimiser (statsmodels MixedLM) ends in different places near a
    variance of 0 for scores that differ in the seventh digit. Contrasts and standard errors
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
    regions = list(dict.fromkeys(where))
    design = np.stack([(where == r).astype(np.float64) for r in regions], axis=1)
    means = np.array(
        [d[where == r].mean() for r in regions]
    )  # taken off, so that sums of squares lose no digits to them
    sums = _Sums.of(design, (d - design @ means) / unit, who)
    ratio = _reml_ratio(sums)
    effects, covariance, within, _ = sums.at(ratio)
    if within <= 1e-20 or ratio >= RATIOS[-1]:
        return MixedFit({}, "the mixed model could not be fitted: the electrodes of a participant do not differ")
    errors = np.sqrt(np.diag(covariance) * within)
    return MixedFit(
        {r: (float(m + b * unit), float(e * unit)) for r, m, b, e in zip(regions, means, effects, errors, strict=True)},
        "the mixed model's variance between participants is at or near 0" if ratio <= EDGE else "",
    )


@dataclass(frozen=True)
class _Sums:
    """What the likelihood of a random intercept hangs on: sums over all rows, and sums within each participant.

    Attributes:
        xx: (p, p) of the design's products.
        xy: (p,) of its products with the values.
        yy: Of the values' squares.
        n: (s,) rows of each participant.
        x: (s, p) sums of the design's rows in each.
        y: (s,) sums of the values in each.
    """

    xx: NDArray[np.float64]
    xy: NDArray[np.float64]
    yy: float
    n: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]

    @classmethod
    def of(cls, design: NDArray[np.float64], values: NDArray[np.float64], who: NDArray[np.object_]) -> _Sums:
        """From (n, p) design, (n,) values and (n,) participants."""
        own = np.stack([(who == subject).astype(np.float64) for subject in dict.fromkeys(who)])
        return cls(
            design.T @ design, design.T @ values, float(values @ values), own.sum(axis=1), own @ design, own @ values
        )

    def at(self, ratio: float) -> tuple[NDArray[np.float64], NDArray[np.float64], float, float]:
        """Effects (p,), their covariance (p, p) over the variance within, that variance, and -2 log REML but for a constant.

        With V = I + ratio 1 1' within a participant, V^-1 = I - ratio / (1 + n ratio) 1 1' and |V| = 1 + n ratio.
        """
        share = ratio / (1 + self.n * ratio)
        precision = self.xx - (self.x * share[:, None]).T @ self.x
        covariance = np.asarray(np.linalg.inv(precision), dtype=np.float64)
        effects: NDArray[np.float64] = covariance @ (self.xy - self.x.T @ (share * self.y))
        free = self.n.sum() - len(effects)
        rest = self.yy - 2 * effects @ self.xy + effects @ self.xx @ effects - share @ (self.y - self.x @ effects) ** 2
        within = float(max(float(rest), 1e-300) / free)
        fit = free * np.log(within) + np.log1p(self.n * ratio).sum() + np.linalg.slogdet(precision)[1]
        return effects, covariance, within, float(fit)


def _reml_ratio(sums: _Sums) -> float:
    """The ratio of variances under which the restricted likelihood is highest."""
    fits = np.array([sums.at(ratio)[3] for ratio in RATIOS])
    best = int(np.argmin(fits))
    if best in (0, len(RATIOS) - 1):
        return float(RATIOS[best])
    low, high = np.log(max(RATIOS[best - 1], RATIOS[1] / 10)), np.log(RATIOS[best + 1])
    found = minimize_scalar(
        lambda t: sums.at(np.exp(t))[3], bounds=(low, high), method="bounded", options={"xatol": 1e-10}
    )
    return float(np.exp(found.x))
