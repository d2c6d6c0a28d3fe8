"""Templates: made, changed and archived by admins; every change is a version that stays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError

from console import errors
from console.audit import note
from console.conversations.access import NOT_THERE as NO_CONVERSATION
from console.conversations.access import acting
from console.conversations.texts import is_blank, settings, unstorable
from console.db import db, is_id, locked, now, transaction
from console.live import announce
from console.models import AuditType, MessageTemplate, Operator, TemplateVersion
from console.outbound import letters
from console.outbound.errors import NotFound, TemplateGone, TemplateProblem
from console.outbound.placeholders import Segment, Unreadable, read

MAX_NAME_CHARS = 120
MAX_SUBJECT_CHARS = 200
NOT_THERE = "This template does not exist, or no longer does."

TAKEN = "There is a template of this name already, perhaps an archived one. Choose another name."


class Rendered(NamedTuple):
    """A template as one customer would get it; `problem` says why they would not get it at all."""

    to: str
    address: str
    subject: list[Segment]
    body: list[Segment]
    problem: str | None


def create_template(actor: str, *, name: str, subject: str, body: str) -> TemplateVersion:
    """A new template, version 1. Raises Forbidden (admins only), TemplateProblem with `fields`."""
    with _naming():
        admin = _admin(actor)
        name, subject, body = _checked(name, subject, body)
        template = MessageTemplate(name=name, version=1, created_at=now())
        db.session.add(template)
        db.session.flush()
        return _add_version(template, subject, body, admin, AuditType.TEMPLATE_CREATED)


def change_template(
    template_id: int, actor: str, *, name: str, subject: str, body: str, version: int | None = None
) -> TemplateVersion:
    """The next version; what was sent or previewed with an earlier one stays as it is. The same again changes nothing.

    `version` is the one that was on the page. Raises NotFound, Forbidden, TemplateProblem, or Conflict when somebody
    else changed the template meanwhile.
    """
    with _naming():
        admin = _admin(actor)
        template = _held(template_id)
        current = version_of(template_id)
        name, subject, body = _checked(name, subject, body, template_id)
        if (template.name, current.subject, current.body) == (name, subject, body):
            return current
        if version is not None and version != template.version:
            raise errors.Conflict(
                f"Somebody changed this template meanwhile; it is at version {template.version} now. "
                "Look at it, then make your change again."
            )
        template.name = name
        template.version += 1
        return _add_version(template, subject, body, admin, AuditType.TEMPLATE_CHANGED)


def archive_template(template_id: int, actor: str) -> MessageTemplate:
    """Offer it no more; a second press changes nothing. Raises NotFound, Forbidden."""
    with transaction():
        admin = _admin(actor)
        template = _held(template_id)
        if template.archived_at is None:
            template.archived_at = now()
            note(AuditType.TEMPLATE_ARCHIVED, admin.actor_id, template_id=template.id)
            announce("templates")
        return template


def restore_template(template_id: int, actor: str) -> MessageTemplate:
    """Offer it again; a second press changes nothing. Raises NotFound, Forbidden."""
    with transaction():
        admin = _admin(actor)
        template = _held(template_id)
        if template.archived_at is not None:
            template.archived_at = None
            note(AuditType.TEMPLATE_RESTORED, admin.actor_id, template_id=template.id)
            announce("templates")
        return template


def list_templates(*, archived: bool = False) -> Sequence[TemplateVersion]:
    """The current version of each template that is offered, by name; with `archived` those that are not."""
    gone = MessageTemplate.archived_at.is_not(None) if archived else MessageTemplate.archived_at.is_(None)
    return db.session.scalars(
        _current().where(gone).order_by(func.lower(MessageTemplate.name), MessageTemplate.id)
    ).all()


def list_versions(template_id: int) -> Sequence[TemplateVersion]:
    """Every version of a template, newest first."""
    wanted = select(TemplateVersion).where(TemplateVersion.template_id == template_id)
    return db.session.scalars(wanted.order_by(TemplateVersion.version.desc())).all()


def get_template(template_id: int, version: int | None = None) -> TemplateVersion:
    """A template in its current version, or an earlier one. Raises NotFound."""
    return version_of(template_id, version)


def render(version: TemplateVersion, conversation_id: int, actor: str) -> Rendered:
    """A template as the customer of a conversation would get it from this operator; changes nothing.

    Raises NotFound, Forbidden.
    """
    return render_text(version.subject, version.body, conversation_id, actor)


def render_text(subject: str, body: str, conversation_id: int, actor: str) -> Rendered:
    """As `render`, of a text that is not saved yet. Raises NotFound, Forbidden, TemplateProblem."""
    fields = {field: problem for field, problem in _problems(subject, body).items() if problem}
    if fields:
        raise TemplateProblem(fields)
    found = next(letters.recipients([conversation_id]), None) if is_id(conversation_id) else None
    if found is None:
        raise NotFound(NO_CONVERSATION)
    writing = letters.writing(read(subject), read(body), acting(actor).name)
    pieces = letters.samples_of(found, writing)
    composed = letters.compose(found, writing)
    problem = composed.reason if isinstance(composed, letters.LeftOut) else None
    return Rendered(found.customer, letters.address_of(found), *pieces, problem)


def usable(template_id: int) -> TemplateVersion:
    """The current version of a template that is offered. Raises NotFound, TemplateGone."""
    return offered(version_of(template_id))


def offered(version: TemplateVersion) -> TemplateVersion:
    """The same, if its template is offered. Raises TemplateGone."""
    if version.template.archived_at is not None:
        raise TemplateGone
    return version


def version_of(template_id: int, version: int | None = None) -> TemplateVersion:
    """One version of a template, the current one unless another is named. Raises NotFound."""
    wanted = (
        _current() if version is None else select(TemplateVersion).where(TemplateVersion.version == version)
    )
    found = (
        db.session.scalar(
            wanted.where(TemplateVersion.template_id == template_id).execution_options(populate_existing=True)
        )
        if is_id(template_id)
        else None
    )
    if found is None:
        raise NotFound(NOT_THERE)
    return found


@contextmanager
def _naming() -> Iterator[None]:
    """A transaction; of two that take a name at once the database tells the second one."""
    try:
        with transaction():
            yield
    except IntegrityError as error:
        raise TemplateProblem({"name": TAKEN}) from error


def _current() -> Select[TemplateVersion]:
    return select(TemplateVersion).join(
        MessageTemplate,
        (MessageTemplate.id == TemplateVersion.template_id)
        & (MessageTemplate.version == TemplateVersion.version),
    )


def _held(template_id: int) -> MessageTemplate:
    try:
        return locked(MessageTemplate, template_id)
    except errors.NotFound as error:
        raise NotFound(NOT_THERE) from error


def _admin(actor: str) -> Operator:
    operator = acting(actor)
    if not operator.is_admin:
        raise errors.Forbidden("Only an admin can change the templates. Ask one of them.")
    return operator


def _add_version(
    template: MessageTemplate, subject: str, body: str, admin: Operator, event: AuditType
) -> TemplateVersion:
    made = TemplateVersion(
        template_id=template.id,
        version=template.version,
        subject=subject,
        body=body,
        created_by=admin.actor_id,
        created_at=now(),
    )
    db.session.add(made)
    db.session.flush()
    db.session.refresh(made, ["template"])
    note(
        event,
        admin.actor_id,
        template_id=template.id,
        details={"version": made.version, "name": template.name},
    )
    announce("templates")
    return made


def _checked(name: str, subject: str, body: str, template_id: int | None = None) -> tuple[str, str, str]:
    """The fields as they are stored. Raises TemplateProblem with a sentence for each that cannot be."""
    name, subject, body = name.strip(), subject.strip(), body.replace("\r\n", "\n").strip()
    fields = {"name": _name_problem(name, template_id)} | _problems(subject, body)
    found = {field: problem for field, problem in fields.items() if problem}
    if found:
        raise TemplateProblem(found)
    return name, subject, body


def _name_problem(name: str, template_id: int | None) -> str | None:
    if unstorable(name) or is_blank(name) or len(name) > MAX_NAME_CHARS or not name.isprintable():
        return f"A template needs a name, on one line and with at most {MAX_NAME_CHARS} characters."
    taken = db.session.scalar(
        select(MessageTemplate.id).where(func.lower(MessageTemplate.name) == func.lower(name))
    )
    if taken is not None and taken != template_id:
        return TAKEN
    return None


def _problems(subject: str, body: str) -> dict[str, str | None]:
    limits = {"subject": (subject, MAX_SUBJECT_CHARS), "body": (body, settings().max_message_chars)}
    return {field: _problem(text, limit) for field, (text, limit) in limits.items()} | (
        {"subject": "A subject stands on one line."} if len(subject.splitlines()) > 1 else {}
    )


def _problem(text: str, limit: int) -> str | None:
    if (reason := unstorable(text)) is not None:
        return reason
    if is_blank(text):
        return "Write something here; what is empty is not sent."
    if len(text) > limit:
        return f"This is {len(text):,} characters long; at most {limit:,} fit."
    try:
        read(text)
    except Unreadable as problem:
        return str(problem)
    return None
