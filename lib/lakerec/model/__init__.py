"""Factors learned from gold, and how they become ranked lists."""
