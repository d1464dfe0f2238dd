"""Systems that are solved side by side: in order, within their room, and with the numbers that they have alone."""

import threading
import time

import numpy as np
import pytest
import torch

from brainalign.data.splits.split import split_groups
from brainalign.encoding.design import Design
from brainalign.encoding.nested import fit_outer
from brainalign.linalg.parallel import ROOM, in_parallel, workers

CPU = torch.device("cpu")


@pytest.fixture
def threads():
    """As many threads of torch as a test asks for, and afterwards those that there were."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def test_results_come_in_order_and_torchs_threads_are_dealt_out(threads):
    threads(4)
    seen = set()

    def job(n):
        time.sleep(0.01 * (3 - n))  # the last is done first
        seen.add((threading.get_ident(), torch.get_num_threads()))
        return n

    assert list(in_parallel(job, [0, 1, 2], 1, CPU)) == [0, 1, 2]
    assert {count for _, count in seen} == {1} and len(seen) == 3
    assert torch.get_num_threads() == 4


def test_what_would_not_fit_the_room_together_runs_alone_in_all_threads(threads):
    threads(4)
    assert [workers(9, size) for size in (0, ROOM // 3, ROOM // 2 + 1, 2 * ROOM)] == [4, 3, 1, 1]
    assert list(in_parallel(lambda _: torch.get_num_threads(), range(3), ROOM, CPU)) == [4, 4, 4]


def test_an_error_is_raised_what_has_not_begun_is_left_and_threads_come_back(threads):
    threads(2)
    begun = []

    def job(n):
        begun.append(n)
        if n == 0:
            raise ValueError("no such thing")
        time.sleep(0.05)

    with pytest.raises(ValueError, match="no such thing"):
        list(in_parallel(job, range(50), 1, CPU))
    assert len(begun) < 10 and torch.get_num_threads() == 2


def test_a_nested_fit_has_the_same_numbers_however_many_threads_share_it(threads):
    rng = np.random.default_rng(0)
    heard = [f"s{i}" for i in range(10)]
    x = {s: rng.normal(size=(60, 4)) for s in heard}
    y = [rng.normal(size=(60, 3)) + x[s] @ rng.normal(size=(4, 3)) for s in heard]
    y[0][:, 1] = np.nan  # another mask group
    design = Design(heard, y, split_groups(heard, [60] * 10, 5, 0, "stimulus"))
    found = []
    for count in (1, 3):
        threads(count)
        found.append(fit_outer(design, x, np.arange(3), [1.0, 100.0], keep_weights=True))
    for name in ("r", "r2", "inner"):
        np.testing.assert_allclose(getattr(found[1], name), getattr(found[0], name), rtol=1e-9)
    for name in ("alpha", "n", "flat", "components"):
        np.testing.assert_array_equal(getattr(found[1], name), getattr(found[0], name))
    assert found[1].n.tolist() == [600, 540, 600]
