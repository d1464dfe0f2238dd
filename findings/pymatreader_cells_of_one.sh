#!/usr/bin/env bash
# pymatreader 1.3.2 drops axes of length one of MATLAB files (the field's form of responses and of names): a cell array with one name is a text,
# with two names a list; an array of (time, 1 channel, trials) has two axes. The number of entries of a file changes the type of what is read: code that
# loops over names then loops over letters, and one channel looks like one trial. Ends with 1 if this changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pymatreader==1.3.2 scipy==1.17.1 numpy==2.4.6 h5py==3.16.0 2> /dev/null
"$folder/venv/bin/python" - "$folder" <<'PY'
import sys
from importlib.metadata import version

import numpy as np
from pymatreader import read_mat
from scipy.io import savemat

file = sys.argv[1] + "/a.mat"
savemat(
    file,
    {
        "one": np.array([["sentence1"]], dtype=object),
        "two": np.array([["sentence1", "sentence2"]], dtype=object),
        "channel": np.zeros((10, 1, 3)),
        "channels": np.zeros((10, 2, 3)),
    },
)
read = read_mat(file)
seen = {name: value if isinstance(value, str | list) else value.shape for name, value in read.items() if name[0] != "_"}
print("pymatreader", version("pymatreader"))
for name, value in seen.items():
    print(f"{name:10} {value!r}")
expected = {"one": "sentence1", "two": ["sentence1", "sentence2"], "channel": (10, 3), "channels": (10, 2, 3)}
print("as described" if seen == expected else "changed")
sys.exit(seen != expected)
PY
