"""Tables about our own running: how far each consumer has read, and how each stage went."""
