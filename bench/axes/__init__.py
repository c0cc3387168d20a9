"""The axes of a cell: from a name and its options to the component that a key is made of, and back."""
