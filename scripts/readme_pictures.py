"""The README's pictures, from a run of experiment=quickstart: python scripts/readme_pictures.py outputs/DATE/TIME."""

import sys
from pathlib import Path

from PIL import Image

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
SMALL = {name: name for name in ("ceilings", "canonical_correlations", "decomposition", "variance_partition")} | {
    "figure_3": "similarity"
}
"""Figures that stand beside a question, and the names of their pictures."""


def shrink(figure: Path, width: int, name: str) -> None:
    """Write a figure with fewer pixels and 256 colours, chosen so that a thin line keeps its own."""
    with Image.open(figure) as picture:
        smaller = picture.convert("RGB").resize(
            (width, round(width * picture.height / picture.width)), Image.Resampling.LANCZOS
        )
    few = smaller.quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=4)
    few.save(PICTURES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    figures = Path(sys.argv[1]) / "figures"
    PICTURES.mkdir(exist_ok=True)
    shrink(figures / "figure_4.png", 1300, "quickstart")
    for own, name in SMALL.items():
        shrink(figures / f"{own}.png", 420, name)
