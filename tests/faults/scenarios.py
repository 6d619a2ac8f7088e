"""What can happen to a sweep. A scenario disturbs one, and fails if anything is lost or unsaid."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from lab import N_CHUNKS, SWEEP, Lab, command, have_small_disk, mount

from spillover.batch.durable import is_alive
from spillover.batch.lock import holder_of
from spillover.batch.store import Block, stored_blocks

Scenario = Callable[[Lab], None]
ALONE = (*SWEEP, "engine.workers=1")
LOCAL = (*SWEEP, "engine.workers=2")


def killed_worker(lab: Lab) -> None:
    """kill -9 of a worker: it is replaced, its chunk is computed once more."""
    child = lab.start(*LOCAL)
    lab.wait_for_files(child, lab.rng.randint(1, N_CHUNKS - 4))
    time.sleep(lab.rng.uniform(0, 0.1))
    if workers := child.workers():
        with suppress(ProcessLookupError):
            os.kill(lab.rng.choice(workers), signal.SIGKILL)
    assert child.wait() == 0, child.text
    lab.equals_undisturbed()
    assert lab.here("verify", "out")[0] == 0


def killed_supervisor(lab: Lab) -> None:
    """kill -9 of the whole command, its workers go with it; the same command completes."""
    child = lab.start(*LOCAL)
    lab.wait_for_files(child, lab.rng.randint(0, N_CHUNKS - 1), kind="places")
    time.sleep(lab.rng.uniform(0, 0.1))
    child.kill()
    lab.nothing_finished_is_damaged()
    assert lab.here("status", "out")[0] in (0, 1, 2)  # 2: before there was a manifest
    assert "Another command" not in lab.completes()


def orphans(lab: Lab) -> None:
    """Workers in the middle of a long chunk end with their supervisor."""
    words = [word for word in LOCAL if "sleep" not in word]
    child = lab.start(*words, "set.fake.sleep=30")
    lab.wait_for_files(child, 1, kind="manifest.json") if lab.out.exists() else None
    deadline = time.monotonic() + 60
    while len(workers := child.workers()) < 2 or not all(map(_is_ready, workers)):
        assert time.monotonic() < deadline and is_alive(child.pid), child.text
        time.sleep(0.02)
    child.kill()
    deadline = time.monotonic() + 10  # they sleep for 30 seconds
    while any(map(is_alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.02)
    left = [pid for pid in workers if is_alive(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left, "workers outlive their supervisor"


def _is_ready(pid: int) -> bool:
    """Whether a worker has imported the model and begun: it has its thread of vigilance, or
    sleeps in its first chunk."""
    with suppress(OSError):
        text = Path(f"/proc/{pid}/wchan").read_text()
        return "nanosleep" in text or "hrtimer" in text
    return True


def power_cut(lab: Lab) -> None:
    """All stops at some change of the disk, and what was not flushed is lost."""
    child = lab.start(*ALONE, wishes=f"die_at={lab.rng.randint(1, 100)}")
    code = child.wait()
    if code == 0 and lab.without:  # fewer changes of the disk: it came to its end before the cut
        return
    assert code == -signal.SIGKILL, f"exit code {code}: {child.text}"
    lab.nothing_finished_is_damaged()
    lab.completes()


def poison(lab: Lab) -> None:
    """A chunk that kills every worker is set aside; all others are done."""
    replicate = lab.rng.randrange(40)
    child = lab.start(*LOCAL, wishes=f"poison={replicate},{lab.rng.randrange(2)}")
    assert child.wait() == 1, child.text
    first = replicate // 10 * 10
    name = Block(first, first + 10).name
    done = [block.name for _, block in stored_blocks(lab.out)]
    assert len(done) == N_CHUNKS - 1 and done.count(name) == 1
    assert "1 chunks failed" in child.text and "engine.workers=1" in child.text
    (path,) = (lab.out / "failures").iterdir()
    failure = json.loads(path.read_bytes())
    assert (failure["first"], failure["seed"], failure["stage"]) == (first, 20210815, "worker")
    assert "died 2 times" in failure["message"], failure["message"]
    code, text = lab.here("status", "out")
    assert code == 1 and text.count("failed: ") == 1
    lab.completes()


def full_disk(lab: Lab) -> None:
    """The disk is full at some write: the sweep stops, says so once, and can be resumed."""
    child = lab.start(*ALONE, wishes=f"full_disk={lab.rng.randint(4, 60)}")
    _stopped_by_the_disk(lab, child.wait(), child.text, "No space left on device")
    lab.completes()


def _stopped_by_the_disk(lab: Lab, code: int, text: str, message: str) -> None:
    assert code in (1, 2), text
    assert message in text or "the disk is full" in text or "can only be read" in text, text
    assert text.count("failed: ") <= 1, f"every chunk fails with the same error:\n{text}"
    assert "Traceback" not in text and "same command" in text, text
    lab.nothing_finished_is_damaged()
    assert not list(lab.out.rglob(".*tmp*"))


def small_disk(lab: Lab) -> None:
    """A disk that really is too small; with a larger one the same command completes."""
    size = lab.rng.randrange(40_000, 220_000, 4096)
    child = lab.start(lab.folder, size, script=_sweep_on_a_small_disk)
    code = child.wait()
    _stopped_by_the_disk(lab, code, child.text, "No space left on device")
    lab.completes()


def _sweep_on_a_small_disk(folder: Path, n_bytes: int) -> int:
    have_small_disk(folder / "disk", n_bytes)
    os.chdir(folder / "disk")
    code = command(*ALONE)
    _keep(folder)
    return code


def _keep(folder: Path) -> None:
    """Copy the results from the disk that ends with this process."""
    if (folder / "disk" / "out").is_dir():
        shutil.copytree(folder / "disk" / "out", folder / "out")


def turned_read_only(lab: Lab) -> None:
    """In the middle the disk begins to refuse all changes, as after an error of the hardware."""
    child = lab.start(*ALONE, wishes=f"read_only={lab.rng.randint(10, 60)}")
    code = child.wait()
    for temporary in lab.out.rglob(".*.tmp-*"):  # could not be removed from such a disk
        temporary.unlink()
    _stopped_by_the_disk(lab, code, child.text, "Read-only file system")
    lab.completes()


def read_only_folder(lab: Lab) -> None:
    """A folder that cannot be written is refused before anything is computed."""
    few = (*ALONE, f"replicates={10 * lab.rng.randint(1, 3)}")
    child = lab.start(lab.folder, few, script=_sweep_into_a_read_only_folder)
    code = child.wait()
    refusal = child.text.partition("-- again --")[2]
    assert code == 2 and "it lies on a disk that can only be read" in refusal, child.text
    assert "to compute" not in refusal and "results=results/my_run" in refusal
    lab.completes()


def _sweep_into_a_read_only_folder(folder: Path, few: tuple[str, ...]) -> int:
    disk, size = folder / "disk", 10_000_000
    have_small_disk(disk, size)
    os.chdir(disk)
    assert command(*few) == 0
    print("-- again --", flush=True)
    mount(disk, size, again=True, read_only=True)
    code = command(*ALONE)
    _keep(folder)
    return code


def damaged_file(lab: Lab, damage: Callable[[bytearray, random.Random], bytearray]) -> None:
    """A file changes on the disk: `verify` names it, what it says mends it."""
    lab.begin_with_undisturbed()
    victims = [p for p in sorted(lab.out.rglob("*")) if p.suffix in (".parquet", ".json")]
    victim = lab.rng.choice(victims)
    _damage(lab, victim, damage)


def _damage(
    lab: Lab, victim: Path, damage: Callable[[bytearray, random.Random], bytearray]
) -> None:
    victim.write_bytes(damage(bytearray(victim.read_bytes()), lab.rng))
    code, text = lab.here("verify", "out")
    if victim == lab.out / "manifest.json":
        copy = f"cp {lab.out.name}/receipts/manifest.json {lab.out.name}/manifest.json"
        assert code == 2 and copy in text, text
        assert lab.here(*SWEEP)[0] == 2  # nobody works with a damaged manifest
        (lab.out / "manifest.json").write_bytes((lab.out / "receipts/manifest.json").read_bytes())
    else:
        name = victim.stem if victim.name.startswith("w") else victim.name
        assert code == 1 and name in text and " ".join(SWEEP[:2]) in text, text
    lab.completes()


def truncated_file(lab: Lab) -> None:
    """A file loses its end."""
    damaged_file(lab, lambda content, rng: content[: rng.randrange(len(content))])


def flipped_bit(lab: Lab) -> None:
    """One bit of a file is another one."""

    def flip(content: bytearray, rng: random.Random) -> bytearray:
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        return content

    damaged_file(lab, flip)


def flipped_manifest(lab: Lab) -> None:
    """A number in the manifest is another one, in a file that still is good JSON."""
    lab.begin_with_undisturbed()

    def change(content: bytearray, _: random.Random) -> bytearray:
        return content.replace(b'"seed": 20210815', b'"seed": 20210814')

    _damage(lab, lab.out / "manifest.json", change)


def two_sweeps(lab: Lab) -> None:
    """Of two sweeps in one folder the second is refused, and told who is there."""
    wishes = lab.rng.choice(["", "no_locks"])
    first = lab.start(*ALONE, wishes=wishes)
    lab.wait_for_files(first, lab.rng.randint(1, N_CHUNKS - 4))
    os.kill(first.pid, signal.SIGSTOP)  # it keeps the folder while it stands still
    second = lab.start(*ALONE, wishes=wishes)
    code = second.wait()
    os.kill(first.pid, signal.SIGCONT)
    codes = [code, first.wait()]
    assert codes == [2, 0], f"exit codes {codes}: {second.text}"
    assert "Another command is writing into this folder" in second.text
    assert f"process {first.pid} on " in second.text and "results=FOLDER" in second.text
    lab.equals_undisturbed()


def same_moment(lab: Lab) -> None:
    """Two sweeps start at once: one of them runs, or they run one after the other."""
    children = [lab.start(*ALONE) for _ in range(2)]
    codes = sorted(child.wait() for child in children)
    assert codes in ([0, 2], [0, 0]), children[0].text
    assert children[0].text.count("8 to compute") == 1
    lab.equals_undisturbed()


def killed_without_locks(lab: Lab) -> None:
    """On a disk without locks the file of a killed sweep is recognised and taken over."""
    first = lab.start(*ALONE, wishes="no_locks")
    lab.wait_for_files(first, lab.rng.randint(1, N_CHUNKS - 2))
    first.kill()
    assert (lab.out / ".lock").is_file()
    second = lab.start(*ALONE, wishes="no_locks")
    assert second.wait() == 0, second.text
    lab.equals_undisturbed()


def interrupted(lab: Lab) -> None:
    """Ctrl-C reaches the whole process group: it says how to resume, and that works."""
    child = lab.start(*LOCAL)
    lab.wait_for_files(child, lab.rng.randint(1, N_CHUNKS - 4))
    time.sleep(lab.rng.uniform(0, 0.1))
    os.killpg(child.pid, signal.SIGINT)
    code = child.wait()
    if code != 0:  # 0: the sweep was faster
        assert code == 130, child.text
        assert "Resume with the same command" in child.text or "stopped" in child.text
    assert "Traceback" not in child.text, child.text
    assert holder_of(lab.out) is None and not (lab.out / ".lock").exists()
    lab.completes()


def changed_clock(lab: Lab) -> None:
    """The clock jumps by years, the files are from the future, and nothing depends on it."""
    child = lab.start(*ALONE, wishes=f"clock={lab.rng.random()}")
    lab.wait_for_files(child, lab.rng.randint(1, N_CHUNKS - 2))
    child.kill()
    for path in lab.out.rglob("*"):
        years = lab.rng.uniform(1, 80)
        os.utime(path, (years * 3e7, years * 3e7))
    again = lab.start(*ALONE, wishes=f"clock={lab.rng.random()}")
    assert again.wait() == 0, again.text
    for path in (lab.out / "receipts").glob("cell=*/*"):
        assert 0 <= json.loads(path.read_bytes())["seconds"] < 600, path.read_text()
    lab.completes()


def killed_compaction(lab: Lab) -> None:
    """A power cut in the middle of a merge: each row is there once, and the merge completes."""
    lab.begin_with_undisturbed()
    whole = lab.start("compact", "out", wishes="count_changes=changes")
    assert whole.wait() == 0, whole.text
    most = int((lab.folder / "changes").read_text())
    shutil.rmtree(lab.out)
    lab.begin_with_undisturbed()
    rows, files = lab.rows(), len(list(lab.out.rglob("w*.parquet")))
    child = lab.start("compact", "out", wishes=f"die_at={lab.rng.randint(1, most)}")
    assert child.wait() == -signal.SIGKILL, child.text
    lab.nothing_finished_is_damaged()
    assert lab.rows() == rows, "rows are lost or count twice"
    assert lab.here("compact", "out")[0] == 0
    assert lab.rows() == rows and len(list(lab.out.rglob("w*.parquet"))) == files / 4
    assert lab.here("verify", "out")[0] == 0
    code, text = lab.here(*SWEEP)
    assert code == 0 and "2 there already, 0 to compute" in text


SCENARIOS: dict[str, Scenario] = {
    scenario.__name__: scenario
    for scenario in (
        killed_worker,
        killed_supervisor,
        orphans,
        power_cut,
        poison,
        full_disk,
        small_disk,
        turned_read_only,
        read_only_folder,
        truncated_file,
        flipped_bit,
        flipped_manifest,
        two_sweeps,
        same_moment,
        killed_without_locks,
        interrupted,
        changed_clock,
        killed_compaction,
    )
}
NEED_A_DISK = ("small_disk", "read_only_folder")
WITHOUT_CHANCE = ("orphans", "flipped_manifest")
"""These happen in one way only."""
START_WORKERS = ("killed_worker", "killed_supervisor", "orphans", "poison", "interrupted")
