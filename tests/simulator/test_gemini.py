"""The simulated Gemini API: what it takes, what it refuses as the real one does, and what it answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from control_layer.simulator.gemini.checks import signature

_USER = {"role": "user", "parts": [{"text": "Use the tool get_weather, please."}]}
_SCHEMA = {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}}
_TOOLS = [{"functionDeclarations": [{"name": "get_weather", "parameters": _SCHEMA}]}]
_ARGS = {"city": "Oslo"}
_CALL: dict[str, Any] = {"functionCall": {"name": "get_weather", "args": _ARGS}}
_TWICE_TOLD = {"thinkingBudget": 1, "thinkingLevel": "LOW"}
_CLOSED = {**_SCHEMA, "additionalProperties": False}
_RESPONSE = {"functionResponse": {"name": "get_weather", "response": {"result": "rain"}}}
_NAMED = {"functionCall": {**_CALL["functionCall"], "id": "t1"}}
_OF_ANOTHER = {"functionResponse": {**_RESPONSE["functionResponse"], "id": "t2"}}


def model(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"role": "model", "parts": list(parts)}


def user(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "parts": list(parts)}


@pytest.fixture
def client(root: str) -> Iterator[httpx.Client]:
    base = f"{root}/gemini/v1beta"
    with httpx.Client(base_url=base, headers={"x-goog-api-key": "key"}, timeout=15) as client:
        yield client


def generate(client: httpx.Client, name: str = "sim-small", status: int = 200, **more: Any) -> dict[str, Any]:
    answer = client.post(f"/models/{name}:generateContent", json={"contents": [_USER], **more})
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def streamed(client: httpx.Client, name: str = "sim-small", **more: Any) -> list[dict[str, Any]]:
    answer = client.post(f"/models/{name}:streamGenerateContent?alt=sse", json={"contents": [_USER], **more})
    assert answer.headers["content-type"] == "text/event-stream"
    return [json.loads(event.removeprefix("data: ")) for event in answer.text.split("\r\n\r\n")[:-1]]


def test_who_asks(root: str) -> None:
    url = f"{root}/gemini/v1beta/models/sim-small:generateContent"
    answer = httpx.post(url, json={"contents": [_USER]})
    assert (answer.status_code, answer.json()["error"]["status"]) == (403, "PERMISSION_DENIED")
    answer = httpx.post(url, json={"contents": [_USER]}, headers={"x-goog-api-key": "other"})
    assert (answer.status_code, answer.json()["error"]["details"][0]["reason"]) == (400, "API_KEY_INVALID")
    assert httpx.post(url + "?key=key", json={"contents": [_USER]}).status_code == 200
    assert httpx.post(url, json={"contents": [_USER]}, headers={"authorization": "Bearer key"}).status_code == 403


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"messages": []}, 'Unknown name "messages": Cannot find field.'),
        ({"generationConfig": {"maxTokens": 1}}, "Unknown name \"maxTokens\" at 'generation_config'"),
        ({"generationConfig": {"maxOutputTokens": "x"}}, "'generation_config.max_output_tokens' (TYPE_INT32)"),
        ({"generationConfig": {"temperature": 3}}, "range [0, 2]"),
        ({"generationConfig": {"candidateCount": 9}}, "candidate_count"),
        ({"generationConfig": {"stopSequences": ["a"] * 6}}, "stop sequences"),
        ({"generationConfig": {"responseSchema": _SCHEMA}}, "response_mime_type"),
        (
            {"generationConfig": {"thinkingConfig": {"thinkingBudget": 1, "thinkingLevel": "LOW"}}},
            "only one of thinking",
        ),
        ({"contents": []}, "contents is not specified"),
        ({"contents": [{"role": "assistant", "parts": [{"text": "x"}]}]}, "valid role: user, model"),
        ({"contents": [{"role": "system", "parts": [{"text": "x"}]}]}, "valid role: user, model"),
        ({"contents": [user()]}, "parts must not be empty"),
        ({"contents": [user({})]}, "required oneof field 'data'"),
        ({"contents": [user({"text": "x", "inlineData": {"mimeType": "image/png", "data": ""}})]}, "oneof"),
        ({"contents": [user({"inlineData": {"mimeType": "image/png", "data": "%"}})]}, "Base64 decoding failed"),
        ({"contents": [user({"text": "x", "cache": 1})]}, "Unknown name \"cache\" at 'contents[0].parts[0]'"),
        ({"contents": [_USER, model(_CALL)]}, "end with a user role"),
        ({"contents": [_USER, model(_CALL), _USER]}, "number of function response parts"),
        ({"contents": [user(_RESPONSE)]}, "number of function response parts"),
        ({"contents": [_USER, model(_CALL, _CALL), user(_RESPONSE)]}, "number of function response parts"),
        ({"contents": [_USER, model({**_CALL, "thoughtSignature": "eA=="}), user(_RESPONSE)]}, "Corrupted thought"),
        ({"contents": [_USER, model({"text": "x", "thoughtSignature": "eA=="}), _USER]}, "Corrupted thought"),
        ({"contents": [_USER, model(_NAMED), user(_OF_ANOTHER)]}, "id of each function response"),
        ({"tools": [{"functionDeclarations": [{"name": "get weather"}]}]}, "Invalid function name"),
        ({"tools": [{"functionDeclarations": [{"name": "f"}, {"name": "f"}]}]}, "Duplicate function declaration"),
        (
            {
                "tools": [
                    {"functionDeclarations": [{"name": "f", "parameters": {**_SCHEMA, "additionalProperties": False}}]}
                ]
            },
            "Unknown name \"additionalProperties\" at 'tools[0].function_declarations[0].parameters'",
        ),
        (
            {"tools": [{"functionDeclarations": [{"name": "f", "parameters": {"type": "OBJECT", "properties": {}}}]}]},
            "should be non-empty for OBJECT type",
        ),
        ({"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}, "without function_declarations"),
        (
            {"tools": _TOOLS, "toolConfig": {"functionCallingConfig": {"allowedFunctionNames": ["get_weather"]}}},
            "only be set when mode is ANY",
        ),
        ({"safetySettings": [{"category": "c", "threshold": "NEVER"}]}, "safety_settings[0].threshold"),
        ({"model": "models/other"}, "unexpected model name"),
        ({"generationConfig": {"responseModalities": ["IMAGE"]}}, "response modalities: image"),
        ({"generationConfig": {"imageConfig": {"aspectRatio": "1:1"}}}, "Image config"),
    ],
)
def test_it_refuses_what_the_real_one_refuses(client: httpx.Client, more: dict[str, Any], told: str) -> None:
    error = generate(client, status=400, **more)["error"]
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert told in error["message"]


def _thinking(**config: Any) -> dict[str, Any]:
    return {"generationConfig": {"thinkingConfig": config}}


_SHOWN = {"name": "f", "response": {}, "parts": [{"inlineData": {"mimeType": "image/png", "data": ""}}]}


@pytest.mark.parametrize(
    ("name", "more", "told"),
    [
        ("gemini-2.0-flash", _thinking(includeThoughts=True), "Thinking is not supported"),
        ("gemini-2.5-flash", _thinking(thinkingLevel="low"), "Thinking level is not supported"),
        ("gemini-2.5-flash-lite", _thinking(thinkingBudget=1), "between 512 and 24576"),
        ("gemini-2.5-pro", _thinking(thinkingBudget=0), "only works in thinking mode"),
        ("gemini-3-pro-preview", _thinking(thinkingLevel="MEDIUM"), "MEDIUM is not supported"),
        ("gemini-3.8-flash", _thinking(thinkingLevel="minimal"), "MINIMAL is not supported"),
        ("gemini-4-carbon", _thinking(thinkingLevel="xhigh"), "XHIGH is not supported"),
        ("gemini-4-neon", _thinking(thinkingBudget=1024), "Please use thinking level"),
        ("gemini-4-neon", {"generationConfig": {"frequencyPenalty": 0.1}}, "Penalty is not enabled"),
        ("gemini-4-neon", {"generationConfig": {"candidateCount": 2}}, "Multiple candidates"),
        ("gemini-4-neon", {"contents": [_USER, model({"text": "It is"})]}, "end with a user role"),
        (
            "gemini-2.5-pro",
            {"tools": _TOOLS, "generationConfig": {"responseMimeType": "application/json"}},
            "mime type: 'application/json' is unsupported",
        ),
        (
            "gemini-2.5-pro",
            {"contents": [_USER, model({"functionCall": {"name": "f"}}), user({"functionResponse": _SHOWN})]},
            "Multimodal function response",
        ),
    ],
)
def test_it_refuses_what_one_generation_of_models_does_not_take(
    client: httpx.Client, name: str, more: dict[str, Any], told: str
) -> None:
    assert told in generate(client, name, 400, **more)["error"]["message"]
    generate(client, "sim-small", **more)


def test_it_tells_probabilities(client: httpx.Client) -> None:
    config = {"responseLogprobs": True, "logprobs": 2}
    (candidate,) = generate(client, generationConfig=config)["candidates"]
    told = candidate["logprobsResult"]
    text = "".join(each["token"] for each in told["chosenCandidates"])
    assert text == candidate["content"]["parts"][0]["text"]
    assert {len(each["candidates"]) for each in told["topCandidates"]} == {2}
    chunks = [chunk["candidates"][0]["logprobsResult"] for chunk in streamed(client, generationConfig=config)]
    assert [each for chunk in chunks for each in chunk["chosenCandidates"]] == told["chosenCandidates"]
    assert "logprobsResult" not in generate(client)["candidates"][0]


def test_it_takes_protos_names_too_and_leaves_what_is_the_clients(client: httpx.Client) -> None:
    generate(client, generation_config={"max_output_tokens": 5}, system_instruction={"parts": [{"text": "s"}]})
    schema = {"type": "object", "properties": {"snake_case": {"type": "string"}}, "required": ["snake_case"]}
    tools = [{"function_declarations": [{"name": "get_weather", "parameters_json_schema": schema}]}]
    (part,) = generate(client, tools=tools)["candidates"][0]["content"]["parts"]
    assert part["functionCall"]["args"] == {"snake_case": "simulated"}


def test_calls_are_signed_where_it_thinks_and_go_back_as_they_came(client: httpx.Client) -> None:
    (call,) = generate(client, tools=_TOOLS)["candidates"][0]["content"]["parts"]
    assert call == {"functionCall": {"name": "get_weather", "args": {"city": "simulated"}}}
    parts = generate(client, "sim-reasoning-calls-2", tools=_TOOLS)["candidates"][0]["content"]["parts"]
    assert [list(part) for part in parts] == [["functionCall", "thoughtSignature"], ["functionCall"]]
    assert parts[0]["thoughtSignature"] == signature("get_weather", {"city": "simulated"})
    contents = [_USER, model(*parts), user(_RESPONSE, _RESPONSE)]
    assert (
        "text"
        in generate(client, "sim-reasoning", contents=contents, tools=_TOOLS)["candidates"][0]["content"]["parts"][0]
    )
    unsigned = [_USER, model(_CALL), user(_RESPONSE)]
    generate(client, contents=unsigned, tools=_TOOLS)
    error = generate(client, "sim-reasoning", 400, contents=unsigned, tools=_TOOLS)["error"]
    assert "missing a thought_signature" in error["message"]
    url_safe = parts[0]["thoughtSignature"].replace("+", "-").replace("/", "_").rstrip("=")
    contents[1] = model({**parts[0], "thoughtSignature": url_safe}, parts[1])
    generate(client, "sim-reasoning", contents=contents, tools=_TOOLS)
    stood_in = model({**_CALL, "thoughtSignature": "skip_thought_signature_validator"})
    generate(client, "sim-reasoning", contents=[_USER, stood_in, user(_RESPONSE)], tools=_TOOLS)


def test_a_stream_says_what_the_whole_answer_says(client: httpx.Client) -> None:
    config = {"thinkingConfig": {"includeThoughts": True}}
    whole = generate(client, generationConfig=config)
    chunks = streamed(client, generationConfig=config)
    said = [part for chunk in chunks for part in chunk["candidates"][0]["content"]["parts"]]
    parts = whole["candidates"][0]["content"]["parts"]
    for thought in (True, False):
        told = "".join(part["text"] for part in said if part.get("thought", False) is thought)
        assert told == "".join(part["text"] for part in parts if part.get("thought", False) is thought)
    assert said[-1]["thoughtSignature"] == parts[-1]["thoughtSignature"]
    assert chunks[-1]["usageMetadata"] == whole["usageMetadata"]
    assert ["finishReason" in chunk["candidates"][0] for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    usage = whole["usageMetadata"]
    counts = ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")
    assert usage["totalTokenCount"] == sum(usage[name] for name in counts)
    array = client.post("/models/sim-small:streamGenerateContent", json={"contents": [_USER]}).json()
    assert array == streamed(client)


_SPEAK: dict[str, Any] = {"responseModalities": ["AUDIO"]}


@pytest.mark.parametrize(
    ("name", "more", "told"),
    [
        ("sim-image", {"generationConfig": {"imageConfig": {"aspectRatio": "7:4"}}}, "aspect_ratio"),
        ("sim-image", {"generationConfig": {"imageConfig": {"imageSize": "2k"}}}, "image_size"),
        (
            "sim-image",
            {"contents": [_USER, model({"inlineData": {"mimeType": "image/png", "data": "QQ=="}}), _USER]},
            "missing a thought_signature in content position 2, part position 1",
        ),
        ("sim-speech", {}, "* AUDIO"),
        ("sim-speech", {"generationConfig": {"responseModalities": ["AUDIO", "TEXT"]}}, "AUDIO, TEXT"),
        ("sim-speech", {"generationConfig": {**_SPEAK, "temperature": 1}}, "Sampling"),
        (
            "sim-speech",
            {
                "generationConfig": {
                    **_SPEAK,
                    "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "x"}}},
                }
            },
            "Voice name x is not supported",
        ),
        (
            "gemini-3.1-flash-tts-preview",
            {"generationConfig": _SPEAK, "contents": [user({"text": "x", "speechMetadata": {"style": "Sad."}})]},
            "Speech metadata",
        ),
    ],
)
def test_models_that_draw_or_speak_refuse_what_the_real_ones_refuse(
    client: httpx.Client, name: str, more: dict[str, Any], told: str
) -> None:
    assert told in generate(client, name, status=400, **more)["error"]["message"]


def test_speech_is_a_file_whole_and_samples_in_a_stream(client: httpx.Client) -> None:
    def sounds(answer: dict[str, Any]) -> list[dict[str, str]]:
        return [part["inlineData"] for part in answer["candidates"][0]["content"]["parts"]]

    (whole,) = sounds(generate(client, "sim-speech", generationConfig=_SPEAK))
    (older,) = sounds(generate(client, "gemini-3.1-flash-tts-preview", generationConfig=_SPEAK))
    pieces = [sound for chunk in streamed(client, "sim-speech", generationConfig=_SPEAK) for sound in sounds(chunk)]
    assert (whole["mimeType"], {older["mimeType"], *(piece["mimeType"] for piece in pieces)}) == (
        "audio/wav",
        {"audio/L16;codec=pcm;rate=24000"},
    )
    assert b"".join(base64.b64decode(piece["data"]) for piece in pieces) == base64.b64decode(older["data"])
    assert base64.b64decode(whole["data"]).endswith(base64.b64decode(older["data"]))


@pytest.mark.parametrize(
    ("name", "more", "reason"),
    [
        ("sim-small", {}, "STOP"),
        ("sim-small", {"generationConfig": {"maxOutputTokens": 3}}, "MAX_TOKENS"),
        ("sim-small", {"generationConfig": {"stopSequences": ["answer"]}}, "STOP"),
        ("sim-filtered-late", {}, "SAFETY"),
        ("sim-small", {"tools": _TOOLS}, "STOP"),
    ],
)
def test_why_it_stopped(client: httpx.Client, name: str, more: dict[str, Any], reason: str) -> None:
    assert generate(client, name, **more)["candidates"][0]["finishReason"] == reason
    assert streamed(client, name, **more)[-1]["candidates"][0]["finishReason"] == reason


def test_a_blocked_prompt_has_no_candidates(client: httpx.Client) -> None:
    answer = generate(client, "sim-refuses")
    assert answer["promptFeedback"] == {"blockReason": "SAFETY"}
    assert "candidates" not in answer
    assert [chunk["promptFeedback"] for chunk in streamed(client, "sim-refuses")] == [{"blockReason": "SAFETY"}]


def test_candidates_and_structured_output(client: httpx.Client) -> None:
    schema = {"responseMimeType": "application/json", "responseSchema": {**_SCHEMA}, "candidateCount": 2}
    candidates = generate(client, generationConfig=schema)["candidates"]
    assert [candidate["index"] for candidate in candidates] == [0, 1]
    assert json.loads(candidates[1]["content"]["parts"][0]["text"]) == {"city": "simulated"}


def test_embeddings_and_counts(client: httpx.Client) -> None:
    content = {"parts": [{"text": "hello"}]}
    one = client.post("/models/sim-embed:embedContent", json={"content": content, "outputDimensionality": 8}).json()
    assert len(one["embedding"]["values"]) == 8
    requests = [{"model": "models/sim-embed", "content": content, "outputDimensionality": 8}] * 2
    batch = client.post("/models/sim-embed:batchEmbedContents", json={"requests": requests}).json()
    assert batch["embeddings"] == [one["embedding"]] * 2
    wrong = [{**requests[0], "model": "models/other"}]
    assert client.post("/models/sim-embed:batchEmbedContents", json={"requests": wrong}).status_code == 400
    counted = client.post("/models/sim-small:countTokens", json={"contents": [_USER]}).json()
    assert counted["totalTokens"] == generate(client)["usageMetadata"]["promptTokenCount"]
    wrapped = {"generateContentRequest": {"model": "models/sim-small", "contents": [_USER]}}
    assert client.post("/models/sim-small:countTokens", json=wrapped).json() == counted
    whole = {**wrapped["generateContentRequest"], "systemInstruction": {"parts": [{"text": "Be brief."}]}}
    instructed = client.post("/models/sim-small:countTokens", json={"generateContentRequest": whole}).json()
    assert instructed["totalTokens"] > counted["totalTokens"]


@pytest.mark.parametrize(
    ("name", "status", "word"),
    [
        ("sim-error-429", 429, "RESOURCE_EXHAUSTED"),
        ("sim-error-503", 503, "UNAVAILABLE"),
        ("sim-error-500", 500, "INTERNAL"),
        ("sim-context", 400, "INVALID_ARGUMENT"),
    ],
)
def test_scripted_errors_have_its_shape(client: httpx.Client, name: str, status: int, word: str) -> None:
    error = generate(client, name, status)["error"]
    assert (error["code"], error["status"]) == (status, word)


def test_scripted_streams_break_as_they_should(client: httpx.Client) -> None:
    assert streamed(client, "sim-error-in-stream")[-1]["error"]["status"] == "UNAVAILABLE"
    for name in ("sim-cut", "sim-no-done"):
        assert not any("finishReason" in chunk["candidates"][0] for chunk in streamed(client, name))
    assert not any("usageMetadata" in chunk for chunk in streamed(client, "sim-no-usage"))


def test_models_come_in_pages_with_what_they_can_do(client: httpx.Client) -> None:
    whole = client.get("/models").json()["models"]
    page = client.get("/models?pageSize=3").json()
    found = list(page["models"])
    while "nextPageToken" in page:
        page = client.get("/models", params={"pageSize": 3, "pageToken": page["nextPageToken"]}).json()
        found += page["models"]
    assert found == whole
    methods = {entry["name"]: entry["supportedGenerationMethods"] for entry in whole}
    assert methods["models/sim-embed"] == ["embedContent", "batchEmbedContents"]
    assert client.get("/models/sim-small").json()["name"] == "models/sim-small"
    assert client.get("/nowhere").json()["error"]["status"] == "NOT_FOUND"
    assert client.post("/models/sim-small:fly", json={}).status_code == 404
