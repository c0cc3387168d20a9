"""Learning rates step by step against torch and hand tables."""

import math

import pytest
import torch
from mmengine.optim import OptimWrapper
from torch.optim import SGD
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR

from bench.training.schedules import ScheduledLR, cosine, dassl_cosine, factor, onecycle


def optimizer(*rates: float) -> SGD:
    return SGD([{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates])


def applied(schedule: str, steps_per_epoch: int, epochs: int, lr: float, *rates: float) -> list[list[float]]:
    """The rates of all groups in each training step, as the Runner's hook steps the scheduler."""
    wrapper = OptimWrapper(optimizer(*(rates or (lr,))))
    scheduler = ScheduledLR(wrapper, schedule, steps_per_epoch, epochs, lr, end=epochs)
    used = []
    for _ in range(steps_per_epoch * epochs):
        used.append([group["lr"] for group in wrapper.optimizer.param_groups])
        wrapper.step()
        scheduler.step()
    return used


@pytest.mark.parametrize("total", [2, 3, 7, 24, 100, 1037])
def test_onecycle_is_torchs(total):
    theirs = optimizer(1.0)
    schedule = OneCycleLR(theirs, max_lr=1.0, total_steps=total, pct_start=0.2, cycle_momentum=False)
    for step in range(total):
        assert onecycle(step, total) == pytest.approx(theirs.param_groups[0]["lr"], abs=1e-12), f"step {step}"
        theirs.step()
        if step < total - 1:
            schedule.step()


@pytest.mark.parametrize("total", range(1, 30))
@pytest.mark.parametrize("schedule", ["constant", "cosine", "dassl_cosine", "onecycle"])
def test_every_length_of_training_has_a_rate_in_every_step(schedule, total):
    """A peak that falls on step 0 (5 steps with a rise of 0.2) divides by zero in torch's own."""
    rates = [factor(schedule, step, 1, total, 0.1) for step in range(total)]
    assert all(math.isfinite(rate) and 0 <= rate <= 1 for rate in rates)
    assert max(rates) > 0


def test_cosine_is_torchs():
    theirs = optimizer(1.0)
    schedule = CosineAnnealingLR(theirs, T_max=40)
    for step in range(40):
        assert cosine(step, 40) == pytest.approx(theirs.param_groups[0]["lr"])
        theirs.step()
        schedule.step()


def test_dassl_cosine_follows_coops_table():
    """lr 0.002, 5 epochs: one at 1e-5, then (1 + cos(pi k / 5)) / 2 of the rate for k = 0, 1, 2, 3."""
    table = [1e-5, 0.002, 0.0018090170, 0.0013090170, 0.0006909830]
    assert [0.002 * dassl_cosine(epoch, 5, 0.002) for epoch in range(5)] == pytest.approx(table)


def test_dassl_cosine_stands_still_within_an_epoch():
    used = [rates[0] for rates in applied("dassl_cosine", 3, 4, 0.002)]
    assert used == pytest.approx([0.002 * dassl_cosine(epoch, 4, 0.002) for epoch in range(4) for _ in range(3)])


@pytest.mark.parametrize("schedule", ["cosine", "onecycle"])
def test_the_scheduler_applies_its_function_in_each_step(schedule):
    used = [rates[0] for rates in applied(schedule, 5, 4, 0.01)]
    assert used == pytest.approx([0.01 * factor(schedule, step, 5, 4, 0.01) for step in range(20)])


@pytest.mark.parametrize("schedule", ["constant", "cosine", "dassl_cosine", "onecycle"])
def test_groups_keep_their_ratio(schedule):
    """A part with a tenth of the rate has a tenth of it all the way."""
    for base, tenth in applied(schedule, 4, 5, 0.01, 0.01, 0.001):
        assert tenth == pytest.approx(base / 10)


def test_mmengines_onecycle_loses_the_ratio():
    """The reason for our own: MMEngine's takes one peak for all groups. Fails when it is no longer needed."""
    from mmengine.optim import OneCycleLR as Theirs

    wrapper = OptimWrapper(optimizer(0.01, 0.001))
    scheduler = Theirs(wrapper, eta_max=0.01, total_steps=20)
    wrapper.step()
    scheduler.step()
    base, tenth = (group["lr"] for group in wrapper.optimizer.param_groups)
    assert tenth == pytest.approx(base)


def test_a_stored_scheduler_goes_on_where_it_was():
    straight = applied("onecycle", 4, 5, 0.01)
    first = OptimWrapper(optimizer(0.01))
    scheduler = ScheduledLR(first, "onecycle", 4, 5, 0.01)
    for _ in range(8):
        first.step()
        scheduler.step()
    second = OptimWrapper(optimizer(0.01))
    resumed = ScheduledLR(second, "onecycle", 4, 5, 0.01)
    second.optimizer.load_state_dict(first.optimizer.state_dict())
    resumed.load_state_dict(scheduler.state_dict())
    second.step()
    resumed.step()
    assert second.optimizer.param_groups[0]["lr"] == pytest.approx(straight[9][0])
