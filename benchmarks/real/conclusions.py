"""What holds, and what twelve minutes cannot show: sentences from the runs' own numbers."""

from __future__ import annotations

from benchmarks.real import alice, stories
from benchmarks.real.pair import by_variate
from benchmarks.real.runs import Runs
from benchmarks.real.tables import differences, nested, number, overall, p_value
from brainalign import load_run


def section(runs: Runs) -> list[str]:
    """Lines of the section.

    Args:
        runs: All done.
    """
    scores = nested({name: load_run(runs.folder / f"alice-{alice.slug(name)}") for name in alice.COMMANDS})
    tests = differences(scores, alice.PAIRS)
    holds = [verdict(row["a"], row["b"], row["mean_difference"], row["p_corrected"]) for _, row in tests.iterrows()]
    spaces = {
        kind: by_variate(load_run(runs.folder / f"cca-{kind}").tables["canonical"])
        for kind in ("both-trained", "both-untrained")
    }
    above = {kind: int((curve["held_out"] > curve["null_high"]).sum()) for kind, curve in spaces.items()}
    first = float(spaces["both-untrained"]["held_out"].iloc[0])
    told = overall(
        nested({n: load_run(runs.folder / f"stories-{alice.slug(n)}") for n in stories.COMMANDS}), "electrode"
    )
    order = told.set_index("model")["mean"].sort_values(ascending=False)
    return [
        "## What holds, and what twelve minutes cannot show",
        "",
        "On Alice, over listeners and regions:",
        "",
        *(f"- {line}" for line in holds),
        "",
        "On UTS03, by mean r over components (stories in turn): "
        + ", ".join(f"{name} {number(r)}" for name, r in order.items())
        + ".",
        "",
        f"The two trained networks share {above['both-trained']} variates above the shuffled null on held-out clips, the untrained ones "
        f"{above['both-untrained']}. The first variate is as high without training ({number(first)}): the place of a word in its clip",
        "may do that much, so a first canonical correlation alone is no evidence of anything learned.",
        "",
        "Twelve minutes a listener tell large differences only: a pair that is not told apart above is not shown to be",
        "equal, and no layer is shown",
        "to be better than its neighbours. Six regions are means over spheres, so nothing is said of finer places. The",
        "layer with the highest",
        "profile is read off the scored data; the nested scores in the tables are what generalises. UTS03 is one",
        "person: its intervals are over",
        "components of that person's brain. The clips have no listener: what is said of them beyond ABX and CCA is",
        "about simulated responses, and",
        "shows that the analyses find what was put there. Word-level vectors know the whole word at its onset, so no",
        "latency can be read from them.",
    ]


def verdict(a: str, b: str, difference: float, p: float) -> str:
    """A pair in a sentence."""
    if p >= 0.05:
        return f"{a} and {b} are not told apart ({difference:+.3f}, {p_value(p)})."
    return f"{a} predicts {'better' if difference > 0 else 'worse'} than {b} ({difference:+.3f}, {p_value(p)})."
