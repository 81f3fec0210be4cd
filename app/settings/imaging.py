"""What is set of the image archive and of the way pictures reach a screen."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator


class Imaging(BaseModel):
    """The settings of the image archive."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    orthanc_url: Annotated[
        str, Field(description="the Orthanc that keeps pictures; empty: they are kept in `var/archive`")
    ] = ""
    orthanc_user: Annotated[str, Field(description="our name there")] = ""
    orthanc_password: Annotated[
        SecretStr, Field(description="our password there; better by ORTHANC_PASSWORD_FILE")
    ] = SecretStr("")
    dicom_delivery: Annotated[
        Literal["direct", "x-accel"],
        Field(description="who hands pictures to a browser: this process, or the nginx in front of it"),
    ] = "direct"

    quarantine_mb: Annotated[
        int,
        Field(
            description="how much may lie in `var/quarantine`; what is sent by hand beyond it is turned away",
            ge=1,
        ),
    ] = 10_240

    analysis_quiet_seconds: Annotated[
        int, Field(description="how long no picture of a study has come before it is measured", ge=0, le=3600)
    ] = 20

    @model_validator(mode="after")
    def _refuse_an_archive_that_cannot_be_asked(self) -> Self:
        parts = urlsplit(self.orthanc_url)
        if self.orthanc_url and (
            parts.scheme not in {"http", "https"} or not parts.hostname or parts.username
        ):
            raise ValueError(
                "ORTHANC_URL must look like http://orthanc:8042, without a name or password in it"
            )
        if self.orthanc_url and bool(self.orthanc_user) != bool(self.orthanc_password.get_secret_value()):
            raise ValueError("ORTHANC_USER and ORTHANC_PASSWORD go together")
        return self
