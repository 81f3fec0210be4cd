"""A person says whose a study is that nobody could be found for."""

from dataclasses import dataclass
from uuid import UUID

from app.accounts.roles import Permission, require
from app.core import audit
from app.core.actor import Actor
from app.core.errors import InvalidError, TransitionRefusedError
from app.core.idempotency import command
from app.core.locking import hold
from app.emr import services as emr
from app.imaging import queries
from app.imaging.models import Study
from app.imaging.services.owning import tell_owner


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """Whose a study is now."""

    study_id: UUID
    patient_id: UUID


@command
def link(study_id: UUID, *, patient_id: UUID, order_id: UUID | None = None, by: Actor) -> Linked:
    """Give a study that is nobody's to a patient, and to one of the patient's orders; a duplicate means who lives on.

    Raise TransitionRefusedError where it has an owner, InvalidError for an order of somebody else, NotFoundError.
    """
    require(by, Permission.UPLOAD_IMAGES)
    owner_id = emr.hold_living(patient_id)
    study = hold(Study, study_id)
    if study.patient_id is not None:
        raise TransitionRefusedError(command="link", why="has_owner")
    study.patient_id, study.unmatched = owner_id, None
    if order_id is not None:
        ordered = queries.of_order(order_id)
        if ordered.patient_id != owner_id:
            raise InvalidError(field="order_id", why="other")
        study.order_id, study.visit_id = order_id, ordered.visit_id
    tell_owner(study, "study.linked")
    audit.record("imaging:study:link", by=by, patients=[owner_id], object_=f"study:{study.public_id}")
    return Linked(study_id=study.public_id, patient_id=owner_id)
