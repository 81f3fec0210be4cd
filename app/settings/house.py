"""What is set of the house itself: who it is, where it runs, what its doors allow."""

from datetime import time
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from app.settings.shapes import ROOT, SHORTEST_KEY, by_comma

DEVELOPMENT_KEY: Final = "development-only-key-refused-in-production"


class House(BaseModel):
    """The house's own settings."""

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

    @field_validator("secret_key_fallbacks", "locales", mode="before")
    @classmethod
    def _by_comma(cls, value: object) -> object:
        return by_comma(value)

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
    def database(self) -> str:
        """The database address in SQLAlchemy's spelling; an SQLite file under `var` by default."""
        return self.database_url or f"sqlite:///{self.var_dir / 'annae.db'}"
