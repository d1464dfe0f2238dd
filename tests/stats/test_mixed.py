"""The mixed model against statsmodels called by hand, and what it says where it cannot be fitted."""

import warnings

import numpy as np
import pytest
from scipy.stats import t as student
from statsmodels.formula.api import mixedlm

from brainalign.stats import compare

REGIONS = ["A1", "STG"]


def fit(scores, **options):
    return compare(scores, [("a", "b")], regions=REGIONS, family="f", tests=["mixed"], **options).set_index("region")


@pytest.mark.parametrize("seed", range(3))
def test_equals_the_whole_model_in_statsmodels_where_participants_have_equally_many_electrodes(differing, seed):
    """score ~ model * region + (1 + model | subject) + (1 | subject:electrode), by formula and vc_formula."""
    scores = differing(seed, subjects=7, per_region=(4, 4), effect=0.4)
    table = scores.assign(x=scores.model.map({"a": 0.5, "b": -0.5}))
    whole = mixedlm(
        "r ~ x * C(region)", table, groups="subject", re_formula="~x", vc_formula={"electrode": "0 + C(electrode)"}
    ).fit(reml=True)  # fmt: skip
    assert whole.converged
    covariance, more = whole.cov_params(), "x:C(region)[T.STG]"
    contrasts = {"A1": ["x"], "STG": ["x", more]}
    found = fit(scores)
    for region, names in contrasts.items():
        effect = whole.fe_params[names].sum()
        error = np.sqrt(covariance.loc[names, names].to_numpy().sum())
        row = found.loc[region]
        assert row.unit == "mixed model" and row.df == 6
        assert row.mean_difference == pytest.approx(effect, abs=1e-4)
        assert row.t == pytest.approx(effect / error, rel=1e-3)
        assert row.p == pytest.approx(2 * student.sf(abs(effect / error), 6), rel=5e-3)
        assert row.ci_high - row.ci_low == pytest.approx(2 * student.ppf(0.975, 6) * error, rel=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_equals_statsmodels_on_the_differences_where_electrodes_are_uneven(differing, seed):
    scores = differing(seed, subjects=8, per_region=(6, 6), effect=0.4, uneven=True)
    wide = scores.pivot(index=["subject", "electrode", "region"], columns="model", values="r").reset_index()
    wide["d"] = wide.a - wide.b
    by_hand = mixedlm("d ~ 0 + C(region)", wide, groups="subject").fit(reml=True)
    same = wide.subject.to_numpy()[:, None] == wide.subject.to_numpy()
    variance = by_hand.cov_re.iloc[0, 0] * same + by_hand.scale * np.eye(len(wide))
    x = np.stack([wide.region == r for r in REGIONS], axis=1).astype(float)
    errors = np.sqrt(np.diag(np.linalg.inv(x.T @ np.linalg.solve(variance, x))))
    found = fit(scores)
    for region, error in zip(REGIONS, errors, strict=True):
        name = f"C(region)[{region}]"
        row = found.loc[region]
        assert row.mean_difference == pytest.approx(by_hand.fe_params[name], abs=1e-4)
        assert row.t == pytest.approx(by_hand.fe_params[name] / error, rel=1e-3)
        # statsmodels takes the observed information, which differs a little where electrodes are uneven
        assert row.t == pytest.approx(by_hand.tvalues[name], rel=2e-2)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"subjects": 2}, "a mixed model needs at least 3 participants, there are 2: participants' mean differences instead"),
        ({"subjects": 6, "per_region": (1,)}, "one value a participant"),
    ],
)  # fmt: skip
def test_without_a_fit_the_participants_means_stand_and_say_so(differing, options, reason):
    scores = differing(0, **options)
    row = fit(scores).loc["A1"]
    flipped = compare(scores, [("a", "b")], regions=["A1"], family="f", tests=["sign_flip"]).iloc[0]
    assert row.unit == "participants" and reason in row.reason
    assert row.df == options["subjects"] - 1
    assert (row.mean_difference, row.t) == (flipped.mean_difference, flipped.t)


def test_warnings_of_statsmodels_are_told_not_printed(differing):
    """Without any difference between participants the variance lies at its edge."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = [fit(differing(seed, slope=0.0)).loc["A1"] for seed in range(12)]
    told = {r.reason for r in rows}
    assert "the mixed model's variance between participants is at or near 0" in told
    assert any(r.startswith("the mixed model did not converge: participants' mean") for r in told)
    assert all((r.unit == "participants") == ("instead" in r.reason) for r in rows)
    assert all(np.isfinite(r.p) for r in rows)
