"""Chunks on Dask: the bytes of the serial executor, whoever dies on the way."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from fake_model import fake_backend

import spillover as package
from spillover.batch import executor_dask, schema
from spillover.batch.executor_dask import require_terms, terms_here
from spillover.errors import UserError

pytest.importorskip("distributed", reason="the extra `dask` is not installed")

SIZE = ("replicates=60", "engine.block_size=10")
SLOW = ("replicates=120", "engine.block_size=5", "set.fake.sleep=0.2")
SECONDS = 120
"""When a test gives up waiting for something that should come at once."""


def written(folder: Path) -> dict[str, bytes]:
    """Bytes of the tables of a results folder by relative name."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.parquet")}


def wait_until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited too long: {what}"
        time.sleep(0.02)


def wait_for_a_chunk(out: Path, process: subprocess.Popen[str]) -> None:
    def is_there() -> bool:
        assert process.poll() is None, process.communicate()[1]
        return any(out.glob("outcomes/*/w*.parquet"))

    wait_until(is_there, "the first chunk")


@dataclass
class Cluster:
    """A scheduler and its workers as processes of their own, on this machine."""

    folder: Path
    environment: dict[str, str]

    def __post_init__(self) -> None:
        self.processes: list[subprocess.Popen[bytes]] = []
        self.scheduler = self._start("scheduler", "--host=127.0.0.1", "--port=0")
        wait_until(lambda: "Scheduler at:" in self.said("scheduler"), "scheduler")
        line = next(t for t in self.said("scheduler").splitlines() if "Scheduler at:" in t)
        self.address = line.split()[-1]

    def said(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def start_workers(self, number: int) -> None:
        """Workers of one thread, each under a nanny that replaces it when it dies."""
        words = (self.address, "--host=127.0.0.1", "--nthreads=1", f"--nworkers={number}")
        self._start("worker", *words, "--no-dashboard")

    def _start(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        with open(self.folder / f"{name}.log", "wb") as log:
            command = [sys.executable, "-m", f"distributed.cli.dask_{name}", *words]
            process = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        self.processes.append(process)
        return process

    def close(self) -> None:
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture
def fault_runs(request: pytest.FixtureRequest) -> int:
    """How often a random moment is tried."""
    return int(request.config.getoption("--fault-runs", default=3))


@pytest.fixture
def start_cluster(tmp_path: Path) -> Iterator[Callable[..., Cluster]]:
    """Start a scheduler whose workers see the made-up model; everything is killed at the end."""
    clusters = []

    def start(**variables: str) -> Cluster:
        here = (Path(package.__file__).parents[1], Path(__file__).parent)
        more = {"PYTHONPATH": os.pathsep.join(map(str, here)), "OMP_NUM_THREADS": "1"}
        # every death of a worker is reported, as on the cluster that a command starts for itself
        more["DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"] = "0"
        folder = tmp_path / f"cluster-{len(clusters)}"
        folder.mkdir()
        clusters.append(Cluster(folder, {**os.environ, **more, **variables}))
        return clusters[-1]

    yield start
    for cluster in clusters:
        cluster.close()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, bytes]]:
    """What the serial executor writes for the same words."""
    known: dict[tuple[str, ...], dict[str, bytes]] = {}

    def tables(*words: str) -> dict[str, bytes]:
        from spillover.cli import main

        if words not in known:
            folder = tmp_path_factory.mktemp("serial") / "out"
            asked = ("run", f"results={folder}", "figures=false", "engine=serial", *words)
            assert main(list(asked), fake_backend) == 0
            known[words] = written(folder)
        return known[words]

    return tables


def worker_processes(parent: int) -> list[int]:
    """Processes that compute chunks below a process: they have loaded the made-up model."""
    import psutil

    found = []
    with suppress(psutil.NoSuchProcess):
        for process in psutil.Process(parent).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if "spawn_main" in " ".join(process.cmdline()):
                    found.append(process.pid)
    return sorted(found)


@pytest.mark.slow
def test_every_executor_writes_the_same_bytes(spillover, folder, start_cluster, undisturbed):
    cluster = start_cluster()
    cluster.start_workers(2)
    routes = {
        "local": ("engine=local",),
        "dask": ("engine=dask",),
        "address": ("engine=dask", f"engine.address={cluster.address}"),
    }
    for name, words in routes.items():
        assert spillover("run", f"results={name}", *SIZE, *words) == 0
        assert written(folder / name) == undisturbed(*SIZE), name


@pytest.mark.slow
def test_a_killed_worker_costs_nothing(start_process, folder, undisturbed, fault_runs):
    for run in range(fault_runs):
        seconds = random.Random(run).uniform(0.0, 1.0)
        process = start_process("run", f"results=out{run}", *SLOW, "engine=dask", "figures=false")
        wait_for_a_chunk(folder / f"out{run}", process)
        time.sleep(seconds)
        victims = worker_processes(process.pid)
        os.kill(victims[run % len(victims)], signal.SIGKILL)
        _, errors = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, f"killed after {seconds:.2f} s: {errors}"
        assert written(folder / f"out{run}") == undisturbed(*SLOW), f"{seconds:.2f} s"
        assert "Traceback" not in errors


