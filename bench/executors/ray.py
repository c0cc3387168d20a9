"""Cells on a Ray cluster, one task each: nodes need this program and the data, but no disk in common."""

import asyncio
import importlib
import json
import logging
import shutil
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bench.cells import Cell
from bench.errors import UsageError
from bench.executors.attempt import level
from bench.executors.base import Ended, Follow, LostWorkerError, Started, Told
from bench.executors.luggage import RESUME, Luggage, pack, unpack
from bench.executors.node import train
from bench.executors.worker import Opens
from bench.files import write_text
from bench.program import program_hash
from bench.store import Store
from bench.workbench import Workbench

TRIES = 4
"""How often a cell is tried whose worker or node is lost; never if it fails by itself."""

POLL_SECONDS, PATIENCE = 0.5, 3.0
MOST_WATCHED = 1024
PROBE_SECONDS = 120.0
GIB = 2**30


@dataclass(frozen=True)
class Demands:
    """What a cell needs of a node; GPUs may be shared by fractions. memory: GiB."""

    cpus: float
    gpus: float
    memory: float

    def fit(self, resources: Mapping[str, float]) -> int:
        """How many such cells fit on a node with these resources at once."""
        needs = {"CPU": self.cpus, "GPU": self.gpus, "memory": self.memory * GIB}
        return min((int(resources.get(name, 0) / need + 1e-9) for name, need in needs.items() if need), default=1)


