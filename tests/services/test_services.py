"""The private services answer, and each test process has its own room in them."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pymysql
import redis
from playwright.sync_api import Browser


def test_mariadb_is_ours_alone(mariadb_url: str) -> None:
    at = urlsplit(mariadb_url)
    assert at.port != 3306
    with (
        pymysql.connect(host=at.hostname, port=at.port or 0, user="root", database=at.path[1:]) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SHOW DATABASES LIKE 'annae%'")
        assert (at.path[1:].partition("?")[0],) in cursor.fetchall()
        cursor.execute("SELECT @@version, @@character_set_database")
        version, charset = cursor.fetchone() or ("", "")
    assert "MariaDB" in version
    assert charset == "utf8mb4"


def test_redis_is_ours_alone_and_keeps_nothing(redis_url: str) -> None:
    assert urlsplit(redis_url).port != 6379
    client = redis.Redis.from_url(redis_url)
    assert client.config_get("save") == {"save": ""}
    assert client.config_get("appendonly") == {"appendonly": "no"}
    client.close()


def test_chromium_renders_korean(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<h1>안내</h1>")
    assert page.inner_text("h1") == "안내"
    page.close()


def test_a_free_port_is_free(free_port: int, service: Callable[[str], str]) -> None:
    assert free_port > 1023
    assert callable(service)
