"""A CTF folder (.ds) of known content: res4 header and meg4 samples, as MNE's reader takes them (mne/io/ctf/res4.py says the layout)."""

import numpy as np

COIL = np.dtype(
    [
        ("pos", ">f8", 3),
        ("d0", ">f8"),
        ("norm", ">f8", 3),
        ("d1", ">f8"),
        ("turns", ">i2"),
        ("d2", ">i4"),
        ("d3", ">i2"),
        ("area", ">f8"),
    ]
)
CHANNEL = np.dtype(
    [
        ("sensor", ">i2"), ("run", ">i2"), ("coil_type", ">i4"), ("proper", ">f8"), ("q", ">f8"), ("io", ">f8"), ("offset", ">f8"),
        ("coils", ">i2"), ("order", ">i2"), ("d0", ">i4"), ("coil", COIL, 8), ("head", COIL, 8),
    ]
)  # fmt: skip
REFERENCE, MEG, TRIGGER = 0, 5, 11
WEIGHTS = np.dtype(
    [("name", "S32"), ("type", ">i4"), ("d0", ">i4"), ("n", ">i2"), ("sensors", "S31", 50), ("coefficients", ">f8", 50)]
)
FIRST_ORDER = 0x47314252
"""Coefficients that would make first-order gradients of a channel and the references (G1BR)."""

GAIN = 1e15
"""Steps of the analogue-to-digital converter in a tesla."""


def write_ctf(folder, names, kinds, values, rate):
    """One trial; values (channel, time) in whole steps, of which MEG channels have 1e15 in a tesla."""
    folder.mkdir(parents=True)
    stem = folder / folder.name[:-3]
    head = bytearray(1844)

    def put(at, kind, *numbers):
        packed = np.array(numbers, dtype=kind).tobytes()
        head[at : at + len(packed)] = packed

    head[:8] = b"MEG42RS\0"
    n = 8 + 3 * 256 + 2
    head[n : n + 8], head[n + 255 : n + 265] = b"10:00:00", b"01/02/2020"
    n += 2 * 255
    put(n, ">i4", values.shape[1])
    put(n + 4, ">i2", len(names))
    n = -(-(n + 6) // 8) * 8  # numbers stand at multiples of their size
    put(n, ">f8", rate, values.shape[1] / rate)
    put(n + 16, ">i2", 1)
    chans = np.zeros(len(names), CHANNEL)
    for row, kind in zip(chans, kinds, strict=True):
        row["sensor"], row["proper"], row["q"], row["coils"] = kind, 1.0, GAIN if kind != TRIGGER else 1.0, 2
        row["coil"]["pos"][0], row["coil"]["norm"][0] = (1.0, 2.0, 10.0), (0.0, 0.0, 1.0)
        row["coil"]["pos"][1], row["coil"]["norm"][1] = (1.0, 2.0, 15.0), (0.0, 0.0, -1.0)
    labels = b"".join(name.encode().ljust(32, b"\0") for name in names)
    measuring = [name for name, kind in zip(names, kinds, strict=True) if kind == MEG]
    weights = np.zeros(len(measuring), WEIGHTS)
    for row, name in zip(weights, measuring, strict=True):
        row["name"], row["type"], row["n"], row["sensors"][0], row["coefficients"][0] = (
            name,
            FIRST_ORDER,
            1,
            names[0],
            0.1,
        )
    filters, n_weights = (np.array([n], ">i2").tobytes() for n in (0, len(weights)))
    (stem.with_suffix(".res4")).write_bytes(
        bytes(head) + filters + labels + chans.tobytes() + n_weights + weights.tobytes()
    )
    places = {"nasion": (5.0, 0.0, 0.0), "left ear": (0.0, 7.0, 0.0), "right ear": (0.0, -7.0, 0.0)}
    (stem.with_suffix(".hc")).write_text(
        "".join(
            f"measured {coil} coil position relative to {frame} (cm):\n"
            + "".join(f"\t{a} = {v}\n" for a, v in zip("xyz", xyz, strict=True))
            for frame in ("dewar", "head")
            for coil, xyz in places.items()
        )
    )
    (stem.with_suffix(".meg4")).write_bytes(b"MEG41CP\0" + values.astype(">i4").tobytes())
