"""A run of the command line that takes a second."""

TINY = ("--set", "scenes.n_train=120", "--set", "scenes.n_test=60")
RUN = ("run", "--methods", "asl", "--ratios", "0.5", "--set", "asl.epochs=1", *TINY)
