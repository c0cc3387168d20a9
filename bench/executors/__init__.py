"""Executors train the cells: this process, processes of this machine, or a Slurm or Ray cluster, behind one interface.

with open_executor("auto", resources, store) as executor:
    future = executor.submit(cell, follow=lambda epoch, record: record["heldout_mAP"] < 10)
    future.result().ending  # "done", "stopped", ...

A script that opens anything but "inline" does so under `if __name__ == "__main__":`, since workers import it. Names are
imported when they are first used: code that only shows progress imports no training.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
