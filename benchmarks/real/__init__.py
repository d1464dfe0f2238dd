"""Trained networks on real recordings, through the command line, into docs/real.md: ``python -m benchmarks.real --write``."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "real.md"
DATA, MODELS = "BRAINALIGN_TEST_DATA", "BRAINALIGN_TEST_MODELS"
"""Environment variables: the real test data, and the folder that scripts/trained_models.py fills."""

SMOLLM2 = ("model=causal_lm", "model.name=smollm2", f"model.path=${MODELS}/smollm2_135m")
WHISPER = ("model=whisper_tiny", "model.name=whisper", f"model.path=${MODELS}/whisper_tiny_en")
MINILM = ("model=minilm", f"model.path=${MODELS}/minilm")
GLOVE = ("model=glove", f"model.path=${DATA}/glove/glove.6B.50d.top.txt")
"""Words of the command line that choose a model."""


def data(*parts: str) -> Path:
    """A file of the test data."""
    return Path(os.environ[DATA], *parts)


def model(name: str) -> Path:
    """The folder of a trained checkpoint."""
    return Path(os.environ[MODELS], name)
