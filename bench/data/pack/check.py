"""Check of a feature pack: every byte against its digest, and its labels against the fingerprint."""

from collections import Counter

from bench.data.check import Examination, Finding
from bench.data.notices import unmeasured
from bench.data.pack.dataset import Pack
from bench.errors import DataError
from bench.system.progress import NamedProgress
from bench.system.wording import counted


def examine_pack(dataset: Pack, progress: NamedProgress) -> Examination:
    """Read all members; faults are errors, and facts that a user should know are notices."""
    pack, findings = dataset.pack, []
    try:
        _read_all(dataset, progress)
        dataset.check()
        size = f"{dataset.bundle.size / 2**20:,.1f} MiB"
        findings.append(
            Finding("ok", "file", f"all {size} are what was written (manifest {dataset.bundle.digest[:16]})")
        )
        for notice in unmeasured(dataset.class_names, dataset.test.judged, dataset.test.complete):
            findings.append(Finding("warning", "classes", notice))
    except DataError as error:
        findings.append(Finding("error", "file", str(error)))
    counts = f"{pack.train.images:,} training and {counted(pack.test.images, 'test image')}"
    findings.append(
        Finding("ok", "data", f"{pack.dataset.name}, {counts}, {counted(len(pack.class_names), 'class', 'classes')}")
    )
    height, width = pack.encoder.grid
    shapes = f"{height} x {width} tokens of {pack.encoder.dim} values, encoded in {pack.precision}"
    findings.append(Finding("ok", "features", f"{pack.backbone.name}, {shapes}"))
    views = Counter(one.variant.get("augment", "?") for one in pack.views)
    named = ", ".join(f"{count} of {name}" for name, count in views.items())
    findings.append(Finding("ok", "views", named or "none: --views cannot run on it"))
    findings.append(Finding("ok", "made", ", ".join(f"{name} {text}" for name, text in pack.made.items())))
    findings.append(Finding("ok", "terms", "; ".join(f"{name}: {text}" for name, text in pack.licences.items())))
    parts = {part: {"images": pack.split(part).images} for part in ("train", "test")}
    place, options = str(dataset.root), dict(pack.dataset.options)
    return Examination(pack.dataset.name, place, options, pack.class_names, parts, findings=findings)


def _read_all(dataset: Pack, progress: NamedProgress) -> None:
    done, total = 0, sum(one.size for one in dataset.bundle.members.values()) >> 20
    for name in dataset.bundle.members:
        for block in dataset.bundle.blocks(name):
            done += len(block)
            progress("MiB read", done >> 20, total)
