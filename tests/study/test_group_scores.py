"""The group at each voxel: means and Wilcoxon tests as SciPy and statsmodels have them."""

import numpy as np
import pandas as pd
from scipy.stats import wilcoxon
from statsmodels.stats.multitest import multipletests

from brainalign.study.group_scores import group_table

SUBJECTS, VOXELS = [f"s{n}" for n in range(9)], [f"v{n}" for n in range(12)]


def test_means_tests_and_correction_are_those_of_scipy_and_statsmodels():
    rng = np.random.default_rng(0)
    values = rng.normal(0.1, 0.1, size=(9, 12))
    values[0, 0] = np.nan  # a participant without that voxel's score
    rows = [
        {"model": m, "subject": s, "electrode": v, "region": "A1", "i": k, "j": 0, "k": 0, "r": values[n, k] * gain}
        for m, gain in (("mel", 1.0), ("gpt2", -1.0))
        for n, s in enumerate(SUBJECTS)
        for k, v in enumerate(VOXELS)
    ]
    table = group_table(pd.DataFrame(rows), "r")
    assert list(dict.fromkeys(table["model"])) == ["mel", "gpt2"] and set(table["subject"]) == {"group"}
    mel = table[table["model"] == "mel"]
    expected = [wilcoxon(v[np.isfinite(v)]).pvalue for v in values.T]
    np.testing.assert_allclose(mel["mean"], np.nanmean(values, axis=0))
    np.testing.assert_allclose(mel["p"], expected)
    np.testing.assert_allclose(mel["p_fdr"], multipletests(expected, method="fdr_bh")[1])
    assert mel["n"].tolist() == [8] + [9] * 11 and mel["i"].tolist() == list(range(12))
    np.testing.assert_allclose(table[table["model"] == "gpt2"]["mean"], -np.nanmean(values, axis=0))
