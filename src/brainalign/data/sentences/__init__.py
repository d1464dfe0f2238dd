"""Responses to sentences without a time series: one value a sentence, by passages."""

from brainalign.data.sentences.dataset import read_sentences

__all__ = ["read_sentences"]
