"""Settings: read once from the environment, frozen, and loud when a hospital would be unsafe with them."""

import os
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import time
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

ROOT = Path(__file__).resolve().parent.parent
DEVELOPMENT_KEY = "development-only-key-refused-in-production"
SHORTEST_KEY = 32


class SettingsError(Exception):
    """A start that is refused, with a sentence that says what to set."""


class Settings(BaseModel):
    """Everything a hospital may set; names are the environment's, in lower case."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    app_env: Annotated[
        Literal["development", "production", "test"],
        Field(description="`production` refuses unsafe settings"),
    ] = "development"
    secret_key: Annotated[
        SecretStr, Field(description="signs cookies, tags and tokens; 32 characters or more")
    ] = SecretStr(DEVELOPMENT_KEY)
    secret_key_fallbacks: Annotated[
        tuple[SecretStr, ...], Field(description="older keys that still verify, newest first, by comma")
    ] = ()
    database_url: Annotated[
        str,
        Field(
            description="MySQL >= 8, MariaDB >= 10.6 or (not in production) SQLite; the database must exist"
        ),
    ] = ""
    redis_url: Annotated[str, Field(description="Redis; empty: `make run` starts its own")] = ""
    site_name: Annotated[str, Field(description="the hospital's name on every screen")] = "안내병원"
    weekday_hours: Annotated[str, Field(description="opening hours shown at a tag; empty: not shown")] = (
        "08:30–17:30"
    )
    saturday_hours: Annotated[str, Field(description="the same for Saturdays; empty: closed")] = "08:30–12:30"
    site_timezone: Annotated[ZoneInfo, Field(description="IANA name; the business day is counted in it")] = (
        ZoneInfo("Asia/Seoul")
    )
    business_day_start: Annotated[
        time, Field(description="hour at which a new day, and number 1, begins")
    ] = time(4)
    public_url: Annotated[
        str, Field(description="the address patients' phones reach; https in production")
    ] = "http://localhost:8000"
    locales: Annotated[tuple[str, ...], Field(description="languages offered; the first is the default")] = (
        "ko",
        "en",
    )
    host: Annotated[str, Field(description="address that `make run` listens on")] = "127.0.0.1"
    port: Annotated[int, Field(description="port that `make run` listens on", ge=1, le=65535)] = 8000
    var_dir: Annotated[Path, Field(description="where embedded data, keys and demo.json live")] = ROOT / "var"
    process_role: Annotated[
        Literal["all", "pages", "live"], Field(description="sockets with the pages (`all`) or apart")
    ] = "all"
    threads: Annotated[int, Field(description="threads of one web process", ge=8, le=2048)] = 256
    proxies: Annotated[int, Field(description="trusted reverse proxies in front", ge=0, le=3)] = 0
    metrics_bind: Annotated[str, Field(description="who may read /metrics: `local` or `any`")] = "local"
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], Field(description="least severity logged")
    ] = "INFO"
    demo: Annotated[bool, Field(description="the demo hospital is loaded and its log-ins are shown")] = False
    demo_day: Annotated[bool, Field(description="a simulated day moves patients")] = False
    demo_reserved: Annotated[
        int, Field(description="demo patients the simulated day never touches", ge=0, le=200)
    ] = 12
    demo_seed: Annotated[int, Field(description="the same seed gives the same people")] = 20260302
    sockets_per_user: Annotated[int, Field(description="open sockets one member of staff may hold", ge=1)] = (
        20
    )
    sockets_per_device: Annotated[
        int, Field(description="open sockets one kiosk, board or phone may hold", ge=1)
    ] = 6
    sign_in_tries: Annotated[
        int, Field(description="failed sign-ins per device or account in 15 min", ge=1)
    ] = 5
    staff_idle_minutes: Annotated[
        int, Field(description="a staff session ends after this idle time", ge=5)
    ] = 720
    privacy_lock_minutes: Annotated[
        int, Field(description="a staff screen is covered after so long without a gesture", ge=1, le=120)
    ] = 10
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
        Field(description="part of the address by which the EMR says that there is news; empty: closed"),
    ] = SecretStr("")

    @field_validator("secret_key_fallbacks", "locales", "push_hosts", mode="before")
    @classmethod
    def _by_comma(cls, value: object) -> object:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("site_timezone", mode="before")
    @classmethod
    def _zone(cls, value: object) -> object:
        return ZoneInfo(value) if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _driver(cls, value: str) -> str:
        for scheme in ("mysql://", "mariadb://"):
            if value.startswith(scheme):
                return "mysql+pymysql://" + value.removeprefix(scheme)
        return value

    @field_validator("public_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).hostname:
            raise ValueError("PUBLIC_URL must look like https://annae.hospital.example")
        return value.rstrip("/")

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

    @model_validator(mode="after")
    def _refuse_what_a_hospital_must_not_run(self) -> Self:
        if self.app_env != "production":
            return self
        wrong = [
            sentence
            for sentence, bad in (
                (
                    f"SECRET_KEY must be your own, {SHORTEST_KEY} characters or more",
                    len(self.secret_key.get_secret_value()) < SHORTEST_KEY
                    or self.secret_key.get_secret_value() == DEVELOPMENT_KEY,
                ),
                (
                    "DATABASE_URL must name MySQL or MariaDB",
                    not self.database_url.startswith("mysql+pymysql://"),
                ),
                ("REDIS_URL must name your Redis", not self.redis_url),
                ("PUBLIC_URL must begin with https://", not self.is_https),
                ("DEMO and DEMO_DAY must be off", self.demo or self.demo_day),
            )
            if bad
        ]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @property
    def is_https(self) -> bool:
        """Whether browsers reach us by TLS (decides cookie names, Secure and HSTS)."""
        return self.public_url.startswith("https://")

    @property
    def origins(self) -> frozenset[str]:
        """Origins that may open sockets and post forms."""
        parts = urlsplit(self.public_url)
        own = {f"{parts.scheme}://{parts.netloc}"}
        if self.app_env != "production" and parts.hostname in {"localhost", "127.0.0.1"}:
            own |= {f"http://{host}:{parts.port or 80}" for host in ("localhost", "127.0.0.1")}
        return frozenset(own)

    @property
    def outgoing_hosts(self) -> frozenset[str]:
        """Hosts that may be asked over HTTP: the targets that are set, and nothing else."""
        gateway = urlsplit(self.sms_webhook_url).hostname
        push = self.push_hosts if self.vapid_private_key.get_secret_value() else ()
        return frozenset({*push, *([gateway] if gateway else [])})

    @property
    def database(self) -> str:
        """The database address in SQLAlchemy's spelling; an SQLite file under `var` by default."""
        return self.database_url or f"sqlite:///{self.var_dir / 'annae.db'}"


