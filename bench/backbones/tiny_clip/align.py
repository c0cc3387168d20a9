"""Stage 2: the trunk is frozen; attention pool and text tower learn from weak captions of another style of scenes."""

import numpy as np
import open_clip
import torch
from open_clip.modified_resnet import ModifiedResNet
from torch.nn import functional as F

from .captions import Weakness, caption
from .corpus import Corpus
from .model import feature_map, normalised, pooled_over_places, similarities
from .tokenizer import tiny_tokenizer

ALIGN_BATCH, ALIGN_PEAK_LR, ALIGN_WEIGHT_DECAY, DENSE_SHARE = 128, 1e-3, 0.1, 0.5


@torch.inference_mode()
def cached_maps(visual: ModifiedResNet, pool: np.ndarray) -> torch.Tensor:
    """The frozen trunk's maps of N pictures, half precision: (N, 512, 8, 8)."""
    visual.eval()
    parts = (pool[start : start + 128] for start in range(0, len(pool), 128))
    return torch.cat([feature_map(visual, normalised(part)).half() for part in parts])


def contrast(logits: torch.Tensor) -> torch.Tensor:
    """The CLIP loss of (N, N) logits whose diagonal holds the pairs."""
    target = torch.arange(len(logits))
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


def align(model: open_clip.CLIP, maps: torch.Tensor, weakness: Weakness, steps: int, seed: int, watch, log) -> None:
    """Train ``model``'s attention pool and text tower in place. ``watch()`` gives the levels that are logged."""
    source, tokenizer = Corpus("align"), tiny_tokenizer()
    scenes = [source.scene(i) for i in range(len(maps))]
    trunk = {id(p) for name, p in model.visual.named_parameters() if "attnpool" not in name}
    parameters = [p for p in model.parameters() if id(p) not in trunk]
    optimizer = torch.optim.AdamW(parameters, lr=ALIGN_PEAK_LR, weight_decay=ALIGN_WEIGHT_DECAY, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, ALIGN_PEAK_LR, total_steps=steps, pct_start=0.1)
    for step in range(steps):
        rng = np.random.default_rng([seed, step])
        picked = np.sort(rng.choice(len(maps), ALIGN_BATCH, replace=False))
        tokens = tokenizer([caption(scenes[i], weakness, rng) for i in picked])
        with torch.autocast("cpu", torch.bfloat16):
            text = F.normalize(model.encode_text(tokens), dim=-1)
            pooled, dense = similarities(model, maps[torch.from_numpy(picked)].float(), text)
        scale = model.logit_scale.exp()
        loss = contrast(scale * pooled.float()) + DENSE_SHARE * contrast(scale * pooled_over_places(dense.float()))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, float(np.log(100)))
        if (step + 1) % 30 == 0 or step + 1 == steps:
            log("align", step + 1, float(loss.detach()), watch())
