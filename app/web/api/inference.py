"""Models over the API: which there are, whether they are ready, and what one measures; a measurement, no diagnosis."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Blueprint, Response, request
from flask_babel import gettext
from werkzeug.datastructures import FileStorage

from app.accounts.roles import Permission
from app.boards.queries.pictures import SeenStudy, seen_study
from app.core.errors import (
    DependencyDownError,
    InvalidError,
    MalformedError,
    NotFoundError,
    TooLargeError,
)
from app.door import actor, requires
from app.door.heavy import heavy
from app.door.uploads import takes_files
from app.imaging.rules import MIB, REFUSALS, At
from app.imaging.services import answering, measuring
from app.imaging.wording import NOTICE, measure_name
from app.inference.cards import Card
from app.inference.errors import (
    ModelRefusedError,
    NoSuchModelError,
    NotAVolumeError,
    PermanentError,
    TransientError,
)
from app.inference.findings import Result
from app.web.api.asked.inference import (
    MeasureForm,
    MeasureWanted,
    Measuring,
    ModelAsked,
    StudyRef,
    VolumeSaid,
)
from app.web.api.bodies import asked, parsed, read, tell
from app.web.api.openapi import Key, described
from app.web.api.shapes.inference import (
    ModelShape,
    ModelsShape,
    ReadyShape,
    RefusedModelShape,
    ResultShape,
)

FORM = "multipart/form-data"
MOST_JSON_BYTES = 2 * MIB
# The largest volume in its widest numbers, and what is said of each slice.
MOST_FORM_BYTES = (512 + 2) * MIB
MOST_PARTS = 4
RETRY_SECONDS = 5


def register(blueprint: Blueprint) -> None:
    """Add the routes of models."""
    one = "/models/<model_id>"
    blueprint.add_url_rule("/models", view_func=list_models, methods=["GET"])
    blueprint.add_url_rule(one, view_func=show_model, methods=["GET"])
    blueprint.add_url_rule(f"{one}/ready", view_func=ask_ready, methods=["GET"])
    blueprint.add_url_rule("/inference", view_func=measure_volume, methods=["POST"])


@requires(Permission.SEE_MODELS)
@described("models", told=ModelsShape)
def list_models() -> Response:
    """Show the cards of the models, and the files that are not used with the reason."""
    with _refusals():
        found = measuring.offered()
    return tell(
        ModelsShape(
            models=[_card(one) for one in found.cards],
            refused=[
                RefusedModelShape(name=name, reason=reason) for name, reason in sorted(found.refused.items())
            ],
        )
    )


@requires(Permission.SEE_MODELS)
@described("models", told=ModelShape, query=ModelAsked)
def show_model(model_id: str) -> Response:
    """Show a model's card, of a `version` or of the last one by name."""
    with _refusals():
        return tell(_card(answering.card_of(model_id, asked(ModelAsked).version)))


@requires(Permission.SEE_MODELS)
@described("models", told=ReadyShape, query=ModelAsked)
def ask_ready(model_id: str) -> Response:
    """Show whether a version of a model would answer now."""
    with _refusals():
        card = answering.card_of(model_id, asked(ModelAsked).version)
        ready = measuring.is_ready(card.id, card.version)
    return tell(ReadyShape(id=card.id, version=card.version, ready=ready))


@requires(Permission.USE_MODELS)
@heavy(most_json_bytes=MOST_JSON_BYTES)
@takes_files(most_bytes=MOST_FORM_BYTES, most_parts=MOST_PARTS)
@described("models", body=MeasureWanted, form=MeasureForm, told=ResultShape, key=Key.NEEDED)
def measure_volume() -> Response:
    """Measure a volume. What cannot be judged is answered with `analysed: false` and its reason, not with an error.

    An array comes in JSON (2 MB at most) or as a form with a `.npy`; a series that is kept here is named by
    `study_ref`. The same pixels with the same metadata give the same `result_sha256`, whatever way they came.
    """
    wanted, measure, seen = _from_form() if request.mimetype == FORM else _from_json()
    patients = seen.discloses if seen else ()
    answer = answering.earlier()
    if answer is None:
        with _refusals():
            result = measure(_chosen(wanted))
        answer = answering.as_json(result, with_masks=wanted.masks)
        answering.keep(
            json.dumps(answer),
            of=result.model,
            pixels=result.input_sha256,
            patients=patients,
            by=actor(),
        )
    return tell(_shape(answer), patients=patients)


