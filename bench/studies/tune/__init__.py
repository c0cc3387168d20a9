"""Equal effort for all methods: a search of the same budget for each, and a recipe file of the results.

budget        what fewer trials would have given, from the trials that were kept (pure)
outcome       the trials of one method and their result
recipe_file   the TOML that `--recipe FILE` reads
page, figure  mAP over the budget
"""