_current: ContextVar[Settings] = ContextVar("annae_settings")
_fallback: list[Settings] = []


def load(environ: Mapping[str, str]) -> Settings:
    """Read settings; `NAME_FILE` names a file that holds the value of `NAME`. Raise SettingsError."""
    values: dict[str, str] = {}
    for name in Settings.model_fields:
        key = name.upper()
        if path := environ.get(f"{key}_FILE"):
            try:
                values[name] = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise SettingsError(f"{key}_FILE: {path} cannot be read ({error.strerror})") from error
        elif (value := environ.get(key)) not in (None, ""):
            values[name] = str(value)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part).upper() for part in first["loc"])
        said = str(first["msg"]).removeprefix("Value error, ")
        raise SettingsError(f"{where}: {said}" if where else said) from error


def from_environment() -> Settings:
    """Read the process's environment, and `var/env` (written by `make run`) beneath it."""
    environ = dict(os.environ)
    written = Path(environ.get("VAR_DIR", ROOT / "var")) / "env"
    if written.is_file() and environ.get("APP_ENV") != "production":
        for line in written.read_text(encoding="utf-8").splitlines():
            name, found, value = line.partition("=")
            if found and not name.startswith("#"):
                environ.setdefault(name.strip(), value.strip())
    return load(environ)


def use(settings: Settings) -> None:
    """Make these the settings of this process; `create_app` calls it."""
    _fallback[:] = [settings]
    _current.set(settings)


def current() -> Settings:
    """Return the settings in force."""
    return _current.get(None) or (_fallback[0] if _fallback else _load_default())


def _load_default() -> Settings:
    settings = from_environment()
    use(settings)
    return settings
