#!/usr/bin/env bash
# MNE-Python 1.13.2: permutation_cluster_1samp_test(n_permutations="all") makes one sign flip too few, and draws which at random, so that the
# "exact" smallest p is 1 / (2^(n-1) - 1) and the result hangs on the seed; n_permutations = 2^(n-1), a larger number than "all", makes them all.
# Seen for n = 3, 4, 5: 3, 7, 15 values under the null, one expects 4, 8, 16. Exits 1 if this changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv && venv/bin/pip -q install mne==1.13.2 numpy==2.4.6
venv/bin/python - <<'PY'
import sys, mne, numpy as np
mne.set_log_level("error")
made, smallest = {}, {}
for n in (3, 4, 5):
    x = np.random.default_rng(0).normal(size=(n, 6)) + 4.0
    for asked in ("all", 2 ** (n - 1)):
        _, _, p, null = mne.stats.permutation_cluster_1samp_test(x, threshold=2.0, n_permutations=asked, out_type="mask", seed=0)
        made[n, asked], smallest[n, asked] = len(null), round(float(p.min()), 4)
print("mne", mne.__version__, "| flips (n, asked):", made, "| smallest p:", smallest)
sys.exit(0 if [made[n, "all"] for n in (3, 4, 5)] == [3, 7, 15] and [made[n, 2 ** (n - 1)] for n in (3, 4, 5)] == [4, 8, 16] else 1)
PY