Measure = Callable[[Card], Result]
Source = tuple[Measuring, Measure, SeenStudy | None]


def _from_json() -> Source:
    wanted = read(MeasureWanted)
    if wanted.study_ref is not None and wanted.image_array is None:
        return _of_series(wanted, wanted.study_ref)
    if wanted.study_ref is not None or wanted.image_array is None:
        raise InvalidError(field="image_array", why="one_source", others=["study_ref"])
    array, said = wanted.image_array, _said(wanted.metadata)
    return wanted, lambda card: answering.of_array(array, said, card), None


def _of_series(wanted: MeasureWanted, ref: StudyRef) -> Source:
    """Look whether the caller may see the study, before anything else is said of it. Raise NotFoundError."""
    seen = seen_study(uid=ref.study_instance_uid, series=ref.series_instance_uid, by=actor())
    pictures = [
        At(study=seen.study_instance_uid, series=run.uid, instance=one.uid)
        for run in seen.series
        for one in run.instances
    ]
    return wanted, lambda card: answering.of_series(pictures, card), seen


def _from_form() -> Source:
    array = request.files.get("image_array")
    part = request.form.get("request")
    # Programs that send it as JSON of its own give that part a file name as well.
    file = request.files.get("request")
    if array is None or (part is None) is (file is None):
        raise MalformedError(why="no_form")
    wanted = parsed(Measuring, part.encode() if part is not None else _short(file))
    said = _said(wanted.metadata)
    return wanted, lambda card: answering.of_array(array.stream, said, card), None


def _short(file: FileStorage | None) -> bytes:
    content = b"" if file is None else file.stream.read(MOST_JSON_BYTES + 1)
    if len(content) > MOST_JSON_BYTES:
        raise TooLargeError(why="array_json", most_bytes=MOST_JSON_BYTES)
    return content


def _said(metadata: VolumeSaid | None) -> dict[str, Any]:
    if metadata is None:
        raise InvalidError(field="metadata", why="one_source")
    return metadata.model_dump()


def _chosen(wanted: Measuring) -> Card:
    if wanted.model is not None:
        return answering.card_of(wanted.model.id, wanted.model.version)
    ref = wanted.study_ref if isinstance(wanted, MeasureWanted) else None
    said = ref or wanted.metadata
    return answering.card_for(said.study_instance_uid if said else "")


@contextmanager
def _refusals() -> Iterator[None]:
    """Say what went wrong with a model in the house's words."""
    try:
        yield
    except NoSuchModelError as error:
        raise NotFoundError(kind="model") from error
    except NotAVolumeError as error:
        if error.reason == "too-large":
            raise TooLargeError(why="volume") from error
        raise InvalidError(field="image_array", why="not_a_volume", fault=error.reason) from error
    except ModelRefusedError as error:
        raise InvalidError(field="model", why="model_refused") from error
    except PermanentError as error:
        raise InvalidError(field="model", why="model_failed") from error
    except TransientError as error:
        wait = round(max(error.retry_after_seconds, RETRY_SECONDS))
        raise DependencyDownError(what="model", why="model", retry_after=wait) from error


def _shape(answer: dict[str, Any]) -> ResultShape:
    refusal = answer["refusal"]
    measures = [{**one, "text": gettext(measure_name(one["name"]))} for one in answer["measures"]]
    return ResultShape.model_validate(
        {
            **answer,
            "notice": gettext(NOTICE),
            "reason": None if refusal is None else gettext(REFUSALS[refusal]),
            "measures": measures,
            "mask_bits": answer.get("mask_bits"),
        }
    )


def _card(card: Card) -> ModelShape:
    given = card.input
    window = given.window and {"center": given.window[0], "width": given.window[1]}
    tensor = {name: getattr(given, name) for name in ("name", "shape", "units", "spacing_mm")}
    rest = {name: getattr(card, name) for name in ModelShape.model_fields if name != "input"}
    return ModelShape.model_validate({**rest, "input": {**tensor, "window": window}})
