"""TRF estimators, nested selection and scores; an estimator, and scikit-learn with it, is imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brainalign.encoding.banded import BandedRidgeTRF
    from brainalign.encoding.boosting import BoostingTRF
    from brainalign.encoding.decoding import DecodingTRF
    from brainalign.encoding.elastic_net import ElasticNetTRF
    from brainalign.encoding.trf import RidgeTRF

__all__ = ["BandedRidgeTRF", "BoostingTRF", "DecodingTRF", "ElasticNetTRF", "RidgeTRF"]

_MODULES = dict(zip(__all__, ("banded", "boosting", "decoding", "elastic_net", "trf"), strict=True))


def __getattr__(name: str) -> Any:
    """An estimator."""
    if name in _MODULES:
        return getattr(import_module(f"brainalign.encoding.{_MODULES[name]}"), name)
    raise AttributeError(f"module 'brainalign.encoding' has no attribute {name!r}")
