"""Runs `hub serve` whose worker dies by SIGKILL at chosen points; the product itself has no hook for this.

    python -m tests.acceptance.launcher PLAN

PLAN is a JSON list of [point, work]; each worker process arms the first entry that has not struck yet, and PLAN.struck
holds one line for each that has. `work` is "kind/noun" of a job, such as "deliver/fulfillment".

The points: `before-claim` (the claim is made and not yet committed), `after-claim` (it is committed), `after-effect`
(the other side has taken a document, nobody has written that down), `before-commit` (it is written down, and not yet
committed), `after-commit`, `after-page` (a pull's page and cursor are stored, its job is not finished).
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn

from hub import supervisor
from hub.cli import main, serve

MODULE = "tests.acceptance.launcher"


class Trap:
    """One point that is waiting for its work to come by."""

    def __init__(self, point: str, work: str, struck: Path) -> None:
        self.point, self.work, self._struck = point, work, struck

    def wants(self, jobs: Iterable[Any]) -> bool:
        return any(f"{job.kind}/{job.noun}" == self.work for job in jobs)

    def strike(self) -> NoReturn:
        with self._struck.open("a") as notes:
            notes.write(f"{self.point} {self.work}\n")
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("a process survived SIGKILL")

    def set(self) -> None:
        """Lay the trap at its seam."""
        seams: dict[str, Callable[[], None]] = {
            "before-claim": self._before_claim,
            "after-claim": self._after_claim,
            "after-effect": self._after_effect,
            "before-commit": self._before_commit,
            "after-commit": self._after_commit,
            "after-page": self._after_page,
        }
        seams[self.point]()

    def _before_claim(self) -> None:
        from hub import jobs

        claim = jobs.claim

        def trapped(*args: Any) -> Any:
            claimed = claim(*args)
            if self.wants(claimed):
                self.strike()
            return claimed

        jobs.claim = trapped

    def _after_claim(self) -> None:
        from hub.engine.local import Worker

        claim = Worker._claim_for

        def trapped(worker: Worker, *args: Any) -> Any:
            claimed = claim(worker, *args)
            if self.wants(claimed):
                self.strike()
            return claimed

        Worker._claim_for = trapped  # type: ignore[method-assign]

    def _after_effect(self) -> None:
        from hub.flows.outbound import deliver
        from hub.sdk.connector import Receipt

        attempt = deliver._attempt

        def trapped(inst: Any, effect: Any) -> None:
            attempt(inst, effect)
            if isinstance(effect.result, Receipt) and self.wants([effect.job]):
                self.strike()

        deliver._attempt = trapped

    def _before_commit(self) -> None:
        from hub import jobs

        finish = jobs.finish

        def trapped(tx: Any, outcomes: Any, *rest: Any) -> None:
            finish(tx, outcomes, *rest)
            if self.wants(outcome.job for outcome in outcomes if outcome.state == "done"):
                self.strike()

        jobs.finish = trapped

    def _after_commit(self) -> None:
        """The runs of all kinds finish with a commit and then return to the engine."""
        from hub import jobs
        from hub.engine.local import Worker

        finish, run = jobs.finish, Worker._run_kind
        thread = threading.local()

        def noted(tx: Any, outcomes: Any, *rest: Any) -> None:
            finish(tx, outcomes, *rest)
            if self.wants(outcome.job for outcome in outcomes if outcome.state == "done"):
                thread.settled = True

        def trapped(worker: Worker, kind: str, batch: Any) -> None:
            thread.settled = False
            run(worker, kind, batch)
            if thread.settled:
                self.strike()

        jobs.finish = noted
        Worker._run_kind = trapped  # type: ignore[method-assign]

    def _after_page(self) -> None:
        from hub.flows.inbound import pull

        store = pull._store_page

        def trapped(inst: Any, job: Any, flow: Any, page: Any) -> None:
            store(inst, job, flow, page)
            if page.documents and self.wants([job]):
                self.strike()

        pull._store_page = trapped


def struck(plan: Path) -> list[str]:
    """The traps that have struck, in their order."""
    notes = plan.with_suffix(".struck")
    return notes.read_text().splitlines() if notes.exists() else []


def _supervise(plan: Path) -> None:
    """`hub serve` as it is, but that it starts a killed process again at once and its workers through this module."""
    supervisor.FIRST_DELAY, supervisor.LONGEST_DELAY = 0.05, 0.2
    commands = serve.commands

    def trapped(config: Any) -> dict[str, list[str]]:
        made = commands(config)
        made["worker"] = [sys.executable, "-m", MODULE, str(plan), *made["worker"][3:]]
        return made

    serve.commands = trapped
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    sys.argv = ["hub", "serve"]
    main()


def _end_with(parent: int) -> None:
    """No hub outlives the test that started it."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _work(plan: Path, arguments: list[str]) -> None:
    traps = json.loads(plan.read_text()) if plan.exists() else []
    ahead = traps[len(struck(plan)) :]
    if ahead:
        Trap(*ahead[0], plan.with_suffix(".struck")).set()
    sys.argv = ["hub", *arguments]
    main()


if __name__ == "__main__":
    path = Path(sys.argv[1])
    if len(sys.argv) == 2:
        _supervise(path)
    else:
        _work(path, sys.argv[2:])
