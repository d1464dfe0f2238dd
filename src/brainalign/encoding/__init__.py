"""TRF estimators, nested selection and scores."""

from brainalign.encoding.banded import BandedRidgeTRF
from brainalign.encoding.trf import RidgeTRF

__all__ = ["BandedRidgeTRF", "RidgeTRF"]
