"""Checks before and after a call: which hold for a request, what they look at, and what becomes of it.

`table` knows which guardrails hold for a model and a user, and joins them to a `plan`: steps in their order. `texts`
finds what people and models say in JSON, `speech` in the events of a stream. A `check` takes texts through steps;
`request` has a request checked before it is let in, `answer` and `stream` what a provider answers. Steps that look
for patterns are in `steps`, `external` asks a service; `windows` and `gates` hold streams back while they are checked.

Nothing of this is loaded into a request where no guardrail exists: the hot path looks at one attribute.
"""
