"""Power in sentences, for a grant or a preregistration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from brainalign.counts import ends

NAMES = {
    "sign_flip": "the sign-flip test over participants",
    "mixed": "the mixed model",
    "paired_t": "the t-test over pooled electrodes",
}
EFFECTS = {"difference": "difference", "shared": "shared variance"}
"""What is to be found, as a word."""

ENOUGH = 0.8
"""Power that a design is commonly asked for."""


def numbers_of(settings: Mapping[str, Any]) -> str:
    """The design in words.

    Args:
        settings: Of the simulator.

    Example:
        >>> sizes = {"subjects": 10, "electrodes": 20, "sentences": 150, "repeated": 0, "repeats": 1}
        >>> numbers_of({**sizes, "silent_fraction": 0.1, "rho_min": 0.05, "rho_max": 0.5}).split(", ")[1:]
        ['the others with single-trial ceilings of 0.05 to 0.5)', '150 sentences']
    """
    again = f" ({settings['repeated']} of them heard {settings['repeats']} times)" if settings["repeated"] else ""
    silent, low, high = (settings[key] for key in ("silent_fraction", "rho_min", "rho_max"))
    return (
        f"{settings['subjects']} participants of {settings['electrodes']} electrodes ({100 * silent:.0f} % silent, the others with "
        f"single-trial ceilings of {low:g} to {high:g}), {settings['sentences']} sentences{again}"
    )


def sentences_on(
    table: pd.DataFrame,
    settings: Mapping[str, Any],
    design: str,
    *,
    tests: int,
    level: float,
    spread: tuple[float, float],
) -> list[tuple[str, str]]:
    """Summary lines: what the design finds, what it would find of nothing, and how many participants are enough.

    Args:
        table: Columns effect, size, participants, sentences, test, power, low, high.
        settings: Of the simulator.
        design: In words.
        tests: Size of the family.
        level: Before it is divided by that.
        spread: SD of the true effect between participants, and between electrodes.
    """
    family = f"{level:g}, Bonferroni over {tests} tests" if tests > 1 else f"{level:g}"
    lines = []
    at_home = table[table["sentences"] == settings["sentences"]]
    for effect, own in at_home.groupby("effect", sort=False):
        size = float(own["size"].max())
        given, none = own[own["size"] > 0], own[own["size"] == 0]
        here, nothing = (t[t["participants"] == settings["subjects"]].set_index("test") for t in (given, none))
        what = f"a {EFFECTS[str(effect)]} of {size:g}"
        found = ", ".join(f"{_percent(here.loc[test])} by {name}" for test, name in NAMES.items())
        false = ", ".join(f"{_percent(nothing.loc[test])} by {name}" for test, name in NAMES.items())
        lines.append(
            (
                f"power, {effect}",
                f"With {design}, {what} (SD {spread[0]:g} between participants, {spread[1]:g} between electrodes) is found at {family} in "
                f"{found} [95 % binomial intervals]. Where there is none, it is called significant in {false}.",
            )
        )
        enough = []
        for test, name in NAMES.items():
            reached = given[(given["test"] == test) & (given["power"] >= ENOUGH)]
            most = int(given["participants"].max())
            enough.append(
                f"{int(reached['participants'].min())} by {name}" if len(reached) else f"more than {most} by {name}"
            )
        tried = ", ".join(map(str, sorted(set(given["participants"]))))
        lines.append((f"participants for {ENOUGH:.0%}, {effect}", f"{'; '.join(enough)} (tried: {tried})"))
    return lines


def _percent(row: Any) -> str:
    return f"{100 * row['power']:.0f} %{ends(100 * row['low'], 100 * row['high'], '.0f')}"
