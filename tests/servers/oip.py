"""A small model server that speaks the Open Inference Protocol v2 on a real socket, in the binary form or in lists.

Its one model says of each voxel whether it is above 0.7, or the mean of all; it can be told to fail.
"""

import json
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
from numpy.typing import NDArray

LENGTH = "Inference-Header-Content-Length"


@dataclass
class Model:
    """What the server has, and how it behaves."""

    name: str = "brightness"
    version: str = "3"
    rank: int = 4
    datatype: str = "FP32"
    is_map: bool = False
    is_binary: bool = True
    is_ready: bool = True
    token: str = ""
    fails_with: int = 0
    says: bytes | None = None
    asked: list[str] = field(default_factory=list)

    @property
    def path(self) -> str:
        """Return where it is asked."""
        return f"/v2/models/{self.name}/versions/{self.version}"

    def answer(self, tensor: NDArray[Any]) -> NDArray[np.float32]:
        """Return what it says of a tensor."""
        found = tensor > 0.7 if self.is_map else tensor.mean(keepdims=True).reshape(1)
        return found.astype("<f4")


class ModelServer(ThreadingHTTPServer):
    """The server on a free port."""

    daemon_threads = True

    def __init__(self, model: Model) -> None:
        self.model = model
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Answer by the protocol's pages: ready, metadata, infer."""

    protocol_version = "HTTP/1.1"
    server: ModelServer

    def do_GET(self) -> None:
        """Say whether the model is ready, or what it eats."""
        if not self._is_let_in():
            return
        model = self.server.model
        if self.path == f"{model.path}/ready":
            self._say(200 if model.is_ready else 503)
        elif self.path == model.path:
            shape = [1, *[-1] * (model.rank - 1)]
            inputs = [{"name": "volume", "datatype": model.datatype, "shape": shape}]
            said = {"name": model.name, "versions": [model.version], "inputs": inputs, "outputs": []}
            self._say(200, json.dumps(said).encode())
        else:
            self._say(404)

    def do_POST(self) -> None:
        """Measure."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self._is_let_in():
            return
        model = self.server.model
        if model.fails_with or self.path != f"{model.path}/infer":
            self._say(model.fails_with or 404)
            return
        if model.says is not None:
            self._say(200, model.says)
            return
        length = int(self.headers[LENGTH])
        given = json.loads(body[:length])["inputs"][0]
        assert given["parameters"]["binary_data_size"] == len(body) - length
        found = model.answer(np.frombuffer(body[length:], "<f4").reshape(given["shape"]))
        output: dict[str, Any] = {"name": "out", "datatype": "FP32", "shape": list(found.shape)}
        if not model.is_binary:
            said = {"outputs": [{**output, "data": found.reshape(-1).tolist()}]}
            self._say(200, json.dumps(said).encode())
            return
        output["parameters"] = {"binary_data_size": found.nbytes}
        head = json.dumps({"outputs": [output]}).encode()
        self._say(200, head + found.tobytes(), {LENGTH: str(len(head))})

    def log_message(self, *_: object) -> None:
        """Say nothing of it."""

    def _is_let_in(self) -> bool:
        model = self.server.model
        model.asked.append(f"{self.command} {self.path}")
        if model.token and self.headers.get("Authorization") != f"Bearer {model.token}":
            self._say(401)
            return False
        return True

    def _say(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status == 503:
            self.send_header("Retry-After", "7")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
