"""What is set of messages to patients: the hospital's gateway, and browsers' push services."""

from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from app.settings.shapes import SHORTEST_KEY, by_comma


class Notices(BaseModel):
    """The settings of messages."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    sms_webhook_url: Annotated[
        str, Field(description="the hospital's SMS/AlimTalk gateway; empty: no messages go there")
    ] = ""
    sms_webhook_secret: Annotated[
        SecretStr, Field(description="signs what goes to the gateway; 32 characters or more")
    ] = SecretStr("")
    vapid_private_key: Annotated[
        SecretStr,
        Field(description="names us to browsers' push services: `flask notices vapid`; empty: no push"),
    ] = SecretStr("")
    vapid_subject: Annotated[
        str, Field(description="whom a push service may write to: mailto:it@hospital.example")
    ] = ""
    push_hosts: Annotated[
        tuple[str, ...],
        Field(description="push services that a browser may name, by comma; `*.` for any below"),
    ] = (
        "fcm.googleapis.com",
        "updates.push.services.mozilla.com",
        "web.push.apple.com",
        "*.push.apple.com",
        "*.notify.windows.com",
    )

    @field_validator("push_hosts", mode="before")
    @classmethod
    def _hosts_by_comma(cls, value: object) -> object:
        return by_comma(value)

    @model_validator(mode="after")
    def _refuse_half_a_way_of_telling(self) -> Self:
        address = urlsplit(self.sms_webhook_url)
        is_local = address.hostname in {"localhost", "127.0.0.1"}
        wrong = [
            sentence
            for sentence, bad in (
                (
                    "SMS_WEBHOOK_URL must begin with https:// (http:// only to this machine)",
                    bool(self.sms_webhook_url)
                    and not (address.scheme == "https" or (address.scheme == "http" and is_local)),
                ),
                (
                    f"SMS_WEBHOOK_SECRET must be set with SMS_WEBHOOK_URL, {SHORTEST_KEY} characters or more",
                    bool(self.sms_webhook_url)
                    and len(self.sms_webhook_secret.get_secret_value()) < SHORTEST_KEY,
                ),
                (
                    "VAPID_SUBJECT must be set with VAPID_PRIVATE_KEY and begin with mailto: or https:",
                    bool(self.vapid_private_key.get_secret_value())
                    and not self.vapid_subject.startswith(("mailto:", "https:")),
                ),
            )
            if bad
        ]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @property
    def outgoing_hosts(self) -> frozenset[str]:
        """Hosts that may be asked over HTTP: the targets that are set, and nothing else."""
        gateway = urlsplit(self.sms_webhook_url).hostname
        push = self.push_hosts if self.vapid_private_key.get_secret_value() else ()
        return frozenset({*push, *([gateway] if gateway else [])})
