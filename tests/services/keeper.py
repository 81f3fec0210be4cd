"""One copy of each server for a whole run: test processes ask by a file, the controller answers."""

import json
import shutil
import tempfile
import threading
from pathlib import Path

from app.core.clock import monotonic, pause
from tests.services.found import MissingError
from tests.services.private import Servers

STEP_SECONDS = 0.03
PATIENCE_SECONDS = 600.0  # apt may have to fetch a browser first


class Keeper:
    """The controller's side. Nothing is started before somebody asks."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="annae-test-"))
        self._servers = Servers()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True, name="service-keeper")
        self._thread.start()

    def stop(self) -> None:
        """Kill what was started and take the folder away."""
        self._stopping.set()
        self._thread.join()
        self._servers.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def missing(self) -> dict[str, str]:
        """Return why each service that somebody asked for could not be had."""
        answers = {path.stem: json.loads(path.read_text()) for path in self.folder.glob("*.answer")}
        return {name: answer["missing"] for name, answer in answers.items() if "missing" in answer}

    def _listen(self) -> None:
        while not self._stopping.wait(STEP_SECONDS):
            for wish in sorted(self.folder.glob("*.wanted")):
                answer = wish.with_suffix(".answer")
                if not answer.exists():
                    draft = wish.with_suffix(".draft")
                    draft.write_text(json.dumps(self._serve(wish.stem)))
                    draft.replace(answer)

    def _serve(self, name: str) -> dict[str, str]:
        try:
            return {"address": self._servers.start(name, self.folder / name)}
        except (MissingError, OSError) as error:
            return {"missing": str(error)}


def want(folder: Path, name: str) -> None:
    """Say early that a service will be needed, so that it starts while other tests run."""
    (folder / f"{name}.wanted").touch()


def address(folder: Path, name: str) -> str:
    """Return a service's address as soon as it answers. Raise MissingError."""
    want(folder, name)
    answer = folder / f"{name}.answer"
    end = monotonic() + PATIENCE_SECONDS
    while not answer.exists():
        if monotonic() > end:
            raise MissingError(f"{name} did not answer")
        pause(STEP_SECONDS)
    found: dict[str, str] = json.loads(answer.read_text())
    if "missing" in found:
        raise MissingError(found["missing"])
    return found["address"]
