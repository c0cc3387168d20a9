"""Weather, light and camera: what happens to the pixels after everything is drawn."""

import numpy as np

from .worlds import World


def turn_hue(image: np.ndarray, hue: float) -> np.ndarray:
    """Rotate RGB about the grey axis by ``hue`` half turns. float (H, W, 3)."""
    angle = np.pi * hue
    axis = np.full(3, 1 / np.sqrt(3))
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    matrix = np.cos(angle) * np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * np.outer(axis, axis)
    return image @ matrix.T


def _weather(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    height, width = image.shape[:2]
    kind = int(rng.integers(4))
    if kind == 0:  # fog, thicker above
        thick = rng.uniform(0.2, 0.5) * np.linspace(1, 0.5, height)[:, None, None]
        return image * (1 - thick) + 205 * thick
    if kind == 1:  # night
        return image * rng.uniform(0.3, 0.5) * np.array([0.85, 0.92, 1.15])
    drops = rng.random((height, width)) < (0.03 if kind == 2 else 0.04)
    if kind == 2:  # rain: short slanted streaks, duller light
        drops = drops | np.roll(drops, (1, 0), (0, 1)) | np.roll(drops, (2, 1), (0, 1))
        image = image * 0.8 + 20
    return np.where(drops[..., None], image * 0.5 + 112, image)


def develop(image: np.ndarray, world: World, outdoor: bool, rng: np.random.Generator) -> np.ndarray:
    """float (H, W, 3) in 0..255 -> uint8: weather, light gradient, cast, contrast, blur, grey, noise."""
    height, width = image.shape[:2]
    if outdoor and rng.random() < world.weather:
        image = _weather(image, rng)
    slope = rng.uniform(-0.22, 0.22, 2)
    ramp = 1 + slope[0] * np.linspace(-1, 1, width)[None, :] + slope[1] * np.linspace(-1, 1, height)[:, None]
    cast = rng.uniform(0.9, 1.1, 3)
    contrast, gain = rng.uniform(0.6, 1.15), rng.uniform(0.75, 1.12)
    image = ((image - 128) * contrast + 128) * gain * ramp[..., None] * cast
    if rng.random() < 0.10:
        image = (image + np.roll(image, 1, 0) + np.roll(image, 1, 1) + np.roll(image, (1, 1), (0, 1))) / 4
    if rng.random() < 0.05:
        image = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2)
    image = image + rng.uniform(2, 9) * rng.standard_normal(image.shape)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)
