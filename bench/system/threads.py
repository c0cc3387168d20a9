"""CPU threads of a training: part of what makes two runs equal to the last bit."""

import torch
from threadpoolctl import threadpool_limits


def limit_threads(threads: int) -> None:
    """Give torch and every BLAS in this process that many threads, whatever the environment said when they loaded."""
    torch.set_num_threads(threads)
    threadpool_limits(threads)
