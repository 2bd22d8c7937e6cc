"""How good a model is: its lists beside its baselines, its probabilities, its threshold."""
