"""Another Annae measures: the volume goes there as one form, `POST /api/v1/inference`; the masks come back with it."""

import json
import secrets
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from app.inference import cards
from app.inference.asking import NOT_FOUND, Ask, object_of, taken
from app.inference.engines import Offered
from app.inference.errors import ModelRefusedError, NoSuchModelError, PermanentError
from app.inference.findings import Result

if TYPE_CHECKING:
    from app.inference.volume import Volume

JSON: Final = {"Accept": "application/json"}


@dataclass(frozen=True, slots=True)
class OtherHouse:
    """The models of another Annae; implements Engine."""

    ask: Ask
    name: str = "inference"
    is_outside: bool = True

    def offered(self) -> Offered:
        """Ask for its cards; one that cannot be read is listed as refused."""
        said = object_of(taken(self.ask("GET", "/api/v1/models", headers=JSON)).body)
        found, refused = [], {str(one["name"]): str(one["reason"]) for one in said.get("refused", ())}
        for one in said.get("models", ()):
            try:
                found.append(cards.parse(one))
            except ModelRefusedError as error:
                refused[str(one.get("id"))] = error.reason
        return Offered(cards=found, refused=refused)

    def is_ready(self, model_id: str, version: str | None) -> bool:
        """Ask whether a version is ready there."""
        query = f"?{urlencode({'version': version})}" if version else ""
        reply = self.ask("GET", f"/api/v1/models/{quote(model_id, safe='')}/ready{query}", headers=JSON)
        if reply.status == NOT_FOUND:
            raise NoSuchModelError(model_id)
        return object_of(taken(reply).body).get("ready") is True

    def check(self, model_id: str, version: str | None) -> None:
        """Ask whether it is ready there; that house alone can load it."""
        if not self.is_ready(model_id, version):
            raise PermanentError("the server says that it is not ready")

    def run(self, volume: "Volume", model_id: str, version: str | None) -> Result:
        """Send the volume. The key is over pixels and model: a repeat after a broken line is one run there."""
        from app.inference import answers, handing  # noqa: PLC0415 - numpy, only where something is measured

        wanted = {"model": {"id": model_id, "version": version}, "masks": True}
        content, content_type = _form({**wanted, "metadata": handing.written(volume)}, volume)
        input_sha256 = volume.sha256()
        headers = {
            **JSON,
            "Content-Type": content_type,
            "Idempotency-Key": f"{input_sha256}-{model_id}-{version or ''}",
        }
        reply = taken(self.ask("POST", "/api/v1/inference", content=content, headers=headers))
        result = answers.read(object_of(reply.body), volume.shape)
        if result.input_sha256 != input_sha256 or result.model.id != model_id:
            raise PermanentError("the answer is about something else")
        return result


def _form(wanted: dict[str, Any], volume: "Volume") -> tuple[bytes, str]:
    """Return `multipart/form-data` of the request and the array, and its content type."""
    import numpy as np  # noqa: PLC0415 - as above

    array = BytesIO()
    np.save(array, volume.stored, allow_pickle=False)
    boundary = secrets.token_hex(16)
    body = b"".join(
        (
            _head(boundary, 'name="request"', "application/json"),
            json.dumps(wanted).encode(),
            b"\r\n",
            _head(boundary, 'name="image_array"; filename="volume.npy"', "application/x-npy"),
            array.getbuffer(),
            f"\r\n--{boundary}--\r\n".encode(),
        )
    )
    return body, f"multipart/form-data; boundary={boundary}"


def _head(boundary: str, names: str, content_type: str) -> bytes:
    return (
        f"--{boundary}\r\nContent-Disposition: form-data; {names}\r\nContent-Type: {content_type}\r\n\r\n"
    ).encode()
