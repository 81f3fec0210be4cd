"""The same ward page in Django as its documentation builds it: ORM, log-in session, templates; cached, no debug."""

import os
import sys
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid4

import django
from django.conf import settings

HERE = Path(__file__).resolve().parent
NAME = "benchmarks.peers.django_site"
sys.modules.setdefault(NAME, sys.modules[__name__])  # also when run as a program: models exist once

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="a key for benchmarks only, of fifty signs and some more",  # noqa: S106 - thrown away
        ROOT_URLCONF=NAME,
        USE_TZ=True,
        TIME_ZONE="Asia/Seoul",
        LANGUAGE_CODE="ko",
        LOGIN_URL="/login",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
        ],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": os.environ["BENCH_SQLITE"],
                "CONN_MAX_AGE": None,
                "OPTIONS": {
                    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
                    "transaction_mode": "IMMEDIATE",
                    "timeout": 3,
                },
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [HERE / "templates"],
                "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
            }
        ],
    )
    django.setup()

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.auth.decorators import login_required  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.shortcuts import get_object_or_404, render  # noqa: E402
from django.urls import path  # noqa: E402

OPEN = ("WAITING", "HELD", "NO_SHOW", "CALLED", "IN_SERVICE")


class Table(models.Model):
    """Base of the tables."""

    public_id = models.UUIDField(unique=True, default=uuid4)

    class Meta:
        """Of no application of its own."""

        abstract = True
        app_label = "bench"

    def __str__(self) -> str:
        return str(self.public_id)


class Queue(Table):
    """A queue."""

    name = models.CharField(max_length=80)
    seq = models.BigIntegerField(default=0)
    is_open = models.BooleanField(default=True)
    max_calls = models.IntegerField(default=3)


class Room(Table):
    """A room of a queue."""

    queue = models.ForeignKey(Queue, models.CASCADE, related_name="rooms")
    name = models.CharField(max_length=80)
    status = models.CharField(max_length=16, default="open")
    reason = models.CharField(max_length=120, default="")
    version = models.IntegerField(default=1)


class Patient(Table):
    """A patient."""

    name = models.CharField(max_length=80)
    birth_date = models.DateField()


class Visit(Table):
    """A visit."""

    patient = models.ForeignKey(Patient, models.CASCADE)
    state = models.CharField(max_length=16, default="WAITING")
    expected_at = models.DateTimeField()


class Entry(Table):
    """A place in a queue."""

    visit = models.ForeignKey(Visit, models.CASCADE)
    queue = models.ForeignKey(Queue, models.CASCADE, related_name="entries")
    room = models.ForeignKey(Room, models.SET_NULL, null=True)
    number = models.IntegerField()
    status = models.CharField(max_length=16, default="WAITING")
    priority_class = models.IntegerField(default=0)
    joined_at = models.DateTimeField()
    version = models.IntegerField(default=1)
    call_count = models.IntegerField(default=0)

    class Meta(Table.Meta):
        """What the page asks for."""

        indexes = (models.Index(fields=["queue", "status"], name="bench_open"),)


class Audit(Table):
    """A look at patients."""

    at = models.DateTimeField()
    user_id = models.BigIntegerField()
    action = models.CharField(max_length=64)
    object = models.CharField(max_length=96)
    patients = models.IntegerField()
    patients_hash = models.CharField(max_length=64)


@login_required
def ward(request: HttpRequest, queue_id: UUID) -> HttpResponse:
    """Show a queue."""
    return _page(request, queue_id, is_audited=False)


@login_required
def audited(request: HttpRequest, queue_id: UUID) -> HttpResponse:
    """Show a queue, and write who saw it, as Annae does."""
    return _page(request, queue_id, is_audited=True)


def _page(request: HttpRequest, queue_id: UUID, *, is_audited: bool) -> HttpResponse:
    queue = get_object_or_404(Queue, public_id=queue_id)
    rooms = list(queue.rooms.order_by("pk"))
    rows = list(
        queue.entries.filter(status__in=OPEN)
        .select_related("visit__patient", "room")
        .order_by("-priority_class", "joined_at", "pk")
    )
    now = datetime.now(UTC)
    for row in rows:
        row.waited_minutes = int((now - row.joined_at).total_seconds() // 60)
        row.since = int(row.joined_at.timestamp())
    parts = {
        name: [row for row in rows if row.status in statuses]
        for name, statuses in {
            "inside": {"IN_SERVICE"},
            "called": {"CALLED"},
            "waiting": {"WAITING"},
            "aside": {"HELD", "NO_SHOW"},
        }.items()
    }
    if is_audited:
        seen = sorted(str(row.visit.patient.public_id) for row in rows)
        Audit.objects.create(
            at=now,
            user_id=request.user.pk,
            action="web:ward",
            object=str(queue_id),
            patients=len(seen),
            patients_hash=sha256("".join(seen).encode()).hexdigest(),
        )
    context = {
        "queue": queue,
        "rooms": rooms,
        "rows": rows,
        "parts": parts,
        "now": int(now.timestamp()),
        "key": uuid4().hex,
        "late": 30,
        "longest": max((row.waited_minutes for row in parts["waiting"]), default=0),
        "reasons": ("점심시간", "청소", "회진"),
    }
    return render(request, "ward.html", context)


urlpatterns = [path("ward/<uuid:queue_id>", ward), path("audited/<uuid:queue_id>", audited)]
application = get_wsgi_application()


def prepare(waiting: int, sessions: int) -> None:
    """Make the tables, the queue and the sessions; print the queue's id, then the cookies."""
    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        for table in (Queue, Room, Patient, Visit, Entry, Audit):
            editor.create_model(table)
    queue, now = Queue.objects.create(name="내과"), datetime.now(UTC)
    Room.objects.bulk_create(Room(queue=queue, name=f"{number}번 진료실") for number in (1, 2, 3))
    for number in range(1, waiting + 1):
        patient = Patient.objects.create(name=f"김환자{number}", birth_date=date(1953, 4, 12))
        visit = Visit.objects.create(patient=patient, expected_at=now)
        Entry.objects.create(
            visit=visit, queue=queue, number=number, joined_at=now + timedelta(milliseconds=number)
        )
    nurse = User.objects.create_user("anne")
    print(queue.public_id)
    for _ in range(sessions):
        session = SessionStore()
        session[SESSION_KEY] = str(nurse.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = nurse.get_session_auth_hash()
        session.create()
        print(f"sessionid={session.session_key}")


if __name__ == "__main__":
    prepare(int(sys.argv[1]), int(sys.argv[2]))
