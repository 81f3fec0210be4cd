"""A running house as an operator with `kill -9` sees it, and as its users do by the API."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from app.core.clock import monotonic, pause


def wait_until(is_so: Callable[[], object], seconds: float, what: str) -> None:
    """Wait for a condition. Fail with what was waited for."""
    until = monotonic() + seconds
    while monotonic() < until:
        if is_so():
            return
        pause(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


class House:
    """The supervisor's process tree, and clients of the API that try again as real ones do."""

    def __init__(self, supervisor: "subprocess.Popen[bytes]", port: int, folder: Path) -> None:
        self.supervisor, self.port, self.folder = supervisor, port, folder
        self.base = f"http://localhost:{port}"
        self.client = httpx.Client(base_url=f"{self.base}/api/v1", timeout=10)
        self.tokens: dict[str, str] = {}

    def is_ready(self) -> bool:
        """Whether the house answers that it is ready."""
        assert self.supervisor.poll() is None, (self.folder / "supervisor.log").read_text()
        try:
            return httpx.get(f"{self.base}/readyz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    @property
    def demo(self) -> dict[str, Any]:
        """What the demo wrote down."""
        written: dict[str, Any] = json.loads((self.folder / "demo.json").read_text())
        return written

    def processes(self, word: str) -> list[int]:
        """Return the pids below the supervisor whose command line holds a word, leashes left out."""
        return [pid for pid, line in self._tree() if word in line and "leash" not in line]

    def kill(self, word: str) -> None:
        """Kill -9 whatever matches, once it runs."""
        wait_until(lambda: self.processes(word), 20, f"{word} runs")
        for pid in self.processes(word):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _tree(self) -> Iterator[tuple[int, str]]:
        parents: dict[int, int] = {}
        lines: dict[int, str] = {}
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                stat = (folder / "stat").read_text().rpartition(")")[2].split()
                lines[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            parents[int(folder.name)] = int(stat[1])
        for pid, line in lines.items():
            above = pid
            while above in parents and above != self.supervisor.pid:
                above = parents[above]
            if above == self.supervisor.pid and pid != above:
                yield pid, line

    def token(self, role: str) -> str:
        """Sign somebody of the demo in."""
        if role not in self.tokens:
            one = next(one for one in self.demo["staff"] if one["role"] == role)
            answer = self.ask(
                "POST", "/auth/login", {"username": one["username"], "password": one["password"]}
            )
            self.tokens[role] = answer["access_token"]
        return self.tokens[role]

    def ask(
        self, verb: str, path: str, body: dict[str, Any] | None = None, *, role: str | None = None
    ) -> Any:
        """Ask until there is an answer, with one key for all tries. Raise httpx.HTTPStatusError for a refusal."""
        headers = {"Idempotency-Key": str(uuid4())}
        if role:
            headers["Authorization"] = f"Bearer {self.token(role)}"
        until = monotonic() + 30
        while True:
            try:
                answer = self.client.request(verb, path, json=body, headers=headers)
                if answer.status_code != 503:
                    answer.raise_for_status()
                    return answer.json()
            except httpx.TransportError:
                pass
            assert monotonic() < until, f"no answer to {verb} {path}"
            pause(0.1)

    def bring_in(self, patient: dict[str, Any]) -> str:
        """Let a demo patient arrive and register at the desk; return the visit."""
        visit: str = patient["visit_id"]
        seen = self.ask("GET", f"/visits/{visit}", role="desk")["visit"]
        if seen["state"] == "UNREGISTERED":
            tag = self.demo["tags"][0]["token"]
            login = self.ask(
                "POST",
                "/auth/simple-login",
                {"phone_last4": patient["phone_last4"], "birth_date": patient["birth_date"], "tag": tag},
            )
            self.tokens[visit] = login["access_token"]
            self.ask("POST", "/nfc/scan", {"tag": tag, "arrive": True}, role=visit)
            seen = self.ask("GET", f"/visits/{visit}", role=visit)["visit"]
            self.ask("POST", f"/visits/{visit}/register", {"version": seen["version"]}, role=visit)
        return visit
