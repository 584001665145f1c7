"""The OpenAPI document as one page of HTML, without scripts and without a request to any other origin."""

from __future__ import annotations

import json
from html import escape
from typing import Any

__all__ = ["reference_page"]

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1a1a1a; }
code, pre { font: 14px/1.45 ui-monospace, monospace; }
summary { cursor: pointer; padding: .35rem 0; }
pre { background: #f5f5f5; padding: .75rem; overflow-x: auto; }
.method { display: inline-block; min-width: 4.5rem; font-weight: 600; }
@media (prefers-color-scheme: dark) { body { background: #161616; color: #e6e6e6; } pre { background: #242424; } }
"""


def reference_page(document: dict[str, Any], source: str) -> str:
    """The page; `source` is the path of the document."""
    info = document["info"]
    by_tag: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            tag = (operation.get("tags") or ["other"])[0]
            by_tag.setdefault(tag, []).append(_operation(method, path, operation))
    sections = "".join(f"<h2>{escape(tag)}</h2>{''.join(entries)}" for tag, entries in sorted(by_tag.items()))
    schemas = "".join(
        f"<details><summary><code>{escape(name)}</code></summary>{_json(schema)}</details>"
        for name, schema in sorted(document["components"]["schemas"].items())
    )
    title = f"{escape(info['title'])} {escape(info['version'])}"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head><body>'
        f"<h1>{title}</h1><p>{escape(info.get('description', ''))}</p>"
        f'<p>As a document for tools: <a href="{escape(source)}">{escape(source)}</a></p>'
        f"{sections}<h2>Objects</h2>{schemas}</body></html>"
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    summary = f'<span class="method">{method.upper()}</span> <code>{escape(path)}</code>'
    details = {name: operation[name] for name in ("parameters", "requestBody", "responses") if name in operation}
    text = escape(operation.get("description", ""))
    return f"<details><summary>{summary}</summary><p>{text}</p>{_json(details)}</details>"


def _json(value: Any) -> str:
    return f"<pre>{escape(json.dumps(value, indent=2, ensure_ascii=False))}</pre>"
