"""Settings with a known key, so that golden values stay golden."""

from collections.abc import Callable, Iterator

import pytest

from app import settings

KEY, OLDER_KEY = "k" * 40, "o" * 40


@pytest.fixture
def with_keys() -> Iterator[Callable[..., None]]:
    """Return what sets SECRET_KEY and its fallbacks; the settings of before come back afterwards."""
    before = settings.current()

    def use(key: str = KEY, *fallbacks: str) -> None:
        settings.use(
            settings.load(
                {
                    "APP_ENV": "test",
                    "SECRET_KEY": key,
                    "SECRET_KEY_FALLBACKS": ",".join(fallbacks),
                    "PUBLIC_URL": "https://annae.hospital.kr",
                }
            )
        )

    use()
    yield use
    settings.use(before)
