"""The mixed model against statsmodels called by hand, and what it says where it cannot be fitted."""

import warnings

import numpy as np
import pytest
from scipy.stats import t as student
from statsmodels.formula.api import mixedlm

from brainalign.stats import compare
from brainalign.stats.mixed import _reml_ratio, _Sums, mixed_differences

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


def test_a_variance_at_its_edge_is_told_and_nothing_is_printed(differing):
    """Without any difference between participants the variance lies at its edge."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = [fit(differing(seed, slope=0.0)).loc["A1"] for seed in range(12)]
    told = {r.reason for r in rows}
    assert told == {"", "the mixed model's variance between participants is at or near 0"}
    assert all(r.unit == "mixed model" and np.isfinite(r.p) for r in rows)


def values(seed, subjects=6, electrodes=7, slope=1.0):
    """(differences, participants, regions), equally many electrodes in each participant's one region."""
    rng = np.random.default_rng(seed)
    who = np.repeat([f"p{i}" for i in range(subjects)], electrodes).astype(object)
    d = 0.3 + np.repeat(slope * rng.normal(size=subjects), electrodes) + rng.normal(size=len(who))
    return d, who, np.full(len(who), "A1", dtype=object)


@pytest.mark.parametrize("slope", [0.0, 0.4, 2.0])
@pytest.mark.parametrize("seed", range(5))
def test_with_equal_numbers_the_variances_are_those_of_anova(seed, slope):
    """REML is then in closed form: the standard error comes from the mean square between participants, or from all where that is less."""
    d, who, where = values(seed, slope=slope)
    effect, error = mixed_differences(d, who, where).effect["A1"]
    rows = d.reshape(6, 7)
    between = 7 * rows.mean(axis=1).var(ddof=1)
    within = rows.var(axis=1, ddof=1).mean()
    assert effect == pytest.approx(d.mean(), rel=1e-12)
    assert error == pytest.approx(np.sqrt((between if between > within else d.var(ddof=1)) / d.size), rel=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_no_ratio_of_variances_is_likelier_than_the_one_that_is_found(seed):
    rng = np.random.default_rng(seed)
    counts = rng.integers(2, 12, size=6)
    who = np.repeat([f"p{i}" for i in range(6)], counts).astype(object)
    where = np.array(["A1", "STG"], dtype=object)[rng.integers(0, 2, size=len(who))]
    d = np.repeat(rng.choice([0.0, 0.7]) * rng.normal(size=6), counts) + rng.normal(size=len(who))
    design = np.stack([where == "A1", where == "STG"], axis=1).astype(float)

    def deviance(ratio):
        """-2 log REML with the variance within profiled out, by whole matrices (Patterson and Thompson 1971)."""
        v = np.eye(len(d)) + ratio * (who[:, None] == who)
        xvx = design.T @ np.linalg.solve(v, design)
        b = np.linalg.solve(xvx, design.T @ np.linalg.solve(v, d))
        rest = (d - design @ b) @ np.linalg.solve(v, d - design @ b)
        return (len(d) - 2) * np.log(rest) + np.linalg.slogdet(v)[1] + np.linalg.slogdet(xvx)[1]

    found = _reml_ratio(_Sums.of(design, d, who))
    assert deviance(found) <= min(deviance(r) for r in np.r_[0.0, np.logspace(-4, 4, 400)]) + 1e-9


def test_scores_that_differ_in_the_seventh_digit_have_the_same_p(differing):
    """Near a variance of 0 a general optimiser ends in different places: p went from .0009 to .0022."""
    for seed in range(12):
        d, who, where = values(seed, slope=0.1)
        other = d + 1e-7 * np.random.default_rng(seed).normal(size=d.size)
        (a, s), (b, t) = (mixed_differences(x, who, where).effect["A1"] for x in (d, other))
        assert a / s == pytest.approx(b / t, rel=1e-4)


def test_electrodes_that_do_not_differ_within_a_participant_are_told():
    who = np.repeat(["p1", "p2", "p3"], 4).astype(object)
    found = mixed_differences(np.repeat([0.1, 0.2, 0.4], 4), who, np.full(12, "A1", dtype=object))
    assert not found.effect and found.reason.endswith("the electrodes of a participant do not differ")
