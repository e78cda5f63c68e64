"""The array driver under a real Slurm of one node, where its programs are installed and we may start them."""

import os
import shutil
import socket
import subprocess
import sys
import time

import pytest

from raphe.study.chunks import Keep
from raphe.study.executors import drive, make_executor
from raphe.study.schema import parse_study
from raphe.study.stored import begin_run, open_run, run_digest, set_all_bins

NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "scancel", "squeue")
MISSING = [name for name in NEEDED if shutil.which(name) is None]
pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
    pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root may start it"),
]
CONF = """\
ClusterName=one
SlurmctldHost={host}(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket={folder}/run/munge.socket
CryptoType=crypto/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/run/controller.pid
SlurmdPidFile={folder}/run/node.pid
SlurmctldPort={first}
SlurmdPort={second}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/builtin
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""
STUDY = """
raphe: 1
title: Under Slurm
model: benzodiazepines
drug: clonazepam
target: serotonin
people: {count: 120, draws: 4}
outputs: [drug.plasma]
scenarios: [{name: week, regimen: 1 mg every 12 h for 7 d, times: every 12 h for 10 d}]
"""


def free_port():
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    """The environment of a running one-node cluster."""
    folder = tmp_path_factory.mktemp("slurm")
    for name in ("state", "spool", "run"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o600)
    folder.chmod(0o700)
    host = socket.gethostname().partition(".")[0]
    conf = folder / "slurm.conf"
    conf.write_text(CONF.format(host=host, folder=folder, first=free_port(), second=free_port()))
    environment = {**os.environ, "SLURM_CONF": str(conf)}
    run = folder / "run"
    paths = [f"--key-file={key}", f"--socket={run}/munge.socket", f"--pid-file={run}/munged.pid"]
    paths += [f"--log-file={folder}/munged.log", f"--seed-file={folder}/munge.seed"]
    started = []
    try:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        started.append(subprocess.Popen(["munged", "--foreground", "--force", *paths], **quiet))
        for program in ("slurmctld", "slurmd"):
            command = [program, "-D", "-f", str(conf), "-L", f"{folder}/{program}.log"]
            started.append(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL))
        for _ in range(100):
            state = subprocess.run(
                ["sinfo", "-h", "-o", "%T"],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            if state.stdout.strip() == "idle":
                break
            time.sleep(0.2)
        else:
            pytest.skip("munged, slurmctld or slurmd cannot be started here")
        yield environment
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(timeout=20)


def submit(environment, folder, *, parts, wait):
    work = f"{sys.executable} -m raphe.cli work {folder} --part $SLURM_ARRAY_TASK_ID --of {parts}"
    command = ["sbatch", "--parsable", f"--array=0-{parts - 1}", "--chdir", str(folder.parent)]
    command += ["--wait"] if wait else []
    done = subprocess.run(
        [*command, "--wrap", work], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "reference"
    run = begin_run(parse_study(STUDY, "x"), folder, keep=Keep.COURSES, size=8)
    drive(run, make_executor("threads", 2), workers=2)
    return run_digest(run)


def test_an_array_of_tasks_computes_a_run(slurm, reference, tmp_path):
    run = begin_run(parse_study(STUDY, "x"), tmp_path / "run", keep=Keep.COURSES, size=8)
    set_all_bins(run)
    submit(slurm, run.folder, parts=3, wait=True)
    assert not run.missing()
    assert run_digest(run) == reference


def test_a_canceled_array_goes_on_where_it_was(slurm, reference, tmp_path):
    run = begin_run(parse_study(STUDY, "x"), tmp_path / "run", keep=Keep.COURSES, size=1)
    job = submit(slurm, run.folder, parts=2, wait=False)
    while len(run.missing()) > len(run.chunks) - 3:
        time.sleep(0.02)
    subprocess.run(["scancel", "--signal=KILL", job], env=slurm, check=True)
    while subprocess.run(
        ["squeue", "-h", "-j", job], env=slurm, capture_output=True, text=True, check=False
    ).stdout.strip():
        time.sleep(0.1)
    assert run.missing()
    submit(slurm, run.folder, parts=2, wait=True)
    assert run_digest(open_run(run.folder)) == reference
