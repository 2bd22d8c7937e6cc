"""lakerec: from a shop's raw event log to recommendations that can be taken apart."""

__version__ = "0.1.0"
