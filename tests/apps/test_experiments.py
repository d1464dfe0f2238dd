"""The other two systems as a person runs them: one command each, small, and what it leaves."""

import pandas as pd
import pytest

PRODUCTION = (
    "experiment=khanday2025", "data.subjects=6", "data.electrodes=8", "data.words=30", "data.repeated=2", "data.repeats=2",
    "model.layers=[1]", "partner.layers=[1]",
)  # fmt: skip
FMRI = (
    "experiment=millet2022", "data.subjects=3", "data.voxels=2", "data.stories=4", "data.sentences=30", "data.repeats=2",
    "encoding.alphas=[10,1000,100000]", "encoding.outer_folds=3", "ceiling.draws=100", "stats.permutations=0",
)  # fmt: skip


def left(tmp_path):
    (report,) = (tmp_path / "outputs").glob("2*/*/report.html")
    tables = {p.stem: pd.read_parquet(p) for p in report.parent.glob("tables/*.parquet")}
    return report.read_text(), tables, {p.name for p in report.parent.glob("figures/*.png")}


def test_khanday2025_explains_both_traps_and_tells_the_related_vectors_apart(brainalign, tmp_path):
    done = brainalign(*PRODUCTION)
    assert done.returncode == 0, done.stderr
    report, tables, figures = left(tmp_path)
    assert "TRAP: along channels" in report and "TRAP: pooled over the folds" in report
    assert "simulated" in report and "alpha 1, l1_ratio 0.5" in report and "all trials of one word" in report
    assert "hold 90% of the training trials" in report  # of tiny_wav2vec2 alone
    mean = tables["reconstruction"].groupby(["score_axis", "model"])["r_mean"].mean()
    assert mean["trials"].drop("glove").max() < 0.1 < mean["trials", "glove"]
    assert mean["channels"].min() > 0.8
    assert set(tables["reconstruction"]["model"]) == {
        "tiny_gpt2 untrained",
        "tiny_wav2vec2 untrained",
        "glove",
        "intercept only",
    }
    assert figures == {"reconstruction.png"}


def test_khanday2025_over_time_and_as_planned(brainalign, tmp_path):
    few = (
        "data.subjects=1",
        "window=production",
        "window.tmin=-0.06",
        "window.tmax=0.06",
        "~model@partner",
        "analysis.score_axis=channels",
    )
    asked = [o for o in PRODUCTION if not o.startswith(("partner", "data.subjects"))]
    planned = brainalign(*asked, *few, "plan=true")
    assert planned.returncode == 0, planned.stderr
    assert "60 elastic nets, one for each word left out, participant and model" in planned.stdout
    done = brainalign(*asked, *few)
    assert done.returncode == 0, done.stderr
    report, tables, figures = left(tmp_path)
    assert "the response at 7 times from -0.06 to 0.06 s" in report
    assert tables["reconstruction_channels"]["time"].nunique() == 7
    assert "course.png" in figures
    assert "With 1 participant a sign-flip test cannot fall below p = 1." in done.stdout


@pytest.mark.parametrize("kind", ["hierarchy", "regimes"])
def test_millet2022_runs_whole(brainalign, tmp_path, kind):
    done = brainalign(*FMRI, f"analysis={kind}")
    assert done.returncode == 0, done.stderr
    report, tables, figures = left(tmp_path)
    assert "Glover" in report and "simulated" in report
    if kind == "hierarchy":
        assert {"preference", "ordering", "pairs"} <= set(tables) and {"hierarchy.png", "brain_map.png"} <= figures
    else:
        assert {"region_tests", "voxel_tests"} <= set(tables) and "regimes.png" in figures


def test_principal_components_stand_in_for_voxels(brainalign, tmp_path):
    done = brainalign(*FMRI, "electrodes.components=1", "model.layers=[0,2]")
    assert done.returncode == 0, done.stderr
    report, tables, figures = left(tmp_path)
    assert set(tables["scores"]["electrode"]) == {f"{r} PC01" for r in ("A1", "STG", "STS", "MTG", "IFG")}
    assert "the first 1 principal components of the responses" in report and "brain_map.png" not in figures
    assert tables["scores"]["ceiling"].notna().any() and (tables["scores"]["explained"] > 0.4).all()


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (
            ["experiment=khanday2025", "window=production", "window.tmin=-3"],
            "window.tmin=-3, window.tmax=0.3: participant P01",
        ),
        (["experiment=khanday2025", "window=fir_tr"], "trials need one value each"),
        (["experiment=khanday2025", "analysis.leave=sentence"], "analysis.leave='sentence' is unknown"),
        (["experiment=khanday2025", "analysis.alphas=[]"], "analysis.alphas is empty"),
        (
            ["experiment=khanday2025", "analysis.l1_ratios=[2]"],
            "analysis.l1_ratios=2 is impossible; it must be between",
        ),
        (["experiment=khanday2025", "save.weights=true"], "analysis=reconstruction fits no TRF"),
        (["experiment=millet2022", "electrodes.components=7"], "electrodes.components=7, but A1 of participant"),
    ],
)
def test_what_cannot_be_is_one_sentence(brainalign, asked, sentence):
    done = brainalign(*asked)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert sentence in done.stderr.strip().splitlines()[-1]
