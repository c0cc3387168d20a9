"""Command lines that take a second, and what a dry run says as data."""

import json

TINY = ("--set", "scenes.n_train=120", "--set", "scenes.n_test=60")
ASL = ("--methods", "asl", "--ratios", "0.5", "--set", "asl.epochs=1", *TINY)
GRID = ("--grid", "asl.lr=1e-3,5e-2")
RUN = ("run", *ASL)


def plan_of(call, *arguments: str) -> dict:
    result = call(*arguments, "--dry-run", "--json")
    assert result.code == 0, result.err
    return json.loads(result.out)
