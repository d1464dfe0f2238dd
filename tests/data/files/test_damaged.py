"""Damaged files of every kind that a reader takes: they are read, or refused in a sentence with the file's name; nothing else is raised."""

import json
import random
import shutil

import nibabel
import numpy as np
import pandas as pd
import pytest
import soundfile

from brainalign.data.arrays import read_arrays
from brainalign.data.bids.dataset import read_bids
from brainalign.data.files.reading import read_json, reading
from brainalign.data.fmri.images import seconds_of
from brainalign.data.fmri.stories import read_story_fmri
from brainalign.data.folder import read_folder
from brainalign.data.formats import ArrayKeys, StimuliFormat
from brainalign.data.nwb.dataset import read_nwb
from brainalign.data.raw.dataset import read_raw_files
from brainalign.data.sound.audio import Audio
from brainalign.errors import BrainalignError
from brainalign.features.words.vector_files import read_vectors
from tests.data import recordings

S = StimuliFormat()
KEYS = ArrayKeys(
    rate="rate",
    onset="onset",
    stimulus="stimulus",
    electrode="electrode",
    region="region",
    hemisphere="hemisphere",
    x="x",
)
RNG = np.random.default_rng(0)
WORDS = "word\tonset\toffset\none\t1\t2\ntwo\t3\t4\n"
GRID = """File type = "ooTextFile"
Object class = "TextGrid"

0
2
<exists>
1
"IntervalTier"
"words"
0
2
2
0
1
"a"
1
2
"b"
"""


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def flat(root):
    return recordings.folder(root), lambda: read_folder(root)


def with_sound(ending):
    def made(root):
        recordings.folder(root)
        (root / "stimuli" / "s1.wav").unlink()
        soundfile.write(root / "stimuli" / f"s1.{ending}", 0.1 * RNG.standard_normal(32_000), 16_000)
        return root, lambda: [s.audio.load() for s in read_folder(root).stimuli.values()]

    return made


def with_words(name, text):
    def made(root):
        recordings.folder(root)
        (root / "stimuli" / "s1_words.tsv").unlink()
        put(root / "stimuli" / name, text)
        return root, lambda: read_folder(root)

    return made


def images(root, ending):
    put(root / "stimuli" / "s1_words.tsv", WORDS)
    (root / "01").mkdir()
    if ending == "func.gii":
        arrays = [
            nibabel.gifti.GiftiDataArray(v, meta={"TimeStep": "2000"})
            for v in RNG.standard_normal((20, 5)).astype("f4")
        ]
        nibabel.save(nibabel.GiftiImage(darrays=arrays), root / "01" / "s1.func.gii")
    else:
        image = nibabel.Nifti1Image(RNG.standard_normal((3, 3, 3, 20)).astype("f4"), np.eye(4))
        image.header.set_zooms((1, 1, 1, 2.0))
        nibabel.save(image, root / "01" / f"s1.{ending}")
    return root, lambda: read_story_fmri(root, f"{{subject}}/{{stimulus}}.{ending}", ArrayKeys(responses="data"), 2.0)


def parquet(root):
    root.mkdir(exist_ok=True)
    np.savez(root / "01.npz", s1=RNG.standard_normal((30, 5)))
    pd.DataFrame({"stimulus": "s1", "tr": range(30), "words": "hello world"}).to_parquet(root / "w.parquet")
    return root, lambda: read_story_fmri(
        root, "{subject}.npz", ArrayKeys(responses="{stimulus}"), 2.0, words_file="w.parquet"
    )


def arrays(made, ending):
    return lambda root: (made(root), lambda: read_arrays(root, f"{{subject}}.{ending}", KEYS, S))


def fif(root):
    recordings.fif(root)
    files = ("{subject}_run-{run}_raw.fif", S, "{subject}_run-{run}_events.tsv")
    return root, lambda: read_raw_files(root, *files)


def vectors(root):
    path = put(root / "v.txt", "the 0.5 1.0\ncat -1 2\n")
    return root, lambda: read_vectors(path)


FORMATS = {
    "npz": (arrays(recordings.npz, "npz"), "*.npz"),
    "hdf5": (arrays(recordings.hdf5, "h5"), "*.h5"),
    "mat5": (arrays(recordings.mat5, "mat"), "*.mat"),
    "mat73": (arrays(recordings.mat73, "mat"), "*.mat"),
    "nwb": (lambda root: (recordings.nwb(root), lambda: read_nwb(root, "{subject}.nwb", S)), "*.nwb"),
    "npy": (flat, "*.npy"),
    "sidecar": (flat, "run-1_responses.json"),
    "tsv": (flat, "events.tsv"),
    "wav": (with_sound("wav"), "s1.wav"),
    "flac": (with_sound("flac"), "s1.flac"),
    "mp3": (with_sound("mp3"), "s1.mp3"),
    "textgrid": (with_words("s1.TextGrid", GRID), "s1.TextGrid"),
    "csv": (with_words("s1_words.csv", "word,onset,offset\na,0.1,0.5\n"), "s1_words.csv"),
    "whisper": (
        with_words("s1.json", json.dumps({"segments": [{"words": [{"word": " hi", "start": 0.1, "end": 0.5}]}]})),
        "s1.json",
    ),
    "fif": (fif, "*_raw.fif"),
    "edf": (lambda root: (recordings.bids(root, "EDF"), lambda: read_bids(root, S)), "*.edf"),
    "vhdr": (lambda root: (recordings.bids(root, "BrainVision"), lambda: read_bids(root, S)), "*.vhdr"),
    "gii": (lambda root: images(root, "func.gii"), "*.gii"),
    "nii": (lambda root: images(root, "nii"), "s1.nii"),
    "nii.gz": (lambda root: images(root, "nii.gz"), "s1.nii.gz"),
    "parquet": (parquet, "w.parquet"),
    "vectors": (vectors, "v.txt"),
}


