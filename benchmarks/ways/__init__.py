"""From a folder of raw events to lists for everybody, each way a module with `run` and `outputs`."""
