from .api.calls import open_store as open_store
from .api.calls import plan as plan
from .api.calls import run as run
from .api.cells import export_cells as export_cells
from .api.cells import import_cells as import_cells
from .api.mistakes import find_mistakes as find_mistakes
from .api.model import load_model as load_model
from .api.plan import Plan as Plan
from .api.sweep import Sweep as Sweep
from .api.sweep import open_sweep as open_sweep
from .errors import BenchError as BenchError
from .errors import DataError as DataError
from .errors import UsageError as UsageError
from .records.store import Store as Store

__version__: str
