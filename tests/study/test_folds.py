"""A fixed test set, and the first frames of stories: what is fitted, what is scored, and what the lags see."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import soundfile

from brainalign.data.frames.responses import responses_on_frames
from brainalign.data.sound.audio import Audio
from brainalign.data.splits.test_set import _Content
from brainalign.data.splits.test_set import fixed_test as fixed
from brainalign.data.types import CHANNEL_COLUMNS, Dataset, Presentation, Recording, Stimulus
from brainalign.encoding.nested import fit_outer
from brainalign.errors import BrainalignError
from brainalign.features.cache import FeatureCache
from brainalign.features.representation import Representation
from brainalign.features.words.timed import WordRate
from brainalign.stats.ceiling import noise_ceilings
from brainalign.study.folds import settled
from brainalign.study.study import Study

LAGS = 3
KERNEL = np.array([0.5, 1.0, -0.7])


def story(name, seconds=80.0, every=0.7, seed=0):
    rng = np.random.default_rng([seed, *name.encode()])
    onsets = np.cumsum(every * rng.uniform(0.3, 1.7, size=int(seconds / every)))
    onsets = onsets[onsets < seconds - 0.2]
    said = [f"{name}{k}" for k in range(len(onsets))]
    return Stimulus(name, seconds, pd.DataFrame({"word": said, "onset": onsets, "offset": onsets + 0.1}))


def counts(stimulus, times):
    return np.array([((stimulus.words["onset"] >= t - 1) & (stimulus.words["onset"] < t + 1)).sum() for t in times])


def scan(stimulus, cut=0, noise=0.0, repeat=0, channels=2, seed=0):
    """Volumes every 2 s, the first ``cut`` of them thrown away; each is the lagged count of words in its slot."""
    rng = np.random.default_rng([seed, repeat, *stimulus.id.encode()])
    times = 1.0 + 2.0 * np.arange(int(stimulus.duration / 2))
    x = counts(stimulus, times).astype(float)
    clean = np.convolve(x, KERNEL)[: len(x)]
    y = clean[:, None] + noise * rng.normal(size=(len(x), channels))
    return Presentation(stimulus.id, repeat, y[cut:], 0.5, times[cut])


def people(presentations, subject="p"):
    n = presentations[0].response.shape[1]
    channels = pd.DataFrame({"subject": subject, "electrode": [f"V{k}" for k in range(n)], "region": "STG"})
    channels[["hemisphere", "x", "y", "z"]] = ["L", 0.0, 0.0, 0.0]
    return Recording(subject, channels[list(CHANNEL_COLUMNS)], presentations)


def dataset(stimuli, *recordings, **more):
    return Dataset("stories", {s.id: s for s in stimuli}, recordings, **more)


def study(data, **more):
    options = {"tmin": 0, "tmax": LAGS - 1, "lag_unit": "samples", "rate": None, "alphas": [1e-3], "outer_folds": 3}
    return Study(data, **{**options, **more})


def word_rate(data, tmp_path):
    return Representation(WordRate("word_rate"), data.stimuli, data.stimuli_digest, FeatureCache(tmp_path))


NAMES = [f"story{k}" for k in range(5)]


@pytest.fixture(scope="module")
def stories():
    return [story(name) for name in NAMES]


def test_the_first_window_of_a_story_is_neither_fitted_nor_scored(stories, tmp_path):
    """What lies in the first frames, be it a thousand times the rest, moves nothing."""
    data = dataset(stories, people([scan(s, noise=1.0) for s in stories]))
    wild = [replace(p, response=p.response.copy()) for p in data.recordings[0].presentations]
    for p in wild:
        p.response[:LAGS] = 1e3
    tables = []
    for presentations in (data.recordings[0].presentations, wild):
        here = study(dataset(stories, people(presentations)))
        tables.append(here.scores(word_rate(here.dataset, tmp_path)))
        assert any("first 3 frames" in note and "5 stimuli" in note for note in here.notes)
    pd.testing.assert_frame_equal(*tables)
    assert (tables[0]["n_frames"][tables[0]["rule"] == "nested"] == 5 * (40 - LAGS)).all()


def test_skip_can_be_set_and_sentences_lose_nothing(stories, tmp_path):
    data = dataset(stories, people([scan(s, noise=1.0) for s in stories]))
    rows = {n: np.isfinite(np.vstack(study(data, skip=n).responses.values)[:, 0]).sum() for n in (0, 7)}
    assert rows == {0: 5 * 40, 7: 5 * 33}
    short = [story(name, seconds=40.0) for name in NAMES]
    kept = study(dataset(short, people([scan(s) for s in short])))
    assert np.isfinite(np.vstack(kept.responses.values)).all() and not kept.skipped


def test_words_before_the_first_volume_reach_it_through_the_lags(stories, tmp_path):
    """Ten seconds were cut off the front of each run; without noise the cut runs are predicted to the last digit."""
    data = dataset(stories, people([scan(s, cut=5) for s in stories]))
    here = study(data, skip=0)
    grid = here.responses.grids["story0"]
    assert (grid.start, grid.n) == (11.0 - 2.0 * (LAGS - 1), 40 - 5 + LAGS - 1)
    scores = here.scores(word_rate(data, tmp_path))
    assert scores["r2"].min() > 1 - 1e-9 and (scores["n_frames"].dropna().max()) == 5 * 35
    # a grid that begins with the first volume sees silence where words were
    blind = responses_on_frames(data, None)
    assert blind.grids["story0"].start == 11.0


def test_nothing_is_added_where_nothing_was_heard():
    """A run that begins before the story, or with it, keeps its frames."""
    late = story("late")
    late.words["onset"] += 20.0
    late.words["offset"] += 20.0
    quiet = Stimulus("late", 100.0, late.words)
    (grid,) = study(dataset([quiet], people([scan(quiet)])), outer_folds=3).responses.grids.values()
    assert (grid.start, grid.n) == (1.0, 50)


def test_windows_that_look_ahead_find_the_words_after_the_last_volume(stories):
    data = dataset(stories, people([replace(scan(s), response=scan(s).response[:30]) for s in stories]))
    grid = study(data, tmin=-2, tmax=0, skip=0).responses.grids["story0"]
    assert (grid.start, grid.n) == (1.0, 32)


@pytest.fixture(scope="module")
def repeated(stories):
    """Five stories once, one of them six times: the classical test story."""
    once = [scan(s, noise=1.5, channels=30) for s in stories if s.id != "story2"]
    again = [scan(stories[2], noise=1.5, repeat=n, channels=30) for n in range(6)]
    return dataset(stories, people([*once, *again]))


def test_the_test_story_is_scored_once_in_the_mean_of_its_presentations(repeated, tmp_path):
    """Against scikit-learn on the literal lagged matrix: fitted on the four other stories, scored on the average."""
    from sklearn.linear_model import Ridge

    from brainalign.linalg.lags import lag_matrix

    here = study(repeated, test=fixed(repeated, ["story2"]), alphas=[20.0])
    found = here.scores(word_rate(repeated, tmp_path))
    by = {p.stimulus: p for p in repeated.recordings[0].presentations}
    mean = np.mean([p.response for p in repeated.recordings[0].presentations if p.stimulus == "story2"], axis=0)
    times = by["story0"].start + 2.0 * np.arange(40)
    x = {s: counts(repeated.stimuli[s], times)[:, None].astype(float) for s in NAMES}
    train = [s for s in NAMES if s != "story2"]
    rows = np.vstack([x[s][LAGS:] for s in train])
    z = {s: (v - rows.mean()) / rows.std() for s, v in x.items()}
    big = {s: lag_matrix(v, np.arange(LAGS))[LAGS:] for s, v in z.items()}
    model = Ridge(20.0).fit(np.vstack([big[s] for s in train]), np.vstack([by[s].response[LAGS:] for s in train]))
    guess = model.predict(big["story2"])
    r = [np.corrcoef(a, b)[0, 1] for a, b in zip(guess.T, mean[LAGS:].T, strict=True)]
    nested = found[found["rule"] == "nested"]
    np.testing.assert_allclose(nested["r"], r, atol=1e-5)
    assert (nested["n_frames"] == 40 - LAGS).all() and (nested["n_folds"] == 1).all()


def test_alpha_is_chosen_on_training_stories_alone(repeated, tmp_path):
    """Another test response changes the score and nothing that was chosen; other training responses change the choice."""
    alphas = [1.0, 1e2, 1e4]
    base = study(repeated, test=["story2"], alphas=alphas)
    fitted = fit_outer(base.design, base.frames(word_rate(repeated, tmp_path), 0), base.lags, alphas)
    assert fitted.r.shape == (1, 30)

    def changed(which, seed=1):
        rng = np.random.default_rng(seed)
        presentations = [
            replace(p, response=rng.normal(size=p.response.shape) if which(p.stimulus) else p.response)
            for p in repeated.recordings[0].presentations
        ]
        here = study(dataset(repeated.stimuli.values(), people(presentations)), test=["story2"], alphas=alphas)
        return fit_outer(here.design, here.frames(word_rate(here.dataset, tmp_path), 0), here.lags, alphas)

    other = changed(lambda s: s == "story2")
    np.testing.assert_array_equal(other.alpha, fitted.alpha)
    np.testing.assert_allclose(other.inner, fitted.inner, rtol=1e-6)
    assert not np.allclose(other.r, fitted.r)
    assert not np.array_equal(changed(lambda s: s != "story2").alpha, fitted.alpha)


def test_the_ceiling_is_that_of_the_averaged_test_story(repeated):
    here = study(repeated, test=["story2"])
    heard = np.stack([p.response[LAGS:] for p in repeated.recordings[0].presentations if p.stimulus == "story2"])
    single = noise_ceilings([heard], seed=here.seed)
    np.testing.assert_allclose(here.ceilings["ceiling"], single["ceiling_n"], rtol=1e-9)
    assert (here.ceilings["ceiling"] > single["ceiling"]).all()
    signal = np.convolve(counts(repeated.stimuli["story2"], 1.0 + 2.0 * np.arange(40)), KERNEL)[LAGS:40].var()
    truth = signal / (signal + 1.5**2 / 6)
    assert here.ceilings["ceiling"].mean() == pytest.approx(truth, abs=0.05)
    assert "test" not in "".join(note for note in here.notes if "No stimulus was presented more than once" in note)


def test_presentations_that_stopped_do_not_raise_the_ceiling_of_their_mean(stories):
    """The mean has the noise of one trial in what was heard once, of a tenth in the begin: sigma^2 mean(1 / n) in all that is scored."""
    begin, times = 15, 10
    once = [scan(s, noise=2.0, channels=4) for s in stories if s.id != "story2"]
    again = [scan(stories[2], noise=2.0, repeat=n, channels=4) for n in range(times)]
    for p in again[1:]:
        p.response[LAGS + begin :, :3] = np.nan  # the last channel goes on
    here = study(dataset(stories, people([*once, *again])), test=["story0", "story2"])
    rows = 40 - LAGS
    rho = noise_ceilings([np.stack([p.response[LAGS:] for p in again])], seed=here.seed)["ceiling"]
    share = np.array([begin / times + (rows - begin) + rows] * 3 + [rows / times + rows]) / (2 * rows)
    np.testing.assert_allclose(here.ceilings["ceiling"], rho / (rho + share * (1 - rho)), rtol=1e-9)
    assert (10 * rho / (1 + 9 * rho) > 3 * here.ceilings["ceiling"])[:3].all()  # were all of it heard ten times


def test_a_column_of_the_table_of_stimuli_names_the_test_set(repeated):
    table = {s: {"split": "test" if s == "story2" else "train", "odd": "maybe"} for s in NAMES}
    data = replace(repeated, stimulus_table=table)
    assert fixed(data, "split") == ["story2"]
    for asked, why in (
        ("splits", "no column of the table of stimuli; did you mean 'split'"),
        ("story2", r"a single stimulus is written encoding.test=\[story2\]"),
        ("odd", "stimulus 'story0' has the value 'maybe' there; it must be test or train"),
        (["story9"], "'story9' is none of the 5 stimuli that were heard; did you mean"),
        (NAMES, "some must be scored and others left to train on"),
    ):
        with pytest.raises(BrainalignError, match=why):
            fixed(data, asked)
    with pytest.raises(BrainalignError, match=r"there is no such table \(stimuli.tsv"):
        fixed(repeated, "split")


def test_a_test_story_in_training_by_another_name_is_refused(stories):
    twin = replace(stories[2], id="story2_run2")
    near = Stimulus("near", 80.0, stories[2].words.iloc[3:].reset_index(drop=True))
    for copy, said in ((twin, "has the same words"), (near, "% of its words")):
        data = dataset([*stories, copy], people([scan(s) for s in (*stories, copy)]))
        with pytest.raises(BrainalignError, match=f"'story2' is in training by another name: '{copy.id}' .*{said}"):
            fixed(data, ["story2"])
        assert fixed(data, ["story2", copy.id]) == ["story2", copy.id]


def test_the_same_sound_is_known_at_another_level_and_format(stories, tmp_path):
    rng = np.random.default_rng(0)
    sounds = [rng.normal(size=160_000).astype(np.float32) / 10 for _ in range(2)]
    soundfile.write(tmp_path / "quiet.flac", 0.3 * np.stack([sounds[0]] * 2, 1), 16_000)
    there = [Audio(samples=sounds[0]), Audio(samples=sounds[1]), Audio(tmp_path / "quiet.flac")]
    named = [Stimulus(n, 10.0, audio=a) for n, a in zip("abc", there, strict=True)]
    contents = [_Content.of(s) for s in named]
    assert contents[0].same(contents[2]) == "has the same sound"
    assert contents[0].same(contents[1]) == "" and contents[1].same(contents[2]) == ""


def test_too_few_training_stories_are_one_sentence(stories):
    data = dataset(stories, people([scan(s) for s in stories]))
    with pytest.raises(
        BrainalignError, match=r"encoding.test leaves 2 stimuli to train on, but encoding.outer_folds=3"
    ):
        study(data, test=NAMES[:3]).check()


def test_one_stimulus_is_cut_into_blocks_but_for_a_passage_of_sentences():
    assert settled("auto", 1, test=False) == "blocks" and settled("auto", 1, test=False, timed=False) == "stimulus"
