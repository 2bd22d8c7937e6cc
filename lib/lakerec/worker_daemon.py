"""The process that Spark forks its Python workers from: it has imported what they use, so that they begin at once.

Spark ends a worker that had nothing to do for a minute; the next would import pandas and numba anew, and Spark collects
a worker's garbage after every task, all these modules' objects among it. Here they are imported once, and frozen. The
setting `spark.python.daemon.module` names this module where the driver does all the work: on a cluster an executor has
lakerec only once a worker runs, and keeps to Spark's own daemon.

Spark's daemon imports neither pandas nor pyarrow, lest they start a thread that a fork would lose. The only one that
they start is jemalloc's, which begins anew in a fork.
"""

import gc

import pandas  # noqa: F401
import pyarrow.compute  # noqa: F401
import pyspark.sql.functions
import pyspark.worker  # noqa: F401
from pyspark import daemon

from lakerec.bronze import fingerprints, plain_objects, plain_scan  # noqa: F401
from lakerec.model import cholesky, conjugate_gradient, contribution_loops, exact_rows, selection  # noqa: F401

if __name__ == "__main__":
    gc.freeze()
    daemon.manager()
