"""What users are recommended, and which of it is live."""
