"""The measured rate of matrix products, by a clock of our own."""

import pytest

from brainalign.linalg import machine


@pytest.mark.parametrize(
    ("seconds", "best"),
    [((0.001, 0.5, 0.25, 0.125), 0.125), ((0.001, 0.125, 0.5, 0.25), 0.125), ((0.001, 0.5, 0.125, 0.25), 0.125)],
)
def test_the_rate_is_of_the_best_product_after_the_first(seconds, best, monkeypatch):
    monkeypatch.setattr(machine, "SIDE", 8)
    ticks = iter([tick for begin, took in enumerate(seconds) for tick in (float(begin), begin + took)])
    monkeypatch.setattr(machine.time, "perf_counter", lambda: next(ticks))
    assert machine.matrix_rate.__wrapped__("cpu", "float64") == pytest.approx(2 * 8**3 / best)
    assert next(ticks, None) is None  # four products, the first of which warms up
