"""Named sets of sentences, on small files of exactly the structure that their own code writes and reads."""

import numpy as np
import pandas as pd
import pytest

from brainalign.assembly import open_dataset
from brainalign.config import composed
from brainalign.errors import BrainalignError
from tests.data.assemblies import assembly

RNG = np.random.default_rng(0)


def opened(name, root):
    given = [f"data={name}", f"data.root={root}", "window=sentence", "features=sentence", f"paths.output={root}/out"]
    return open_dataset(composed(given))


def words(stimulus):
    return " ".join(stimulus.words["text"])


def test_pereira(tmp_path):
    """Two experiments with passages of one number, a participant in one of them alone, rows not in reading order."""
    said = [
        ("243sentences", 1, 1),
        ("243sentences", 0, 1),
        ("243sentences", 2, 2),
        ("384sentences", 0, 1),
        ("384sentences", 1, 1),
    ]
    texts = ["It has keys.", "An accordion.", "Bees fly.", "A bear walks.", "It eats honey."]
    presentation = {
        "experiment": [e for e, _, _ in said], "stimulus_num": np.array([n for _, n, _ in said]), "sentence": texts, "stimulus": texts,
        "passage_index": np.array([float(p) for *_, p in said]), "passage_label": ["x"] * 5, "passage_category": ["y"] * 5,
        "stimulus_id": [f"{e}.{n}" for e, n, _ in said], "story": ["243sentences.y"] * 3 + ["384sentences.y"] * 2,
    }  # fmt: skip
    neuroid = {
        "subject": ["018", "018", "199"], "voxel_num": np.array([4, 9, 4]), "atlas": ["language"] * 3, "filter_strategy": ["HminusE"] * 3,
        "atlas_selection": ["from90to100prcnt"] * 3, "atlas_selection_lower": np.array([90] * 3),
        "roi": ["LH_IFG", "LH_MFG", "LH_IFG"], "indices_in_3d": np.array([1, 2, 3]), "col_to_coord_1": np.array([7, 8, 9]),
        "neuroid_id": ["018.4", "018.9", "199.4"],
    }  # fmt: skip
    values = RNG.standard_normal((5, 3))
    values[3:, 2] = np.nan  # 199 read one experiment
    assembly(tmp_path / "assy_Pereira2018_language.nc", values, presentation, neuroid)
    data = opened("pereira_sentences", tmp_path)
    assert {s: words(v) for s, v in data.stimuli.items()} == {
        "243sentences_1": "An accordion. It has keys.", "243sentences_2": "Bees fly.", "384sentences_1": "A bear walks. It eats honey.",
    }  # fmt: skip
    one, two = data.recordings
    assert one.channels[["electrode", "region"]].to_numpy().tolist() == [["018.4", "LH_IFG"], ["018.9", "LH_MFG"]]
    np.testing.assert_array_equal(one.presentations[0].response, values[[1, 0], :2])
    assert [p.stimulus for p in two.presentations] == ["243sentences_1", "243sentences_2"]
    assert any("168 stimuli" in note for note in data.notes)


def tuckute(root):
    """Two regions of two participants, of whom the second also saw sentences that drive; columns as the authors describe them."""
    rows = []
    for who, items in ((848, (1, 2)), (797, (2, 1, 1001))):
        for item in items:
            for roi in ("lang_LH_netw", "lang_LH_IFG"):
                cond, text = ("D", "Pffft, get real!") if item > 1000 else ("B", f"Sentence, number {item}.")
                value = who + item / 10_000 + (roi == "lang_LH_IFG")
                rows.append(
                    (value, 2 * value, roi, who, item, text, cond, f"{cond}_search" if cond == "D" else cond, 0.5)
                )
    names = [
        "response_target",
        "response_target_non_norm",
        "roi",
        "target_UID",
        "item_id",
        "sentence",
        "cond",
        "cond_approach",
    ]
    pd.DataFrame(rows, columns=[*names, "surprisal-gpt2-xl_mean"]).to_csv(
        root / "brain-lang-data_participant_20230728.csv"
    )


