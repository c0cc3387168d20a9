"""Ablation studies: a method with parts taken out or added."""
