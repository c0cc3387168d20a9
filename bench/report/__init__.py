"""The report: a typed view of the store, and tables, figures and text made from it.

    results = read_results(store)          # the newest sweep
    console.print(rich_table(results))     # what a person sees at the end of a run
    path = write_report(results, store)    # report.md, figures, CSV; drawn again only if something changed

Names are imported when they are first used, so that importing the package is cheap.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
