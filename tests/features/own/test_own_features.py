"""model=features: what is read from every format is what was written, and what cannot be the stimuli's is refused in a sentence."""

import h5py
import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file
from scipy.io import savemat

from brainalign.assembly import model_settings
from brainalign.config import composed
from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.own.extractor import OwnFeatures
from brainalign.models import control_of

RNG = np.random.default_rng(0)
DURATIONS = {"s1": 2.0, "s2": 3.0, "s3": 4.2}
FRAMES = {s: RNG.normal(size=(round(50 * d), 3)).astype(np.float32) for s, d in DURATIONS.items()}


def words_of(n):
    onset = 0.1 + 0.5 * np.arange(n)
    return pd.DataFrame({"word": [f"w{i}" for i in range(n)], "onset": onset, "offset": onset + 0.4})


STIMULI = {s: Stimulus(s, d, words_of(n)) for (s, d), n in zip(DURATIONS.items(), (3, 5, 7), strict=True)}


def read(path, stimuli=STIMULI, **options):
    own = OwnFeatures(str(path), stimuli, **options)
    for stimulus in stimuli.values():
        own.check(stimulus)
    return own, dict(own.extract(list(stimuli.values())))


def written(folder, kind):
    """Path of the same arrays in each format."""
    path = folder / f"own.{kind}"
    if kind == "npz":
        np.savez(path, rate=50.0, **FRAMES)
    elif kind == "h5":
        with h5py.File(path, "w") as file:
            file.attrs["rate"] = 50.0
            for s, values in FRAMES.items():
                file[s] = values
    elif kind == "mat":
        savemat(path, {"rate": 50.0, **FRAMES})
    elif kind == "mat of v7.3":
        path = folder / "own.mat"
        with h5py.File(path, "w", userblock_size=512) as file:
            for name, values in {"rate": np.full((1, 1), 50.0), **FRAMES}.items():
                file.create_dataset(name, data=values.T).attrs["MATLAB_class"] = np.bytes_("double")
        with path.open("r+b") as file:
            file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(116) + bytes(8) + b"\x00\x02IM")
    elif kind == "safetensors":
        save_file(FRAMES, path, metadata={"rate": "50"})
    else:
        tables = [
            pd.DataFrame(v, columns=["a", "b", "c"]).assign(stimulus=s, time=np.arange(len(v)) / 50) for s, v in FRAMES.items()
        ]  # fmt: skip
        table = pd.concat(tables)
        if kind == "parquet":
            table.to_parquet(path)
        else:
            table.to_csv(path, sep="\t" if kind == "tsv" else ",", index=False)
    return path


@pytest.mark.parametrize("kind", ["npz", "h5", "mat", "mat of v7.3", "safetensors", "parquet", "tsv", "csv"])
def test_frames_are_those_that_were_written(kind, tmp_path):
    own, found = read(written(tmp_path, kind))
    assert own.unit == "frames" and own.layers == [0] and "50 frames per second" in own.describe()
    for s, values in FRAMES.items():
        assert np.allclose(found[s][0].values, values, atol=1e-6)
        assert np.allclose(found[s][0].onset, np.arange(len(values)) / 50)


def test_a_file_a_stimulus_and_layers_by_pattern_or_by_the_leading_axis_are_the_same(tmp_path):
    stacked = {s: np.stack([v, 2 * v]) for s, v in FRAMES.items()}
    np.savez(tmp_path / "stacked.npz", **stacked)
    np.savez(tmp_path / "named.npz", **{f"{s}/layer{n}": v[n] for s, v in stacked.items() for n in (0, 1)})
    for s, v in stacked.items():
        for n in (0, 1):
            (tmp_path / f"layer{n}").mkdir(exist_ok=True)
            np.save(tmp_path / f"layer{n}" / f"{s}.npy", v[n])
    for path, keys in (
        ("stacked.npz", None), ("named.npz", "{stimulus}/layer{layer}"), ("layer{layer}/{stimulus}.npy", None),
    ):  # fmt: skip
        own, found = read(tmp_path / path, keys=keys, rate=50)
        assert own.layers == [0, 1], path
        assert all(np.array_equal(found[s][n].values, v[n]) for s, v in stacked.items() for n in (0, 1)), path
        assert read(tmp_path / path, keys=keys, rate=50, layers=[1])[0].layers == [1]
    with pytest.raises(BrainalignError, match=r"has no layer 4; it has \[0, 1\]"):
        read(tmp_path / "stacked.npz", rate=50, layers=[4])


