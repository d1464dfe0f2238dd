#!/usr/bin/env bash
# mne-bids 0.20.0: BIDS allows one electrodes.tsv a coordinate space. With on_error="ignore", BIDSPath.find_matching_sidecar gives None where two
# match, as where none does: who reads electrodes through it loses all places of a recording as soon as a second space is added. Ends with 1 if this changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check mne-bids==0.20.0 mne==1.13.2 2> /dev/null
"$folder/venv/bin/python" - "$folder" <<'PY'
import sys
from importlib.metadata import version
from pathlib import Path

from mne_bids import BIDSPath

root = Path(sys.argv[1]) / "set"
place = root / "sub-01" / "ieeg"
place.mkdir(parents=True)
recording = BIDSPath(root=root, subject="01", task="listen", datatype="ieeg", suffix="ieeg")
seen = {}
for spaces in (1, 2):
    space = ("MNI152Lin", "Talairach")[spaces - 1]
    (place / f"sub-01_space-{space}_electrodes.tsv").write_text("name\tx\ty\tz\nA1\t-50\t1\t2\n")
    found = recording.find_matching_sidecar(suffix="electrodes", extension=".tsv", on_error="ignore")
    seen[spaces] = None if found is None else Path(found).name
print("mne-bids", version("mne-bids"))
for spaces, found in seen.items():
    print(f"{spaces} table(s) of electrodes: {found}")
same = seen == {1: "sub-01_space-MNI152Lin_electrodes.tsv", 2: None}
print("as described" if same else "changed")
sys.exit(not same)
PY
