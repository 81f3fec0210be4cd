"""What is set of the way to the EMR and to other FHIR servers; `app.fhir.targets` reads the whole of each."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from app.settings.shapes import SHORTEST_KEY


class Emr(BaseModel):
    """The settings of the connection to the EMR."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    fhir_base_url: Annotated[
        str, Field(description="the EMR's FHIR R4 server; empty: nothing is sent or read")
    ] = ""
    fhir_auth: Annotated[
        Literal["none", "basic", "bearer", "smart"],
        Field(description="how we sign in there; `smart` is SMART Backend Services"),
    ] = "none"
    fhir_client_id: Annotated[str, Field(description="our name there (basic: the user)")] = ""
    fhir_secret: Annotated[SecretStr, Field(description="basic: the password; bearer: the token")] = (
        SecretStr("")
    )
    fhir_private_key: Annotated[
        SecretStr,
        Field(description="smart: our RSA or P-384 key as PEM or JWK; better by FHIR_PRIVATE_KEY_FILE"),
    ] = SecretStr("")
    fhir_token_url: Annotated[
        str, Field(description="smart: where tokens are given; empty: asked of the server")
    ] = ""
    fhir_scope: Annotated[str, Field(description="smart: what we ask for")] = "system/*.cruds"
    fhir_targets: Annotated[
        str,
        Field(
            description="further servers, a JSON list of {name, base_url, auth, client_id, secret_file, …}"
        ),
    ] = ""
    fhir_system_base: Annotated[
        str, Field(description="the address under which our identifiers are known (…/sid/mrn)")
    ] = "https://annae.example/fhir"
    fhir_pull_seconds: Annotated[
        int, Field(description="how often the EMR is asked for news", ge=5, le=3600)
    ] = 30
    fhir_hook_secret: Annotated[
        SecretStr,
        Field(
            description=(
                "part of the address by which the EMR says that there is news; 32 characters or more; empty: closed"
            )
        ),
    ] = SecretStr("")

    @model_validator(mode="after")
    def _refuse_a_hook_that_can_be_guessed(self) -> Self:
        # It stands in an address that anybody may try: nothing else keeps strangers from having us ask the EMR.
        if 0 < len(self.fhir_hook_secret.get_secret_value()) < SHORTEST_KEY:
            raise ValueError(
                f"FHIR_HOOK_SECRET must have {SHORTEST_KEY} characters or more, or be empty to close that door"
            )
        return self
