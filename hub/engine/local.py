"""The local engine: one process that claims work in batches and runs it on a few threads.

One thread claims, so that a claim for all kinds is one commit; batches run beside it. Killing the process at any
instant loses nothing: what it held comes back when its lease ends, or at once when the next worker starts.
"""

from __future__ import annotations

import datetime as dt
import gc
import os
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import structlog
from sqlalchemy import Connection

from hub import jobs
from hub.flows.crashed import take_up
from hub.flows.inbound.pull import LeaseLost, pull
from hub.flows.inbound.translate import translate
from hub.flows.outbound.deliver import deliver, trouble
from hub.installation import Installation
from hub.sdk.errors import Misconfigured, Unauthorised
from hub.store import connections as connection_store
from hub.store import events as event_store
from hub.store import jobs as job_store
from hub.store.jobs import Job

log = structlog.get_logger()

BATCH = 64
AT_ONCE = {"translate": 1, "deliver": 2, "pull": 8}
"""Batches of each kind that run side by side. Translating is work for the processor: more threads would not help."""

WATCH_SECONDS = 0.05
SWEEP_SECONDS = 15.0
ALERT_AFTER = 3
"""Failures in a row after which a flow raises an alert."""


class Worker:
    """Runs until `stop` is set; `run_worker` is the usual way in."""

    def __init__(self, inst: Installation, stop: threading.Event, name: str | None = None) -> None:
        self.inst = inst
        self.stop = stop
        self.name = name or f"{os.uname().nodename}/{os.getpid()}/{secrets.token_hex(3)}"
        self._wake = threading.Event()
        self._busy: dict[str, int] = dict.fromkeys(AT_ONCE, 0)
        self._held: dict[int, Job] = {}
        self._lock = threading.Lock()
        # Threads of its own for each kind: a slow source must not keep what has come from going out.
        self._batches = {kind: ThreadPoolExecutor(most, thread_name_prefix=kind) for kind, most in AT_ONCE.items()}
        self._calls = ThreadPoolExecutor(inst.config.worker_threads, thread_name_prefix="call")

    def run(self) -> None:
        """Claim and run until told to stop, then finish what is under way."""
        background = [
            threading.Thread(target=target, name=target.__name__, daemon=True)
            for target in (self._watch, self._heartbeat)
        ]
        for thread in background:
            thread.start()
        while not self.stop.is_set():
            try:
                more = self._claim()
            except Exception:
                log.exception("worker.claim-failed")
                self.stop.wait(1.0)
                continue
            if not more:
                self._wake.wait(self.inst.config.poll_seconds)
                self._wake.clear()
        self.close()
        for thread in background:
            thread.join()

    def close(self) -> None:
        """Wait for what is under way, and give the threads back."""
        for executor in (*self._batches.values(), self._calls):
            executor.shutdown(wait=True)

    def drain(self) -> int:
        """Run all that is due now, batch by batch, in this thread; gives how many jobs ran. For tests and `--once`."""
        ran = 0
        while claimed := self._claim_due():
            ran += len(claimed)
            for kind in AT_ONCE:
                self._run_kind(kind, [job for job in claimed if job.kind == kind])
        return ran

    # -- claiming -----------------------------------------------------------------------------------------------

    def _claim_due(self) -> list[Job]:
        with self.inst.db.read() as tx:
            due, suspect = job_store.due(tx, self.inst.now())
        if suspect:
            return self._claim_suspect()
        return self._claim_for(dict.fromkeys(due, BATCH)) if due else []

    def _claim(self) -> bool:
        with self._lock:
            free = {kind: most - self._busy[kind] for kind, most in AT_ONCE.items()}
        with self.inst.db.read() as tx:
            due, suspect = job_store.due(tx, self.inst.now())
        if suspect:
            return self._run_suspect()
        # A pull runs for as long as the other side has pages, so each has a thread of its own.
        limits = {kind: BATCH if kind != "pull" else n for kind, n in free.items() if n and kind in due}
        claimed = self._claim_for(limits) if limits else []
        batches = {kind: [job for job in claimed if job.kind == kind] for kind in ("translate", "deliver")}
        for batch in (*filter(None, batches.values()), *([job] for job in claimed if job.kind == "pull")):
            kind = batch[0].kind
            with self._lock:
                self._busy[kind] += 1
            self._batches[kind].submit(self._run_batch, kind, batch)
        # More is looked for at once only where a full batch has left room for another; else the next wake does.
        return any(len(batch) == BATCH and free[kind] > 1 for kind, batch in batches.items())

    def _run_suspect(self) -> bool:
        """Run one job with which several workers have died, with nothing beside it, so that another death is its own
        and nobody else's. False while it has to wait for what is under way."""
        with self._lock:
            if self._busy["translate"] or self._busy["deliver"]:
                return False
        claimed = self._claim_suspect()
        for job in claimed:
            self._run_kind(job.kind, [job])
        return bool(claimed)

    def _claim_suspect(self) -> list[Job]:
        return self._claimed_by(lambda tx, now: job_store.claim_suspect(tx, self.name, now, now + jobs.LEASE))

    def _claim_for(self, limits: Mapping[str, int]) -> list[Job]:
        return self._claimed_by(lambda tx, now: jobs.claim(tx, self.name, now, limits))

    def _claimed_by(self, claim: Callable[[Connection, dt.datetime], list[Job]]) -> list[Job]:
        with self.inst.db.write() as tx:
            claimed = claim(tx, self.inst.now())
        with self._lock:
            self._held.update({job.id: job for job in claimed})
        return claimed

    # -- running ------------------------------------------------------------------------------------------------

    def _run_batch(self, kind: str, batch: Sequence[Job]) -> None:
        try:
            self._run_kind(kind, batch)
        finally:
            with self._lock:
                self._busy[kind] -= 1
            self._wake.set()

    def _run_kind(self, kind: str, batch: Sequence[Job]) -> None:
        if not batch:
            return
        runs: dict[str, Callable[[Sequence[Job]], None]] = {
            "pull": self._pull,
            "translate": lambda claimed: translate(self.inst, claimed, self.name),
            "deliver": lambda claimed: deliver(self.inst, claimed, self.name, self._calls),
        }
        try:
            runs[kind](batch)
        except Exception as error:
            log.exception("worker.batch-failed", kind=kind, jobs=len(batch))
            self._put_back(batch, error)
        finally:
            with self._lock:
                for job in batch:
                    self._held.pop(job.id, None)

    def _pull(self, batch: Sequence[Job]) -> None:
        for job in batch:
            try:
                pull(self.inst, job, self.name)
            except LeaseLost:
                log.warning("worker.lease-lost", job=job.id)
            except Exception as error:
                self._put_back([job], error)

    def _put_back(self, batch: Sequence[Job], error: Exception) -> None:
        """Write down a failure that took the whole batch; each job comes again by its own back-off."""
        now = self.inst.now()
        with self.inst.db.write() as tx:
            mine = job_store.mine(tx, batch)
            outcomes = [jobs.failed(job, now, error) for job in batch if job.id in mine]
            jobs.finish(tx, outcomes, self.name, now)
            for outcome in outcomes:
                job = outcome.job
                if isinstance(error, (Unauthorised, Misconfigured)):
                    connection = connection_store.get(tx, job.connection_id)
                    if connection is not None:
                        trouble(tx, connection, error, now)
                elif job.kind == "pull" and job.subject_id and outcome.failures >= ALERT_AFTER:
                    facts = jobs.error_facts(error)
                    event_store.alert(
                        tx, f"flow/{job.subject_id}", facts["code"], facts["detail"], now, job.connection_id
                    )

    # -- beside -------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Notice commits of other processes, such as a webhook that the web process has stored."""
        seen = None
        while not self.stop.wait(WATCH_SECONDS):
            version = self.inst.db.version()
            if version != seen:
                seen = version
                self._wake.set()

    def _heartbeat(self) -> None:
        """Keep leases alive, and take up work whose worker has gone silent."""
        while not self.stop.wait(SWEEP_SECONDS):
            now = self.inst.now()
            with self._lock:
                held = list(self._held.values())
            try:
                with self.inst.db.write() as tx:
                    job_store.extend(tx, held, now + jobs.LEASE)
                    if take_up(tx, now, self.name):
                        self._wake.set()
            except Exception:
                log.exception("worker.heartbeat-failed")


def run_worker(inst: Installation, stop: threading.Event, *, alone: bool = True) -> None:
    """Run a worker until `stop` is set. `alone`: no other worker uses this database, so what a dead one held is free
    at once."""
    # A batch makes and drops many thousand objects, few in cycles: the usual 700 has them walked all the time.
    gc.set_threshold(50_000, 20, 100)
    gc.freeze()  # what stands since the start need not be walked again
    worker = Worker(inst, stop)
    if alone:
        with inst.db.write() as tx:
            take_up(tx, inst.now(), worker.name, dead="")
    worker.run()