class RayExecutor:
    """One Ray task a cell. This process holds the cell's lock and keeps its curve and its checkpoint up to date.

    site: how a node opens the workbench for a cell. address: "auto" for the cluster that this machine belongs to,
    "local" for one that lives as long as this executor does, or HOST:PORT. workers: cells at once, at most; 0: as many
    as fit.
    A lost cell goes on from the last checkpoint that came home; tasks are not retried by Ray itself, which would
    start them from what they were first sent.
    """

    def __init__(
        self,
        bench: Workbench,
        site: Callable[[Cell], Opens],
        store: Store,
        *,
        address: str = "auto",
        demands: Demands,
        threads: int = 1,
        workers: int = 0,
    ):
        self.bench, self.site, self.store = bench, site, store
        self.threads, self.workers, self.demands = threads, workers, demands
        self._ray = import_ray()
        self._own = _connect(self._ray, address)
        try:
            self._refuse_impossible()
            self._code = program_hash()
            self._refuse_other_code()
        except BaseException:
            self._leave()
            raise
        here = self._affinity(self._ray.get_runtime_context().get_node_id())
        options = {"num_cpus": 0, "max_concurrency": 4 * MOST_WATCHED, "scheduling_strategy": here}
        self._post = self._ray.remote(Post).options(**options).remote()
        self._task = self._ray.remote(train).options(
            num_cpus=demands.cpus, num_gpus=demands.gpus, memory=int(demands.memory * GIB) or None, max_retries=0
        )
        self._pool = ThreadPoolExecutor(MOST_WATCHED, thread_name_prefix="watch")
        self._turn, self._change = threading.Lock(), threading.Lock()
        self._tasks: set[Any] = set()
        self._closed = False

    @property
    def slots(self) -> int:
        """How many cells fit into the cluster as it is now, at least one."""
        room = sum(self.demands.fit(node["Resources"]) for node in self._nodes())
        return max(1, min(room, self.workers or room, MOST_WATCHED))

    def submit(self, cell: Cell, follow: Follow | None = None, started: Started | None = None) -> Future[Ended]:
        """Run the cell as soon as a node has room."""
        return self._pool.submit(self._bring_to_end, cell, Told(follow, started, self._turn))

    def close(self) -> None:
        """Cancel all tasks; a checkpoint that came home is there to go on from."""
        with self._change:
            self._closed = True
            tasks = list(self._tasks)
        self._pool.shutdown(wait=False, cancel_futures=True)
        for task in tasks:
            self._ray.cancel(task)  # leaving by way of every `finally`
        self._pool.shutdown()
        left = tasks and self._ray.wait(tasks, num_returns=len(tasks), timeout=PATIENCE)[1]
        for task in left:
            self._ray.cancel(task, force=True)
        self._ray.kill(self._post)
        self._leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()

    def _leave(self) -> None:
        if self._own:
            self._ray.shutdown()

    def _bring_to_end(self, cell: Cell, told: Told) -> Ended:
        with self.store.claim(cell) as folder:
            if folder is None:
                return Ended(cell.key, "elsewhere")
            if self.store.state(cell.key) == "done":
                return Ended(cell.key, "cached", level(self.store.row(cell.key)))
            lost: Exception | None = None
            for _ in range(TRIES):
                try:
                    ended, luggage = self._try(cell, told, folder)
                except self._ray.exceptions.RayTaskError as error:
                    (problem,) = str(error).strip().splitlines()[-1:]
                    ended, luggage = Ended(cell.key, "failed", problem), {"error.txt": str(error).encode()}
                except _lost(self._ray) as error:
                    self._raise_if_closed()
                    lost = error
                    continue
                self._keep(cell, ended, luggage, folder)
                told.raise_problem()
                return ended
            problem = f"its worker or node was lost {TRIES} times ({_first_line(lost)}); look at that machine's memory."
            self.store.fail(cell.key, LostWorkerError(problem))
            return Ended(cell.key, "failed", f"LostWorkerError: {problem}")

    def _try(self, cell: Cell, told: Told, folder: Path) -> tuple[Ended, Luggage]:
        """Send the cell off and watch it until it comes back."""
        self._raise_if_closed()
        token = uuid.uuid4().hex
        device = "cuda" if self.demands.gpus else "cpu"
        luggage = pack(folder, RESUME) if (folder / "checkpoint" / "last.pth").exists() else {}
        task = self._task.remote(cell, self.site(cell), device, self.threads, self._code, luggage, self._post, token)
        with self._change:
            self._tasks.add(task)
        try:
            message = self._post.next.remote(token, None)
            while True:
                ready, _ = self._ray.wait([message, task], num_returns=1, timeout=POLL_SECONDS)
                self._raise_if_closed()
                if message in ready:
                    stop = self._hear(self._ray.get(message), told, folder)
                    message = self._post.next.remote(token, stop)
                elif task in ready:
                    return self._ray.get(task)
        finally:
            with self._change:
                self._tasks.discard(task)
            if not self._closed:
                self._post.forget.remote(token)

    def _hear(self, message: tuple[Any, ...], told: Told, folder: Path) -> bool:
        """Take a message from the node; whether the cell shall stop."""
        kind, *content = message
        if kind == "begun":
            told.begin()
        elif kind == "encoding":
            self.bench.progress(*content)
        else:
            record, checkpoint = content
            _add(record, folder / "curve.jsonl")
            unpack(checkpoint, folder)
            return told.epoch(record)
        return False

    def _keep(self, cell: Cell, ended: Ended, luggage: Luggage, folder: Path) -> None:
        """Make the store what it would be had the cell been trained here."""
        if ended.ending == "done" and cell.test:
            self.store.save_targets(cell.dataset.fingerprint, self.bench.targets)
        if ended.ending != "failed":
            self.store.forgive(cell.key)
        unpack(luggage, folder)
        if ended.ending != "stopped":
            shutil.rmtree(folder / "checkpoint", ignore_errors=True)

    def _raise_if_closed(self) -> None:
        if self._closed:
            raise LostWorkerError("the executor was closed while the cell was training.")

    def _nodes(self) -> list[dict[str, Any]]:
        return [node for node in self._ray.nodes() if node["Alive"]]

    def _affinity(self, node: str) -> Any:
        return importlib.import_module("ray.util.scheduling_strategies").NodeAffinitySchedulingStrategy(
            node, soft=False
        )

    def _refuse_impossible(self) -> None:
        """UsageError if no node can ever take a cell: Ray would wait for one without a word."""
        nodes = self._nodes()
        if any(self.demands.fit(node["Resources"]) for node in nodes):
            return
        asked, have = self.demands, [_described(node["Resources"]) for node in nodes]
        raise UsageError(
            f"a cell asks for {asked.cpus:g} CPUs, {asked.gpus:g} GPUs and {asked.memory:g} GiB, and no node of the "
            f"cluster has them together (there are {'; '.join(sorted(set(have)))}); lower --cpus-per-cell, "
            "--gpus-per-cell or --memory-per-cell, or add a node."
        )

    def _refuse_other_code(self) -> None:
        """UsageError if a node that can take cells has another version of this program, or none."""
        nodes = [node for node in self._nodes() if self.demands.fit(node["Resources"])]
        look = self._ray.remote(program_hash)
        probes = [look.options(num_cpus=0, scheduling_strategy=self._affinity(n["NodeID"])).remote() for n in nodes]
        for node, probe in zip(nodes, probes, strict=True):
            where = f"node {node['NodeManagerAddress']} ({node['NodeManagerHostname']})"
            try:
                code = self._ray.get(probe, timeout=PROBE_SECONDS)
            except self._ray.exceptions.RayError as error:
                raise UsageError(
                    f"{where} cannot run this program ({_first_line(error)}); install the driver's version there."
                ) from None
            if code != self._code:
                raise UsageError(
                    f"the program on {where} is not the driver's (source hash {code}, not {self._code}); "
                    "install the driver's version there."
                )


