"""Methods across datasets: a line of the store's datasets under one protocol and backbone, each an independent block.

A report is about one dataset, and no test over its ratios and seeds says anything of others. Where the stores hold
enough datasets, this does: Wilcoxon's signed ranks with Holm's correction, and average ranks (`bench.stats.blocks`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.errors import UsageError
from bench.records.reader import StoreReader
from bench.records.sweeps import SweepRecord
from bench.report.reading import read_results, usual_baseline
from bench.report.results import Results
from bench.report.selection import find_sweep
from bench.report.source import installed_dataset
from bench.report.tables.flags import method_flags
from bench.stats import LEAST_BLOCKS, LEAST_BLOCKS_RANKS, Blocks, Measured, Ranks, independent
from bench.stats import average_ranks as ranks_of
from bench.stats.paired import Percent
from bench.system.wording import nearest


@dataclass(frozen=True)
class Across:
    """blocks: mean mAP of each method on each dataset. left_out: methods that some dataset lacks, with its name.

    where: what all blocks share. baseline: the method that the others are compared with. flags: notes that accompany a
    method's numbers everywhere.
    """

    blocks: Blocks
    baseline: str
    left_out: Mapping[str, str]
    where: str
    flags: Mapping[str, Sequence[str]]

    @property
    def ranks(self) -> Ranks | None:
        """None where there are too few datasets or methods for a ranking."""
        enough = len(self.blocks.names) >= LEAST_BLOCKS_RANKS and len(self.blocks.methods) > 2
        return ranks_of(self.blocks) if enough else None


def across(
    store: StoreReader,
    sweep: str | None = None,
    *,
    methods: Sequence[str] | None = None,
    percents: Sequence[Percent] | None = None,
    baseline: str | None = None,
) -> Across:
    """All datasets of the store under the protocol, backbone and feed of the newest sweep, or of the one named.

    methods, percents: only these. UsageError where there are fewer than two datasets, or two methods that all of them
    have.
    """
    newest = find_sweep(store, sweep)
    tables = [read_results(store, record.id, merge=True) for record in _of_each_dataset(store, newest)]
    measured_tables = [_measured(table, percents) for table in tables]
    available = list(dict.fromkeys(measured.method for part in measured_tables for measured in part))
    for name in methods or ():
        if name not in available:
            raise UsageError(f"no dataset has a number of method {name!r}; {nearest(name, available)}")
    have = {part[0].dataset: set[str]() for part in measured_tables if part}
    for measured in (one for part in measured_tables for one in part):
        have[measured.dataset].add(measured.method)
    lacking = {m: next((d for d, own in have.items() if m not in own), "") for m in methods or available}
    common = [method for method, dataset in lacking.items() if not dataset]
    where = ", ".join(filter(None, (newest.protocol, newest.backbone, newest.feed)))
    if len(have) < 2 or len(common) < 2:
        raise UsageError(
            f"a comparison across datasets needs two datasets and two methods that have numbers on both, but under "
            f"{where} there are {len(have)} ({', '.join(have) or 'none'}) and {len(common)} "
            f"({', '.join(common) or 'none'}); run more, or give more --results."
        )
    blocks = independent((one for part in measured_tables for one in part), common)
    if len(blocks.names) < 2:
        raise UsageError("the methods share a ratio and seed on fewer than two datasets; run the same on both.")
    left_out = {method: dataset for method, dataset in lacking.items() if dataset}
    flags: dict[str, set[str]] = {}
    for table in tables:
        for method, of_method in method_flags(table).items():
            flags.setdefault(method, set()).update(of_method)
    told_of = {method: sorted(flags[method]) for method in common}
    return Across(blocks, _baseline(common, baseline, tables[0]), left_out, where, told_of)


def with_other_datasets(results: Results, store: StoreReader) -> Across | None:
    """For a report: its methods over all datasets of the store; None where they are too few for any test."""
    newest = results.selection.newest
    if len(_of_each_dataset(store, newest)) < LEAST_BLOCKS:
        return None
    competing = results.frame.loc[results.frame["role"] != "ceiling", "method"].unique().tolist()
    baseline = results.baseline if results.baseline in competing else None
    try:
        comparison = across(store, newest.id, methods=competing, percents=results.percents, baseline=baseline)
    except UsageError:
        return None
    return comparison if len(comparison.blocks.names) >= LEAST_BLOCKS else None


def _of_each_dataset(store: StoreReader, newest: SweepRecord) -> list[SweepRecord]:
    """The newest sweep of each dataset, in the order in which datasets first came; without studies of one method."""
    setting = (newest.protocol, newest.backbone, newest.feed)
    newest_sweeps: dict[str, SweepRecord] = {}
    for record in store.sweeps():
        if (record.protocol, record.backbone, record.feed) == setting and not record.study:
            newest_sweeps[_dataset(store, record)] = record
    return list(newest_sweeps.values())


def _dataset(store: StoreReader, record: SweepRecord) -> str:
    """The dataset's name; a user's own with the beginning of its content's hash."""
    name = record.dataset
    if not _users_own(name):
        return name
    started = store.begun(record.keys)
    return f"{name} {next((cell.dataset.fingerprint[:6] for cell in started), record.id[:6])}"


def _users_own(dataset: str) -> bool:
    """Whether every user keeps other images under this name: they are distinguished by their content."""
    kind = installed_dataset(dataset)
    return kind is not None and kind.users_own


def _measured(table: Results, percents: Sequence[Percent] | None) -> list[Measured]:
    """The table's numbers at these ratios, by default at all; without methods that saw all labels."""
    frame = table.frame[table.frame["role"] != "ceiling"]
    if percents is not None:
        ratios = [percent for percent in percents if percent is not None]
        frame = frame[frame["percent"].isna() | frame["percent"].isin(ratios)]
    rows = frame[["method", "percent", "seed", "key", "mAP"]].itertuples(index=False, name=None)
    measured = []
    for method, percent, seed, key, value in rows:
        dataset = table.rows[key].cell.dataset
        name = f"{dataset.name} {dataset.fingerprint[:6]}" if _users_own(dataset.name) else dataset.name
        place, kind = (name, str(percent), seed), installed_dataset(dataset.name)
        # Datasets that share their images are one block.
        block = kind.collection if kind and kind.collection else name
        measured.append(Measured(block, place, method, float(value)))
    return measured


def _baseline(methods: Sequence[str], requested: str | None, table: Results) -> str:
    if requested is not None and requested not in methods:
        raise UsageError(f"--baseline: no numbers of {requested!r} on all datasets; {nearest(requested, methods)}")
    return requested or usual_baseline(methods, table.selection)
