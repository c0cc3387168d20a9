"""The families of methods, a page of the documentation each."""

FAMILIES = {
    "prompts": ("Learned prompts", "Texts learned through a frozen text tower and matched with the image."),
    "losses": (
        "Losses for labels with gaps",
        "One head on frozen features; the loss handles unknown labels.",
    ),
    "corrections": ("Label correction", "Unknown or assumed labels are guessed, corrected or left out while training."),
    "graphs": ("Class graphs", "A feature for every class, found by its word, and messages between classes."),
    "queries": ("Query decoders", "Class queries in a transformer decoder over the tokens."),
    "references": ("Floors, ceilings and controls", "What the others are measured against."),
}
"""The kinds of methods by name: a title, and what they have in common."""
