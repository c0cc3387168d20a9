"""The machine and the process: cores, memory, threads, files, seeds, signals, versions."""
