"""One solver in a process of its own, so that none can slow down, break or crash another."""

from __future__ import annotations

import importlib
import multiprocessing
import os
from dataclasses import dataclass
from multiprocessing.connection import Connection

import numpy as np
from benchmarks.clock import busy, last_core, now, pin
from benchmarks.peers.registry import Peer
from benchmarks.records import Case, FloatArray, UnavailableError


@dataclass(frozen=True, slots=True)
class Ran:
    """A finished run: processor seconds, and the values of the subjects that are checked."""

    seconds: float
    values: FloatArray


@dataclass(frozen=True, slots=True)
class Failed:
    """Why there is no answer."""

    reason: str


class Worker:
    """The other end of a solver's process."""

    def __init__(self, peer: Peer, case: Case, checked: int, *, patience: float) -> None:
        self.peer = peer
        self.patience = patience
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, peer, checked), daemon=True)
        self._process.start()
        self._pipe.send(case)

    def ready(self) -> Ran | Failed:
        """Wait until the solver has compiled what it compiles."""
        return self._receive()

    def run(self, relative: float) -> Ran | Failed:
        """Run all its subjects once."""
        try:
            self._pipe.send(relative)
        except OSError:
            return Failed("its process has ended")
        return self._receive()

    def close(self) -> None:
        """End the process."""
        if self._process.is_alive():
            self._process.terminate()
        self._process.join()

    def _receive(self) -> Ran | Failed:
        try:
            if self._pipe.poll(self.patience):
                answer: Ran | Failed = self._pipe.recv()
                return answer
        except (EOFError, ConnectionError):
            return Failed("its process crashed")
        self._process.kill()
        return Failed(f"no answer within {self.patience:.0f} s")


def _serve(pipe: Connection, peer: Peer, checked: int) -> None:
    pin(last_core())
    silent = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):  # solvers write warnings there; what matters comes back as an answer
        os.dup2(silent, stream)
    case: Case = pipe.recv()
    try:
        begin = now()
        module = importlib.import_module(f"benchmarks.peers.{peer.module}")
        run = module.make(case, **peer.options)
        pipe.send(Ran(now() - begin, np.empty(0)))
    except (ImportError, UnavailableError) as error:
        pipe.send(Failed(f"not available: {error}"))
        return
    except Exception as error:  # noqa: BLE001 whatever a peer does wrong becomes its row in the report
        pipe.send(Failed(f"{type(error).__name__}: {str(error)[:200]}"))
        return
    while True:
        relative: float = pipe.recv()
        try:
            begin = busy()
            values = run(relative, case)
            pipe.send(Ran(busy() - begin, values[:checked]))
        except Exception as error:  # noqa: BLE001 likewise
            pipe.send(Failed(f"{type(error).__name__}: {str(error)[:200]}"))
