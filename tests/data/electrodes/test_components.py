"""Principal components of responses: scikit-learn's, region by region, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.decomposition import PCA

from brainalign.data.electrodes.components import principal_components
from brainalign.data.simulated import simulate
from brainalign.errors import BrainalignError


@pytest.fixture(scope="module")
def data():
    return simulate(subjects=2, electrodes=20, sentences=6, repeated=2, repeats=2)


def stacked(recording, region):
    own = (recording.channels["region"] == region).to_numpy()
    return np.concatenate([p.response[:, own] for p in recording.presentations]).astype(np.float64)


def test_equals_scikit_learn_but_for_the_sign(data):
    found = principal_components(data, 2)
    for before, after in zip(data.recordings, found.recordings, strict=True):
        for region in dict.fromkeys(before.channels["region"]):
            x, y = stacked(before, region), stacked(after, region)
            space = PCA(2, svd_solver="full").fit(x)
            theirs = space.transform(x)
            np.testing.assert_allclose(np.abs(y), np.abs(theirs), rtol=1e-6, atol=1e-6 * np.abs(theirs).max())
            explained = after.channels.query("region == @region")["explained"]
            np.testing.assert_allclose(explained, space.explained_variance_ratio_, rtol=1e-9)


def test_more_channels_than_frames_give_the_same_axes(data):
    few = [replace(p, response=p.response[:7].repeat(1, axis=0)) for p in data.recordings[0].presentations[:1]]
    wide = replace(few[0], response=np.random.default_rng(0).normal(size=(7, 20)))
    one = replace(
        data,
        recordings=[
            replace(data.recordings[0], presentations=[wide], channels=data.recordings[0].channels.assign(region="all"))
        ],
    )
    found = principal_components(one, 3).recordings[0].presentations[0].response
    theirs = PCA(3, svd_solver="full").fit_transform(wide.response)
    np.testing.assert_allclose(np.abs(found), np.abs(theirs), rtol=1e-9, atol=1e-9)


def test_a_frame_that_is_not_valid_in_all_channels_has_no_value_and_moves_no_axis(data):
    first = data.recordings[0]
    response = first.presentations[0].response.copy()
    response[3:6, 0] = np.nan
    broken = replace(
        data,
        recordings=[
            replace(first, presentations=[replace(first.presentations[0], response=response), *first.presentations[1:]])
        ],
    )
    region = first.channels["region"].iloc[0]
    after = principal_components(broken, 1).recordings[0]
    own = (after.channels["region"] == region).to_numpy()
    assert np.isnan(after.presentations[0].response[3:6, own]).all()
    x = stacked(broken.recordings[0], region)
    theirs = (
        PCA(1, svd_solver="full")
        .fit(x[np.isfinite(x).all(axis=1)])
        .transform(first.presentations[1].response[:, (first.channels["region"] == region)])
    )
    np.testing.assert_allclose(np.abs(after.presentations[1].response[:, own]), np.abs(theirs), rtol=1e-6, atol=1e-6)


def test_too_many_components_are_refused_by_region_and_participant(data):
    with pytest.raises(
        BrainalignError, match=r"electrodes.components=50, but \w+ of participant sim01 has \d+ channels"
    ):
        principal_components(data, 50)


def test_the_report_says_how_much_they_hold(data):
    note = principal_components(data, 1).recordings[0].notes[-1]
    assert "1 principal components stand for each region's channels, with their variance: A1 " in note
