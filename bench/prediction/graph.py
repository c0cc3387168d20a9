"""Graphs of a cell's model, encoder and head in one with fixed text features: by torch.export, and ONNX of it."""

import importlib.util
import json
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from bench.errors import UsageError
from bench.prediction.model import CellModel
from bench.system.plain_files import reason

GraphFormat = Literal["onnx", "torch"]
GRAPH_FILES: dict[str, str] = {"onnx": "model.onnx", "torch": "model.pt2"}
_PACKAGES = ("onnx", "onnxruntime", "onnxscript")

Run = Callable[[np.ndarray], np.ndarray]
"""Logits (B, C) of preprocessed images (B, 3, S, S), both float32."""


def refuse_missing_packages(to: GraphFormat) -> None:
    """UsageError that names the extra where what writes and checks ONNX is not installed."""
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None] if to == "onnx" else []
    if missing:
        raise UsageError(
            f"--to onnx needs {', '.join(missing)}; pip install '.[export]' in a copy of the repository, or give "
            "--to torch."
        )


def write_graph(model: CellModel, to: GraphFormat, path: Path, about: dict[str, Any]) -> None:
    """The model on the CPU as one file, any number of images at once. UsageError if it cannot be expressed."""
    example = torch.zeros(2, 3, model.image_size, model.image_size)
    name = type(model.head).name
    _ = model.scorer  # text features become constants
    with torch.no_grad(), _quiet():
        try:
            batch = {0: torch.export.Dim("batch", min=1)}
            program = torch.export.export(model, (example,), dynamic_shapes=(batch,), strict=False)
        except Exception as error:  # a method's code may fail in any way under a tracer
            raise UsageError(_refusal(name, "a graph", error)) from error
        if to == "torch":
            torch.export.save(program, path, extra_files={"about.json": json.dumps(about)})
            return
        try:
            onnx: Any = torch.onnx.export(
                program, (example,), dynamo=True, verbose=False, input_names=["images"], output_names=["logits"]
            )
        except Exception as error:  # the converter has no common base of errors
            raise UsageError(_refusal(name, "ONNX", error)) from error
        onnx.model.metadata_props["bench"] = json.dumps(about)
        onnx.save(str(path))


def read_graph(to: GraphFormat, path: Path) -> Run:
    """The file run by ONNX Runtime, or by torch, as its user will run it."""
    if to == "torch":
        module = torch.export.load(path).module()
        return lambda images: module(torch.from_numpy(images)).numpy()
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda images: session.run(["logits"], {"images": images})[0]


def _refusal(name: str, what: str, error: Exception) -> str:
    cause = error.__cause__ or error
    return f"{name} cannot be expressed as {what} ({type(cause).__name__}: {reason(cause)}); use bench.load_model."


@contextmanager
def _quiet() -> Iterator[None]:
    """Silences the exporters' own messages."""
    logs = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)