HDF5 = ("hdf5", "mat73", "nwb")


def damaged(content, rng):
    n = len(content)
    at = rng.randrange(n)
    length = rng.choice((4, 64, 1024))
    flipped = bytearray(content)
    for _ in range(rng.choice((1, 5, 50))):
        flipped[rng.randrange(min(n, rng.choice((300, n))))] = rng.randrange(256)
    ways = (content[:at], content[:at] + bytes(min(length, n - at)) + content[at + length :], bytes(flipped))
    return rng.choice(ways)


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_is_read_or_refused_by_name(name, tmp_path):
    make, pattern = FORMATS[name]
    root, read = make(tmp_path / "d")
    read()
    path = next(root.rglob(pattern))
    content, rng = path.read_bytes(), random.Random(name)
    # some broken heaps send libhdf5 into an endless loop, which nothing in Python ends: HDF5 is cut, and not spoilt inside
    spoilt = [] if name in HDF5 else [damaged(content, rng) for _ in range(6)]
    cases = [
        b"",
        content[: len(content) // 2],
        bytes(len(content)),
        b"{" * 100_000,
        content[:-100],
        *spoilt,
    ]
    refused = 0
    for case in cases:
        path.write_bytes(case)
        try:
            read()
        except BrainalignError as error:
            refused += 1
            said = str(error)
            # what a whole header says of other samples is held against the tables: these, or the participant, are named then
            assert path.stem.split(".")[0] in said or "events.tsv" in said or "participant" in said, said
    assert refused >= 2
    path.write_bytes(content)
    read()


def test_all_damaged_files_are_told_in_one_pass(tmp_path):
    root = recordings.folder(tmp_path)
    shutil.copytree(root / "sub-01", root / "sub-02")
    for path in (root / "sub-01/run-1_responses.npy", root / "sub-02/channels.tsv", root / "stimuli/s1.wav"):
        path.write_bytes(b"\xff\xfe")
    with pytest.raises(BrainalignError) as error:
        read_folder(root)
    lines = str(error.value).splitlines()
    assert len(lines) == 3 and all(sum(name in line for line in lines) == 1 for name in ("sub-01", "sub-02", "s1.wav"))


def test_a_header_that_no_sound_has(tmp_path):
    path = tmp_path / "s1.wav"
    soundfile.write(path, 0.1 * RNG.standard_normal(16_000), 16_000)
    content = bytearray(path.read_bytes())
    content[24:28] = (2_000_000_000).to_bytes(4, "little")
    path.write_bytes(content)
    for ask in (lambda: Audio(path).duration, lambda: Audio(path).load()):
        with pytest.raises(BrainalignError, match=r"s1.wav says that it has 2000000000 samples a second"):
            ask()


@pytest.mark.parametrize("columns", [5, "E1", None, {"a": 1}, [1, 2], [["LA1"]]])
def test_columns_of_a_sidecar_that_are_no_names(tmp_path, columns):
    root = recordings.folder(tmp_path)
    side = root / "sub-01" / "run-1_responses.json"
    side.write_text(json.dumps({"SamplingFrequency": 200.0, "Columns": columns}))
    if columns is None:
        read_folder(root)
        return
    with pytest.raises(BrainalignError, match=r"run-1_responses.json: Columns are not the electrodes"):
        read_folder(root)


def test_objects_in_an_npz_are_refused_with_what_to_do(tmp_path):
    root = recordings.npz(tmp_path)
    content = dict(np.load(root / "sub-01.npz"))
    np.savez(root / "sub-01.npz", **{**content, "stimulus": content["stimulus"].astype(object)})
    with pytest.raises(BrainalignError, match=r"sub-01.npz: 'stimulus' holds Python objects.* dtype=str"):
        read_arrays(root, "{subject}.npz", KEYS, S)


def test_a_sentence_of_ours_keeps_its_words_and_gets_the_file(tmp_path):
    path = put(tmp_path / "a.json", "[" * 100_000)
    with pytest.raises(BrainalignError, match=r"a.json cannot be read as JSON \(RecursionError"):
        read_json(path)
    with pytest.raises(BrainalignError, match=r"a.json: no rate$"), reading(path, "x"):
        raise BrainalignError("no rate")
    with (
        pytest.raises(BrainalignError, match=r"b.json does not exist; it must be x"),
        reading(tmp_path / "b.json", "x"),
    ):
        pass
    with pytest.raises(KeyboardInterrupt), reading(path, "x"):
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("said", "factor", "seconds"),
    [
        ("2000.0", 1e-3, 2.0), ("2.0", 1e-3, 2.0), (2000.0, 1.0, 2.0), (1.5, 1.0, 1.5), ("1.5e3", 1e-3, 1.5), ("0.000000", 1e-3, None),
        (0.0, 1.0, None), (None, 1e-3, None), ("n/a", 1e-3, None), ("nan", 1e-3, None), (720.0, 1e-3, 0.72), (2e6, 1e-6, 2.0),
    ],
)  # fmt: skip
def test_the_tr_of_a_header_by_its_unit_or_its_size(said, factor, seconds):
    assert seconds_of(said, factor) == (None if seconds is None else pytest.approx(seconds))
