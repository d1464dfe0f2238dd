"""TRF estimators, nested selection and scores."""

from brainalign.encoding.trf import RidgeTRF

__all__ = ["RidgeTRF"]