def word_table(by):
    rows = []
    for s, stimulus in STIMULI.items():
        for i, word in enumerate(stimulus.words.itertuples()):
            place = {"index": i, "onset": round(word.onset, 2)}[by]
            rows.append({"stimulus": s, by: place, "word": word.word.upper(), "x": i + 0.5, "y": -i})
    return pd.DataFrame(rows).sample(frac=1, random_state=0)


@pytest.mark.parametrize("by", ["index", "onset"])
def test_words_are_found_by_their_number_or_their_onset_in_any_order(by, tmp_path):
    word_table(by).to_csv(tmp_path / "own.tsv", sep="\t", index=False)
    own, found = read(tmp_path / "own.tsv")
    assert own.unit == "words"
    for s, stimulus in STIMULI.items():
        n = len(stimulus.words)
        assert np.array_equal(found[s][0].values, np.stack([np.arange(n) + 0.5, -np.arange(n)], axis=1))
        assert np.array_equal(found[s][0].onset, stimulus.words["onset"])


def test_a_sentence_is_of_each_of_its_words_and_vectors_may_stand_in_a_cell(tmp_path):
    words = words_of(4).assign(word=["so", "it", "ran", "off"], text=["So?", "It", "ran.", "Off"])
    stimuli = {"s1": Stimulus("s1", 2.5, words)}
    pd.DataFrame({"stimulus": "s1", "sentence": [0, 1, 2], "vector": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]}).to_parquet(
        tmp_path / "own.parquet"
    )
    _, found = read(tmp_path / "own.parquet", stimuli)
    assert found["s1"][0].values.tolist() == [[1, 2], [3, 4], [3, 4], [5, 6]]
    np.savez(tmp_path / "own.npz", s1=np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    assert np.array_equal(
        read(tmp_path / "own.npz", stimuli, rows="sentences")[1]["s1"][0].values, found["s1"][0].values
    )


def test_matlab_keeps_axes_of_length_one_and_fields_of_a_struct(tmp_path):
    stacked = {
        "s1": np.arange(4.0).reshape(2, 1, 2),
        "s2": np.arange(6.0).reshape(2, 1, 3)[..., :2],
    }  # of one word each
    savemat(tmp_path / "own.mat", {"features": stacked})
    stimuli = {s: Stimulus(s, 2.0, words_of(1)) for s in stacked}
    own, found = read(tmp_path / "own.mat", stimuli, rows="words", keys="features/{stimulus}")
    assert own.layers == [0, 1] and found["s1"][1].values.tolist() == [[2.0, 3.0]]
    envelope = {s: v[:, :1] for s, v in FRAMES.items()}
    for s, values in envelope.items():
        savemat(tmp_path / f"{s}.mat", {"envelope": values, "rate": 50.0, "start": 0.02})
    _, found = read(tmp_path / "{stimulus}.mat", {s: STIMULI[s] for s in DURATIONS})
    assert all(np.allclose(found[s][0].values, v) and found[s][0].onset[0] == 0.02 for s, v in envelope.items())


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ({"stim": list(FRAMES.values())}, {"keys": "stim/{stimulus}"}, "'stim' is a list .*save a struct with a field a stimulus"),
        ({**FRAMES, "s2": FRAMES["s2"].T}, {"rate": 50}, "rows must be frames"),
        ({"s1": FRAMES["s1"], "s2": FRAMES["s2"]}, {"rate": 50}, "has no array of stimulus 's3'"),
        (FRAMES, {}, "says no rate"),
        ({"features": FRAMES, "rate": 50.0}, {}, "stimulus 's1'; its arrays are features/s1, features/s2, features/s3, rate; "),
        ({**FRAMES, "s2": FRAMES["s2"] * np.nan}, {"rate": 50}, "'s2': 450 values are no finite numbers"),
        ({**FRAMES, "s2": "words"}, {"rate": 50}, "'s2' holds no numbers"),
        ({**FRAMES, "s2": {"x": FRAMES["s2"]}}, {"rate": 50}, "has no array of stimulus 's2'"),
    ],
)  # fmt: skip
def test_matlab_files_that_cannot_be_the_stimulis_are_refused_in_a_sentence(content, options, said, tmp_path):
    if "stim" in content:
        cells = np.empty((1, 3), dtype=object)
        cells[0, :] = content["stim"]
        content = {"stim": cells}
    savemat(tmp_path / "own.mat", content)
    ids = {"1": "s1", "2": "s2"} if "stim" in content else {s: s for s in DURATIONS}
    with pytest.raises(BrainalignError, match=said) as caught:
        read(tmp_path / "own.mat", {i: STIMULI[s] for i, s in ids.items()}, **options)
    assert "\n" not in str(caught.value) and "own.mat" in str(caught.value)


