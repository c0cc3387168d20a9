"""Operations that the command line and Python programs share."""
