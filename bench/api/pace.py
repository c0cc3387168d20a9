"""Pace of work: how fast it goes, and how long the rest will take."""

import time

from bench.system.wording import clock_time, counted


class Clock:
    """How long the remaining cells will take, at the pace so far of all processes together."""

    def __init__(self, remaining: int):
        self.remaining, self.ran = remaining, 0
        self.began: float | None = None

    def start(self) -> None:
        self.began = self.began or time.perf_counter()

    def tick(self, ran: bool) -> None:
        self.remaining -= 1
        self.ran += ran

    def left(self) -> str:
        """`~2:10 left`, or "" before anything is known."""
        if not self.ran or not self.remaining or self.began is None:
            return ""
        return f"~{clock_time(self.remaining * (time.perf_counter() - self.began) / self.ran)} left"


class Pace:
    """The rate of images, or of another unit, since the first reported number; earlier work does not count."""

    EVERY_SECONDS = 30.0
    """How often a log reports an encoding that takes long."""

    def __init__(self, unit: str = "images") -> None:
        self.unit = unit
        self.first: dict[str, tuple[float, int]] = {}
        self.reported_at: dict[str, float] = {}

    def of(self, title: str, done: int, total: int) -> str:
        """`45 images/s  ~1:02:10 left`, at the end without the time; "" while nothing is known."""
        now = time.perf_counter()
        began, before = self.first.setdefault(title, (now, done))
        if done <= before or now <= began:
            return ""
        rate = (done - before) / (now - began)
        left = f"  ~{clock_time((total - done) / rate)} left" if done < total else ""
        return f"{rate:,.0f} {self.unit}/s{left}" if rate >= 10 else f"{rate:.1f} {self.unit}/s{left}"

    def line(self, title: str, done: int, total: int) -> str:
        """`encoding scenes train: 300 images 258 images/s`, before the end with the number that are done."""
        count = "" if done == total else f"{done:,} of "
        every = counted(total, self.unit.removesuffix("s"), self.unit)
        return f"{title}: {count}{every} {self.of(title, done, total)}".rstrip()

    def due(self, title: str, done: int) -> bool:
        """Whether a line is due: half a minute after the first number or the last line."""
        now = time.perf_counter()
        began, _ = self.first.setdefault(title, (now, done))
        if now - self.reported_at.get(title, began) < self.EVERY_SECONDS:
            return False
        self.reported_at[title] = now
        return True
