"""The command line of a job: the same flags everywhere, and every setting."""

import argparse
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from lakerec.config import described_settings
from lakerec.follow import seconds_of


class Flag(NamedTuple):
    """What a job takes beside its flags, as one word of its command line: path of a setting, its name, its meaning."""

    path: str
    metavar: str
    meaning: str


CHECK_HELP = "say how FILE would be read and what would be rejected, and write nothing"
FLAGS = {
    "--lake": ("lake.root", "DIR", "folder or URI of the lake"),
    "--landing": ("landing.root", "DIR", "folder that the producer delivers to"),
    "--source": ("landing.source", "NAME", "which conf/sources/NAME.toml maps the delivered records"),
    "--as-of": ("as_of", "TIME", "learn and recommend as of this time, ISO with zone; default: newest event"),
    "--run-id": ("lake.run_id", "ID", "name of this run in every commit; default: made from the time"),
    "--wait": ("lake.wait_seconds", "SECONDS", "how long to wait for another writer"),
}


def settings_in(arguments: argparse.Namespace) -> dict[str, Any]:
    """Given values by `section.key`; a run without a name gets one."""
    paths = [path for path, _, _ in FLAGS.values()] + ([arguments.named.path] if arguments.named else [])
    given = {path: getattr(arguments, _destination(path)) for path in paths}
    flags: dict[str, Any] = {path: value for path, value in given.items() if value is not None}
    flags.setdefault("lake.run_id", f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}")
    if arguments.rebuild:
        flags["lake.rebuild"] = arguments.rebuild.split(",")
    if arguments.fail_on_held:
        flags["fail_on_held"] = True
    if arguments.strict:
        flags["data.strict"] = True
    return flags | dict(arguments.set)


def parse(
    name: str, description: str, *, can_check: bool, can_follow: bool, named: Flag | None = None
) -> argparse.Namespace:
    """Read the command line of a job.

    Args:
        can_check: whether the job has `--check FILE`.
        can_follow: whether it has `--follow`.
        named: the word that it needs beside its flags.
    """
    parser = settings_parser(name, description)
    parser.set_defaults(named=named)
    if named:
        parser.add_argument(_destination(named.path), metavar=named.metavar, help=named.meaning)
    for flag, (path, metavar, meaning) in FLAGS.items():
        parser.add_argument(flag, dest=_destination(path), metavar=metavar, help=meaning)
    parser.add_argument(
        "--settings", metavar="FILE", type=Path, help="TOML that wins over the profile, as of tune_model"
    )
    parser.add_argument("--rebuild", metavar="LAYERS", help="compute layers anew, such as silver or silver,gold")
    parser.add_argument("--fail-on-held", action="store_true", help="exit 3 when delivered files were held back")
    parser.add_argument(
        "--strict", action="store_true", help="exit 4 before training on less data than [data] asks for"
    )
    parser.add_argument(
        "--result-json",
        metavar="FILE",
        type=writable_file,
        help="keep this file at what was done so far; in the end with the exit code",
    )
    parser.add_argument("--dry-run", action="store_true", help="print the settings that would be used, and stop")
    if can_check:
        parser.add_argument("--check", metavar="FILE", type=Path, help=CHECK_HELP)
    if can_follow:
        parser.add_argument("--follow", action="store_true", help="do it again and again, until SIGTERM")
        parser.add_argument("--every", type=_duration, default=30.0, metavar="TIME", help="pause, such as 30s or 5m")
    return parser.parse_args()


def settings_parser(name: str, description: str) -> argparse.ArgumentParser:
    """A command line that takes a profile and any setting, and whose help ends with all of them."""
    parser = argparse.ArgumentParser(
        prog=f"./spark-submit.sh {name}",
        description=description,
        epilog=settings_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--profile", default="local", metavar="NAME", help="conf/NAME.toml and conf/spark/NAME.conf")
    parser.add_argument(
        "--set", action="append", default=[], type=assignment, metavar="section.key=value", help="any setting below"
    )
    return parser


def assignment(text: str) -> tuple[str, str]:
    """`section.key=value` as key and value."""
    path, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"'{text}' is not section.key=value")
    return path.strip(), value.strip()


def writable_file(text: str) -> Path:
    """The file of that name; what is no name of a file that can be written is refused."""
    file = Path(text)
    if file.is_dir() or not os.access(file.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"cannot write '{text}'")
    return file


def _duration(text: str) -> float:
    try:
        return seconds_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _destination(path: str) -> str:
    return path.replace(".", "_")


def settings_help() -> str:
    """Every setting with its default and meaning, for the end of a job's help."""
    lines = [f"  {path:<36} {meaning} [{_shown(default)}]" for path, default, meaning in described_settings()]
    return "settings, as --set section.key=value or LAKEREC_SECTION__KEY in the environment [default]:\n" + "\n".join(
        lines
    )


def _shown(default: Any) -> str:
    """A default on one line: of a table of tables, the names."""
    is_nested = isinstance(default, dict) and any(isinstance(value, dict) for value in default.values())
    return ", ".join(default) if is_nested else str(default)
