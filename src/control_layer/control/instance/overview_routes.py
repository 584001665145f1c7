"""`/instance`: what administrators see of the configuration. Ours; the contract has none."""

from __future__ import annotations

from fastapi import APIRouter

from control_layer.control.access import needs
from control_layer.control.instance.overview import count_all, overview
from control_layer.control.instance.overview_schemas import InstanceOverview, TestMail
from control_layer.control.mail.letter import Letter, UnusableAddress
from control_layer.control.mail.transport import MailDelayed, MailRefused
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.route import ControlRoute

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1/instance", tags=["instance"], route_class=ControlRoute)


@router.get("")
@needs(Operation.READ, Resource.SYSTEM)
async def read(session: Database, services: Served) -> InstanceOverview:
    """What this instance is, how it is configured, and how much is in it."""
    return overview(services.settings, services.setting_origins, await count_all(session))


@router.post("/test-mail")
@needs(Operation.UPDATE, Resource.SYSTEM)
async def test_mail(session: Database, caller: Caller, services: Served) -> TestMail:
    """Sends the caller a mail, once and now, and says what became of it."""
    title, to = services.settings.metadata.title, caller.email
    letter = Letter(
        kind="test",
        to=to,
        subject=f"{title}: a test",
        paragraphs=(f"Mails of {title} arrive here.", "Somebody asked for this one in its settings. Nothing is to do."),
    )
    await session.rollback()  # no connection is held while a mail server is asked
    try:
        await services.post.send(letter, services.now())
    except (UnusableAddress, MailRefused, MailDelayed) as error:
        return TestMail(to=to, sent=False, reason=str(error))
    return TestMail(to=to, sent=True, reason=None)
