"""Statistics of results: how sure a difference is, and of what. Pure functions of arrays.

    samples = bootstrap({"a": [scores_of_seed_0, scores_of_seed_1], "b": [...]}, labels)
    difference_text(samples.difference("a", "b"))     # '+1.32 [+0.81, +1.80]': other test images
    seed_interval([1.2, 1.6, 1.1])         # other seeds
    wilcoxon_holm(independent(cells, methods))  # other datasets; refused below six

Three questions, three functions, never one number for all: what other images, other seeds, other datasets would say.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
