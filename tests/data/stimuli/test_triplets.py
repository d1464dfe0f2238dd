"""Tables of triplets and answers: what is read, and that every fault is told with its line, at once."""

import numpy as np
import pandas as pd
import pytest

from brainalign.data.stimuli.triplets import make_triplets, read_answers, read_triplets
from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError

STIMULI = {s: Stimulus(s, 1.0) for s in ("abba", "beta")}
GOOD = {
    "triplet": ["t1", "t2"], "contrast": "a-b",
    "a": "abba", "a_onset": 0.0, "a_offset": 0.1, "b": "beta", "b_onset": 0.2, "b_offset": 0.3,
    "x": "abba", "x_onset": [0.5, 0.6], "x_offset": 0.7,
}  # fmt: skip


def written(tmp_path, name="t.tsv", **changes):
    table = pd.DataFrame(GOOD).assign(**changes)
    path = tmp_path / name
    if name.endswith("parquet"):
        table.to_parquet(path)
    else:
        table.to_csv(path, sep="\t" if name.endswith("tsv") else ",", index=False)
    return path


@pytest.mark.parametrize("name", ["t.tsv", "t.csv", "t.parquet"])
def test_all_three_kinds_of_table_read_alike(tmp_path, name):
    found = read_triplets(written(tmp_path, name), STIMULI)
    assert found["x_onset"].tolist() == [0.5, 0.6] and found["triplet"].tolist() == ["t1", "t2"]
    assert set(found["language"]) == {"all"}
    pd.DataFrame(GOOD).drop(columns="triplet").to_csv(tmp_path / "n.csv", index=False)
    assert read_triplets(tmp_path / "n.csv", STIMULI)["triplet"].tolist() == ["1", "2"]


def test_every_fault_is_told_at_once_with_its_line(tmp_path):
    path = written(
        tmp_path, triplet="t1", a=["abba", "abbba"], a_offset=["x", 0.1], b_offset=[0.1, 0.2], x_offset=[1.2, 1.3], contrast=["", "a-b"],
    )  # fmt: skip
    with pytest.raises(BrainalignError) as error:
        read_triplets(path, STIMULI)
    said = str(error.value).replace(str(path), "t.tsv")
    assert said.splitlines() == [
        "t.tsv, line 2: the contrast is empty.",
        "t.tsv, line 3: triplet 't1' is there twice.",
        "t.tsv, line 3: a='abbba' is no stimulus of the data set and no sound file; did you mean 'abba'?.",
        "t.tsv, line 2: a_offset='x' is no finite number.",
        "t.tsv, line 2: b of 'beta', 0.2 to 0.1 s, ends before it begins (and the like in line 3).",
        "t.tsv, line 2: x of 'abba', 0.5 to 1.2 s, lies outside its stimulus of 1 s (and the like in line 3).",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("contrast\ta\n", "lacks the columns 'a_onset'"),
        ("\t".join(k for k in GOOD) + "\n", "has no rows"),
    ],
)
def test_a_table_without_columns_or_rows_is_refused(tmp_path, text, message):
    (tmp_path / "t.tsv").write_text(text)
    with pytest.raises(BrainalignError, match=message):
        read_triplets(tmp_path / "t.tsv", STIMULI)


def test_a_missing_or_strange_file_is_refused(tmp_path):
    with pytest.raises(BrainalignError, match=r"t.csv does not exist"):
        read_triplets(tmp_path / "t.csv", STIMULI)
    with pytest.raises(BrainalignError, match="must be a table that ends in .tsv, .csv or .parquet"):
        read_triplets(tmp_path / "t.xlsx", STIMULI)


def test_answers_are_checked_against_the_triplets(tmp_path):
    triplets = read_triplets(written(tmp_path), STIMULI)
    good = pd.DataFrame({"triplet": ["t1", "t2"], "group": "FR", "listener": "l1", "correct": [1, 0]})
    good.to_csv(tmp_path / "a.csv", index=False)
    assert read_answers(tmp_path / "a.csv", triplets)["answer"].tolist() == [1.0, 0.0]
    scale = good.rename(columns={"correct": "response"}).assign(response=[-2.5, 3])
    scale.to_csv(tmp_path / "a.tsv", sep="\t", index=False)
    assert read_answers(tmp_path / "a.tsv", triplets)["answer"].tolist() == [-2.5, 3.0]
    pd.concat([good, good.assign(triplet=["t9", "t2"], correct=2)]).to_csv(tmp_path / "bad.csv", index=False)
    with pytest.raises(BrainalignError) as error:
        read_answers(tmp_path / "bad.csv", triplets)
    for said in (
        "line 4: triplet 't9' is not in",
        "line 5: listener 'l1' has answered triplet",
        "line 4: correct='2' must be 0",
    ):
        assert said in str(error.value)


def test_made_triplets_are_balanced_different_and_across_stimuli():
    rng = np.random.default_rng(0)
    phones = pd.DataFrame(
        {
            "stimulus": np.repeat([f"s{i}" for i in range(6)], 30),
            "phone": rng.choice(list("PBTD"), 180),
            "onset": np.tile(np.arange(30), 6),
        }
    ).assign(offset=lambda t: t["onset"] + 0.5)
    made = make_triplets(phones, 300, seed=1)
    kind = phones.set_index(["stimulus", "onset"])["phone"]
    a, b, x = (kind.loc[list(zip(made[r], made[f"{r}_onset"], strict=True))].to_numpy() for r in "abx")
    assert (a == x).all() and (a != b).all()
    assert made["contrast"].value_counts().unique().tolist() == [50]  # six contrasts
    assert np.mean(a < b) == pytest.approx(0.5, abs=0.05)  # each of the two is X's as often
    assert (made["a"] != made["x"]).all() and (made["a"] == made["b"]).mean() > 0.95
    assert not made.drop(columns=["triplet"]).duplicated().any()
    pd.testing.assert_frame_equal(made, make_triplets(phones, 300, seed=1))
    assert len(make_triplets(phones.iloc[:6], 10_000, seed=0)) < 100  # there are no more
    with pytest.raises(BrainalignError, match="make no triplet"):
        make_triplets(phones.iloc[:1], 10, seed=0)