def test_tuckute(tmp_path):
    tuckute(tmp_path)
    data = opened("tuckute_sentences", tmp_path)
    assert {s: words(v) for s, v in data.stimuli.items()} == {
        "1": "Sentence, number 1.", "2": "Sentence, number 2.", "1001": "Pffft, get real!",
    }  # fmt: skip
    first, second = data.recordings
    assert (first.subject, second.subject) == ("848", "797")
    assert first.channels["electrode"].tolist() == first.channels["region"].tolist() == ["lang_LH_netw", "lang_LH_IFG"]
    found = {p.stimulus: p.response.ravel().tolist() for p in second.presentations}
    assert found == {str(i): pytest.approx([797 + i / 1e4, 798 + i / 1e4]) for i in (2, 1, 1001)}


def blank(root, scrambled=False):
    """Rows in the order of their ids as text, where 10 stands before 2; regions of two participants, one without a region."""
    said = sorted(
        ((s, n, p) for s in ("Boar", "Aqua") for n in (0, 1, 2, 10) for p in (0, 1)),
        key=lambda r: "{}.{}.{}".format(*r),
    )
    told = said[:3] + said[3:][::-1] if scrambled else said
    texts = [f"{s} {n} part {p} " for s, n, p in told]
    presentation = {
        "stimulus_id": ["{}.{}.{}".format(*r) for r in said], "story": [r[0] for r in told], "stimulus": texts, "stimulus_sentence": texts,
        "sentence_number_in_story": np.array([r[1] for r in told]), "part_number_in_sentence": np.array([r[2] for r in told]),
    }  # fmt: skip
    areas = ["01_LH_PostTemp", "01_LH_PostTemp", "03_LH_IFG"]
    people = ["061", "098", "061"]
    neuroid = {
        "fROI_area": areas,
        "subject_id": people,
        "neuroid_id": [".".join(v) for v in zip(people, areas, strict=True)],
    }
    values = np.array(
        [[100 * n + 10 * p + c + 1000 * (s == "Boar") for c in range(3)] for s, n, p in said], dtype=float
    )
    assembly(root / "assy_Blank2014_fROI.nc", values, presentation, neuroid)


def test_blank(tmp_path):
    blank(tmp_path)
    data = opened("blank_stories", tmp_path)
    assert words(data.stimuli["Boar"]).startswith("Boar 0 part 0 Boar 0 part 1 Boar 1 part 0")
    assert words(data.stimuli["Boar"]).endswith("Boar 2 part 1 Boar 10 part 0 Boar 10 part 1")
    one, two = data.recordings
    assert one.channels["region"].tolist() == ["01_LH_PostTemp", "03_LH_IFG"] and two.channels["region"].tolist() == [
        "01_LH_PostTemp"
    ]
    boar = next(p for p in one.presentations if p.stimulus == "Boar").response
    np.testing.assert_array_equal(boar[:, 0], [1000, 1010, 1100, 1110, 1200, 1210, 2000, 2010])


def test_texts_that_were_sorted_apart_from_their_ids_are_refused(tmp_path):
    blank(tmp_path, scrambled=True)
    with pytest.raises(BrainalignError, match="ids and texts were sorted apart"):
        opened("blank_stories", tmp_path)


@pytest.mark.parametrize(("number", "said"), [("two", "is no number"), ("1", "is that of another sentence")])
def test_places_in_a_passage_are_numbers_and_differ(tmp_path, number, said):
    pd.DataFrame(
        {"sentence": ["a", "b"], "text": ["One.", "Two."], "topic": "t", "n": ["1", number], "v1": ["1", "2"]}
    ).to_csv(tmp_path / "P1.csv", index=False)
    given = [
        "data=sentence_responses",
        f"data.root={tmp_path}",
        "data.table=null",
        "data.files='{subject}.csv'",
        f"paths.output={tmp_path}",
    ]
    with pytest.raises(BrainalignError, match=said):
        open_dataset(
            composed(
                [*given, "data.columns.passage=topic", "data.columns.order=[n]", "window=sentence", "features=sentence"]
            )
        )
