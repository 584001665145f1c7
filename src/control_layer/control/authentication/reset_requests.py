"""What becomes of a request for a password reset, after its answer: the answer must not depend on it."""

from __future__ import annotations

import structlog

from control_layer.control.authentication.password_resets import make_reset, reset_letter
from control_layer.control.request_context import transaction
from control_layer.control.services import Services
from control_layer.control.users.queries import find_staying_user, find_user_by_email
from control_layer.store.authorship import Author

__all__ = ["answer_reset_request"]

_log = structlog.get_logger(__name__)


async def answer_reset_request(services: Services, email: str, peer: str) -> None:
    """Mails a link to the account that signs in with this address, if there is one. Raises `ControlError`."""
    async with transaction(services, Author.system("password-reset")) as session:
        found = await find_user_by_email(session, email, with_password=True)
        # Held, so that whoever deletes the account, or replaces its password, takes the link along.
        user = None if found is None else await find_staying_user(session, found.id)
        if user is None:
            return
        duration = services.settings.auth.native.password_reset_token_duration
        reset_id, token = await make_reset(session, user.id, services.now(), duration)
    letter = reset_letter(services.settings, to=user.email, reset_id=reset_id, token=token, peer=peer)
    if await services.post.deliver(letter, services.now()):
        _log.info("password_reset_mailed", user_id=str(user.id))
