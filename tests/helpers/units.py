"""The names under which a store's content lies in MLflow."""


def unit(cell) -> str:
    return f"cell:{cell.key}"


def sweep_of(store) -> str:
    return store.sweeps()[0].id
