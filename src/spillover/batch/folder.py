"""Which folder may take results: it can be written, and holds nobody else's files."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from spillover.errors import UserError

LOCK_NAME = ".lock"
"""File that its writer locks; see `lock`."""
_TEMPORARY_NAME = re.compile(r"\..+\.tmp-\d+")
_PROBLEMS: Mapping[int, str] = {
    errno.ENOENT: "the system lets nobody make a folder there",
    errno.EACCES: "it may not be written by this user",
    errno.EPERM: "it may not be written by this user",
    errno.EROFS: "it lies on a disk that can only be read",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your share of the disk is used up",
    errno.ENAMETOOLONG: "its name is too long",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.EEXIST: "it is a file, not a folder",
}


def require_writable(results: Path) -> None:
    """Refuse a results folder that plainly cannot be written; itself writes nothing.

    Raises:
        UserError: the path or one of its parents is a file, or writing is not permitted.
    """
    try:
        os.stat(results)
    except (FileNotFoundError, NotADirectoryError):
        pass  # the usual new folder, or a file on the way to it, which is found below
    except OSError as error:
        raise unwritable(results, problem_of(error)) from None
    nearest_parent = results
    while not nearest_parent.exists() and nearest_parent != nearest_parent.parent:
        nearest_parent = nearest_parent.parent
    if not nearest_parent.is_dir():
        problem = f"'{nearest_parent}' is a file, not a folder"
    elif not os.access(nearest_parent, os.W_OK | os.X_OK):
        is_read_only = hasattr(os, "statvfs") and os.statvfs(nearest_parent).f_flag & os.ST_RDONLY
        code = errno.EROFS if is_read_only else errno.EACCES
        problem = f"'{nearest_parent}' cannot take files, for {_PROBLEMS[code]}"
    else:
        return
    raise unwritable(results, problem)


def prepare_folder(results: Path) -> None:
    """Make the results folder and try to write in it, before anything is announced or computed.

    Permissions do not tell everything (read-only disks, special folders, names too long), so it
    is tried. After a failure no folder is left that was not there before.

    Raises:
        UserError: the folder cannot be made or not be written.
    """
    new = [path for path in (results, *results.parents) if not os.path.exists(path)]
    try:
        results.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=results, prefix=".spillover-", buffering=0) as file:
            file.write(b"x")
    except OSError as error:
        for folder in new:
            with suppress(OSError):
                folder.rmdir()
        raise unwritable(results, problem_of(error)) from None


def problem_of(error: OSError) -> str:
    """Why something could not be written, in words."""
    return _PROBLEMS.get(error.errno or 0) or error.strerror or str(error)


def require_no_strangers(results: Path) -> None:
    """Refuse a folder without a manifest that holds files, so that nobody's files are mixed.

    The manifest is the first file that a run writes. A first run that was interrupted before
    leaves temporary files at most.

    Raises:
        UserError: names some of the files.
    """
    if not results.is_dir():
        return
    with os.scandir(results) as entries:
        names = sorted(
            entry.name
            for entry in entries
            if entry.name != LOCK_NAME and not _TEMPORARY_NAME.fullmatch(entry.name)
        )
    if names:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        raise UserError(
            "The folder holds other files and is not a results folder of spillover.",
            where=str(results),
            got=f"no manifest.json, but {', '.join(names[:3])}{more}",
            allowed="a new or empty folder, or one that spillover has written",
            next="Choose another one, for example results=results/my_run.",
        )


def unwritable(results: Path, problem: str) -> UserError:
    """The refusal of a results folder that cannot be written."""
    return UserError(
        f"Results cannot be written: {problem}.",
        where="results",
        got=str(results),
        allowed="a folder, existing or new, in which you may write",
        next="Mend that and repeat the same command, or choose another folder, for example "
        "results=results/my_run.",
    )
