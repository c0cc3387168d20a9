"""A miniature CLIP that ships with the package: `model` builds and loads it, `tokenizer` encodes its prompts."""
