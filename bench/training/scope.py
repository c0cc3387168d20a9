"""MMEngine registries in scope `bench`, children of MMEngine's own."""

import mmengine.registry as root
from mmengine.registry import Registry

MODELS = Registry("bench model", parent=root.MODELS, scope="bench")
HOOKS = Registry("bench hook", parent=root.HOOKS, scope="bench")
LOOPS = Registry("bench loop", parent=root.LOOPS, scope="bench")
METRICS = Registry("bench metric", parent=root.METRICS, scope="bench")
PARAM_SCHEDULERS = Registry("bench parameter scheduler", parent=root.PARAM_SCHEDULERS, scope="bench")
