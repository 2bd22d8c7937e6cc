"""Gold: what people use: registers of ids, counts per day, strengths, popularity."""
