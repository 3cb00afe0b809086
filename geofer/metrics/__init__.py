"""Recognition accuracy by pose and expression, and what belongs to it."""
