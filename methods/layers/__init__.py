"""Building blocks that methods share: attention, heads, prompts, aggregation, position."""
