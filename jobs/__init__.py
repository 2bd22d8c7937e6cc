"""The verbs: each module is one job that spark-submit runs."""
