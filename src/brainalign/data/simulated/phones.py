"""The phones of the simulated language: how long, where the formants lie, what noise, which phonetic features.

Formants of vowels follow Peterson & Barney (1952), men; consonants have the loci of textbook formant synthesis
(Klatt 1980). Names are ARPAbet without stress.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PHONETIC_FEATURES = (
    "vowel", "stop", "fricative", "nasal", "approximant", "voiced", "labial", "coronal", "dorsal",
    "high", "low", "front", "back", "round",
)  # fmt: skip
"""The dimensions of the latent ``phonetic``, in this order."""

# name, ms, F1 F2 F3 at its begin, F1 F2 F3 at its end, features
_VOWELS = """
IY 105  270 2290 3010  270 2290 3010  high front
IH  75  390 1990 2550  390 1990 2550  high front
EH  90  530 1840 2480  530 1840 2480  front
AE 115  660 1720 2410  660 1720 2410  low front
AA 115  730 1090 2440  730 1090 2440  low back
AO 110  570  840 2410  570  840 2410  low back round
UH  80  440 1020 2240  440 1020 2240  high back round
UW 105  300  870 2240  300  870 2240  high back round
AH  70  640 1190 2390  640 1190 2390  -
ER 105  490 1350 1690  490 1350 1690  round
EY 125  480 2000 2600  330 2200 2800  front
AY 140  710 1150 2440  380 2000 2550  low
OW 125  540  900 2400  380  850 2300  back round
AW 140  710 1200 2440  420  950 2300  low round
OY 140  550  850 2400  380 1950 2550  back
"""

# name, ms, F1 F2 F3, level of voicing, noise: centre and width in Hz, level; features
_CONSONANTS = """
P  80  250  800 2200  0.00   900 1500 0.30  stop labial
B  65  250  800 2200  0.15   800 1200 0.15  stop labial voiced
T  75  250 1700 2600  0.00  5000 3000 0.45  stop coronal
D  60  250 1700 2600  0.15  4000 2500 0.20  stop coronal voiced
K  80  250 2000 2300  0.00  2000 1200 0.40  stop dorsal
G  65  250 2000 2300  0.15  1900 1000 0.20  stop dorsal voiced
CH 100 280 2100 2800  0.00  3300 1800 0.45  stop fricative coronal
JH 85  280 2100 2800  0.20  3000 1600 0.25  stop fricative coronal voiced
F  90  280  900 2300  0.00  5000 5000 0.12  fricative labial
V  60  280  900 2300  0.30  4500 4500 0.08  fricative labial voiced
TH 85  280 1400 2500  0.00  5500 4500 0.10  fricative coronal
DH 45  280 1400 2500  0.35  5000 4500 0.06  fricative coronal voiced
S  105 280 1700 2600  0.00  6200 2200 0.35  fricative coronal
Z  80  280 1700 2600  0.30  6000 2200 0.22  fricative coronal voiced
SH 105 280 1900 2600  0.00  3200 1500 0.38  fricative coronal high
HH 60  500 1500 2500  0.00  1500 2500 0.12  fricative
M  70  250  900 2200  0.45     0    0 0.00  nasal labial voiced
N  65  250 1500 2500  0.45     0    0 0.00  nasal coronal voiced
NG 75  250 2000 2400  0.45     0    0 0.00  nasal dorsal voiced
L  65  360 1100 2600  0.60     0    0 0.00  approximant coronal voiced
R  65  320 1100 1500  0.60     0    0 0.00  approximant coronal voiced round
W  65  290  650 2200  0.60     0    0 0.00  approximant labial dorsal voiced round
Y  60  270 2250 3000  0.60     0    0 0.00  approximant dorsal voiced high
"""


@dataclass(frozen=True)
class Phone:
    """What the timing and the synthesiser need to know of a phone.

    Attributes:
        ms: Intrinsic duration.
        begin, end: F1, F2, F3 in Hz at either end; they differ in diphthongs.
        voicing: Level of the glottal source, 0..1.
        noise: Centre (Hz), width (Hz) and level of the friction or burst; level 0 where there is none.
        features: Names out of PHONETIC_FEATURES.
    """

    ms: int
    begin: tuple[float, float, float]
    end: tuple[float, float, float]
    voicing: float
    noise: tuple[float, float, float]
    features: frozenset[str]

    @property
    def vector(self) -> NDArray[np.float64]:
        """(14,) 1 where the phone has the feature of PHONETIC_FEATURES, else 0."""
        return np.array([float(f in self.features) for f in PHONETIC_FEATURES])


def _phones() -> dict[str, Phone]:
    phones = {}
    for line in _VOWELS.strip().splitlines():
        name, ms, *rest = line.split()
        f = [float(v) for v in rest[:6]]
        marks = {"vowel", "voiced", *rest[6:]} - {"-"}
        phones[name] = Phone(int(ms), (f[0], f[1], f[2]), (f[3], f[4], f[5]), 1.0, (0.0, 0.0, 0.0), frozenset(marks))
    for line in _CONSONANTS.strip().splitlines():
        name, ms, *rest = line.split()
        f = [float(v) for v in rest[:7]]
        locus = (f[0], f[1], f[2])
        phones[name] = Phone(int(ms), locus, locus, f[3], (f[4], f[5], f[6]), frozenset(rest[7:]))
    return phones


PHONES = _phones()
"""ARPAbet name -> phone."""