def changed(folder, **arrays):
    np.savez(folder / "own.npz", **(FRAMES | arrays))
    return folder / "own.npz"


NAN = FRAMES["s2"].copy()
NAN[7, 1] = np.nan


@pytest.mark.parametrize(
    ("arrays", "options", "said"),
    [
        ({}, {"rate": 100}, r"'s1' has 100 frames at 100 per second, which end at 1.000 s, but the stimulus lasts 2.000 s; .*rate=50"),
        ({}, {"rate": 25}, r"end at 4.000 s, but the stimulus lasts 2.000 s; .*model.rate=50 would fit"),
        ({}, {"rate": 49.5}, "50 frames more, but its rate is said to be 49.5"),
        ({}, {}, r"says no rate; model.rate must be the frames per second"),
        ({"rate": np.array(50.0)}, {"rate": 25}, "model.rate=25, but .*own.npz says 50"),
        ({"s2": NAN}, {"rate": 50}, "'s2': 1 values are no finite numbers, the first nan in row 7, column 1"),
        ({"s2": FRAMES["s2"][:100]}, {"rate": 50}, "'s2' has 100 frames at 50 per second, which end at 2.000 s, but .* lasts 3.000 s"),
        ({"s2": FRAMES["s2"].T}, {"rate": 50}, "its 150 columns at that rate would: rows must be frames"),
        ({"s2": FRAMES["s2"][:, :2]}, {"rate": 50}, "'s2' has 2 columns in layer 0, but 's1' has 3"),
        ({"s2": np.array(["a"] * 150)}, {"rate": 50}, "'s2' holds no numbers"),
        ({"s2": np.zeros((2, 2, 2, 2))}, {"rate": 50}, r"shape \(2, 2, 2, 2\); it must be \(rows, dims\)"),
        ({}, {"rate": 50, "start": 1.0}, "its first frame lies at 1 s"),
        ({}, {"rows": "words"}, "'s1' has 100 rows for 3 words: index 3 is of none of them"),
        ({}, {"keys": "x/{stimulus}", "rate": 50}, "has no 'x/{stimulus}'"),
    ],
)  # fmt: skip
def test_arrays_that_cannot_be_the_stimulis_are_refused_in_a_sentence(arrays, options, said, tmp_path):
    with pytest.raises(BrainalignError, match=said) as caught:
        read(changed(tmp_path, **arrays), **options)
    assert "\n" not in str(caught.value) and "own.npz" in str(caught.value)


