"""A quick look: a series picture by picture on any screen, a phone's included; no script and no WebGL is needed."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from uuid import UUID

from flask import Response, make_response, render_template, request

from app.accounts.roles import Permission
from app.boards.queries.pictures import SeenSeries, SeenStudy, seen_study
from app.boards.queries.study_lists import StudyLine, seen_studies
from app.core.disclosure import disclose
from app.core.errors import NotFoundError
from app.core.words import N_
from app.door import actor, requires
from app.imaging.rules import DERIVED, HOUNSFIELD, WINDOWS, At, Window, is_uid
from app.imaging.services import pixels
from app.web.viewer import ohif
from app.web.viewer.surface import blueprint

# As the gate to pictures writes it: whoever asks who saw a study finds both.
SHOWN: Final = "imaging:study:read"
NEVER_KEPT: Final = "private, no-store"
AS_IN_FILE: Final = "file"
LONGEST_PLACE: Final = 6
# By key 1 to 4; the figures of the windows stand in `rules`.
WINDOW_WORDS: Final = {
    AS_IN_FILE: N_("As recorded"),
    "brain": N_("Brain window"),
    "subdural": N_("Subdural window"),
    "bone": N_("Bone window"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickLook:
    """One picture of one series, and the ways to the others; `place` counts from 1."""

    study: SeenStudy
    who: StudyLine
    series: SeenSeries | None
    pictures: tuple[tuple[str, int], ...]
    place: int
    windows: tuple[str, ...]
    window: str

    @property
    def offered(self) -> tuple[tuple[SeenSeries, int], ...]:
        """Return every series with how many pictures of it can be shown here."""
        return tuple((one, len(_pictures(one))) for one in self.study.series)

    @property
    def picture(self) -> tuple[str, int]:
        """Return the instance and the frame that are shown."""
        return self.pictures[self.place - 1]

    @property
    def runs(self) -> str:
        """Return all pictures in their order, as the script reads them: instance, colon, how many frames."""
        held = self.series.instances if self.series else ()
        return " ".join(f"{one.uid}:{one.frames}" for one in held if one.frames)


@blueprint.get("/quick/<uuid:study_id>")
@requires(Permission.SEE_IMAGES)
def quick(study_id: UUID) -> Response:
    """Show a series of a study; where the archive is away, say so beside what is known without it."""
    seen = _seen(study_id)
    look = _look(seen)
    is_up = pixels.is_archive_up()
    _write_down(seen, asked=f"studies/{seen.study_instance_uid}")
    page = render_template(
        "viewer/quick.html", look=look, is_up=is_up, has_ohif=ohif.is_here(), words=WINDOW_WORDS
    )
    return _never_kept(make_response(page, HTTPStatus.OK if is_up else HTTPStatus.SERVICE_UNAVAILABLE))


@blueprint.get("/quick/<uuid:study_id>/<series>/<instance>/<int:number>.png")
@requires(Permission.SEE_IMAGES)
def quick_frame(study_id: UUID, series: str, instance: str, number: int) -> Response:
    """Show one frame as a picture."""
    if not (is_uid(series) and is_uid(instance)):
        raise NotFoundError(kind="picture")
    seen = _seen(study_id, series=series, instance=instance)
    ((run, one),) = ((run, one) for run in seen.series for one in run.instances)
    if not 1 <= number <= one.frames:
        raise NotFoundError(kind="picture")
    at = At(study=seen.study_instance_uid, series=series, instance=instance)
    content = pixels.frame_png(at, number, window=_window(run.modality))
    _write_down(
        seen, asked=f"studies/{at.study}/series/{series}/instances/{instance}/frames/{number}/rendered"
    )
    return _never_kept(Response(content, mimetype="image/png"))


def _seen(study_id: UUID, **part: str) -> SeenStudy:
    """Return a study, or a picture of it; what is refused is written down too. Raise NotFoundError."""
    try:
        return seen_study(study_id=study_id, by=actor(), **part)
    except NotFoundError:
        disclose(SHOWN, patients=(), by=actor(), object_=f"study:{study_id}", outcome="refused")
        raise


def _write_down(seen: SeenStudy, *, asked: str) -> None:
    """Write who sees what, before it leaves the house."""
    disclose(
        SHOWN,
        patients=seen.discloses,
        by=actor(),
        object_=f"study:{seen.study_id}",
        details={"asked": asked, "status": int(HTTPStatus.OK)},
    )


def _look(seen: SeenStudy) -> QuickLook:
    wanted = request.args.get("series", "")
    series = next((one for one in seen.series if one.uid == wanted), None) or _longest(seen)
    pictures = _pictures(series)
    windows = tuple(WINDOW_WORDS) if series and series.modality in HOUNSFIELD else (AS_IN_FILE,)
    window = request.args.get("window", AS_IN_FILE)
    return QuickLook(
        study=seen,
        who=seen_studies(uids=(seen.study_instance_uid,), limit=1, by=actor()).studies[0],
        series=series,
        pictures=pictures,
        place=_place(len(pictures)),
        windows=windows,
        window=window if window in windows else AS_IN_FILE,
    )


def _longest(seen: SeenStudy) -> SeenSeries | None:
    """Return the series with the most pictures: the first is often a scout."""
    return max(seen.series, key=lambda one: len(_pictures(one)), default=None)


def _pictures(series: SeenSeries | None) -> tuple[tuple[str, int], ...]:
    """Return the pictures of a series; what a model marked is seen over other pictures, never alone."""
    held = series.instances if series and series.modality not in DERIVED else ()
    return tuple((one.uid, number) for one in held for number in range(1, one.frames + 1))


def _place(most: int) -> int:
    """Return which picture is asked for; without a word the middle one, where most is to be seen."""
    said = request.args.get("picture", "")
    if said.isascii() and said.isdecimal() and len(said) <= LONGEST_PLACE:
        return min(max(1, int(said)), max(1, most))
    return max(1, (most + 1) // 2)


def _window(modality: str) -> Window | None:
    return WINDOWS.get(request.args.get("window", "")) if modality in HOUNSFIELD else None


def _never_kept(response: Response) -> Response:
    response.headers["Cache-Control"] = NEVER_KEPT
    return response
