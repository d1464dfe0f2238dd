"""Words and their times in a sound, by Whisper's own decoder and its attention to the encoder: no transcript is needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from brainalign.data.sound.audio import RATE, Audio

LONGEST = 0.8
"""Seconds that a word can last at most: silence after it is no part of it."""


def words_of(sounds: Mapping[str, Path], checkpoint: Path) -> dict[str, pd.DataFrame]:
    """Greedy transcripts; a sub-word's time is where its cross-attention lies, by dynamic time warping.

    All heads of the upper half of the decoder's layers are averaged, which is what Whisper itself does where nobody has
    chosen heads (Radford et al. 2023; ``openai/whisper``, ``timing.py``).

    Args:
        sounds: Stimulus -> file, 30 s at most.
        checkpoint: Folder of Whisper tiny.en.

    Returns:
        Stimulus -> columns word, onset, offset, in seconds.
    """
    import torch
    from transformers import (
        GenerationConfig,
        PreTrainedTokenizerFast,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
    )

    model: Any = WhisperForConditionalGeneration.from_pretrained(
        checkpoint, dtype=torch.float32, attn_implementation="eager"
    )
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(checkpoint / "tokenizer.json"))
    begin, plain, end = (
        tokenizer.convert_tokens_to_ids(f"<|{name}|>") for name in ("startoftranscript", "notimestamps", "endoftext")
    )
    layers = model.config.decoder_layers
    model.generation_config = GenerationConfig(
        decoder_start_token_id=begin, no_timestamps_token_id=plain, eos_token_id=end, pad_token_id=end, is_multilingual=False,
        alignment_heads=[[n, h] for n in range(layers // 2, layers) for h in range(model.config.decoder_attention_heads)],
        return_timestamps=False, max_length=model.config.max_target_positions,
    )  # fmt: skip
    listen = WhisperFeatureExtractor.from_pretrained(checkpoint)
    found = {}
    for name, path in sounds.items():
        sound = np.asarray(Audio(path=path).load())
        heard = listen(sound, sampling_rate=RATE, return_tensors="pt", return_attention_mask=True)
        said = model.generate(
            heard.input_features,
            attention_mask=heard.attention_mask,
            return_token_timestamps=True,
            return_dict_in_generate=True,
        )
        pieces = [tokenizer.decode([i]) for i in said["sequences"][0].tolist()]
        found[name] = joined(pieces, said["token_timestamps"][0].tolist(), len(sound) / RATE)
    return found


def joined(pieces: list[str], times: list[float], duration: float) -> pd.DataFrame:
    """Sub-words made into words: a piece without a space before it goes on with the word.

    Args:
        pieces: Sub-words and special tokens as text.
        times: Of their begins, in seconds.
        duration: Of the sound.
    """
    words: list[str] = []
    onsets: list[float] = []
    for piece, time in zip(pieces, times, strict=True):
        if piece.startswith("<|"):
            continue
        if piece.startswith(" ") or not words:
            words.append("")
            onsets.append(time)
        words[-1] += piece.strip().replace('"', "")  # marks of speech are not spoken, and tables quote them
    table = pd.DataFrame({"word": words, "onset": onsets})
    table = table[table["word"].str.contains(r"\w")]
    last = np.minimum(duration, np.r_[table["onset"].to_numpy()[1:], duration])
    table["offset"] = np.minimum(last, table["onset"] + LONGEST)
    return table[table["offset"] - table["onset"] > 0.02].reset_index(drop=True)
