"""Tags: what hangs where, its code to look at and to print, a new label, out of service."""

from uuid import UUID

from flask import Response, make_response, render_template, request, url_for
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.door import actor, back_to, requires, version_field
from app.door.assets import asset
from app.door.language import locale
from app.tags import queries
from app.tags import services as tags
from app.tags.qr import qr_svg
from app.wayfinding.rules import Name
from app.web.admin.forms import TAG_WORDS, NewTagForm
from app.web.admin.surface import blueprint
from app.web.forms import page_number, say

SHEETS = ("tokens", "base", "components", "tags", "admin")


@blueprint.get("/tags")
@requires(Permission.MANAGE_TAGS)
def tag_list() -> str:
    """List the tags, those in service first."""
    return render_template("admin/tags.html", tags=queries.tags(page_number()), words=TAG_WORDS)


@blueprint.get("/tags/new")
@requires(Permission.MANAGE_TAGS)
def new_tag() -> str:
    """Ask where a tag hangs."""
    return render_template("admin/tag_new.html", form=NewTagForm())


@blueprint.post("/tags")
@requires(Permission.MANAGE_TAGS)
def issue_tag() -> Response:
    """Hang up a tag at a place of the map."""
    form = NewTagForm()
    if not form.submit(
        lambda: tags.issue(
            form.place.data,
            kind=form.kind.data,
            name=Name(form.name_ko.data, form.name_en.data or form.name_ko.data)
            if form.name_ko.data
            else None,
            by=actor(),
        ),
        at="place",
    ):
        return make_response(render_template("admin/tag_new.html", form=form), form.status)
    say(_("The tag is in service. Please print its label."))
    return back_to("admin.tag", tag_id=form.answer.touchpoint_id)


@blueprint.get("/tags/<uuid:tag_id>")
@requires(Permission.MANAGE_TAGS)
def tag(tag_id: UUID) -> str:
    """Show one tag and its code."""
    row = queries.tag(tag_id)
    return render_template(
        "admin/tag.html", row=row, qr=qr_svg(row.url) if row.is_active else None, words=TAG_WORDS
    )


@blueprint.post("/tags/<uuid:tag_id>/rotate")
@requires(Permission.MANAGE_TAGS)
def rotate_tag(tag_id: UUID) -> Response:
    """Give a tag a new label; the old one is refused from now on."""
    tags.rotate(queries.tag(tag_id).token_id, version=version_field(), by=actor())
    say(_("The tag has a new label; the old one is refused from now on."))
    return back_to("admin.tag", tag_id=tag_id)


@blueprint.post("/tags/<uuid:tag_id>/revoke")
@requires(Permission.MANAGE_TAGS)
def revoke_tag(tag_id: UUID) -> Response:
    """Take a tag out of service for good."""
    tags.revoke(queries.tag(tag_id).token_id, version=version_field(), by=actor())
    say(_("The tag is out of service."))
    return back_to("admin.tag", tag_id=tag_id)


@blueprint.get("/tags/sheet")
@requires(Permission.MANAGE_TAGS)
def tag_sheet() -> str:
    """Show the labels as they are printed on A4: those chosen, or all in service."""
    return render_template(
        "admin/tag_sheet.html",
        labels=queries.sheet(locale(), token_ids=tuple(request.args.getlist("tag"))),
        stylesheets=[asset(f"css/{name}.css") for name in SHEETS],
        script=asset("js/app.js"),
        back=url_for("admin.tag_list"),
    )
