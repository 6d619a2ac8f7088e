"""The command line: `spillover VERB [overrides] [options]`.

Only this file, `commands/help.py`, what these two import and the standard library are loaded before
the verb is known, so that help and refusals of unknown verbs are immediate.
"""

from __future__ import annotations

import argparse
import errno
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from spillover import __version__
from spillover.commands import help as help_texts
from spillover.commands.pipes import mute
from spillover.errors import UserError, nearest

if TYPE_CHECKING:
    from spillover.batch.backend import MakeBackend

EXIT_FAILED, EXIT_USER_ERROR, EXIT_INTERRUPTED = 1, 2, 130
_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO})
_AFTER_DISK_ERROR = (
    "  next:    Finished chunks are safe. Make room or correct the permissions, then repeat the\n"
    "           same command; it computes what is missing."
)


class _Parser(argparse.ArgumentParser):
    """Argument parser whose refusals have the form of every other refusal."""

    def error(self, message: str) -> NoReturn:
        raise UserError(
            f"The command cannot be read: {message}.",
            where=self.prog,
            next=f"See `{self.prog} --help`.",
        )


def main(argv: Sequence[str] | None = None, make_backend: MakeBackend | None = None) -> int:
    """Run one command and return its exit code.

    0: done. 1: parts failed. 2: the input was refused and nothing was written.

    Args:
        argv: words after `spillover`; default: those of the process.
        make_backend: makes the model to run; default: the model of this package.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    code = _answer(words, make_backend)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        mute(sys.stdout)
    return code


def _answer(words: list[str], make_backend: MakeBackend | None) -> int:
    """Exit code of a command; errors that a person can act on become messages."""
    try:
        return _dispatch(words, make_backend)
    except UserError as error:
        print(f"spillover: {error}", file=sys.stderr)
        return EXIT_USER_ERROR
    except KeyboardInterrupt:
        print("\nspillover: stopped.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # the reader, such as `head`, has seen enough of a text that is printed when all is done;
        # runs and sweeps write through a console that goes on without its reader
        mute(sys.stdout)
        return 0
    except OSError as error:
        if error.errno not in _DISK_ERRORS:
            raise
        where = f": {error.filename}" if error.filename else ""
        print(f"spillover: {error.strerror}{where}\n{_AFTER_DISK_ERROR}", file=sys.stderr)
        return EXIT_FAILED


def _dispatch(words: list[str], make_backend: MakeBackend | None) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        print(help_texts.overview())
        return 0
    if words[0] in ("-V", "--version"):
        print(f"spillover {__version__}")
        return 0
    verb, rest = words[0], words[1:]
    if verb not in VERBS:
        hint = nearest(verb, VERBS)  # without a near one it repeats what is allowed
        did_you_mean = f"{hint.capitalize()} " if hint.startswith("did you mean") else ""
        raise UserError(
            f"There is no command '{verb}'.",
            where="command line",
            got=verb,
            allowed=", ".join(VERBS),
            next=f"{did_you_mean}See `spillover --help`.",
        )
    if "-h" in rest or "--help" in rest:
        print(help_texts.of_verb(verb))
        return 0
    return VERBS[verb](verb, rest, make_backend)


def _simulate(verb: str, words: list[str], make_backend: MakeBackend | None) -> int:
    parser = _Parser(prog=f"spillover {verb}", add_help=False, allow_abbrev=False)
    parser.add_argument("overrides", nargs="*")
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--config-dir", type=Path)
    parser.add_argument("-m", "--multirun", action="store_true")
    options = parser.parse_intermixed_args(words)
    from spillover.commands.run import Request

    # Hydra's word for several values; here they are the cells of one resumable folder
    asked = "sweep" if options.multirun and verb == "run" else verb
    request = Request(asked, tuple(options.overrides), options.dry_run, options.config_dir)
    argv = ["spillover", verb, *words]
    if verb == "compare":
        from spillover.commands.compare import compare_policies

        return compare_policies(request, argv, make_backend)
    from spillover.commands.run import run

    return run(request, argv, make_backend)


def _explain(verb: str, words: list[str], make_backend: MakeBackend | None) -> int:
    parser = _Parser(prog=f"spillover {verb}", add_help=False, allow_abbrev=False)
    parser.add_argument("name")
    parser.add_argument("--config-dir", type=Path)
    options = parser.parse_intermixed_args(words)
    from spillover.commands.explain import explain

    print(explain(options.name, options.config_dir))
    return 0


def _of_folder(verb: str) -> _Parser:
    """A parser for a command that is about a results folder."""
    parser = _Parser(prog=f"spillover {verb}", add_help=False, allow_abbrev=False)
    parser.add_argument("folder", type=Path)
    return parser


def _folder(verb: str, words: list[str]) -> Path:
    return _of_folder(verb).parse_intermixed_args(words).folder


def _status(verb: str, words: list[str], make_backend: MakeBackend | None) -> int:
    parser = _of_folder(verb)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_intermixed_args(words)
    from spillover.commands.status import status

    return status(options.folder, make_backend, is_quick=options.quick)


def _verify(verb: str, words: list[str], make_backend: MakeBackend | None) -> int:
    folder = _folder(verb, words)
    from spillover.commands.verify import verify

    return verify(folder)


def _compact(verb: str, words: list[str], make_backend: MakeBackend | None) -> int:
    folder = _folder(verb, words)
    from spillover.commands.compact import compact

    return compact(folder, ["spillover", verb, *words])


def _figures(verb: str, words: list[str], make_backend: MakeBackend | None) -> int:
    parser = _of_folder(verb)
    parser.add_argument("--format", default="png")
    options = parser.parse_intermixed_args(words)
    from spillover.commands.figures import redraw

    return redraw(options.folder, options.format)


def _report(verb: str, words: list[str], make_backend: MakeBackend | None) -> int:
    folder = _folder(verb, words)
    from spillover.commands.report import report

    return report(folder)


def _explore(verb: str, words: list[str], make_backend: MakeBackend | None) -> int:
    parser = _of_folder(verb)
    parser.add_argument("--policy")
    parser.add_argument("--outcome")
    options = parser.parse_intermixed_args(words)
    from spillover.commands.explore import discover_failures, sensitivity

    analyse = sensitivity if verb == "sensitivity" else discover_failures
    return analyse(options.folder, options.policy, options.outcome)


def _events(verb: str, words: list[str], make_backend: MakeBackend | None) -> int:
    parser = _of_folder(verb)
    parser.add_argument("--policy")
    parser.add_argument("--scenario")
    parser.add_argument("--world", type=int)
    options = parser.parse_intermixed_args(words)
    from spillover.commands.events import events

    return events(options.folder, options.policy, options.scenario, options.world)


def _validate(verb: str, words: list[str], make_backend: MakeBackend | None) -> int:
    parser = _Parser(prog=f"spillover {verb}", add_help=False, allow_abbrev=False)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--replicates", type=int)
    parser.add_argument("--priors", type=int, default=0)
    parser.add_argument("--results", type=Path)
    options = parser.parse_intermixed_args(words)
    from spillover.commands.validate import request_of, validate

    request = request_of(options.folder, options.replicates, options.priors, options.results)
    return validate(request, ["spillover", verb, *words], make_backend)


VERBS: dict[str, Callable[[str, list[str], MakeBackend | None], int]] = {
    "run": _simulate,
    "sweep": _simulate,
    "compare": _simulate,
    "explain": _explain,
    "status": _status,
    "verify": _verify,
    "compact": _compact,
    "figures": _figures,
    "report": _report,
    "events": _events,
    "sensitivity": _explore,
    "discover": _explore,
    "validate": _validate,
}
