"""Equal effort for all methods: a search of the same budget for each, and a recipe file of what they led to.

budget        what fewer trials would have led to, from the trials that were kept (pure)
outcome       what the trials of one method led to
recipe_file   the TOML that `--recipe FILE` reads
page, figure  mAP over the budget
"""
