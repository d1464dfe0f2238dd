"""GGUF files: one file with configuration, tokenizer and (often quantised) weights, as llama.cpp writes them."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from brainalign.errors import BrainalignError


def gguf_file(file: Path) -> Path:
    """A GGUF file, as llama.cpp writes them, with what reads it at hand.

    Args:
        file: Where it is said to be.

    Raises:
        BrainalignError: It is not there, is no GGUF, or what reads it is not installed.
    """
    if not file.is_file():
        raise BrainalignError(f"model.path={file} is no file; a GGUF file or the folder of a checkpoint is needed.")
    with file.open("rb") as opened:
        if opened.read(4) != b"GGUF":
            raise BrainalignError(
                f"model.path={file} does not begin as a GGUF file does; one that llama.cpp wrote is needed."
            )
    if absent := [package for package in ("gguf", "accelerate") if find_spec(package) is None]:
        raise BrainalignError(
            f"model.path={file}: to read GGUF files, {' and '.join(absent)} must be installed: pip install 'brainalign[gguf]'."
        )
    return file
