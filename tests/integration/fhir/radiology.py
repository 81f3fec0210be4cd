"""A radiology beside the ward: pictures come in, a model answers, a doctor reports, all by the house's services."""

from dataclasses import dataclass, field
from uuid import UUID, uuid4

from sqlalchemy import select

from app.core.actor import SYSTEM, Actor
from app.core.db import db
from app.core.transaction import release
from app.emr.models import Patient
from app.imaging import services as imaging
from app.imaging.models import InferenceResult, Report, Study
from app.imaging.rules import accession_number
from app.imaging.services import analysing, keeping
from app.imaging.services.intake import Outcome
from app.inference.errors import Refusal
from app.inference.findings import Findings, Measure, ModelRef, Result
from app.orders import services as orders
from app.orders.services import ItemWords
from tests.integration.imaging.pictures import Pictures
from tests.integration.orders.ward import Ward

HEAD = ItemWords(category="imaging", name_ko="두부 CT", name_en="Head CT", price_won=120_000)
MODEL = ModelRef("head-ct", "1.0.0", "ab" * 32)
NEXT_MODEL = ModelRef("head-ct", "2.0.0", "cd" * 32)
BRAIN = 1311.4


@dataclass
class Radiology:
    """The ward's neighbour; `reader` signs."""

    ward: Ward
    reader: Actor = field(
        default_factory=lambda: Actor(kind="staff", role="radiology", id=uuid4(), name="Nora")
    )

    def __post_init__(self) -> None:
        orders.add_item("head-ct", HEAD, by=SYSTEM)

    def ordered(self) -> tuple[UUID, UUID]:
        """Let a patient of the ward need a head CT; return visit and order."""
        visit = self.ward.bring("paying")
        return visit, self.ward.order(visit, "head-ct").order_id

    def pictures(self, order: UUID | None = None, *, patient: str = "") -> Pictures:
        """Return what a modality would send for an order, or for somebody."""
        return Pictures(accession_number=accession_number(order) if order else "", patient_id=patient)

    def come_in(self, of: Pictures, *numbers: int) -> UUID:
        """Take the slices of these numbers in; return the study."""
        for number in numbers or (1, 2):
            taken = imaging.take(of.file(number), name="a.dcm", source="test", by=SYSTEM)
            assert taken.outcome is Outcome.STORED
        release()
        return db.session.execute(
            select(Study.public_id).where(Study.study_instance_uid == of.study)
        ).scalar_one()

    def measured(
        self, study: UUID, *, refusal: Refusal | None = None, shadow: ModelRef | None = None
    ) -> UUID:
        """Let the model answer, and perhaps another one in its shadow; return the former's result."""
        release()
        task = analysing.begin(study)
        assert task is not None
        (run,) = task.runs
        keys = {}
        for model in (MODEL, *([shadow] if shadow else [])):
            found = Findings(measures=() if refusal else (Measure("brain-volume", BRAIN, "mL"),))
            result = Result(
                model=model,
                study_instance_uid=task.study_instance_uid,
                series_instance_uid=run.uid,
                input_sha256=keeping.key_of(run, model),
                findings=found,
                refusal=refusal,
            )
            key = keeping.key_of(run, model)
            keys[key] = model is shadow
            keeping.keep(task, key, result, None, is_shadow=keys[key])
        analysing.answer(task, keys)
        return self.results(study, MODEL)[-1]

    def results(self, study: UUID, model: ModelRef) -> list[UUID]:
        """Return what a model has ever said of a study, the oldest first."""
        release()
        return list(
            db.session.execute(
                select(InferenceResult.public_id)
                .join(Study, Study.id == InferenceResult.study_id)
                .where(Study.public_id == study, InferenceResult.model_version == model.version)
                .order_by(InferenceResult.id)
            ).scalars()
        )

    def drafted(self, study: UUID, text: str) -> UUID:
        """Write a draft; return the report."""
        release()
        return imaging.save_report(study, version=0, text=text, by=self.reader).report_id

    def signed(self, study: UUID, text: str) -> UUID:
        """Sign a report; return it."""
        version = self.version(study)
        return imaging.sign_report(study, version=version, text=text, by=self.reader).report_id

    def amended(self, study: UUID, text: str) -> None:
        """Sign another text in the place of the first."""
        version = self.version(study)
        imaging.amend_report(study, version=version, text=text, reason="좌우 정정", by=self.reader)

    def version(self, study: UUID) -> int:
        """Return in which version a report stands; 0 where there is none."""
        release()
        found = db.session.execute(
            select(Report.version).join(Study, Study.id == Report.study_id).where(Study.public_id == study)
        ).scalar_one_or_none()
        release()
        return found or 0

    def linked(self, study: UUID, patient: UUID) -> None:
        """Say whose a study is."""
        release()
        imaging.link(study, patient_id=patient, by=SYSTEM)

    def mrn(self, patient: UUID) -> str:
        """Return the number under which a patient goes to the modality."""
        release()
        return db.session.execute(select(Patient.mrn).where(Patient.public_id == patient)).scalar_one()
