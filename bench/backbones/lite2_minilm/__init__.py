"""An ImageNet trunk and a sentence encoder in one joint space: no CLIP, made without any label of a benchmark.

`weights` finds and checks the two files of the extra `photos`, `trunk` is the image side, `minilm` the text side,
`space` the map between them that ships with the package, `fit` makes that map again from unlabelled photos.
"""
