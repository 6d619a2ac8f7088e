"""Runs small sweeps of the made-up model in processes that a scenario may disturb."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import io
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sabotage
from fake_model import fake_backend

from spillover.batch import runner
from spillover.batch.durable import is_alive
from spillover.batch.store import sound_blocks, stored_cells
from spillover.cli import main

SWEEP = (
    "sweep",
    "results=out",
    "replicates=40",
    "engine.block_size=10",
    "figures=false",
    "set.fake.sleep=0.05",
    "design.policies=[status_quo,full_package]",
)
N_CHUNKS = 8
PATIENCE_SECONDS = 120.0
_TIMINGS = ("seconds", "seal")
_ABOUT_THE_RUN = ("commands", "timings", "seal", "git", "host", "config")
_PRELOADED = ["spillover.commands.run", "spillover.commands.compact", "spillover.batch.executor"]


@dataclass
class Child:
    """A command in a process (and process group) of its own."""

    process: Any
    folder: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def wait(self) -> int:
        """Exit code; a process that does not end is a failure of the scenario."""
        self.process.join(PATIENCE_SECONDS)
        if self.process.exitcode is None:
            os.killpg(self.pid, signal.SIGKILL)
            raise AssertionError(f"no end after {PATIENCE_SECONDS} s:\n{self.text}")
        return self.process.exitcode

    @property
    def text(self) -> str:
        """All that it has printed."""
        return (self.folder / "printed").read_text()

    def workers(self) -> list[int]:
        """Process ids of its workers."""
        try:
            children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
            return [int(pid) for pid in children if "spawn_main" in _command_of(int(pid))]
        except OSError:
            return []

    def kill(self) -> None:
        """kill -9 of this process alone, as by the system when memory is short."""
        os.kill(self.pid, signal.SIGKILL)
        self.process.join()


def _command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


def command(*words: str) -> int:
    """One command of the command line with the made-up model; returns its exit code."""
    code = main(list(words), sabotage.backend)
    sys.stdout.flush(), sys.stderr.flush()
    return code


def _body(folder: Path, wishes: str, script: Callable[..., int], args: tuple[Any, ...]) -> None:
    os.setsid()
    os.chdir(folder)
    printed = os.open(folder / "printed", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(printed, 1), os.dup2(printed, 2)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ[sabotage.WISHES] = wishes
    sabotage.inject(wishes)
    try:
        os._exit(script(*args))
    except BaseException:
        traceback.print_exc()
        os._exit(99)


@dataclass
class Lab:
    """A folder for one scenario, the undisturbed results, and a protection to be without."""

    folder: Path
    undisturbed: Path
    rng: random.Random
    without: str = ""
    children: list[Child] = field(default_factory=list)

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def start(self, *args: Any, wishes: str = "", script: Callable[..., int] = command) -> Child:
        """Start a command (or a script) with some faults, and without what the lab is without."""
        if self.without:
            wishes += f" without={self.without}"
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_PRELOADED)
        folder = self.folder
        process = context.Process(target=_body, args=(folder, wishes, script, args))
        (folder / "printed").touch()
        process.start()
        self.children.append(Child(process, folder))
        return self.children[-1]

    def here(self, *words: str) -> tuple[int, str]:
        """Run a command in this process, undisturbed; exit code and all that it prints."""
        text = io.StringIO()
        with (
            contextlib.chdir(self.folder),
            self._protection_removed(),
            contextlib.redirect_stdout(text),
            contextlib.redirect_stderr(text),
        ):
            is_sweep = words[0] == "sweep"
            code = main([*words, *(["engine.workers=1"] if is_sweep else [])], fake_backend)
        return code, text.getvalue()

    @contextlib.contextmanager
    def _protection_removed(self) -> Iterator[None]:
        before = []
        for name, value in (sabotage.removed(self.without) if self.without else {}).items():
            module, _, attribute = name.rpartition(".")
            where = importlib.import_module(module)
            before.append((where, attribute, getattr(where, attribute)))
            setattr(where, attribute, value)
        try:
            yield
        finally:
            for where, attribute, value in reversed(before):
                setattr(where, attribute, value)

    def begin_with_undisturbed(self) -> None:
        """Let the results be there, as if they had been computed here."""
        shutil.copytree(self.undisturbed, self.out)

    def wait_for_files(self, child: Child, n: int, kind: str = "outcomes") -> None:
        """Until a running sweep has written so many files of a kind, or has ended."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(list((self.out / kind).glob("cell=*/w*"))) < n:
            if not is_alive(child.pid):
                return
            assert time.monotonic() < deadline, f"nothing happens:\n{child.text}"
            time.sleep(0.005)

    def completes(self, *words: str) -> str:
        """The same command again completes the folder, which then equals an undisturbed one."""
        code, text = self.here(*(words or SWEEP))
        assert code == 0, text
        self.equals_undisturbed()
        code, verdict = self.here("verify", "out")
        assert code == 0, verdict
        return text

    def equals_undisturbed(self) -> None:
        """Every file has the bytes of an undisturbed run, apart from times in receipts."""
        found, expected = contents(self.out), contents(self.undisturbed)
        differing = [
            name for name in sorted({*found, *expected}) if found.get(name) != expected.get(name)
        ]
        assert not differing, f"not as in an undisturbed run: {differing}"

    def nothing_finished_is_damaged(self) -> None:
        """What counts as done is whole, whatever happened."""
        with self._protection_removed():
            damaged = [sound_blocks(self.out, cell)[1] for cell in stored_cells(self.out)]
        assert not any(damaged), damaged

    def rows(self) -> dict[str, Any]:
        """Rows of each kind of table as readers of the folder see them."""
        with self._protection_removed():
            tables = {k: runner.read_kind(self.out, k) for k in ("outcomes", "places", "series")}
        return {kind: table.to_csv(index=False) for kind, table in tables.items()}

    def clean(self) -> None:
        """End what a scenario has left running, and remove its folder."""
        for child in self.children:
            if is_alive(child.pid):
                os.killpg(child.pid, signal.SIGKILL)
            child.process.join()
        shutil.rmtree(self.folder)


