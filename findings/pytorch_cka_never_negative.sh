#!/usr/bin/env bash
# pytorch-cka 1.1.3: `cka_from_features` estimates HSIC without bias (Song et al. 2007) and then sets negative values to 0. The unbiased
# estimate for unrelated representations is 0 on average, half of the time below; cut at 0 its mean is above 0, which reads as a small similarity.
# Whoever averages such values over layers or draws adds up the cut. Ends with 1 if this changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pytorch-cka==1.1.3 torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import sys

import numpy as np
import torch
from cka import cka_from_features

rng = np.random.default_rng(0)


def unbiased(x, y):
    """The same estimate, not cut: kernels without their diagonal, U-centred."""
    def centred(k):
        n = len(k)
        k = k - np.diag(np.diag(k))
        s = k.sum(0)
        k = k - (s[:, None] + s[None]) / (n - 2) + s.sum() / ((n - 1) * (n - 2))
        return k - np.diag(np.diag(k))

    a, b = centred(x @ x.T), centred(y @ y.T)
    return (a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())


pairs = rng.normal(size=(200, 2, 60, 10))
theirs = np.array([float(cka_from_features(torch.from_numpy(x), torch.from_numpy(y))) for x, y in pairs])
whole = np.array([unbiased(x, y) for x, y in pairs])
print(f"200 pairs of unrelated Gaussian representations (60 rows, 10 dimensions)")
print(f"unbiased estimate:  mean {whole.mean():+.4f}, {np.mean(whole < 0):.0%} below 0")
print(f"pytorch-cka 1.1.3:  mean {theirs.mean():+.4f}, {np.mean(theirs == 0):.0%} exactly 0")
same = np.allclose(theirs, np.maximum(whole, 0), atol=1e-6) and theirs.mean() > 3 * theirs.std() / np.sqrt(200)
print("as described" if same else "changed")
sys.exit(0 if same else 1)
PY
