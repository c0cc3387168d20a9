"""Studies made of many cells: search, ablation, sensitivity, variance; each with its design, findings and figures."""
