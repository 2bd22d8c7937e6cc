"""What a run will take, before it begins: foretold from measured runs."""
