"""From a request to the cells that answer it: plans, grids, ratios, sweep files, recipes, forecasts."""
