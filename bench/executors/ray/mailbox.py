"""Messages between a training on a node of a Ray cluster and its driver."""

import asyncio
from collections import defaultdict
from typing import Any


class Mailbox:
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
        """From the driver: the training has ended; all waiting calls return."""
        box = self.boxes.pop(token, None)
        if box is not None:
            await box.put((None, asyncio.get_running_loop().create_future()))
        self.unanswered.pop(token, None)
