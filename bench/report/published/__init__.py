"""Numbers printed by papers, and our cells beside them."""
