"""What is set of the models that measure: where they run, which of them answers, and what a run may take."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

BUILT_IN: Final = "head-ct-measurement:1"
_ARM: Final = re.compile(
    r"([a-z0-9][a-z0-9-]{0,63}):([A-Za-z0-9._-]{1,64})(?:=([0-9]{1,6}(?:\.[0-9]{1,3})?))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelShare:
    """A model's version and its share of the studies."""

    model_id: str
    version: str
    weight: float


class Inference(BaseModel):
    """The settings of the models."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    inference_url: Annotated[
        str, Field(description="the server that measures; empty: a process of this machine")
    ] = ""
    inference_protocol: Annotated[
        Literal["annae", "v2"],
        Field(description="what it is: another Annae, or a server of the Open Inference Protocol v2"),
    ] = "annae"
    inference_user: Annotated[str, Field(description="annae: our name there, of a role that may measure")] = (
        ""
    )
    inference_password: Annotated[
        SecretStr, Field(description="annae: our password there; better by INFERENCE_PASSWORD_FILE")
    ] = SecretStr("")
    inference_token: Annotated[
        SecretStr, Field(description="v2: the bearer token; better by INFERENCE_TOKEN_FILE")
    ] = SecretStr("")
    inference_models_dir: Annotated[
        Path | None,
        Field(description="the folder of models: `<name>.onnx` beside `<name>.card.json`; v2: cards alone"),
    ] = None
    inference_trial: Annotated[
        str,
        Field(description="who answers, as `model:version=weight,…`; drawn by the study, always the same"),
    ] = BUILT_IN
    inference_shadows: Annotated[
        str,
        Field(description="who is asked besides, as `model:version,…`: kept, and shown to nobody who treats"),
    ] = ""
    inference_seconds: Annotated[int, Field(description="how long one run may take", ge=5, le=3600)] = 120
    inference_memory_mb: Annotated[
        int, Field(description="how much memory one run on this machine may take", ge=512, le=1024 * 1024)
    ] = 4096
    inference_at_once: Annotated[
        int, Field(description="how many measurements one web process takes on at once", ge=1, le=64)
    ] = 2

    @property
    def trial_arms(self) -> tuple[ModelShare, ...]:
        """Return who answers, with the weights."""
        return _arms("INFERENCE_TRIAL", self.inference_trial)

    @property
    def shadow_arms(self) -> tuple[ModelShare, ...]:
        """Return who is asked besides."""
        return _arms("INFERENCE_SHADOWS", self.inference_shadows)

    @model_validator(mode="after")
    def _refuse_a_server_that_cannot_be_asked(self) -> Self:
        parts = urlsplit(self.inference_url)
        if self.inference_url and (
            parts.scheme not in {"http", "https"} or not parts.hostname or parts.username
        ):
            raise ValueError("INFERENCE_URL must look like https://models:8000, without a name or password")
        if bool(self.inference_user) != bool(self.inference_password.get_secret_value()):
            raise ValueError("INFERENCE_USER and INFERENCE_PASSWORD go together")
        if self.inference_url and self.inference_protocol == "v2" and self.inference_models_dir is None:
            raise ValueError("INFERENCE_MODELS_DIR must hold the cards of what the v2 server has")
        return self

    @model_validator(mode="after")
    def _refuse_a_trial_without_weights(self) -> Self:
        if not any(one.weight > 0 for one in self.trial_arms):
            raise ValueError("INFERENCE_TRIAL names nobody who answers")
        _ = self.shadow_arms
        return self


def _arms(name: str, said: str) -> tuple[ModelShare, ...]:
    found = []
    for one in filter(None, (part.strip() for part in said.split(","))):
        match = _ARM.fullmatch(one)
        if match is None:
            raise ValueError(f"{name}: {one[:80]} is no model:version=weight")
        found.append(ModelShare(model_id=match[1], version=match[2], weight=float(match[3] or 1)))
    return tuple(found)
