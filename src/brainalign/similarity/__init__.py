"""Similarity of two representations of the same rows: plain arrays in, numbers out; no model, no TRF, no config."""

from brainalign.similarity._canonical import CanonicalSummary, canonical_summary
from brainalign.similarity._cka import CKA, cka
from brainalign.similarity._neighbours import mutual_knn
from brainalign.similarity._procrustes import procrustes
from brainalign.similarity._rdm import crossnobis, rdm
from brainalign.similarity._rsa import compare_rdms, rsa

__all__ = [
    "CKA",
    "CanonicalSummary",
    "canonical_summary",
    "cka",
    "compare_rdms",
    "crossnobis",
    "mutual_knn",
    "procrustes",
    "rdm",
    "rsa",
]
