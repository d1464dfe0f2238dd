"""One response a sentence: every form of file, what becomes of features, folds and ceilings, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from brainalign.assembly import open_dataset, open_models, open_study
from brainalign.config import composed
from brainalign.errors import BrainalignError
from brainalign.experiment import run
from brainalign.features.align import to_grid
from tests.data.assemblies import assembly

RNG = np.random.default_rng(0)
WORDS = (
    "the",
    "a",
    "dog",
    "cat",
    "house",
    "tree",
    "runs",
    "sits",
    "sees",
    "old",
    "green",
    "quiet",
    "on",
    "in",
    "under",
    "what",
    "it",
    "they",
)


def config(root, *overrides):
    return composed(
        [
            "data=sentence_responses",
            "window=sentence",
            "features=sentence",
            f"data.root={root}",
            "model=tiny_gpt2",
            f"paths.output={root}/out",
            *overrides,
        ]
    )


def opened(root, *overrides):
    return open_dataset(config(root, *overrides))


def sentences(root, passages=3, each=2, name="sentences.tsv"):
    rows = [
        (f"p{p}", f"p{p}s{k}", " ".join(RNG.choice(WORDS, RNG.integers(3, 9))).capitalize() + ".")
        for p in range(passages)
        for k in range(each)
    ]
    table = pd.DataFrame(rows, columns=["passage", "sentence", "text"])
    table.to_csv(root / name, sep="\t", index=False)
    return table


def test_arrays_in_the_order_of_the_table(tmp_path):
    """A row a sentence; what is NaN in all channels was not seen; a third axis is seeing again."""
    sentences(tmp_path)
    values = RNG.standard_normal((2, 6, 2))
    values[1, :2] = np.nan  # the first passage was seen once
    values[0, 3, 1] = np.nan
    np.save(tmp_path / "P1.npy", values)
    np.save(tmp_path / "P2.npy", values[0].astype(np.float32))
    (tmp_path / "channels.tsv").write_text("name\troi\nv1\tIFG\nv2\tMTG\n")
    data = opened(tmp_path, "data.channels_file=channels.tsv", "data.region=roi")
    one, two = data.recordings
    assert (one.subject, two.subject) == ("P1", "P2") and one.channels["region"].tolist() == ["IFG", "MTG"]
    assert [(p.stimulus, p.repeat) for p in one.presentations] == [
        ("p0", 0),
        ("p1", 0),
        ("p2", 0),
        ("p1", 1),
        ("p2", 1),
    ]
    np.testing.assert_array_equal(one.presentations[1].response, values[0, 2:4])
    np.testing.assert_array_equal(one.presentations[4].response, values[1, 4:6])
    assert two.presentations[0].response.dtype == np.float32 and not data.timed and data.extent == "6 sentences"
    assert opened(tmp_path, "data.subjects=[P2]").recordings[0].channels["electrode"].tolist() == ["ch001", "ch002"]


def test_a_table_with_a_response_a_row(tmp_path):
    """The columns of Tuckute et al. (2024): participants and regions of all sentences in one CSV, each sentence by itself."""
    rows = []
    for uid in (848, 853):
        for item, text in ((1, '"Well," she said.'), (2, "Taste that fowl, it is superb."), (3, "Good.")):
            rows += [(uid, roi, item, text, RNG.standard_normal(), "B") for roi in ("lang_LH_IFG", "lang_LH_MFG")]
    table = pd.DataFrame(rows, columns=["target_UID", "roi", "item_id", "sentence", "response_target", "cond"])
    table.to_csv(tmp_path / "data.csv", index=False)
    columns = "{passage: null, sentence: item_id, text: sentence, subject: target_UID, channel: roi, response: response_target}"
    data = opened(tmp_path, "data.files=data.csv", "data.table=null", f"data.columns={columns}")
    assert list(data.stimuli) == ["1", "2", "3"] and data.stimuli["1"].words["text"].tolist() == [
        '"Well,"',
        "she",
        "said.",
    ]
    one = data.recordings[1]
    assert one.subject == "853" and one.channels["electrode"].tolist() == ["lang_LH_IFG", "lang_LH_MFG"]
    own = table[table["target_UID"] == 853]["response_target"].to_numpy().reshape(3, 2)
    np.testing.assert_allclose(np.concatenate([p.response for p in one.presentations]), own)


def test_a_table_with_a_sentence_a_row(tmp_path):
    sentences(tmp_path)
    for s in ("01", "02"):
        (tmp_path / f"sub-{s}.tsv").write_text(
            "sentence\tIFG\tMTG\n" + "".join(f"p{p}s1\t{p}.5\tn/a\np{p}s0\t{p}\t1{p}\n" for p in range(3))
        )
    data = opened(tmp_path, "data.files='sub-{subject}.tsv'")
    np.testing.assert_array_equal(data.recordings[0].presentations[2].response, [[2.0, 12.0], [2.5, np.nan]])


def test_assemblies_of_brain_score(tmp_path):
    """The coordinates of Pereira2018: two experiments, participants side by side, NaN where one did not take part."""
    values = RNG.standard_normal((6, 3))
    values[3:, 2] = np.nan
    said = {
        "experiment": ["384sentences"] * 3 + ["243sentences"] * 3,
        "passage_index": np.array([1, 1, 2, 1, 1, 2]),
        "stimulus_id": [f"384sentences.{n}" for n in range(3)] + [f"243sentences.{n}" for n in range(3)],
        "stimulus": [
            "An accordion is an instrument.",
            "It has keys.",
            "Bees fly.",
            "A bear.",
            "It eats honey.",
            "Rain falls.",
        ],
    }
    voxels = {"subject": ["018", "018", "199"], "neuroid_id": ["018.0", "018.1", "199.0"], "roi": ["IFG", "MTG", "IFG"]}
    assembly(tmp_path / "pereira.nc", values, said, voxels)
    columns = "{passage: '{experiment}_{passage_index}', sentence: stimulus_id, text: stimulus, channel: neuroid_id}"
    data = opened(tmp_path, "data.files=pereira.nc", "data.table=null", f"data.columns={columns}")
    assert list(data.stimuli) == ["384sentences_1", "384sentences_2", "243sentences_1", "243sentences_2"]
    one, two = data.recordings
    assert one.channels[["electrode", "region"]].to_numpy().tolist() == [["018.0", "IFG"], ["018.1", "MTG"]]
    assert [p.stimulus for p in two.presentations] == ["384sentences_1", "384sentences_2"]
    np.testing.assert_array_equal(one.presentations[2].response, values[3:5, :2])


def test_the_features_of_a_sentence_predict_it_and_no_fold_cuts_a_passage(tmp_path):
    """Means of its words, each read with the passage before it; planted in responses they come back, and word counts as baseline do not."""
    table = sentences(tmp_path, passages=40, each=4)
    np.save(tmp_path / "P1.npy", RNG.standard_normal((160, 2)))
    settings = ("model.layers=[2]", "encoding.alphas=[0.1,1,10,100]", "ceiling.draws=100")
    given = config(tmp_path, *settings)
    study = open_study(given, open_dataset(given))
    model = open_models(given, study).model
    words, frames = model.word_rows(2), study.frames(model, 2)
    counts = table["text"].str.split().str.len().to_numpy().reshape(40, 4)
    for p, own in enumerate(counts):
        ends = np.cumsum(own)
        expected = [part.mean(axis=0) for part in np.split(words[f"p{p}"], ends[:-1])]
        np.testing.assert_allclose(frames[f"p{p}"], expected, rtol=1e-5, atol=1e-6)
    last = model.features(2, study.responses.grids, resample="last").values["p0"]
    np.testing.assert_array_equal(last, words["p0"][np.cumsum(counts[0]) - 1])
    features = np.concatenate([frames[f"p{p}"] for p in range(40)])
    signal = features @ np.linalg.qr(RNG.standard_normal((features.shape[1], 3)))[0]
    signal /= signal.std(axis=0)
    again = np.stack([signal + 0.3 * RNG.standard_normal(signal.shape) for _ in range(2)])
    np.save(tmp_path / "P1.npy", again)
    study = open_study(given, open_dataset(given))
    models = open_models(given, study)
    planted, baseline = (
        study.scores(m).query("rule == 'nested'")["r2"].mean() for m in (models.model, models.baseline)
    )
    assert planted > 0.5 > 0.1 > baseline
    np.testing.assert_allclose(study.ceilings["ceiling"], 1 / 1.09, atol=0.05)  # of single readings
    assert all(len(set(segments)) == 1 for segments in study.split.segments) and study.split.kind == "stimulus"


def test_words_of_a_slot_are_summed_averaged_or_the_last(tmp_path):
    from brainalign.data.frames.grid import FrameGrid
    from brainalign.features.base import Rows

    onset = np.array([0.0, 0.5, 2.0])
    rows, grid = Rows(np.array([[1.0], [3.0], [5.0]]), onset, onset + 0.4), FrameGrid(0.5, 1.0, 3)
    found = {how: to_grid(rows, "words", grid, resample=how).ravel().tolist() for how in ("box", "mean", "last")}
    assert found == {"box": [4, 0, 5], "mean": [2, 0, 5], "last": [3, 0, 5]}
    assert to_grid(rows, "words", grid, placement="impulse", resample="mean").ravel().tolist() == [4, 0, 5]


ARRAY, OTHER = np.eye(6, 2), np.zeros((5, 2))


@pytest.mark.parametrize(
    ("overrides", "file", "said"),
    [
        (["analysis=decoding"], ARRAY, "needs responses over time, but data.kind=sentence_responses has one response a sentence"),
        (["analysis=cca"], ARRAY, "encoding, extract, geometry, hierarchy, regimes, variance_partition take it"),
        (["window=fir_tr"], ARRAY, "there are no lags; window=sentence has none"),
        (["features.resample=box"], ARRAY, r"must be mean \(of the sentence's words; features=sentence\) or last"),
        (["features.align=offset"], ARRAY, "features.align=offset moves words in time"),
        (["encoding.split=blocks"], ARRAY, "encoding.split=blocks cuts passages"),
        (["data.table=texts.tsv"], ARRAY, "texts.tsv does not exist"),
        (["data.columns.passage=topic"], ARRAY, r"sentences.tsv lacks the column 'topic' \(data.columns\)"),
        (["data.table=null"], ARRAY, "has no texts; data.table must name the table"),
        ([], OTHER, r"must be numbers \(6, channels\), a row for each sentence"),
        (["data.files='{subject}.csv'"], "sentence,IFG\np0s0,high\n", "row 1: IFG='high' is no response; a number or n/a"),
        (["data.files='{subject}.csv'"], "sentence,IFG\np9s9,1\n", "sentence 'p9s9' is not among the 6 sentences of the table"),
        (["data.files='{subject}.csv'"], "id,IFG\np9s9,1\n", r"P1.csv lacks the column 'sentence' \(data.columns\)"),
        (["data.files='{subject}.nc'"], "CDF", "cannot be read as a netCDF 4 file"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_in_a_sentence(tmp_path, overrides, file, said):
    sentences(tmp_path)
    if isinstance(file, str):
        (tmp_path / ("P1.nc" if file == "CDF" else "P1.csv")).write_text(file)
    else:
        np.save(tmp_path / "P1.npy", file)
    with pytest.raises(BrainalignError, match=said):
        run(config(tmp_path, *overrides), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [("p0\tp0s0\tAnother.", "sentence 'p0s0' has two of the column text"), ("p9\tp9s0\t...", "sentence 'p9s0' of passage 'p9' has no")],
)  # fmt: skip
def test_a_table_of_sentences_that_cannot_be(tmp_path, text, said):
    sentences(tmp_path)
    with (tmp_path / "sentences.tsv").open("a") as table:
        table.write(f"{text}\n")
    np.save(tmp_path / "P1.npy", np.eye(7, 2))
    with pytest.raises(BrainalignError, match=said):
        opened(tmp_path)


def test_columns_that_make_a_passages_name_and_row_numbers_are_no_channels(tmp_path):
    rows = [(f"s{e}{t}{k}", e, t, f"Word {k} here.", 0.1 * e + t + k) for e in (1, 2) for t in (1, 2) for k in (0, 1)]
    table = pd.DataFrame(rows, columns=["sentence", "exp", "topic", "text", "v1"])
    table.to_csv(tmp_path / "P1.csv")  # with the column of row numbers that pandas writes
    data = opened(tmp_path, "data.table=null", "data.files='{subject}.csv'", "data.columns.passage='{exp}-{topic}'")
    assert data.recordings[0].channels["electrode"].tolist() == ["v1"] and list(data.stimuli) == [
        "1-1",
        "1-2",
        "2-1",
        "2-2",
    ]


def test_a_participant_in_two_files_is_refused(tmp_path):
    table = sentences(tmp_path)
    for run_ in (1, 2):
        table[["sentence"]].assign(v1=np.arange(6.0)).to_csv(tmp_path / f"P1_{run_}.csv", index=False)
    with pytest.raises(BrainalignError, match="participant 'P1' has responses in .*P1_1.csv and in .*P1_2.csv"):
        opened(tmp_path, "data.files='{subject}_{run}.csv'")


def test_an_order_of_sentences_that_nobody_knows_is_refused(tmp_path):
    table = sentences(tmp_path, passages=2, each=3).assign(v1=np.arange(6.0))
    table.drop(index=1).to_csv(tmp_path / "P1.csv", index=False)  # p0s0, p0s2
    table.to_csv(tmp_path / "P2.csv", index=False)
    (tmp_path / "sentences.tsv").rename(tmp_path / "order.txt")
    asked = ("data.table=null", "data.files='{subject}.csv'")
    with pytest.raises(BrainalignError, match="sentence 'p0s2' of passage 'p0' .* data.table must name"):
        opened(tmp_path, *asked)
    (tmp_path / "P1.csv").rename(tmp_path / "P3.csv")  # the whole one is read first
    words = opened(tmp_path, *asked).stimuli["p0"].words
    assert len(words) == sum(len(t.split()) for t in table["text"][:3])


def test_written_text_is_read_as_it_is_written(tmp_path):
    text = "The (late) king [sic] of <x> was here."
    (tmp_path / "sentences.tsv").write_text(f"passage\tsentence\ttext\na\ta1\t{text}\nb\tb1\tWhy?\n")
    np.save(tmp_path / "P1.npy", np.ones((2, 1)) * [[1.0], [2.0]])
    assert opened(tmp_path).stimuli["a"].words["text"].tolist() == text.split()
