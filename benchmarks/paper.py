"""The whole convergence run at the paper's size, planned: ``python -m benchmarks.paper --write`` puts its stages into docs/paper.md.

Listeners are simulated: 16 with 46 electrodes each, who hear 499 sentences, ten of them ten times more. The two models have the shapes of
GPT-2 and wav2vec 2.0, base, with weights drawn at random: a plan asks a model for its widths, its speed and, where components are a share
of variance, for its spectrum.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from rich.console import Console

from benchmarks.machine import describe
from benchmarks.results import markdown_table, write_section
from brainalign.assembly import open_dataset, open_models, open_study
from brainalign.config import settle
from brainalign.config.composed import composed
from brainalign.features.checkpoints.checkpoint import seeded
from brainalign.features.checkpoints.tiny import tiny_gpt2, tiny_wav2vec2
from brainalign.linalg.machine import matrix_rate
from brainalign.progress import duration
from brainalign.study.plan import Stage

PAGE = Path(__file__).resolve().parents[1] / "docs" / "paper.md"
SIZE = ("data.subjects=16", "data.electrodes=46", "data.sentences=499", "data.repeated=10", "data.repeats=11")
"""599 presentations of 499 sentences and 736 electrodes."""
RUN = (
    "experiment=chen2023",
    "data=simulated",
    "electrodes=all",
    "model@partner=wav2vec2",
    *SIZE,
    "model.path=gpt2_shape",
    "partner.path=wav2vec2_shape",
)
VARIANTS = {
    "all dimensions": (),
    "four alphas": ("encoding.alphas=[1000,10000,100000,1000000]",),
    "95 % of the variance": ("encoding.components=.95",),
    "100 components": ("encoding.components=100",),
}
LEVERS = {
    "extract": "`device=cuda`; done once, then cached",
    "layer(s)": "`encoding.components`, fewer `model.layers`, `encoding.inner_folds=1`",
    "truncated, shared": "`encoding.components`, a smaller `analysis.variance`",
    "shared space holds": "a smaller `analysis.k`",
    "combinations": "`analysis.components`, `analysis.sets=2`, fewer `analysis.ratios`",
}
"""Part of a stage's name -> what shortens it."""


def shapes(folder: Path) -> dict[str, str]:
    """Write checkpoints of base shape, and say what their names in the command line stand for.

    Args:
        folder: Where they go.
    """
    from transformers import GPT2Config, GPT2Model, Wav2Vec2Config, Wav2Vec2Model

    found = {}
    for name, (kind, config, other) in {
        "gpt2_shape": (GPT2Model, GPT2Config(bos_token_id=None, eos_token_id=None), tiny_gpt2()[1]),
        "wav2vec2_shape": (Wav2Vec2Model, Wav2Vec2Config(), tiny_wav2vec2()[1]),
    }.items():
        found[name] = str(folder / name)
        if not (folder / name / "config.json").is_file():
            with seeded(0):
                kind(config).save_pretrained(folder / name)
            other.save_pretrained(folder / name)
    return found


def plan(words: Sequence[str]) -> list[Stage]:
    """The stages of a command line.

    Args:
        words: Of the command line.
    """
    config = settle(composed([*words, "plan=true"]))
    study = open_study(config, open_dataset(config))
    study.check()
    return list(config.analysis.stages(study, open_models(config, study)))


def rows(stages: dict[str, list[Stage]]) -> list[list[str]]:
    """Stage, time and memory under each variant, and the lever; the sum below."""
    first, *others = stages.values()
    table = []
    for place, stage in enumerate(first):
        lever = next((told for part, told in LEVERS.items() if part in stage.what), "")
        table.append([stage.what, *(f"{s.seconds / 60:.1f}" for s in (stage, *(o[place] for o in others))), lever])
    whole = [sum(s.seconds for s in of) for of in stages.values()]
    most = [max(s.memory for s in of) / 2**30 for of in stages.values()]
    return [
        *table,
        ["in all", *(duration(s) for s in whole), ""],
        ["peak memory, GiB", *(f"{m:.1f}" for m in most), ""],
    ]


def main() -> None:
    """Plan both, print, and with --write put the tables into the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--output",
        type=Path,
        default=Path(tempfile.gettempdir()) / "brainalign-paper",
        help="folder of the checkpoints",
    )
    parser.add_argument("--write", action="store_true", help="replace the section of docs/paper.md")
    given = parser.parse_args()
    names = shapes(given.output)
    place = [f"paths.output={given.output}", f"paths.cache={given.output / 'cache'}"]
    stages = {}
    for name, words in VARIANTS.items():
        filled = [
            word.replace(short, whole) for word in (*RUN, *words) for short, whole in names.items() if short in word
        ]
        kept = [word for word in (*RUN, *words) if not any(short in word for short in names)]
        stages[name] = plan([*kept, *filled, *place])
        for stage in stages[name]:
            Console().print(name, *stage.cells(), markup=False, highlight=False, soft_wrap=True)
    body = "\n".join(
        [
            f"Planned on {describe(['numpy', 'torch', 'transformers'], torch.get_num_threads())} The matrix rate that the plans count "
            f"with, measured then: {matrix_rate('cpu', 'float32') / 1e9:.0f} GFLOP/s in float32. Minutes a stage:",
            "",
            markdown_table(
                [
                    "stage",
                    *(" ".join(f"`{w}`" for w in words) or name for name, words in VARIANTS.items()),
                    "shorter by",
                ],
                rows(stages),
            ),
            "",
            "```console",
            *(f"python run.py {' '.join((*RUN, *words))} plan=true" for words in VARIANTS.values()),
            "```",
        ]
    )
    Console().print(body, markup=False, highlight=False, soft_wrap=True)
    if given.write:
        write_section("paper", body, PAGE)


if __name__ == "__main__":
    main()
