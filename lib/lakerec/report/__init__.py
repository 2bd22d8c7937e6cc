"""What a run found, told twice: a summary on the console and a page to look at. Both only read tables."""
