"""Targets: the FHIR servers that the settings name; one that is set by half is refused at the start."""

import ipaddress
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, get_args
from urllib.parse import urlsplit

from app import settings as settings_module
from app.fhir.auth import KeyUnusableError, algorithm_of, keys_of
from app.fhir.rules import Auth, Ids, Target
from app.settings import Settings, SettingsError

EMR: Final = "emr"
NAME: Final = re.compile(r"[a-z][a-z0-9\-]{0,30}")
# A secret stands in a file of its own, never in the list.
SECRETS: Final = ("secret", "private_key")
WORDS: Final = ("name", "base_url", "auth", "client_id", "token_url", "scope", "ids")
YES_NO: Final = ("checks_references", "pulls")
FIELDS: Final = frozenset({*WORDS, *YES_NO, *(f"{name}_file" for name in SECRETS)})

_known: list[tuple[Settings, tuple[Target, ...]]] = []


def configured(settings: Settings | None = None) -> tuple[Target, ...]:
    """Return the targets, the EMR first; none where nothing is set. Raise SettingsError with a sentence."""
    now = settings or settings_module.current()
    for seen, targets in _known:
        if seen is now:
            return targets
    targets = (*_emr(now), *_further(now.fhir_targets))
    names = [target.name for target in targets]
    if len(set(names)) < len(names):
        raise SettingsError("FHIR_TARGETS: each name may stand there once, and `emr` is FHIR_BASE_URL's")
    for target in targets:
        _check(target, is_production=now.app_env == "production")
    _known[:] = [(now, targets)]  # asked for at every delivery, and files and keys need not be read again
    return targets


def find(name: str) -> Target | None:
    """Return a target by name; None where it is not set (any more)."""
    return next((target for target in configured() if target.name == name), None)


def pulled() -> tuple[Target, ...]:
    """Return the targets that we read from."""
    return tuple(target for target in configured() if target.pulls)


def _emr(now: Settings) -> Iterable[Target]:
    if now.fhir_base_url:
        yield Target(
            name=EMR,
            base_url=now.fhir_base_url,
            auth=now.fhir_auth,
            client_id=now.fhir_client_id,
            secret=now.fhir_secret.get_secret_value(),
            private_key=now.fhir_private_key.get_secret_value(),
            token_url=now.fhir_token_url,
            scope=now.fhir_scope,
            pulls=True,
        )
    elif now.fhir_auth != "none" or now.fhir_token_url or now.fhir_secret.get_secret_value():
        raise SettingsError("FHIR_BASE_URL must be set with the other FHIR_ settings")


def _further(text: str) -> Iterable[Target]:
    if not text.strip():
        return
    try:
        found = json.loads(text)
    except ValueError as error:
        raise SettingsError("FHIR_TARGETS must be a JSON list") from error
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise SettingsError(
            'FHIR_TARGETS must look like [{"name": "registry", "base_url": "https://…/fhir"}]'
        )
    for one in found:
        yield _target(one)


def _target(said: Mapping[str, Any]) -> Target:
    name = said.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise SettingsError("FHIR_TARGETS: each needs a name of small letters, digits and -, 31 at most")
    if unsafe := [one for one in SECRETS if one in said]:
        raise SettingsError(
            f"FHIR_TARGETS: {name}: put {unsafe[0]} into a file and name it as {unsafe[0]}_file"
        )
    if unknown := sorted(set(said) - FIELDS):
        raise SettingsError(
            f"FHIR_TARGETS: {name}: {unknown[0]} is not known; known are {', '.join(sorted(FIELDS))}"
        )
    for field, kind in [*((one, str) for one in said if one not in YES_NO), *((one, bool) for one in YES_NO)]:
        if field in said and not isinstance(said[field], kind):
            raise SettingsError(
                f"FHIR_TARGETS: {name}: {field} must be {'true or false' if kind is bool else 'a text'}"
            )
    for field, words in (("auth", get_args(Auth)), ("ids", get_args(Ids))):
        if said.get(field, words[0]) not in words:
            raise SettingsError(f"FHIR_TARGETS: {name}: {field} must be one of {', '.join(words)}")
    secrets = {one: _read(name, said[f"{one}_file"]) for one in SECRETS if f"{one}_file" in said}
    plain = {one: said[one] for one in (*WORDS, *YES_NO) if one in said}
    return Target(**{"base_url": "", **plain, **secrets})


def _read(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise SettingsError(f"FHIR_TARGETS: {name}: {path} cannot be read") from error


def _check(target: Target, *, is_production: bool) -> None:
    """Refuse a target that could not work, or would tell the network what it sends."""
    said = _Said(target.name)
    _check_address(said("base_url"), target.base_url, is_production=is_production)
    if target.token_url:
        _check_address(said("token_url"), target.token_url, is_production=is_production)
    needs = {
        "none": (),
        "basic": ("client_id", "secret"),
        "bearer": ("secret",),
        "smart": ("client_id", "private_key", "scope"),
    }[target.auth]
    for field in needs:
        value: str = getattr(target, field)
        if not value:
            raise SettingsError(f"{said(field)} must be set, as {said('auth')} is {target.auth}")
        if field != "private_key" and not (
            value.isprintable() and (value.isascii() or target.auth == "basic")
        ):
            raise SettingsError(f"{said(field)} holds signs that cannot be sent")
    if target.auth == "basic" and ":" in target.client_id:
        raise SettingsError(f"{said('client_id')} must not hold a colon")
    if target.auth == "smart":
        try:
            for key in keys_of(target.private_key):
                algorithm_of(key)
        except KeyUnusableError as error:
            raise SettingsError(f"{said('private_key')} cannot be used: {error}") from error


class _Said:
    """How a setting is named to whoever reads the sentence."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, field: str) -> str:
        return f"FHIR_{field.upper()}" if self.name == EMR else f"FHIR_TARGETS: {self.name}: {field}"


def _check_address(setting: str, address: str, *, is_production: bool) -> None:
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise SettingsError(f"{setting} is no address") from error
    if parts.scheme not in {"http", "https"} or not host or not address.isascii():
        raise SettingsError(f"{setting} must look like https://emr.hospital.example/fhir")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise SettingsError(f"{setting} must hold no user, password, ? or #")
    if is_production and parts.scheme == "http" and not _is_here(host):
        raise SettingsError(f"{setting} must begin with https:// (http:// only to this machine)")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
