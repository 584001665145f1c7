"""Files for people who are new: ready to be made a batch of, for models that they can reach (§6, `sample_files`)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from itertools import cycle, islice, product

import msgspec
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.endpoints.model_type import ModelType
from control_layer.control.files.content import template_line
from control_layer.control.files.queries import usable_models
from control_layer.control.files.template import Template
from control_layer.control.files.upload import DEFAULT_LIFE
from control_layer.control.permissions import Operation, Resource, Role, allows
from control_layer.control.services import Services
from control_layer.store.tables import File, FileRequest, User

__all__ = ["give_samples"]

_CHAT, _EMBEDDINGS = "/v1/chat/completions", "/v1/embeddings"
_TASKS = (
    "In one sentence, what is {}?",
    "Name three facts about {}, one line each.",
    "Explain {} to a child of eight in two sentences.",
    "Give a title for an article about {}.",
)
_TOPICS = (
    "a lighthouse", "photosynthesis", "the printing press", "a leap year", "an aqueduct", "sourdough", "the aurora",
    "a prime number", "Braille", "a glacier", "the violin", "compound interest", "a honeybee", "the tide",
    "a telescope", "Morse code", "an olive tree", "the water cycle", "a compass", "origami", "a volcano",
    "the metric system", "a sundial", "paper", "a bicycle",
)  # fmt: skip


async def give_samples(session: AsyncSession, services: Services, user: User, now: datetime) -> None:
    """A file for chat and one for embeddings, as far as the new account reaches a model; none where it sees no files.

    Takes some milliseconds, once in an account's life, and no longer where there are more models.
    """
    settings = services.settings
    roles = [Role(role) for role in user.roles]
    if not (settings.sample_files.enabled and settings.batches.enabled):
        return
    if not allows(roles, Operation.READ, Resource.FILES, own=True):
        return
    models = await usable_models(session, user.id)
    count = settings.sample_files.requests_per_file
    for url, model_type in ((_CHAT, ModelType.CHAT), (_EMBEDDINGS, ModelType.EMBEDDINGS)):
        model = _first(models, model_type)
        if model is not None and url in settings.batches.allowed_url_paths:
            name = f"sample-{model_type.lower()}.jsonl"
            await _store(session, name, _templates(url, model, count), user.id, now)


def _first(models: Mapping[str, str | None], model_type: ModelType) -> str | None:
    return min((alias for alias, found in models.items() if found == model_type), default=None)


def _templates(url: str, model: str, count: int) -> list[Template]:
    prompts = cycle(task.format(topic) for task, topic in product(_TASKS, _TOPICS))
    return [
        Template(f"sample-{number}", url, model, msgspec.json.encode(_body(url, model, prompt)))
        for number, prompt in enumerate(islice(prompts, count), 1)
    ]


def _body(url: str, model: str, prompt: str) -> dict[str, object]:
    if url == _EMBEDDINGS:
        return {"model": model, "input": prompt}
    return {"model": model, "messages": [{"role": "user", "content": prompt}]}


async def _store(
    session: AsyncSession, filename: str, templates: list[Template], owner: uuid.UUID, now: datetime
) -> None:
    file = File(
        id=uuid.uuid4(),
        filename=filename,
        purpose="batch",
        bytes=sum(len(template_line(template)) for template in templates),
        lines=len(templates),
        uploaded_by=owner,
        created_at=now,
        expires_at=now + DEFAULT_LIFE,
    )
    session.add(file)
    await session.flush()
    rows = [
        {"file_id": file.id, "line": line} | {name: getattr(found, name) for name in Template.__slots__}
        for line, found in enumerate(templates, 1)
    ]
    await session.execute(insert(FileRequest), rows)