def contents(results: Path) -> dict[str, Any]:
    """Content of every file of a folder by name, without what a clock has measured."""
    found: dict[str, Any] = {}
    for path in sorted(results.rglob("*")):
        name = path.relative_to(results).as_posix()
        if path.name == "manifest.json":
            found[name] = _but(json.loads(path.read_bytes()), _ABOUT_THE_RUN)
        elif path.suffix == ".json" and path.parts[-3] == "receipts":
            found[name] = _but(json.loads(path.read_bytes()), _TIMINGS)
        elif path.is_file():
            found[name] = path.read_bytes()
    return found


def _but(content: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key not in keys}


def have_small_disk(path: Path, n_bytes: int) -> None:
    """A small disk in memory for the rest of this process, which no other process sees.

    Raises:
        OSError: the system does not allow it.
    """
    libc, user, group = ctypes.CDLL(None, use_errno=True), os.getuid(), os.getgid()
    _succeed(libc.unshare(0x10000000 | 0x00020000))  # CLONE_NEWUSER | CLONE_NEWNS
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    path.mkdir(exist_ok=True)
    mount(path, n_bytes)


def mount(path: Path, n_bytes: int, *, again: bool = False, read_only: bool = False) -> None:
    """Mount a disk of this size, or change the one that is there."""
    flags = (32 if again else 0) | (1 if read_only else 0)  # MS_REMOUNT, MS_RDONLY
    libc, options = ctypes.CDLL(None, use_errno=True), f"size={n_bytes}".encode()
    _succeed(libc.mount(b"tmpfs", os.fsencode(path), b"tmpfs", flags, options))


def _succeed(code: int) -> None:
    if code:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _probe(path: Path) -> int:
    try:
        have_small_disk(path, 4096)
    except OSError as error:
        print(f"no small disk of its own: {error.strerror}", flush=True)
        return 1
    return 0


def no_small_disk_because(folder: Path) -> str:
    """Why processes can have no small disk of their own here; empty if they can."""
    if not sys.platform.startswith("linux"):
        return "needs namespaces of Linux"
    lab = Lab(folder, folder, random.Random(0))
    child = lab.start(folder / "probe", script=_probe)
    return child.text.strip() if child.wait() else ""
