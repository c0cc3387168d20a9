"""Records: cells, their rows, sweeps, and the store of plain files that holds them."""
