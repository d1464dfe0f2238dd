"""TRF estimators, nested selection and scores."""

from brainalign.encoding.banded import BandedRidgeTRF
from brainalign.encoding.boosting import BoostingTRF
from brainalign.encoding.decoding import DecodingTRF
from brainalign.encoding.elastic_net import ElasticNetTRF
from brainalign.encoding.trf import RidgeTRF

__all__ = ["BandedRidgeTRF", "BoostingTRF", "DecodingTRF", "ElasticNetTRF", "RidgeTRF"]
