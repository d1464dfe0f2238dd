"""Checkpoints: what identifies them, and how they are loaded."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from logging import ERROR, getLogger
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from brainalign.errors import BrainalignError, nearest
from brainalign.features.checkpoints.divided import divide, hold, room, scratch
from brainalign.features.checkpoints.location import SETTINGS, first_line, weight_files
from brainalign.features.checkpoints.positions import take_positions
from brainalign.features.checkpoints.weights import in_precision, shuffle
from brainalign.linalg.machine import total_memory

if TYPE_CHECKING:
    from transformers import PreTrainedModel

WEIGHT_KINDS = ("trained", "untrained", "rerandomized")

OURS_ALONE: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
"""Nothing is fetched, and no Python of a checkpoint is run, nor asked for."""
PRECISIONS = ("float32", "bfloat16", "float16")
_TOKENIZER = ("tokenizer.json", "vocab.json", "vocab.txt", "*.model")
"""Files of which a tokenizer has one or more."""
_NEVER_READ = ("masked_spec_embed",)
"""Weights for training alone, which many checkpoints lack."""


@dataclass(frozen=True)
class Loading:
    """How a checkpoint becomes a model in memory.

    ================  =============================================================================================
    weights           what they are
    ================  =============================================================================================
    ``trained``       the checkpoint's
    ``untrained``     as the architecture's own initialisation draws them; config.json is all that is read
    ``rerandomized``  the checkpoint's, the values of each tensor shuffled: every layer keeps the distribution of its
                      weights and loses what they had learned
    ================  =============================================================================================

    Attributes:
        weights: See the table.
        seed: Of weights that are drawn or shuffled.
        precision: Of the model's arithmetic: ``float32``, ``bfloat16``, ``float16``.
        positions: Whether the model keeps its table of positions; else it is set to zero, for controls.
        offload: Where the model is divided among all devices: folder for weights that fit on none; None = it lies on one device.
    """

    weights: str = "trained"
    seed: int = 0
    precision: str = "float32"
    positions: bool = True
    offload: Path | None = None

    def __post_init__(self) -> None:
        for key, value, valid in (
            ("model.weights", self.weights, WEIGHT_KINDS),
            ("features.precision", self.precision, PRECISIONS),
        ):
            if value not in valid:
                raise BrainalignError(f"{key}={value!r} is unknown; {nearest(value, valid)}")

    @property
    def identity(self) -> str:
        """What it adds to a checkpoint's digest; nothing where the checkpoint is taken as it is."""
        parts = [f"weights in {self.precision}"] if self.precision != "float32" else []
        if self.weights != "trained":
            parts += [self.weights, str(self.seed)]
        if self.weights == "untrained":  # drawn by these two, which may change how
            parts += [f"{package} {version(package)}" for package in ("torch", "transformers")]
        parts += [] if self.positions else ["without positions"]
        return ", ".join(parts)

    def __str__(self) -> str:
        said = {"untrained": "untrained", "rerandomized": "weights shuffled within each tensor"}.get(self.weights)
        parts = [f"{said} (seed {self.seed})"] if said else []
        parts += [] if self.positions else ["without positions"]
        return ", ".join([*parts, *([self.precision] if self.precision != "float32" else [])])


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint in a folder: its configuration is read at once, its weights when they are needed.

    Attributes:
        folder: From :func:`checkpoint_folder`; or a GGUF file.
        model_class: Name of the transformers class that loads it: ``AutoModel``, ``AutoModelForCausalLM``.
        processor_class: Of its tokenizer or feature extractor.
        loading: Which weights, in which precision.
    """

    folder: Path
    model_class: str
    processor_class: str
    loading: Loading = Loading()

    @cached_property
    def model_type(self) -> str:
        """``model_type`` of the configuration."""
        if self.gguf:
            return str(self.config.model_type)
        file = self.folder / "config.json"
        try:
            return str(json.loads(file.read_text(encoding="utf-8"))["model_type"])
        except (ValueError, KeyError, TypeError) as error:
            raise BrainalignError(
                f"{file} is no configuration of a transformers model ({type(error).__name__}: {error})."
            ) from error

    @cached_property
    def config(self) -> Any:
        """The configuration, as transformers reads it."""
        from transformers import AutoConfig

        what = "is a GGUF file that transformers does not read" if self.gguf else "has no usable config.json"
        try:
            with quiet_transformers():
                return AutoConfig.from_pretrained(self._source, **self._options)
        except (OSError, ValueError, TypeError, KeyError, AttributeError, NotImplementedError, struct.error) as error:
            raise BrainalignError(f"checkpoint {self.folder} {what}: {self._why(error)}") from error

    @property
    def gguf(self) -> bool:
        """Whether it is a GGUF file."""
        return self.folder.suffix.lower() == ".gguf"

    @property
    def _source(self) -> Path:
        return self.folder.parent if self.gguf else self.folder

    @property
    def _options(self) -> dict[str, Any]:
        return {**OURS_ALONE, **({"gguf_file": self.folder.name} if self.gguf else {})}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of weights and settings and of how they are loaded: the model's identity, wherever it lies."""
        state = hashlib.sha256(self.loading.identity.encode())
        if self.gguf:
            with self.folder.open("rb") as opened:
                state.update(hashlib.file_digest(opened, "sha256").digest())
            return state.hexdigest()
        settings = sorted({file for pattern in SETTINGS for file in self.folder.glob(pattern)})
        weights = [] if self.loading.weights == "untrained" else weight_files(self.folder)
        for file in [*settings, *weights]:
            with file.open("rb") as opened:
                state.update(file.name.encode() + hashlib.file_digest(opened, "sha256").digest())
        return state.hexdigest()

    @property
    def revision(self) -> str:
        """Commit of the hub's repository, where the folder is a snapshot in the hub's cache; else empty."""
        return self.folder.name if self.folder.parent.name == "snapshots" else ""

    @cached_property
    def parameters(self) -> int | None:
        """Number of parameters of the network that is loaded, heads left out; None where it cannot be laid out without its weights.

        Weight files are no measure: some hold masks, tied matrices twice, or heads.
        """
        import torch
        import transformers

        try:
            with quiet_transformers(), torch.device("meta"):
                loader = getattr(transformers, self.model_class)
                model = loader.from_config(self.config, trust_remote_code=False)
        except (RuntimeError, NotImplementedError, TypeError, ValueError, ImportError):
            return None
        return int(sum(p.numel() for p in model.base_model.parameters()))

    def in_float32(self) -> Checkpoint | None:
        """The same in float32; None where it is in float32.

        Raises:
            MemoryError: It may not fit in memory, which no system tells before it is too late.
        """
        if self.loading.precision == "float32":
            return None
        stored = [self.folder] if self.gguf else weight_files(self.folder)
        most = (8 if self.gguf else 2) * sum(file.stat().st_size for file in stored)
        if self.loading.offload is None and most > total_memory():
            raise MemoryError(f"it may take {most / 2**30:.0f} GiB")
        return replace(self, loading=replace(self.loading, precision="float32"))

    def processor(self) -> Any:
        """The tokenizer or the feature extractor.

        Raises:
            BrainalignError: The folder does not have it.
        """
        import transformers

        of_text = self.processor_class == "AutoTokenizer"
        what = "tokenizer (tokenizer.json)" if of_text else "preprocessor_config.json"
        if not self.gguf and not any(list(self.folder.glob(file)) for file in (_TOKENIZER if of_text else [what])):
            # transformers makes some tokenizers from no file at all; they know no word
            raise BrainalignError(f"checkpoint {self.folder} has no {what}, which is needed beside the weights.")
        try:
            with quiet_transformers():
                return getattr(transformers, self.processor_class).from_pretrained(self._source, **self._options)
        except (OSError, ValueError, TypeError, KeyError, ImportError, AttributeError) as error:
            raise BrainalignError(f"checkpoint {self.folder} has no usable {what}: {self._why(error)}") from error

    def model(self, device: str = "cpu") -> PreTrainedModel:
        """The model as it is to be loaded, in evaluation mode, on its device or divided.

        Args:
            device: Torch device.

        Raises:
            BrainalignError: The weights cannot be read, or not all of them are there: the rest would be
            random.
        """
        how = self.loading
        # what is changed after it is read must be whole in memory; all else never has to be
        piecewise = how.offload is not None and how.weights == "trained" and how.positions and not self.gguf
        with quiet_transformers(), seeded(how.seed):  # transformers draws some values even where all are read
            model = self._untrained() if how.weights == "untrained" else self._trained(device if piecewise else None)
        if how.weights == "rerandomized":
            shuffle(model, how.seed)
        if not how.positions:
            take_positions(model)
        if how.offload is None:
            model.to(device)
        elif not piecewise:
            with quiet_transformers():
                divide(model, device, how.offload)
        return cast("PreTrainedModel", model.eval())

    def _why(self, error: Exception) -> str:
        """What transformers says; of a checkpoint that wants Python of its own to be run, that it never is."""
        for file in [] if self.gguf else self.folder.glob("*config.json"):
            if '"auto_map"' in file.read_text(encoding="utf-8", errors="replace"):
                return f"it comes with Python of its own ({file.name}: auto_map), which is never run; transformers must know it by itself."
        return first_line(error)

    def _untrained(self) -> Any:
        """The architecture with the weights that it is initialised with."""
        import torch
        import transformers

        loader = getattr(transformers, self.model_class)
        model = loader.from_config(self.config, dtype=torch.float32, trust_remote_code=False)
        in_precision(model, self.loading.precision)
        return model

    def _trained(self, divided: str | None) -> Any:
        """The checkpoint's weights, all of them; divided as they are read, or whole in memory where None."""
        import pickle

        import torch
        import transformers
        from safetensors import SafetensorError

        options = self._options
        if divided is not None:
            assert self.loading.offload is not None
            kept = scratch(self.loading.offload)
            options |= {"device_map": "auto", "max_memory": room(divided), "offload_folder": kept.name}
        try:
            loader = getattr(transformers, self.model_class)
            model, info = loader.from_pretrained(
                self._source, dtype=getattr(torch, self.loading.precision), output_loading_info=True, **options
            )
        except (
            OSError,
            ValueError,
            RuntimeError,
            KeyError,
            EOFError,
            SafetensorError,
            pickle.UnpicklingError,
            NotImplementedError,
        ) as error:
            raise BrainalignError(
                f"the weights of checkpoint {self.folder} cannot be loaded: {self._why(error)}"
            ) from error
        body = "" if model.base_model is model else f"{model.base_model_prefix}."
        missing = sorted(k for k in info["missing_keys"] if k.startswith(body) and not k.endswith(_NEVER_READ))
        if missing:
            raise BrainalignError(
                f"the weights of checkpoint {self.folder} lack {len(missing)} that its config.json asks for "
                f"({missing[0]}, ...); weights and configuration must belong together."
            )
        if divided is not None:
            hold(model, kept)
        if not self.gguf:
            return model
        plain = self._untrained()  # what is read from GGUF calls itself quantised, and refuses to be moved
        plain.load_state_dict(model.state_dict())
        return plain


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Torch's CPU generator seeded inside, and as it was outside; those of GPUs are not touched.

    Args:
        seed: Of what is drawn inside.
    """
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Without the progress bars and notes of transformers and accelerate; what a user must know is said by us."""
    from transformers.utils import logging

    parts = getLogger("accelerate.big_modeling")
    level = parts.level
    parts.setLevel(ERROR)
    before, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        parts.setLevel(level)
        logging.set_verbosity(before)
        if bar:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
