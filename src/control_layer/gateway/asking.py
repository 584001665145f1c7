"""A client's request as its provider is asked it; what cannot be said is named as the client names it."""

from __future__ import annotations

import msgspec

from control_layer.gateway.dialects.conversation import Conversation
from control_layer.gateway.dialects.dialect import ClientDialect, Outgoing, ProviderDialect, Unsupported
from control_layer.gateway.dialects.omissions import Omissions

__all__ = ["asked_of"]


def asked_of(
    client: ClientDialect, provider: ProviderDialect, body: bytes | bytearray, model: str, *, lenient: bool
) -> tuple[Conversation, Outgoing]:
    """What is asked, in no API's words and in the provider's. Raises as both dialects do."""
    conversation = client.read_request(body)
    omissions = Omissions(lenient=lenient)
    for parameter, message in conversation.unsayable:
        omissions.refuse(parameter, message)
    try:
        outgoing = provider.write_request(conversation, model, lenient=lenient)
    except Unsupported as error:
        (name,) = client.names_of((error.parameter,), body)
        raise Unsupported(name, error.message) from None
    if omissions.dropped or outgoing.dropped:
        names = client.names_of(outgoing.dropped, body)
        outgoing = msgspec.structs.replace(outgoing, dropped=(*omissions.dropped, *names))
    return conversation, outgoing
