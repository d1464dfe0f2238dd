"""The run's folder: written whole or not at all, and opened again without MLflow."""

import json
import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from brainalign.errors import BrainalignError
from brainalign.tracking import load_run, write_config, write_figures, write_json, write_metrics, write_tables


def draw():
    figure = Figure(figsize=(2, 1))
    figure.subplots().plot([0, 1], [1, 0])
    return figure


def test_a_run_reads_back_as_it_was_written(tmp_path):
    config = {
        "model": {"name": "gpt2", "layers": [0, 1]},
        "alphas": [1e-5, 1e6],
        "path": None,
        "label": "1e6",
        "ü": "é",
    }
    scores = pd.DataFrame({"electrode": ["e1", "e2"], "r2": [0.1, np.nan], "layer": [3, 4]})
    write_config(tmp_path, config)
    write_metrics(tmp_path, {"r/mean": 0.1, "r/sd": math.nan, "layer/r": [(0, 0.1), (1, math.inf)]})
    write_tables(tmp_path, {"scores": scores, "models/gpt2": scores})
    write_json(tmp_path / "provenance.json", {"seed": 0})

    run = load_run(tmp_path)
    assert run.config == config
    assert run.metrics["r/mean"] == 0.1
    assert math.isnan(run.metrics["r/sd"])
    assert run.metrics["layer/r"] == 0.1
    assert run.curves["layer/r"][0] == (0, 0.1)
    assert math.isnan(run.curves["layer/r"][1][1])
    assert run.provenance == {"seed": 0}
    kept, plain = run.tables  # a name that no file can have gets a hash, so that no two become one
    assert kept.startswith("models-gpt2-") and plain == "scores"
    pd.testing.assert_frame_equal(run.tables["scores"], scores)


def test_tables_are_read_when_asked_for_and_names_are_helped(tmp_path):
    write_config(tmp_path, {})
    write_tables(tmp_path, {"scores": pd.DataFrame({"r": [1.0]})})
    (tmp_path / "tables/broken.parquet").write_text("no parquet")
    run = load_run(tmp_path)
    assert "broken" in run.tables
    assert "scores" in run.tables
    assert run.tables.get("tests") is None
    with pytest.raises(KeyError, match="did you mean 'scores'"):
        run.tables["score"]


def test_a_run_that_did_not_finish_opens_with_what_it_has(tmp_path):
    write_config(tmp_path, {"seed": 0})
    run = load_run(str(tmp_path))
    assert (run.config, run.metrics, run.curves, len(run.tables), run.provenance) == (
        {"seed": 0},
        {},
        {},
        0,
        {},
    )


def test_what_is_no_run_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(BrainalignError, match="nowhere does not exist"):
        load_run(tmp_path / "nowhere")
    with pytest.raises(BrainalignError, match=r"has no config.yaml"):
        load_run(tmp_path)
    (tmp_path / "config.yaml").write_text("a: [1")
    with pytest.raises(BrainalignError, match=r"config.yaml cannot be read"):
        load_run(tmp_path)
    write_config(tmp_path, {})
    (tmp_path / "metrics.json").write_text('{"r": ')
    with pytest.raises(BrainalignError, match=r"metrics.json cannot be read"):
        load_run(tmp_path)


def test_a_write_that_breaks_leaves_the_old_file_and_no_other(tmp_path):
    write_json(tmp_path / "a.json", {"a": 1})
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"a": math.nan})
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": 1}

    class Unwritable(pd.DataFrame):
        def to_parquet(self, path, **given):
            path.write_text("half")
            raise OSError("disk full")

    write_tables(tmp_path, {"t": pd.DataFrame({"x": [1]})})
    with pytest.raises(OSError, match="disk full"):
        write_tables(tmp_path, {"t": Unwritable({"x": [2]})})
    assert pd.read_parquet(tmp_path / "tables/t.parquet").x.tolist() == [1]
    assert [p.name for p in (tmp_path / "tables").iterdir()] == ["t.parquet"]


def test_figures_are_png_at_300_dpi_and_svg_with_their_caption(tmp_path):
    from PIL import Image

    paths = write_figures(tmp_path, {"layer_profile": (draw(), "Mean r2 rises to 0.31 <at> layer 7.")})
    assert [p.name for p in paths] == ["layer_profile.png", "layer_profile.svg"]
    with Image.open(paths[0]) as image:
        assert image.size == (600, 300)
        assert round(image.info["dpi"][0]) == 300
        assert image.info["Description"] == "Mean r2 rises to 0.31 <at> layer 7."
    assert "Mean r2 rises to 0.31 &lt;at&gt; layer 7." in paths[1].read_text()
    assert sorted(p.name for p in (tmp_path / "figures").iterdir()) == [
        "layer_profile.png",
        "layer_profile.svg",
    ]


def test_the_same_figure_gives_the_same_bytes(tmp_path):
    one = write_figures(tmp_path / "one", {"f": (draw(), "A line.")})
    two = write_figures(tmp_path / "two", {"f": (draw(), "A line.")})
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in two]


def test_a_users_own_settings_of_matplotlib_do_not_reach_the_files(tmp_path):
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    paths = write_figures(tmp_path / "plain", {"f": (draw(), "A line.")})
    theirs = {"image.origin": "lower", "savefig.transparent": True, "savefig.facecolor": "red", "savefig.bbox": "tight"}
    with matplotlib.rc_context(theirs):
        again = write_figures(tmp_path / "theirs", {"f": (draw(), "A line.")})
    assert [p.read_bytes() for p in again] == [p.read_bytes() for p in paths]
    figure = draw()
    figure.dpi = 300
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    np.testing.assert_allclose(matplotlib.image.imread(paths[0]), np.asarray(canvas.buffer_rgba()) / 255, atol=1e-6)


def test_a_figure_is_laid_out_once_and_keeps_its_engine(tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 1), layout="constrained")
    axes = figure.subplots()
    axes.set(ylabel="a long label", title="a title")
    engine, drawn, draw_once = figure.get_layout_engine(), [], Figure.draw
    monkeypatch.setattr(
        Figure, "draw", lambda self, renderer: drawn.append(type(renderer)) or draw_once(self, renderer)
    )
    write_figures(tmp_path, {"f": (figure, "")}, ("png", "svg", "pdf"))
    assert len(drawn) == 3  # each format, none for the layout
    assert figure.get_layout_engine() is engine
    written, figure.dpi = axes.get_position().bounds, 300
    figure.draw_without_rendering()
    assert axes.get_position().bounds == pytest.approx(written, abs=0.005)
    assert ">a long label</text>" in (tmp_path / "figures/f.svg").read_text()


def test_opening_a_run_needs_no_heavy_import():
    code = (
        "import sys; from brainalign.tracking import load_run, tracked_run;"
        "print([m for m in ('mlflow', 'matplotlib', 'pandas', 'yaml', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
