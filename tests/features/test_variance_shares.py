"""Where variance lies, against closed forms; clocks, sinks, and clipping that learns nothing."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.base import Rows
from brainalign.features.cache import FeatureCache
from brainalign.features.checkpoints.checkpoint import Checkpoint, Loading
from brainalign.features.checkpoints.positions import check_positions
from brainalign.features.checkpoints.tiny import tiny_gpt2
from brainalign.features.clip import ClippedExtractor
from brainalign.features.language.model import LanguageModel
from brainalign.features.representation import Representation
from brainalign.features.speech.model import SpeechModel
from brainalign.features.variance_shares import common_variance, variance_shares
from brainalign.study.outliers import add_outliers
from brainalign.study.result import AnalysisResult


def rows_of(*parts):
    return {
        f"s{i}": Rows(p, np.arange(len(p), dtype=float), np.arange(len(p), dtype=float)) for i, p in enumerate(parts)
    }


def test_shares_against_other_ways_to_compute_them():
    rng = np.random.default_rng(0)
    parts = [rng.standard_t(5, size=(n, 12)) * np.arange(1, 13) for n in (80, 120, 40)]
    found = variance_shares(rows_of(*parts))
    values = np.concatenate(parts)
    z = stats.zscore(values)
    power = (z**2).sum(1)
    assert found.kurtosis == pytest.approx(stats.kurtosis(values, axis=0).mean())
    assert found.top_rows == pytest.approx(np.sort(power)[-3:].sum() / power.sum())
    assert found.top_dims == pytest.approx(values.var(0).max() / values.var(0).sum())
    assert found.first_rows == pytest.approx(power[[0, 80, 200]].sum() / power.sum())
    assert found.first_fair == 3 / 240 and not found.first_dominate


def test_every_extraction_keeps_them_with_the_layer(tmp_path):
    rng = np.random.default_rng(3)
    stimuli = {s: said_of(s, rng) for s in ("a", "b", "c")}
    cache = FeatureCache(tmp_path)
    made = [Representation(LanguageModel(*tiny_gpt2(), {}, "m", layers=[1, 4]), stimuli, "d", cache) for _ in "12"]
    assert made[0].variance_shares(4) is None
    for layer in (1, 4):
        assert made[0].rows(layer) and made[1].variance_shares(layer) == variance_shares(made[0].rows(layer))
    result = AnalysisResult()
    add_outliers(result, made[1:])
    table = result.tables["outliers"].set_index("layer")
    assert table.loc[4, "kurtosis"] == made[0].variance_shares(4).kurtosis and list(table["model"]) == ["m", "m"]
    worst = table["kurtosis"].idxmax()
    assert (
        f"excess kurtosis {table.loc[worst, 'kurtosis']:.2g} (layer {worst})"
        in dict(result.rows)["m: outliers, most of any layer"]
    )


def said_of(name, rng):
    words = ["".join(rng.choice(list("aeiostr"), 4)) for _ in range(12)]
    onset = 0.5 * np.arange(12.0)
    return Stimulus(name, 7.0, pd.DataFrame({"word": words, "onset": onset, "offset": onset + 0.4}))


def test_common_variance_is_the_planted_share():
    """Rows = clock + stimulus's own: the share is that of the clock's variance; independent rows have none."""
    rng = np.random.default_rng(1)
    clock = rng.normal(size=(400, 30))
    for share in (0.0, 0.3, 0.9):
        parts = [np.sqrt(share) * clock[:n] + np.sqrt(1 - share) * rng.normal(size=(n, 30)) for n in (400, 400, 300)]
        assert common_variance(rows_of(*parts)) == pytest.approx(share, abs=0.03)
    assert np.isnan(common_variance(rows_of(clock)))
    shifted = 1e6 + 1e-3 * clock  # no unit changes it
    assert common_variance(rows_of(shifted, shifted)) == pytest.approx(1, abs=1e-6)


def test_constant_dimensions_and_empty_stimuli_count_nothing():
    values = np.random.default_rng(2).normal(size=(50, 3))
    with_constant = np.hstack([values, np.full((50, 1), 7.0)])
    one, other = (variance_shares(rows_of(v[:30], v[30:], v[:0])) for v in (values, with_constant))
    assert one.kurtosis == pytest.approx(other.kurtosis) and one.common == pytest.approx(other.common)
    assert all(np.isnan(variance_shares(rows_of(np.ones((5, 2))))))


def test_clipping_bounds_each_row_by_itself():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(20, 64)).astype(np.float32)
    values[0, :3] = [900, -900, 400]
    found = ClippedExtractor.values(values, 6.0)
    assert found.dtype == np.float32 and np.array_equal(found[1:], values[1:]) and np.abs(found[0]).max() < 12
    z = np.abs(found[0] - np.median(values[0])) / stats.median_abs_deviation(values[0], scale="normal")
    assert z.max() == pytest.approx(6, rel=1e-3)
    alone = np.vstack([ClippedExtractor.values(row[None], 6.0) for row in values])
    assert np.array_equal(found, alone)  # nothing is learned from other rows
    assert np.array_equal(ClippedExtractor.values(np.eye(8), 6.0), np.eye(8))  # half of a row is one value
    with pytest.raises(BrainalignError, match="features.clip=0.5 is impossible"):
        ClippedExtractor(LanguageModel(*tiny_gpt2(), {}, "tiny"), 0.5)


def test_clipping_is_part_of_the_identity_and_said(said):
    plain = LanguageModel(*tiny_gpt2(), {}, "tiny", layers=[2])
    clipped = ClippedExtractor(plain, 2.0)
    assert clipped.identity() != plain.identity() and clipped.identity() != ClippedExtractor(plain, 3.0).identity()
    assert (
        "clipped at 2 robust standard deviations of their row" in clipped.describe()
        and clipped.receptive_field == plain.receptive_field
    )
    own, other = (dict(e.extract([said("so", "it")]))["s1"][2].values for e in (plain, clipped))
    assert np.array_equal(ClippedExtractor.values(own, 2.0), other) and not np.array_equal(own, other)


def test_first_words_that_dominate_are_told(said, tmp_path, trained):
    """SmolLM2 on short texts without a begin token: one sentence; with it: none."""
    stimuli = {f"s{i}": said(*f"this is text number {i} of a few".split(), name=f"s{i}") for i in range(6)}
    for begin in ("none", "auto"):
        extractor = LanguageModel.from_folder(trained / "smollm2_135m", "smollm2", layers=[15], begin=begin)
        found = Representation(extractor, stimuli, "digest", FeatureCache(tmp_path / begin))
        for _ in range(2):
            found.rows(15)
        told = [note for note in found.notes if "first words hold" in note]
        assert len(told) == (begin == "none"), found.notes


def test_an_untrained_whisper_is_a_clock_and_without_positions_none(trained, heard):
    """Two different sounds: nearly all variance is common by frame, unless the table of positions is taken away."""
    sounds = [heard(2.0, "a", 1), heard(2.0, "b", 2)]
    share = {}
    for positions in (True, False):
        loading = Loading("untrained", 0, positions=positions)
        extractor = SpeechModel.from_folder(trained / "whisper_tiny_en", "w", loading, layers=[4])
        share[positions] = common_variance({s: layers[4] for s, layers in extractor.extract(sounds)})
        assert ("without positions" in extractor.describe()) == (not positions)
    assert share[True] > 0.95 and share[False] < 0.5, share


def test_a_model_without_a_table_of_positions_is_one_sentence(speech_folder, language_folder):
    language, speech = (Checkpoint(f, "AutoModel", "").config for f in (language_folder, speech_folder))
    check_positions(language)
    with pytest.raises(BrainalignError, match="type wav2vec2 has no table of positions"):
        check_positions(speech)


def test_a_control_that_is_a_clock_is_named_with_a_fairer_one():
    from types import SimpleNamespace

    from brainalign.analysis.controls.run import _warn_of_clocks
    from brainalign.study.result import AnalysisResult

    result, model = AnalysisResult(), SimpleNamespace(name="whisper", unit="frames")
    _warn_of_clocks(result, {"whisper": 0.9, "untrained": 0.997, "rerandomized": 0.97}, model)
    assert [w.split(",")[0] for w in result.warnings] == ["Of the control rerandomized", "Of the control untrained"]
    assert all("99.7%" in w or "97.0%" in w for w in result.warnings)
    assert all("same frame number" in w and "fairer control is untrained_no_position" in w for w in result.warnings)
