"""Planted truth: closed forms of simulated electrodes, what is said of them, and their marks in figures."""

import io

import numpy as np
import pandas as pd
import pytest

from brainalign.data.simulated import simulate
from brainalign.features.planted.mixtures import PlantedLanguage, PlantedSpeech
from brainalign.figures import layer_profile, region_bars
from brainalign.study.planted_found import add_truth, planted_table
from brainalign.study.planted_truth import carried, layers_with_truth, pairs_with_truth, with_truth
from brainalign.study.result import AnalysisResult

RHO, LEXICAL, CONTEXTUAL = 0.5, 0.4, 0.2
MODEL = "planted_language"


class Held:
    """A representation of an extractor."""

    def __init__(self, extractor):
        self.extractor, self.name = extractor, "one"


@pytest.fixture(scope="module")
def data():
    return simulate(subjects=1, electrodes=5, sentences=6, repeated=0, silent_fraction=0.0)


@pytest.fixture
def scores():
    """Six participants of two electrodes each: of what was planted in each space, a tenth is lost."""
    rows = []
    for person in range(6):
        for electrode in range(2):
            rho = RHO + 0.01 * person
            channel = {
                "subject": f"p{person}", "electrode": f"e{electrode}", "region": "STG", "rho_true": rho, "ceiling": rho,
                "share_acoustic": 0.4, "share_phonetic": 0.0, "share_lexical": LEXICAL, "share_contextual": CONTEXTUAL,
            }  # fmt: skip
            for space, latents in (
                ("full", {"lexical", "contextual"}),
                ("shared", {"lexical"}),
                ("rest", {"contextual"}),
            ):
                row = with_truth(pd.DataFrame([channel]), latents)
                rows.append(row.assign(model=MODEL, space=space, rule="nested", r2=0.9 * row["r2_planted"]))
    return pd.concat(rows, ignore_index=True)


def test_planted_models_say_what_they_carry(data):
    assert carried(Held(PlantedLanguage(data))) == {"lexical", "contextual"}
    assert carried(Held(PlantedSpeech(data))) == {"lexical", "acoustic", "phonetic"}
    assert carried(Held(object())) is None
    assert carried(None) is None


def test_a_model_of_unknown_content_has_no_truth(scores):
    plain = scores.drop(columns=["r2_planted", "r2_normalized_planted"])
    assert with_truth(plain, None) is plain
    recorded = plain[["subject", "electrode", "r2"]]
    assert with_truth(recorded, {"lexical"}) is recorded


def test_only_the_layer_that_is_best_by_construction_has_a_truth(data):
    model = Held(PlantedLanguage(data))
    channels = data.recordings[0].channels
    layers = pd.concat([channels[["subject", "electrode"]].assign(layer=n) for n in range(5)], ignore_index=True)
    found = layers_with_truth(layers, channels, model)
    assert set(found.loc[found["r2_planted"].notna(), "layer"]) == {3}
    best = found.loc[found["layer"] == 3, "r2_planted"].to_numpy()
    np.testing.assert_allclose(best, channels["rho_true"] * (channels["share_lexical"] + channels["share_contextual"]))


def test_planted_and_found_are_shares_of_the_explainable_variance(scores):
    table = planted_table(scores, "nested").set_index(["space", "region"])
    assert table.loc[("shared", "all"), "planted"] == pytest.approx(LEXICAL)
    assert table.loc[("rest", "all"), "planted"] == pytest.approx(CONTEXTUAL)
    assert table.loc[("full", "STG"), "found"] == pytest.approx(0.9 * (LEXICAL + CONTEXTUAL))
    assert (table["participants"] == 6).all()


def test_the_first_sentence_says_planted_and_found(scores):
    result = AnalysisResult(tables={"scores": scores}, found="Then the rest.")
    add_truth(result, "nested")
    assert "planted 0.40 shared, found 0.36 [0.36, 0.36]; planted 0.20 in the rest, found 0.18" in result.found
    assert result.found.endswith("Then the rest.")
    assert next(iter(result.tables)) == "planted"
    assert [what.split(":")[0] for what, _ in result.summary] == [
        f"{MODEL} {space}" for space in ("shared", "rest", "full")
    ]


def test_a_run_of_real_models_says_nothing_of_it(scores):
    plain = scores.drop(columns=["r2_planted", "r2_normalized_planted"])
    result = AnalysisResult(tables={"scores": plain}, found="What was found.")
    add_truth(result, "nested")
    assert list(result.tables) == ["scores"]
    assert result.found == "What was found."


def marks(figure):
    """The SVG ids that begin with planted."""
    text = io.StringIO()
    figure.savefig(text, format="svg")
    return {part.split('"')[0] for part in text.getvalue().split('<g id="') if part.startswith("planted")}


def test_figures_mark_the_truth_where_there_is_one(scores):
    shown = scores.assign(model=scores["model"] + " " + scores["space"])
    figure, caption = region_bars(shown, None, "r2")
    assert marks(figure) == {f"planted STG {MODEL} {space}" for space in ("full", "shared", "rest")}
    assert "diamond: the planted mean" in caption
    (mark,) = (line for line in figure.axes[0].lines if line.get_gid() == f"planted STG {MODEL} shared")
    assert mark.get_ydata()[0] == pytest.approx(scores.loc[scores["space"] == "shared", "r2_planted"].mean())
    plain, caption = region_bars(shown.drop(columns="r2_planted"), None, "r2")
    assert not marks(plain)
    assert "planted mean" not in caption


def test_the_profile_over_layers_marks_the_planted_layer(scores):
    full = scores[scores["space"] == "full"]
    layers = pd.concat([full.assign(layer=n, r2_planted=full["r2_planted"] if n == 1 else np.nan) for n in range(3)])
    figure, _ = layer_profile(layers, "r2")
    (mark,) = (line for line in figure.axes[0].lines if line.get_gid() == f"planted {MODEL}")
    assert mark.get_xdata()[0] == 1
    assert mark.get_ydata()[0] == pytest.approx(full["r2_planted"].mean())


def test_pairs_have_the_squared_correlation_of_what_was_planted():
    rng = np.random.default_rng(0)
    shares = {"acoustic": 0.3, "phonetic": 0.2, "lexical": 0.4, "contextual": 0.1}
    latents = {name: np.sqrt(share) * rng.normal(size=200_000) for name, share in shares.items()}
    held = {"language": {"lexical", "contextual"}, "speech": {"acoustic", "phonetic", "lexical"}, "mel": None}
    one, other = (sum(latents[n] for n in held[m]) for m in ("language", "speech"))
    rows = pd.DataFrame([("language", "speech"), ("language", "mel")], columns=["model_a", "model_b"])
    rows = rows.assign(
        similarity=0.1, region="STG", subject="p", electrode="e", **{f"share_{n}": s for n, s in shares.items()}
    )
    rows = rows.assign(model=rows["model_a"] + " x " + rows["model_b"])
    found = pairs_with_truth(rows, held)
    truth = found["similarity_planted"]
    assert truth[0] == pytest.approx(np.corrcoef(one, other)[0, 1] ** 2, abs=0.005) and np.isnan(truth[1])
    figure, caption = region_bars(found, None, "similarity")
    marks = [a for a in figure.axes[0].lines if (a.get_gid() or "").startswith("planted")]
    assert [m.get_ydata()[0] for m in marks] == [truth[0]] and "diamond: the planted mean" in caption
    assert "similarity_planted" not in pairs_with_truth(rows, {"language": None})
    silent = pairs_with_truth(rows.assign(**{f"share_{n}": 0.0 for n in shares}), held)
    assert silent["similarity_planted"].isna().all()
