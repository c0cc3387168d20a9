"""TRM-ML, reconstructed: `model` reads like the paper, each other file holds one of its ideas."""

from methods.trm_ml.config import TRMConfig
from methods.trm_ml.first import FirstTRMConfig, FirstTRMML
from methods.trm_ml.model import TRMML

__all__ = ["TRMML", "FirstTRMConfig", "FirstTRMML", "TRMConfig"]
