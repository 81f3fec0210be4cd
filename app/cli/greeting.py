"""What the terminal says when the hospital has opened: addresses and demo log-ins, Korean first."""

import json
from pathlib import Path
from typing import Any

LONGEST_LIST = 3
DEVICES = {"kiosk": "키오스크 · kiosk", "board": "대기 안내판 · board"}


def greeting(url: str, demo_file: Path, *, seconds: float, with_redis: bool) -> str:
    """Return the lines to print; the demo's people are there when `demo.json` is."""
    lines = ["", f"안내를 시작했습니다({seconds:.1f}초).  Annae is open ({seconds:.1f} s).", ""]
    lines += _row("첫 화면 · start", url)
    lines += _demo(url, demo_file) if demo_file.is_file() else []
    if not with_redis:
        lines += [
            "",
            "Redis 없이 실행합니다. 화면은 1.5초마다 데이터베이스에서 갱신되고, 예약 작업은 대기합니다.",
            "Running without Redis: screens follow the database every 1.5 s, and background jobs wait.",
        ]
    return "\n".join([*lines, "", "끝내려면 Ctrl-C를 누르세요.  Press Ctrl-C to stop.", ""])


def _demo(url: str, demo_file: Path) -> list[str]:
    demo: dict[str, list[dict[str, Any]]] = json.loads(demo_file.read_text(encoding="utf-8"))
    lines: list[str] = []
    for tag in demo.get("tags", []):
        if tag["kind"] == "entrance":
            lines += _row("환자 휴대전화 · phone", tag["url"], tag["place"])
    for device in demo.get("devices", []):
        kind = {"kiosk": "키오스크 · kiosk", "board": "대기 안내판 · board"}.get(
            device["kind"], device["kind"]
        )
        lines += _row(kind, device["pairing_url"], device["place"])
    for queue in demo.get("queues", [])[:LONGEST_LIST]:
        lines += _row("병동 · ward", f"{url}/ward/{queue['id']}", queue["name_ko"])
    lines += ["", "환자(시연용) · demo patients: 이름, 휴대전화 끝 4자리, 생년월일"]
    for patient in demo.get("patients", [])[:LONGEST_LIST]:
        lines += _row(patient["name"], patient["phone_last4"], patient["birth_date"])
    lines += ["", "직원(시연용) · demo staff: 역할, 아이디, 비밀번호"]
    for person in demo.get("staff", []):
        lines += _row(person["role"], person["username"], person["password"])
    return lines


def _row(label: str, *values: str) -> list[str]:
    # A Hangul syllable is two columns wide in a terminal.
    width = sum(2 if letter >= "\u1100" else 1 for letter in label)
    return [f"  {label}{' ' * max(1, 24 - width)}{'   '.join(str(value) for value in values)}"]
