"""Predictions and weights in a run's folder: a .npz file a model, without pickles, read when it is asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from brainalign.errors import BrainalignError, nearest
from brainalign.tracking.files import file_name, replacing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PREDICTIONS = "predictions"
WEIGHTS = "weights"


def write_arrays(folder: Path, model: str, arrays: Mapping[str, NDArray[Any]]) -> Path:
    """Write ``<model>.npz``, the model's own name in it.

    Args:
        folder: ``predictions`` or ``weights`` in the run's folder.
        model: Any name; in the file's name, what is no plain letter, digit, dot or dash becomes a dash, with a hash that tells such
            names apart.
        arrays: Name -> numbers or text.
    """
    import numpy as np

    path = Path(folder) / f"{file_name(model)}.npz"
    content: dict[str, Any] = {"model": np.array(model), **arrays}
    with replacing(path) as temporary:
        np.savez(temporary, **content)
    return path


def read_arrays(path: Path, *names: str, optional: Collection[str] = ()) -> dict[str, NDArray[Any]]:
    """Some arrays of a file; without names, all.

    Args:
        path: The file.
        names: Of arrays.
        optional: And of some that it need not have.

    Raises:
        BrainalignError: The file is damaged or lacks one of them.
    """
    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as content:
            there = [name for name in optional if name in content.files]
            return {name: content[name] for name in (*(names or content.files), *there)}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise BrainalignError(
            f"{path} cannot be read ({error}); a file that save.predictions or save.weights wrote is needed."
        ) from error


class SavedPredictions(Mapping[str, "NDArray[np.float32]"]):
    """A model's held-out predictions: stimulus -> (T, C) in the responses' units, NaN where nothing was held out.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def channels(self) -> list[tuple[str, str]]:
        """(subject, electrode) of each column."""
        found = read_arrays(self.path, "subject", "electrode")
        return list(zip(found["subject"].tolist(), found["electrode"].tolist(), strict=True))

    def times(self, stimulus: str) -> NDArray[np.float64]:
        """(T,) times of a stimulus's rows, in seconds from its start."""
        return read_arrays(self.path, f"times/{self._known(stimulus)}")[f"times/{stimulus}"]

    @cached_property
    def _stimuli(self) -> list[str]:
        import numpy as np

        with np.load(self.path, allow_pickle=False) as content:
            return [n.removeprefix("predictions/") for n in content.files if n.startswith("predictions/")]

    def _known(self, stimulus: str) -> str:
        if stimulus not in self._stimuli:
            raise KeyError(f"no prediction of stimulus {stimulus!r}; {nearest(stimulus, self._stimuli)}")
        return stimulus

    def __getitem__(self, stimulus: str) -> NDArray[np.float32]:
        """Read one stimulus; a KeyError names the nearest one that there is."""
        return read_arrays(self.path, f"predictions/{self._known(stimulus)}")[f"predictions/{stimulus}"]

    def __iter__(self) -> Iterator[str]:
        return iter(self._stimuli)

    def __len__(self) -> int:
        return len(self._stimuli)

    def __repr__(self) -> str:
        return f"SavedPredictions({self.path.name}, {len(self)} stimuli)"


@dataclass(frozen=True)
class SavedWeights:
    """TRF weights of a model's best layer, one fit an outer fold; of a joined model, those of all bands side by side.

    The prediction of electrode c at frame t in fold f is, with features h standardised and then zero outside the stimulus,

        intercept[f, c] + sum over k, j of weights[f, k, j, c] * (h[t - lags[k], j] - mean[f, g, j]) / sd[f, g, j],  g = group[c]

    Attributes:
        weights: (folds, lags, d, C) float32, NaN where there is no fit.
        intercept: (folds, C), in the responses' units.
        mean, sd: (folds, groups, d) of the training frames.
        group: (C,) number of the electrodes that have the same valid frames.
        lags: (lags,) in frames.
        lags_s: (lags,) in seconds.
        layer: The layer with the best mean inner score.
        subject, electrode: (C,) who the columns are.
        band: (d,) the band that each dimension belongs to, as in ``weights[:, :, band == "mel"]``; None where there are no bands.
        band_layers: (folds, bands) layer of each band, chosen on inner folds; None where there are no bands. A band whose layers
            differ in width has NaN weights where a fold's layer has no such dimension.
    """

    weights: NDArray[np.float32]
    intercept: NDArray[np.float64]
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    group: NDArray[np.int64]
    lags: NDArray[np.int64]
    lags_s: NDArray[np.float64]
    layer: int
    subject: NDArray[np.str_]
    electrode: NDArray[np.str_]
    band: NDArray[np.str_] | None = None
    band_layers: NDArray[np.int64] | None = None

    @classmethod
    def read(cls, path: Path) -> SavedWeights:
        """Read a file.

        Raises:
            BrainalignError: It is damaged.
        """
        needed = [field.name for field in fields(cls) if field.default is MISSING]
        found: dict[str, Any] = read_arrays(
            path, *needed, optional=[f.name for f in fields(cls) if f.name not in needed]
        )
        return cls(**{**found, "layer": int(found["layer"])})