@pytest.mark.parametrize(
    ("seconds", "told"), [((2.01, 8.4), True), ((6.0, 6.51), False), ((6.0,), False), ((14.0,), True)]
)
def test_a_rate_one_per_cent_wrong_is_told_from_few_stimuli_where_lengths_can_tell(seconds, told, tmp_path):
    """Two stimuli of one convention of rounding differ by the true rate, to a frame either way; a long one ends at the wrong place."""
    stimuli = {f"s{i}": Stimulus(f"s{i}", d, words_of(3)) for i, d in enumerate(seconds)}
    for convention in (lambda x: int(x), lambda x: int(np.ceil(x)) + 1, lambda x: int(x - 1.25) + 1):
        np.savez(
            tmp_path / "own.npz",
            **{s: RNG.normal(size=(convention(50 * one.duration), 2)) for s, one in stimuli.items()},
        )
        read(tmp_path / "own.npz", stimuli, rate=50)
        for rate in (49.5, 50.5):
            if told:
                with pytest.raises(BrainalignError, match=r"frames more, but its rate|but the stimulus lasts"):
                    read(tmp_path / "own.npz", stimuli, rate=rate)
            else:
                read(tmp_path / "own.npz", stimuli, rate=rate)


def test_a_missing_stimulus_is_named(tmp_path):
    np.savez(tmp_path / "own.npz", **{s: v for s, v in FRAMES.items() if s != "s2"})
    with pytest.raises(BrainalignError, match="own.npz has no array of stimulus 's2'"):
        read(tmp_path / "own.npz", rate=50)
    for s in ("s1", "s3"):
        np.save(tmp_path / f"{s}.npy", FRAMES[s])
    with pytest.raises(BrainalignError, match="fits no file of stimulus 's2'"):
        read(tmp_path / "{stimulus}.npy", rate=50)
    with pytest.raises(BrainalignError, match="is no file; it must be a file of features, or a pattern"):
        read(tmp_path / "none.npz")
    with pytest.raises(BrainalignError, match="its ending must be one of"):
        (tmp_path / "own.doc").write_text("x")
        read(tmp_path / "own.doc")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t[t["x"] != 1.5], "none is of word 1, 'w1'"),
        (lambda t: pd.concat([t, t.iloc[:1]]), "two rows have the index"),
        (lambda t: t.assign(index=t["index"] + 1), "none is of word 0, 'w0'; each needs a row .* counted from 0"),
        (lambda t: t.assign(word="other"), "its row of word 0 is of 'other', but word 0 of the stimulus is 'w0'"),
        (lambda t: t.assign(x="much"), "column 'x' holds 'much', which is no number; model.columns"),
        (lambda t: t.assign(x=np.nan), "values are no finite numbers"),
        (lambda t: t.drop(columns="stimulus"), "lacks the column 'stimulus'"),
        (lambda t: t.drop(columns="index"), "none of the columns time, index, onset, sentence"),
        (lambda t: t[t["stimulus"] != "s3"], "nothing of stimulus 's3'"),
    ],
)
def test_tables_that_cannot_be_the_stimulis_are_refused_in_a_sentence(change, said, tmp_path):
    change(word_table("index")).to_csv(tmp_path / "own.csv", index=False)
    with pytest.raises(BrainalignError, match=said) as caught:
        read(tmp_path / "own.csv")
    assert "\n" not in str(caught.value) and "own.csv" in str(caught.value)


def test_an_onset_that_is_no_words_is_told_with_its_time(tmp_path):
    table = word_table("onset")
    table.loc[table["word"] == "W2", "onset"] += 0.1
    table.to_csv(tmp_path / "own.csv", index=False)
    with pytest.raises(BrainalignError, match="none is of word 2, 'w2' at 1.100 s; each needs a row .* within 0.02 s"):
        read(tmp_path / "own.csv")


def test_identity_is_of_content_not_of_place(tmp_path):
    (tmp_path / "b").mkdir()
    one = read(changed(tmp_path), rate=50)[0].identity()
    again = read(changed(tmp_path / "b"), rate=50)[0].identity()
    other = read(changed(tmp_path / "b", s2=2 * FRAMES["s2"]), rate=50)[0].identity()
    assert one == again != other


def test_own_features_have_no_shuffled_words(tmp_path):
    word_table("index").to_csv(tmp_path / "own.csv", index=False)
    config = composed(["data=simulated_small", "model=features", f"model.path={tmp_path / 'own.csv'}"])
    with pytest.raises(
        BrainalignError, match="read from a file, which cannot be computed anew for words in another order"
    ):
        control_of(config.model, "shuffled_words", model_settings(config), None)
