"""Stage 1: the image trunk learns from auxiliary labels of pre-training scenes.

Contrastive captions are a slow teacher on two CPU cores, so stem..layer4 first learn which categories, colours and
contexts a picture holds: image-level labels only, never where a thing stands.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from open_clip.modified_resnet import ModifiedResNet
from torch import nn
from torch.nn import functional as F

from bench.data.scenes.categories import CLASS_NAMES, COLORS
from bench.data.scenes.source import Source
from bench.data.scenes.worlds import CONTEXTS

from .judge import mean_ap
from .model import STEM_WIDTH, feature_map, normalised

Log = Callable[[str, int, float, dict[str, float]], None]
"""Called with stage, step, loss and levels."""

TRUNK_BATCH, TRUNK_PEAK_LR, TRUNK_WEIGHT_DECAY = 128, 3e-3, 0.05


def auxiliary_labels(source: Source, count: int) -> torch.Tensor:
    """float32 (N, C + colours + contexts) of 0 and 1: the training targets of the trunk."""
    colors = list(COLORS)
    rows = np.zeros((count, len(CLASS_NAMES) + len(colors) + len(CONTEXTS)), np.float32)
    for i, row in enumerate(rows):
        scene = source.scene(i)
        row[: len(CLASS_NAMES)] = scene.labels() == 1
        for placed in scene.objects:
            row[len(CLASS_NAMES) + colors.index(placed.color)] = 1
        row[len(CLASS_NAMES) + len(colors) + CONTEXTS.index(scene.context)] = 1
    return torch.from_numpy(rows)


def augmented(pixels: np.ndarray, rng: np.random.Generator) -> torch.Tensor:
    """uint8 (N, 64, 64, 3) -> normalised, one flip and one roll of up to 5 px for each quarter of the batch."""
    parts = []
    for part in np.array_split(pixels, 4):
        part = part[:, :, ::-1] if rng.random() < 0.5 else part
        parts.append(np.roll(part, tuple(rng.integers(-5, 6, 2)), (1, 2)))
    return normalised(np.concatenate(parts))


def _score(visual: ModifiedResNet, head: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Log-mean-exp over the locations of a 1x1 classifier: (N, labels)."""
    with torch.autocast("cpu", torch.bfloat16):
        grid = head(feature_map(visual, images)).flatten(2)
    return torch.logsumexp(grid.float(), dim=2) - float(np.log(grid.shape[2]))


def train_trunk(
    visual: ModifiedResNet,
    pool: tuple[np.ndarray, torch.Tensor],
    watch: tuple[np.ndarray, np.ndarray],
    rounds: int,
    steps: int,
    seed: int,
    file: Path,
    log: Log,
) -> None:
    """Train ``visual``'s trunk in place on pictures and auxiliary labels, watched on others with class labels.

    A round is one cycle of the learning rate, ``steps`` long; the next one starts warm from the one before.
    ``file`` keeps the state, so an interrupted run resumes where it stopped.
    """
    pictures, labels = pool
    head = nn.Conv2d(STEM_WIDTH * 32, labels.shape[1], 1)
    nn.init.constant_(head.get_parameter("bias"), -2.0)
    for layer in (visual.layer1, visual.layer2, visual.layer3, visual.layer4):
        for block in layer:  # every residual branch is active from the first step
            nn.init.constant_(block.bn3.weight, 0.2)
    trunk = nn.ModuleList([visual, head]).to(memory_format=torch.channels_last)
    parameters = [p for name, p in trunk.named_parameters() if "attnpool" not in name]
    optimizer = torch.optim.AdamW(parameters, lr=TRUNK_PEAK_LR, weight_decay=TRUNK_WEIGHT_DECAY, betas=(0.9, 0.98))
    start, schedule = 0, None
    if file.exists():
        state = torch.load(file, weights_only=True)
        trunk.load_state_dict(state["trunk"])
        optimizer.load_state_dict(state["optimizer"])
        start = state["step"]
    for step in range(start, rounds * steps):
        if schedule is None or step % steps == 0:
            schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, TRUNK_PEAK_LR, total_steps=steps, pct_start=0.1)
            if step % steps:
                schedule.load_state_dict(state["schedule"])
        rng = np.random.default_rng([seed, step])
        picked = np.sort(rng.integers(0, len(pictures), TRUNK_BATCH))
        trunk.train()
        scores = _score(visual, head, augmented(pictures[picked], rng))
        loss = F.binary_cross_entropy_with_logits(scores, labels[picked])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        done = step + 1
        if done % 100 == 0 or done % steps == 0:
            trunk.eval()
            with torch.no_grad():
                predicted = torch.cat([_score(visual, head, normalised(part)) for part in np.array_split(watch[0], 8)])
            quality = mean_ap(predicted[:, : len(CLASS_NAMES)].numpy(), watch[1])
            log("trunk", done, float(loss.detach()), {"auxiliary": quality})
            state = {"trunk": trunk.state_dict(), "optimizer": optimizer.state_dict(), "step": done}
            torch.save(state | {"schedule": schedule.state_dict()}, file.with_suffix(".part"))
            file.with_suffix(".part").replace(file)
