"""Any text at all: the parsers of what people type or write take it, or say in one sentence why not."""

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.errors import BenchError
from bench.planning.grid import parse_grid, variants
from bench.planning.ratios import parse_ratios, parse_seeds
from bench.planning.sweep_file import parse_sweep_file, render_sweep_file
from bench.settings.conversion import build
from bench.settings.overrides import parse_overrides
from bench.settings.plain_yaml import load
from bench.settings.range_text import parse_range
from bench.studies.search.space import space_of
from bench.studies.sensitivity.design import plan_sensitivity
from methods import METHODS

FLAGS = ("methods", "ratios", "seeds", "holdout", "live", "dataset")
PIECES = [
    "asl", "lr", "epochs", "methods", "set", "grid", "low", "high", "log", "recipe", ".", "=", ",", ": ", "- ", "\n",
    "  ", "[", "]", "{", "}", "? ", "&a ", "*a", "!!int ", "!!set ", "<<: ", "%YAML ", "---", "|", "> ", "#", "'", '"',
    "\\U", "\\x", "0", "1", "10", "0.1", "-", "%", "1e400", "9" * 400, "9" * 5000, "[" * 40, "nan", ".inf", "null",
    "true", "~", "\uff11", "\u0663", "\x00", "\t", "\r", "\u2028", "\ufeff", "x" * 3000,
]  # fmt: skip
texts = st.text(max_size=30) | st.lists(st.sampled_from(PIECES), max_size=14).map("".join)
names = st.sampled_from(
    ["asl", "lr", "epochs", "gamma_neg", "methods", "ratios", "seeds", "set", "grid", "low", "high"]
)
leaves = st.sampled_from(
    [
        "asl",
        "''",
        "null",
        "true",
        ".nan",
        ".inf",
        "1e400",
        "-1e308",
        "1e308",
        "3",
        "0.1",
        "[]",
        "{}",
        "9" * 90,
        "'9e999'",
    ]
)
data = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(names, inner, max_size=4).map(
            lambda table: "{" + ", ".join(f"{key}: {value}" for key, value in table.items()) + "}"
        )
    ),
    max_leaves=8,
)


def sweep(text: str) -> None:
    result = parse_sweep_file(text, "sweep.yaml", FLAGS)
    overrides(result.settings)
    variants(["asl"], result.grid)
    parse_sweep_file(render_sweep_file(result), "sweep.yaml", FLAGS)


def overrides(texts) -> None:
    for options in texts.values():
        build(METHODS.get("asl").Config, options, owner="asl")


def space(text: str) -> None:
    result = load(text, "space.yaml")
    parse_range("asl", "epochs", result, whole=True)
    space_of(METHODS.get("asl"), {}, {"lr": result})


PARSERS: dict[str, Callable[[str], object]] = {
    "sweep file": sweep,
    "settings in a file": lambda text: sweep(f"set: {{asl: {{lr: {text}, epochs: {text}}}}}"),
    "grid in a file": lambda text: sweep(f"grid: {{asl: {{lr: [{text}], recipe: [{text}]}}}}"),
    "search space": space,
    "ratios": parse_ratios,
    "seeds": parse_seeds,
    "set": lambda text: overrides(parse_overrides([text, f"asl.lr={text}", f"asl.epochs={text}"])),
    "grid": lambda text: variants(["asl"], parse_grid([text, f"asl.lr={text}"])),
    "over": lambda text: plan_sensitivity(METHODS.get("asl"), {}, [text, f"epochs={text}"]),
}


@pytest.mark.slow
@pytest.mark.parametrize("parser", PARSERS.values(), ids=PARSERS)
def test_only_a_sentence_comes_out(parser):
    @settings(max_examples=150, suppress_health_check=list(HealthCheck))
    @given(texts | data)
    def any_text(text: str) -> None:
        one_sentence(partial(parser, text))

    any_text()


def one_sentence(action: Callable[[], object]) -> None:
    try:
        action()
    except BenchError as error:
        sentence = str(error)
        assert "\n" not in sentence
        assert len(sentence) < 1200
