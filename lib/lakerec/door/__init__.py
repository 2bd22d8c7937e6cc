"""What spark-submit.sh runs around the jobs; standard library only, so that it works before anything is installed."""
