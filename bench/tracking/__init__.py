"""MLflow as a projection of the store: rebuilt from it at any time, and never needed by it.

    with following(store) as follower:      # a separate process writes while cells run
        ...
        problem = follower.finish()         # None, or one sentence to show
    print(sync(store))                      # the same at once: `bench sync`
    ui(store, announce=print)               # browse, until Ctrl-C
    with mirrored(uri, folder) as store:    # and back: a store made from MLflow alone, for reports
        ...

An experiment is a dataset under a protocol. In it, every sweep is a run, with its cells as child runs (found again by
the tags `cell_key` and `sweep`) and one summary run a method, whose `mAP_by_ratio` draws the paper's figure; saved
views of the experiment's page show them. A cell that several sweeps share hangs under the oldest of them; its tag
`sweeps` names all.

The run of a study's sweep (`bench ablate`, `sensitivity`, `variance`) has the study's page among its artifacts.

A search is a run too, with its trials as child runs, in an experiment of its own (`<dataset>/<protocol>/search`): their
numbers are of held-out training images and must not stand among those of the test split.

Names are imported when they are first used, so that importing the package is cheap.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
