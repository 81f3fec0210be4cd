"""Verbs of imaging: files come in, studies get their owner, an archive that stands beside us is followed."""

from app.imaging.services.analysing import Queued, analyse, take_up_forgotten
from app.imaging.services.following import follow_archive, follows
from app.imaging.services.intake import Outcome, Taken, files_in, ingest, take
from app.imaging.services.linking import Linked, link
from app.imaging.services.owning import give_back, hand_over
from app.imaging.services.quarantine import purge
from app.imaging.services.reaching import through
from app.imaging.services.rendering import RenditionCount, count_renditions, render_again
from app.imaging.services.reporting import Reported, amend_report, save_report, sign_report
from app.imaging.services.reviewing import Discarded, discard, take_again
from app.imaging.services.standing import is_archive_up
from app.imaging.services.uploading import Received, Sent, receive

__all__ = [
    "Discarded",
    "Linked",
    "Outcome",
    "Queued",
    "Received",
    "RenditionCount",
    "Reported",
    "Sent",
    "Taken",
    "amend_report",
    "analyse",
    "count_renditions",
    "discard",
    "files_in",
    "follow_archive",
    "follows",
    "give_back",
    "hand_over",
    "ingest",
    "is_archive_up",
    "link",
    "purge",
    "receive",
    "render_again",
    "save_report",
    "sign_report",
    "take",
    "take_again",
    "take_up_forgotten",
    "through",
]
