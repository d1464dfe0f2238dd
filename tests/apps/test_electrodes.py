"""Electrodes chosen and grouped from the command line, the leak audit of a run, and data too small for some claims."""

import json

import numpy as np
import pandas as pd
import pytest

SMALL = (
    "data=simulated_small", "data.subjects=2", "data.electrodes=10", "data.sentences=24", "data.repeated=4", "data.repeats=5",
    "data.evoked=2", "encoding.outer_folds=3", "encoding.alphas=[10,1000,100000]", "window.tmax=0.1", "model=mel",
)  # fmt: skip
CCA = (
    "analysis=cca", "analysis.k=3", "model=planted_language", "model@partner=planted_speech", "model.layers=[3]",
    "partner.layers=[3]",
)  # fmt: skip


def run_tables(tmp_path):
    (folder,) = {p.parent for p in (tmp_path / "outputs").glob("2*/**/metrics.json")}
    tables = {p.stem: pd.read_parquet(p) for p in (folder / "tables").glob("*.parquet")}
    return tables, (folder / "report.html").read_text(), json.loads((folder / "provenance.json").read_text())


def test_responsive_electrodes_alone_are_scored_and_the_report_says_how_many(brainalign, tmp_path):
    done = brainalign(*SMALL, "electrodes=responsive", "data.silent_fraction=0.3")
    assert done.returncode == 0, done.stderr
    tables, page, _ = run_tables(tmp_path)
    scores = tables["scores"].query("rule == 'nested'")
    assert (scores["responsive_p"] < 0.01 / 10).all() and len(scores) >= 12
    assert (scores["rho_true"] > 0).mean() > 0.9
    assert "(speech-responsive ones alone)" in page
    for subject, rows in scores.groupby("subject"):
        assert f"participant {subject}: {len(rows)} of 10 electrodes are speech-responsive" in page


def test_hemispheres_apart_and_groups_of_regions_are_what_results_are_about(brainalign, tmp_path):
    done = brainalign(*SMALL, "electrodes.hemispheres=apart", "electrodes.regions={temporal:[STG,MTG],A1:[A1]}")
    assert done.returncode == 0, done.stderr
    tables, page, _ = run_tables(tmp_path)
    expected = {"temporal L", "temporal R", "A1 L", "A1 R"}
    assert set(tables["scores"]["region"]) == expected
    assert set(tables["tests"]["region"]) == expected
    assert "participant sim01: 4 of 10 channels lie in regions that electrodes.regions does not name (SMC, SMG)" in page


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["electrodes=responsive", "data.baseline=0"], "electrodes.select=responsive needs data from 0.2 s before"),
        (["electrodes.regions={temporal:[STG,MTGG]}"], "'MTGG', which these data do not have; did you mean 'MTG'?"),
        (["electrodes.regions={a:[STG],b:[STG]}"], "region 'STG' stands in the groups 'a' and 'b'"),
        (["data.mixture={STQ:{lexical:1}}"], "data.mixture names the region 'STQ'"),
        (["data.noise_ar=2"], "data.noise_ar=2 is impossible"),
    ],
)
def test_what_cannot_be_chosen_is_one_sentence(brainalign, arguments, sentence):
    done = brainalign(*SMALL, *arguments)
    assert done.returncode == 1 and sentence in done.stderr.strip().splitlines()[-1]


def test_every_run_that_encodes_has_its_leak_audit(brainalign, tmp_path):
    done = brainalign(*SMALL, "encoding.split=presentation", "data.mixture={A1:{acoustic:1},STG:{acoustic:1}}")
    assert done.returncode == 0, done.stderr
    tables, page, _ = run_tables(tmp_path)
    audit = tables["leak_audit"].set_index("fold")
    assert audit.index.tolist() == ["1", "2", "3", "all"] and audit["leak"]["all"] > 0.3
    share = f"{audit['leak']['all']:.0%}"
    assert f"test frames whose stimulus is in training: {share} of all" in page and "LEAKY" in page
    a1 = tables["scores"].query("region == 'A1' and rho_true > 0")
    assert np.allclose(a1["share_acoustic"], 1)


@pytest.mark.parametrize("analysis", [(), CCA], ids=["encoding", "cca"])
def test_one_participant_with_one_electrode_a_region_and_no_repeats_goes_on_and_says_what_it_cannot_show(
    brainalign, tmp_path, analysis
):
    done = brainalign(*SMALL, "data.subjects=1", "data.electrodes=3", "data.repeated=0", *analysis)
    assert done.returncode == 0, done.stderr
    tables, page, _ = run_tables(tmp_path)
    assert tables["scores"]["r"].notna().all() and tables["leak_audit"]["leak"].eq(0).all()
    for sentence in (
        "There is one participant (sim01): results generalise to this participant",
        "3 regions have a single electrode (A1, STG, MTG)",
        "No stimulus was presented more than once: no noise ceiling can be estimated from repeats",
    ):
        assert sentence in page and sentence in done.stdout
