"""Where the demo may touch anything: in a demo, never in production."""

from app import settings


class DemoRefusedError(Exception):
    """A demo command that this house does not take; its text is the sentence to print."""


def refuse_outside_demo() -> None:
    """Raise DemoRefusedError in production, and where DEMO is off."""
    now = settings.current()
    if now.app_env == "production":
        raise DemoRefusedError(
            "운영 환경에서는 시연 명령을 쓸 수 없습니다.  Demo commands are refused in production."
        )
    if not now.demo:
        raise DemoRefusedError(
            "시연 모드가 아닙니다. DEMO=1로 설정해 주세요.  This is no demo: set DEMO=1 first."
        )
