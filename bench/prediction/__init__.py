"""Prediction: scores of your own images by a finished cell, and the cell as a file that needs no bench."""

from bench.prediction.model import CellModel
from bench.prediction.predict import PredictionRequest, PredictionResult, predict

__all__ = ["CellModel", "PredictionRequest", "PredictionResult", "predict"]
