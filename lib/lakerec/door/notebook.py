"""`notebook`: JupyterLab on working copies of the notebooks, with Spark and Delta ready.

The notebooks are kept as plain Python. A working copy is made in build/notebooks where there is none yet; a copy that
somebody has changed is never overwritten, and takes precedence until it is deleted.
"""

import argparse
import os
import shlex
import subprocess
import sys
from pathlib import Path

from lakerec.door.jars import CHECKOUT, read_lock
from lakerec.folders import spark_path


def main() -> int:
    """Prepare copies and environment, then become JupyterLab."""
    parser = argparse.ArgumentParser(prog="./spark-submit.sh notebook", description=__doc__, allow_abbrev=False)
    parser.add_argument("--lake", metavar="DIR", help="folder or URI of the lake")
    parser.add_argument("--profile", default="local", metavar="NAME", help="conf/spark/NAME.conf")
    arguments, jupyter_options = parser.parse_known_args()
    copies = copy_notebooks(CHECKOUT / "notebooks", CHECKOUT / "build" / "notebooks")
    os.environ["PYSPARK_SUBMIT_ARGS"] = submit_arguments(arguments.profile)
    lake = arguments.lake or os.environ.get("LAKEREC_LAKE__ROOT", "lake")
    os.environ["LAKEREC_LAKE__ROOT"] = spark_path(lake)
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={copies}", *jupyter_options]
    if os.geteuid() == 0:
        command.append("--allow-root")  # it listens on this machine only, and asks for its token
    os.execv(sys.executable, command)


def copy_notebooks(source: Path, target: Path) -> Path:
    """Make the working copies that are missing."""
    target.mkdir(parents=True, exist_ok=True)
    for file in sorted(source.glob("*.py")):
        copy = target / f"{file.stem}.ipynb"
        if not copy.exists():
            command = [sys.executable, "-m", "jupytext", "--quiet", "--to", "ipynb", "--output", str(copy), str(file)]
            subprocess.run(command, check=True)
    return target


def submit_arguments(profile: str) -> str:
    """What pyspark gives to spark-submit when a notebook opens its session."""
    jars = ",".join(str(jar.path) for jar in read_lock())
    settings = str(CHECKOUT / "conf" / "spark" / f"{profile}.conf")
    return shlex.join(["--properties-file", settings, "--jars", jars, "pyspark-shell"])


if __name__ == "__main__":
    sys.exit(main())
