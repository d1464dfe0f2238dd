#!/usr/bin/env bash
# MNE-Python 1.13.2: an annotation that names one channel (ch_names) blanks every channel in Raw.get_data(reject_by_annotation="NaN").
# The annotation is stored, saved and drawn as that channel's; what it rejects is everybody's. Seen: [100, 100, 100] samples of NaN, one
# expects [0, 100, 0]; picking the other channels alone drops the annotation, and then nothing is rejected. Exits 1 if this changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv && venv/bin/pip -q install mne==1.13.2 numpy==2.4.6
venv/bin/python - <<'PY'
import sys, mne, numpy as np
mne.set_log_level("error")
raw = mne.io.RawArray(np.random.default_rng(0).normal(size=(3, 1000)), mne.create_info(["A", "B", "C"], 100.0, "seeg"))
raw.set_annotations(mne.Annotations([2.0], [1.0], ["BAD_x"], ch_names=[["B"]]))
lost = np.isnan(raw.get_data(reject_by_annotation="NaN")).sum(axis=1).tolist()
apart = np.isnan(raw.copy().pick(["A", "C"]).get_data(reject_by_annotation="NaN")).sum(axis=1).tolist()
print("mne", mne.__version__, "| annotation of channel B for 1 s; NaN in A, B, C:", lost, "| in A and C picked alone:", apart)
sys.exit(0 if lost == [100, 100, 100] and apart == [0, 0] else 1)
PY
