import numpy as np
import pandas as pd
import pytest

from brainalign.stats import compare

LONG = [
    "facebook/wav2vec2-large-960h-lv60-self",
    "gpt2",
    "EleutherAI/pythia-1.4b-deduped",
    "mel",
    "word_rate",
]
REGIONS = [
    "A1",
    "STG",
    "MTG",
    "SMC",
    "SMG",
    "IFG",
    "superior temporal sulcus",
    "angular gyrus (inferior part)",
]


@pytest.fixture(scope="session")
def make_scores():
    """Simulated scores of some models in some regions, a few of them NaN."""

    def make(models=("gpt2", "mel"), regions=("A1", "STG"), subjects=4, per_region=3, seed=0):
        rng = np.random.default_rng(seed)
        units = [
            (f"s{s}", f"{r}{e}", r, rng.gamma(2, 0.04))
            for s in range(subjects)
            for r in regions
            for e in range(per_region)
        ]
        rows = [
            {
                "model": m,
                "subject": s,
                "electrode": e,
                "region": r,
                "r": base * (1 - 0.15 * i) + rng.normal(0, 0.02),
            }
            for i, m in enumerate(models)
            for s, e, r, base in units
        ]
        table = pd.DataFrame(rows)
        table.loc[5::11, "r"] = np.nan
        return table.assign(r2=table["r"] ** 2 - 0.01)

    return make


@pytest.fixture(scope="session")
def make_layers():
    """A simulated layer table; the best layer of a model with k layers is k // 2."""

    def make(depths, subjects=3, electrodes=5, seed=0):
        rng = np.random.default_rng(seed)
        rows = [
            {"model": m, "layer": k, "subject": f"s{s}", "electrode": f"e{e}", "region": "A1"}
            | {"r": 0.1 - 0.05 * abs(k - n // 2) / n + 0.02 * s + rng.normal(0, 0.001)}
            for m, n in depths.items()
            for s in range(subjects)
            for e in range(electrodes + s)
            for k in range(n)
        ]
        table = pd.DataFrame(rows)
        table.loc[3::29, "r"] = np.nan
        return table

    return make


@pytest.fixture(scope="session")
def make_tests():
    """Tests of every model against the last one; the pooled paired t is what figures show."""

    def make(scores, score="r", primary="paired_t", correction="bonferroni"):
        models, regions = list(scores.model.unique()), list(scores.region.unique())
        contrasts = [(m, models[-1]) for m in models[:-1]]
        return compare(
            scores, contrasts, regions=regions, family="against the last x regions", score=score,
            primary=primary, correction=correction,
        )  # fmt: skip

    return make


@pytest.fixture
def canonical():
    """A simulated canonical table: 12 components, 3 folds."""
    rng = np.random.default_rng(0)
    rows = [
        {"component": c + 1, "fold": f, "in_sample": 0.95 - 0.02 * c, "null_95": 0.3 - 0.004 * c}
        | {"held_out": 0.9 * np.exp(-c / 4) + rng.normal(0, 0.01)}
        for f in range(3)
        for c in range(12)
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def example():
    """Times, response (with a gap), two predictions and words, all simulated."""
    rng = np.random.default_rng(0)
    times = 0.0125 + 0.02 * np.arange(150)
    actual = np.convolve(rng.normal(size=150), np.ones(8) / 3, "same")
    predictions = {"gpt2": 0.5 * actual + rng.normal(0, 0.4, 150), "mel": np.full(150, 0.2)}
    actual[60:66] = np.nan
    words = pd.DataFrame(
        {
            "word": ["the", "old", "fisherman", "carried", "a", "basket", "home"],
            "onset": np.linspace(0.1, 2.5, 7),
        }
    )
    return times, actual, predictions, words.assign(offset=words.onset + 0.3)


def artist(figure, gid):
    """The one thing in the figure with this id."""
    (found,) = figure.findobj(lambda a: a.get_gid() == gid)
    return found


@pytest.fixture(name="artist")
def artist_fixture():
    return artist
