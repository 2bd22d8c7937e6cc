"""Silver: what we believe, typed, each once."""