class Post:
    """An actor beside the driver that carries messages from trainings to it, and its answers back."""

    def __init__(self) -> None:
        self.boxes: dict[str, asyncio.Queue] = defaultdict(asyncio.Queue)
        self.unanswered: dict[str, asyncio.Future] = {}

    async def tell(self, token: str, message: Any) -> Any:
        """From a training: returns the driver's answer."""
        answer = asyncio.get_running_loop().create_future()
        await self.boxes[token].put((message, answer))
        return await answer

    async def next(self, token: str, answer: Any) -> Any:
        """From the driver: answers the last message and waits for the next."""
        if token in self.unanswered:
            self.unanswered.pop(token).set_result(answer)
        message, self.unanswered[token] = await self.boxes[token].get()
        return message

    async def forget(self, token: str) -> None:
        """From the driver: the training has ended; whoever still waits goes on."""
        box = self.boxes.pop(token, None)
        if box is not None:
            await box.put((None, asyncio.get_running_loop().create_future()))
        self.unanswered.pop(token, None)


def import_ray() -> Any:
    """Ray, or UsageError that says how to get it."""
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise UsageError(
            f"--executor ray needs Ray, which cannot be imported here ({error}); "
            "pip install 'missing-label-bench[ray]', or give another --executor."
        ) from None


def _connect(ray: Any, address: str) -> bool:
    """Join the cluster; whether that was for us to do. A connection that is there already is used."""
    if ray.is_initialized():
        return False
    quiet = {"logging_level": logging.ERROR, "log_to_driver": False}
    try:
        if address == "local":
            ray.init(address="local", include_dashboard=False, **quiet)
        else:
            ray.init(address=address, **quiet)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise UsageError(
            f"--address {address}: no Ray cluster can be reached from here ({_first_line(error)}); start one with "
            "`ray start --head`, join one with `ray start --address HOST:PORT --num-cpus 0`, or give --address local."
        ) from None
    return True


def _lost(ray: Any) -> tuple[type[Exception], ...]:
    names = ("WorkerCrashedError", "NodeDiedError", "OutOfMemoryError", "ObjectLostError", "TaskCancelledError")
    return (LostWorkerError, *(getattr(ray.exceptions, name) for name in names))


def _described(resources: Mapping[str, float]) -> str:
    gib = resources.get("memory", 0) / GIB
    return f"{resources.get('CPU', 0):g} CPUs, {resources.get('GPU', 0):g} GPUs and {gib:.1f} GiB"


def _add(record: Mapping[str, Any], curve: Path) -> None:
    """A line more in the curve, which begins anew with the first epoch."""
    line = json.dumps(record) + "\n"
    if record["epoch"] == 1:
        write_text(curve, line)
    else:
        with curve.open("a") as file:
            file.write(line)


def _first_line(error: object) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
