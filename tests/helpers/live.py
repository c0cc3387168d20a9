"""Cells in live mode and with cached views, on scenes so few that every step may encode them."""

from bench.training.resources import Resources
from helpers.trainings import make_cell

SMALL = {"n_train": 24, "n_test": 12}
SHORT = {"epochs": 2, "batch_size": 12, "ema": 0.5, "schedule": "onecycle", "warmup": 1, "lr": 1e-3}


def live(resources: Resources, method: str = "toy_linear", fed: dict | None = None, **options):
    return make_cell(resources, method, feed="live", fed=fed, **{**SHORT, **options})


TRAINED = {"augment": "dualcoop", "train": "last", "lr_mult": 0.1}


def views(resources: Resources, method: str = "toy_linear", count: int = 3, seed: int = 0, **fed):
    given = {"augment": "tai", "count": count, **fed}
    return make_cell(resources, method, feed="views", fed=given, seed=seed, **SHORT)
