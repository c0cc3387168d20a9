"""Hyper-parameter search by Optuna's ask and tell, judged on a held-out part of the training images alone.

    ranges, space     what may be tried: declared beside each setting of a method, overridden by a file
    request, outcome  what is searched, the cells of a trial, and its outcome (pure)
    samplers, study   Optuna with every argument written out; storage, places, leases
    driver            the loop: ask, run cells on an executor, tell
    best, plots       what comes out of it

The test split is out of reach: cells of a search are planned on a dataset without one (`bench.data.blind`).
"""