@pytest.mark.slow
def test_a_killed_scheduler_loses_nothing(
    start_process, spillover, folder, start_cluster, undisturbed, fault_runs
):
    for run in range(fault_runs):
        cluster = start_cluster()
        cluster.start_workers(2)
        seconds = random.Random(run).uniform(0.0, 1.0)
        words = ("run", f"results=out{run}", *SLOW, "engine=dask")
        at = f"engine.address={cluster.address}"
        process = start_process(*words, at, "figures=false")
        out = folder / f"out{run}"
        wait_for_a_chunk(out, process)
        time.sleep(seconds)
        cluster.scheduler.kill()
        _, errors = process.communicate(timeout=SECONDS)
        assert process.returncode == 2, f"killed after {seconds:.2f} s: {errors}"
        assert "scheduler was lost" in errors and "same command" in errors
        assert "Traceback" not in errors
        survived = {path: path.read_bytes() for path in out.glob("*/*/w*.parquet")}
        cluster.close()
        assert spillover(*words) == 0  # the address does not belong to what was asked
        assert survived.items() <= {path: path.read_bytes() for path in survived}.items()
        assert written(out) == undisturbed(*SLOW), f"{seconds:.2f} s"


@pytest.mark.slow
def test_deadly_chunks_are_set_aside_and_only_those(spillover, folder, capsys):
    """Neither strands that waited on the same worker nor chunks of the same strand are blamed."""
    words = ("replicates=40", "engine.block_size=10", "policy=status_quo,full_package")
    assert spillover("sweep", "results=out", *words, "set.fake.die_at=25", "engine=dask") == 1
    failures = [json.loads(path.read_text()) for path in (folder / "out" / "failures").iterdir()]
    assert [(f["policy"], f["first"]) for f in sorted(failures, key=lambda f: f["policy"])] == [
        ("full_package", 20),
        ("status_quo", 20),
    ]
    assert all("died again" in f["message"] for f in failures)
    names = [path.name for path in (folder / "out" / "outcomes").rglob("w*.parquet")]
    assert len(names) == 6 and "w00020-00029.parquet" not in names
    assert "2 chunks failed" in capsys.readouterr().out


@pytest.mark.slow
def test_a_worker_that_dies_once_costs_nothing(spillover, folder, monkeypatch):
    monkeypatch.setenv("FAKE_MODEL_FLAG", str(folder / "died"))
    assert spillover("run", "results=out", *SIZE, "set.fake.die_once_at=25", "engine=dask") == 0
    assert (folder / "died").exists()
    assert len(list((folder / "out" / "outcomes").rglob("w*.parquet"))) == 6


@pytest.mark.slow
def test_ctrl_c_leaves_a_folder_that_resumes(start_process, spillover, folder, undisturbed):
    process = start_process("run", "results=out", *SLOW, "engine=dask", "figures=false")
    wait_for_a_chunk(folder / "out", process)
    for process_id in (*worker_processes(process.pid), process.pid):  # as a terminal does
        os.kill(process_id, signal.SIGINT)
    _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert "Resume with the same command" in errors and "Traceback" not in errors
    assert spillover("run", "results=out", *SLOW) == 0
    assert written(folder / "out") == undisturbed(*SLOW)


@pytest.mark.slow
def test_workers_with_another_model_are_refused(spillover, folder, start_cluster, capsys):
    cluster = start_cluster(FAKE_MODEL_VERSION="second")
    cluster.start_workers(1)
    at = ("engine=dask", f"engine.address={cluster.address}")
    assert spillover("run", "results=out", *SIZE, *at) == 2
    message = capsys.readouterr().err
    assert "its model or its libraries differ" in message and "Traceback" not in message
    assert list((folder / "out").glob("*/*/w*.parquet")) == []


@pytest.mark.slow
def test_a_scheduler_without_workers_is_not_waited_for_without_end(
    spillover, folder, start_cluster, capsys, monkeypatch
):
    monkeypatch.setattr(executor_dask, "NO_WORKER_SECONDS", 1)
    at = ("engine=dask", f"engine.address={start_cluster().address}")
    assert spillover("run", "results=out", *SIZE, *at) == 2
    assert "No Dask worker is there" in capsys.readouterr().err


def test_a_silent_address_is_refused(spillover, folder, capsys, monkeypatch):
    monkeypatch.setattr(executor_dask, "CONNECT_SECONDS", 1)
    at = ("engine=dask", "engine.address=tcp://127.0.0.1:1")
    assert spillover("run", "results=out", *SIZE, *at) == 2
    message = capsys.readouterr().err
    assert "No Dask scheduler answers" in message and "tcp://127.0.0.1:1" in message


def test_without_the_package_nothing_is_written(spillover, folder, capsys, monkeypatch):
    monkeypatch.setattr(schema, "find_spec", lambda name: None)
    assert spillover("run", "results=out", *SIZE, "engine=dask") == 2
    message = capsys.readouterr().err
    assert "`distributed` is not installed" in message and "spillover[dask]" in message
    assert not (folder / "out").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("engine.executor=threads",), "no executor 'threads'"),
        (("engine=local", "engine.address=tcp://127.0.0.1:8786"), "Only Dask has an address"),
    ],
)
def test_wrong_engines_are_refused(spillover, folder, capsys, words, said):
    assert spillover("run", "results=out", *words) == 2
    assert said in capsys.readouterr().err
    assert not (folder / "out").exists()


def test_a_worker_checks_what_it_shares_with_the_supervisor(spillover, folder):
    check = require_terms.__wrapped__  # without its memory
    assert spillover("run", "results=out", "replicates=5") == 0
    terms = terms_here(folder / "out", fake_backend)
    check(terms, fake_backend)
    with pytest.raises(UserError, match="does not see the results folder"):
        check(replace(terms, results=folder / "elsewhere"), fake_backend)
    numpy = [("numpy", "1.0") if pair[0] == "numpy" else pair for pair in terms.versions]
    with pytest.raises(UserError, match=r"numpy \S+, here 1\.0"):
        check(replace(terms, versions=tuple(numpy)), fake_backend)
    manifest = folder / "out" / "manifest.json"
    manifest.write_bytes(
        manifest.read_bytes() + b"\n"
    )  # a copy of the folder that went its own way
    with pytest.raises(UserError, match=r"no or another manifest\.json"):
        check(terms, fake_backend)
