"""Model card: what an exported model is, what it was trained on and how good it is, as Markdown."""

from collections.abc import Mapping
from typing import Any

from bench.data import Dataset
from bench.records.rows import Row
from methods import METHODS

SQUASHED = "squash, PIL bicubic"
"""The preprocessing that the card's example does."""

RECONSTRUCTED = "yes: from public descriptions, not the authors' code"

OWN = ("scenes", "tiny_clip")
"""The dataset and the backbone that come with bench."""

_METRICS = ("mAP", "CF1", "OF1", "CP", "CR", "OP", "OR")

_CARD = """\
# {{ cell.title|plain }}

A model of multi-label image recognition, trained with missing labels. `{{ about.file }}` holds the image encoder
({{ cell.backbone.name|plain }}) and the head ({{ cell.method.name|plain }}) as one graph: preprocessed
images in, a logit a class out.

| | |
| :-- | :-- |
{% for name, value in facts.items() -%}
| {{ name }} | {{ value|plain }} |
{% endfor %}
## Test metrics

In percent, of the last epoch, over the cell's test images.

| {{ metrics|join(" | ") }} |
|{% for _ in metrics %} --: |{% endfor %}
| {{ metrics.values()|join(" | ") }} |

The file was run on {{ about.check.test_images }} of the test images. Its logits differ from those of the training run
(device: {{ about.check.scored_on|plain }}) by at most {{ difference }}.

## Use

Logits are in the order of `class_names` in `model.json`; a larger one is more likely present. They are no calibrated
probabilities.
{% if squashed %}
```python
import json
from pathlib import Path

import numpy as np
import {{ "onnxruntime" if to == "onnx" else "torch" }}
from PIL import Image

about = json.loads(Path("model.json").read_text())
size, mean, std = (np.float32(about["preprocessing"][name]) for name in ("size", "mean", "std"))
image = Image.open("photo.jpg").convert("RGB").resize((int(size), int(size)), Image.Resampling.BICUBIC)
pixels = ((np.asarray(image, np.float32) / 255 - mean) / std).transpose(2, 0, 1)[None]
{% if to == "onnx" -%}
session = onnxruntime.InferenceSession("model.onnx")
logits = session.run(["logits"], {"images": pixels})[0][0]
{%- else -%}
model = torch.export.load("model.pt2").module()
logits = model(torch.from_numpy(pixels)).numpy()[0]
{%- endif %}
best = sorted(zip(logits.tolist(), about["class_names"]), reverse=True)[:5]
```
{% else %}
Preprocessing: {{ about.preprocessing|string|plain }}
{% endif %}
## Licences

| What | Licence |
| :-- | :-- |
| Public code whose formulas and constants the method follows | {{ source|plain }} |
| Images and labels of {{ cell.dataset.name|plain }} | {{ cell.dataset.name|licence }} |
| Weights of {{ cell.backbone.name|plain }} | {{ cell.backbone.name|licence }} |
| This model | to be stated by its publisher |
"""


def model_card(about: Mapping[str, Any], row: Row, dataset: Dataset, to: str) -> str:
    """about: the facts of the cell with its check."""
    import jinja2

    method = METHODS.get(row.cell.method.name)
    environment = jinja2.Environment(autoescape=False, keep_trailing_newline=True, undefined=jinja2.StrictUndefined)
    environment.filters.update(plain=plain_markdown, licence=licence_of)
    shown = {name: f"{row.metrics[name]:.1f}" for name in _METRICS if isinstance(row.metrics.get(name), (int, float))}
    return environment.from_string(_CARD).render(
        about=about,
        difference=f"{about['check']['largest_difference']['file_and_stored']:.1e}",
        cell=row.cell,
        facts=_facts(about, row, dataset),
        metrics=shown,
        squashed=about["preprocessing"].get("resize") == SQUASHED,
        source=f"{method.source}: {method.licence}" if method.source else "none was read",
        to=to,
    )


def _facts(about: Mapping[str, Any], row: Row, dataset: Dataset) -> dict[str, str]:
    cell, data, backbone = row.cell, row.data, about["backbone"]
    images = f"{data.get('train_images', '?')} training and {data.get('test_images', '?')} test images"
    known = [f"{_share(row.mask.get(f'known_{kind}'))} of the {kind}" for kind in ("positives", "negatives")]
    return {
        "Method": f"{cell.method.name}: {METHODS.get(cell.method.name).reference}",
        "Reconstruction": RECONSTRUCTED if "reconstruction" in row.flags else "no",
        "Flags of its numbers": ", ".join(row.flags) or "none",
        "Data": f"{cell.dataset.name}: {images}, {len(about['class_names'])} classes",
        "Fingerprint of the data": cell.dataset.fingerprint,
        **({"About the data": dataset.caveat} if dataset.caveat else {}),
        "Protocol": f"{cell.protocol.name}{'' if cell.percent is None else f' {cell.percent} %'}, seed {cell.seed}",
        "Known labels": ", ".join(known),
        "Image encoder": f"{cell.backbone.name}, {backbone['image_encoder']}",
        "SHA-256 of its weights": backbone["weights_sha256"],
        "Cell": f"{row.key}, {row.epochs} epochs, finished {row.finished}",
    }


def licence_of(name: str) -> str:
    return "Apache-2.0, made by the authors of bench" if name in OWN else "not known here: see their authors"


def _share(value: Any) -> str:
    return f"{100 * value:.1f} %" if isinstance(value, (int, float)) else "an unknown share"


def plain_markdown(text: str) -> str:
    """Text that stays text in a Markdown table.

    >>> plain_markdown("a|b <i>")
    'a\\\\|b \\\\<i>'
    """
    for sign in ("\\", "`", "|", "<", "[", "*"):
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())
