"""Pictures of Gemini's image models, which are answers like any other, also to questions with pictures.

https://ai.google.dev/gemini-api/docs/image-generation. They come in some shapes (`aspectRatio`) and three sizes.
"""

from __future__ import annotations

import msgspec

from control_layer.gateway.dialects.conversation import Conversation, Image, Message, Text
from control_layer.gateway.dialects.dialect import Unsupported
from control_layer.gateway.dialects.gemini.answers import nothing_made, read_answer
from control_layer.gateway.dialects.gemini.media import image_part
from control_layer.gateway.dialects.gemini.provider_requests import written
from control_layer.gateway.dialects.gemini.requests import GenerationConfig, ImageConfig, RequestBody
from control_layer.gateway.dialects.images import ImagesAsked, ImagesGiven
from control_layer.gateway.dialects.omissions import Omissions

__all__ = ["read_images", "written_images"]

_SHAPES = (
    *((1, 1), (2, 3), (3, 2), (3, 4), (4, 3), (4, 5), (5, 4), (9, 16), (16, 9), (21, 9)),
    *((1, 4), (4, 1), (1, 8), (8, 1)),
)
_OFF_BY = 0.03
"""Of a shape: Gemini's own pictures of 21:9 are 1536 by 672 pixels."""
_SIZES = ((1792, None), (2880, "2K"), (5760, "4K"))
"""Up to how many pixels the longer side has, with what it is called; the first needs no name."""
_AS_IT_IS = {
    "quality": ("auto", "standard"),
    "background": ("auto", "opaque"),
    "moderation": ("auto",),
    "input_fidelity": ("low",),
}
"""What says no more than what is done anyway."""


def written_images(asked: ImagesAsked, model: str, omissions: Omissions) -> RequestBody:
    """A request for content, without the model's name, which is in the path. Raises `Unsupported`."""
    for name, value in asked.others:
        if msgspec.json.decode(value) not in _AS_IT_IS.get(name, ()):
            omissions.refuse(name, f"Gemini's API has nothing like {name!r} for pictures.")
    for place, image in enumerate(asked.images):
        if image_part(image) is None:
            # Left out, even with leniency, there would be nothing to change.
            raise Unsupported(f"images[{place}]", "Send the picture, or its address, or the name of a file at Google.")
    prompt = Message("user", (*asked.images, Text(asked.prompt)))
    conversation = Conversation(messages=(prompt,), choices=asked.count, user=asked.user, image_output="only")
    body = written(conversation, model, omissions)
    config = body.generation_config or GenerationConfig()
    return msgspec.structs.replace(
        body, generation_config=msgspec.structs.replace(config, image_config=_config(asked.size, omissions))
    )


def _config(size: tuple[int, int] | None, omissions: Omissions) -> ImageConfig | None:
    if size is None:
        return None
    width, height = size
    shape = min(_SHAPES, key=lambda shape: _difference(shape, width / height))
    name = next((name for most, name in _SIZES if max(size) <= most), "")
    if _difference(shape, width / height) > _OFF_BY or name == "":
        shapes = ", ".join(f"{across}:{down}" for across, down in _SHAPES)
        omissions.refuse("size", f"Gemini's pictures have the shapes {shapes}, and {_SIZES[-1][0]} pixels at most.")
        return None
    return ImageConfig(f"{shape[0]}:{shape[1]}", name)


def _difference(shape: tuple[int, int], ratio: float) -> float:
    wanted = shape[0] / shape[1]
    return abs(wanted - ratio) / wanted


def read_images(body: bytes) -> ImagesGiven:
    """Raises `UnreadableAnswer`, and `FilteredAnswer` where a filter left nothing of it."""
    answer = read_answer(body)
    images = tuple(part for choice in answer.choices for part in choice.parts if isinstance(part, Image))
    if not images:
        raise nothing_made(answer, "no picture")
    return ImagesGiven(images, answer.tokens)
