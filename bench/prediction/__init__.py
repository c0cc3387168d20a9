"""Prediction: scores of anybody's images by a finished cell, and the cell as a file that needs none of this."""

from bench.prediction.model import CellModel
from bench.prediction.predict import PredictionRequest, PredictionResult, predict

__all__ = ["CellModel", "PredictionRequest", "PredictionResult", "predict"]
