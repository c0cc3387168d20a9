"""bench: which method wins at multi-label recognition with missing labels, measured fairly.

    sweep = bench.run("trm_ml,dualcoop", "0.1-0.9", seeds="0-2")
    sweep.to_frame()               # a row for each place of the table
    sweep.compare("dualcoop")      # paired differences, with intervals over seeds and over test images
    sweep.plot_ratios()            # a matplotlib Axes
    sweep.report()                 # the path of the report

Names are imported when they are first used, so that importing the package is cheap.
"""

from pathlib import Path

import lazy_loader

from bench.system.siblings import refuse_hidden

__version__ = "0.1.0"

refuse_hidden(Path(__file__).parent)

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
