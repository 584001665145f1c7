"""What is asked of Bedrock: taken by a simulation that is strict, and what cannot be said is refused by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from tests.gateway.dialects.transcripts import Scenario, scenarios

from control_layer.gateway.dialects.anthropic import ANTHROPIC
from control_layer.gateway.dialects.bedrock import BEDROCK
from control_layer.gateway.dialects.conversation import (
    Audio,
    Conversation,
    Document,
    Image,
    Message,
    Part,
    Reasoning,
    ResponseFormat,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from control_layer.gateway.dialects.dialect import ClientDialect, Unsupported
from control_layer.gateway.dialects.openai_chat import OPENAI_CHAT
from control_layer.gateway.dialects.openai_responses import OPENAI_RESPONSES
from control_layer.simulator.bedrock.checks import check, parsed, signature
from control_layer.simulator.bedrock.schema import ConverseRequest

CLAUDE, OLD, NOVA, LLAMA = (
    "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic.claude-3-haiku-20240307-v1:0", "amazon.nova-pro-v1:0",
    "meta.llama4-maverick-17b-instruct-v1:0",
)  # fmt: skip
GPT, NOVA_2 = "openai.gpt-oss-120b-1:0", "us.amazon.nova-2-lite-v1:0"
CLIENTS: dict[str, ClientDialect] = {
    "anthropic": ANTHROPIC,
    "openai_chat": OPENAI_CHAT,
    "openai_responses": OPENAI_RESPONSES,
}
ASKED = [(name, scenario) for name in CLIENTS for scenario in scenarios(name, "request.json")]
HELLO = (Message("user", (Text("Hello."),)),)
TOOL = Tool("get_weather", "The weather.", msgspec.Raw(b'{"type":"object","properties":{}}'))
CALLED = (
    *HELLO,
    Message("assistant", (ToolCall("call 1", "get_weather", '{"city": "Oslo"}'),)),
    Message("tool", (ToolResult("call 1", (Text("rain"),), is_error=True),)),
)
WENT_WELL = (*CALLED[:2], Message("tool", (ToolResult("call 1", (Text("rain"),)),)))


@dataclass(slots=True)
class Sent:
    path: str
    body: Any
    dropped: tuple[str, ...]


def sent(asked: Conversation, model: str = CLAUDE, *, lenient: bool = False) -> Sent:
    """What Bedrock gets, which the simulation takes."""
    outgoing = BEDROCK.write_request(asked, model, lenient=lenient)
    body = msgspec.json.decode(outgoing.body)
    check(parsed(_ours(body), ConverseRequest))
    return Sent(outgoing.path, body, outgoing.dropped)


def _ours(body: Any) -> Any:
    """With thoughts that the simulation has thought."""
    if isinstance(body, dict):
        if "signature" in body:
            return body | {"signature": signature(body["text"])}
        return {name: _ours(value) for name, value in body.items()}
    return [_ours(each) for each in body] if isinstance(body, list) else body


def talk(*parts: Part, **more: Any) -> Conversation:
    return Conversation(messages=(Message("user", parts),), **more)


@pytest.mark.parametrize("model", [CLAUDE, OLD, NOVA, NOVA_2, LLAMA, GPT])
@pytest.mark.parametrize(("name", "scenario"), ASKED, ids=lambda value: getattr(value, "name", value))
def test_what_any_client_says_can_be_said_to_bedrock(name: str, scenario: Scenario, model: str) -> None:
    asked = CLIENTS[name].read_request(scenario.bytes("request.json"))
    body = sent(asked, model, lenient=True).body
    tools = [tool["toolSpec"]["name"] for tool in body.get("toolConfig", {}).get("tools", ()) if "toolSpec" in tool]
    assert tools == [tool.name for tool in asked.tools]


def test_a_request_names_its_model_in_its_path() -> None:
    arn = "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-5-v1:0"
    escaped = (
        "/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A123456789012%3Ainference-profile%2F"
        "eu.anthropic.claude-sonnet-4-5-v1%3A0/converse-stream"
    )
    assert sent(talk(Text("Hello."), stream=True), arn).path == escaped
    assert sent(talk(Text("Hello.")), NOVA).path == "/model/amazon.nova-pro-v1%3A0/converse"


def test_all_that_converse_has_words_for() -> None:
    asked = Conversation(
        messages=(
            Message("system", (Text("Be brief.", cache="1h"),)), *HELLO, Message("developer", (Text("Please."),)),
        ),
        max_output_tokens=100, temperature=1.5, top_k=7, stop=("END",), service_tier="flex", tools=(TOOL,),
        tool_choice=ToolChoice("named", "get_weather"), user="me",
    )  # fmt: skip
    assert sent(asked, CLAUDE).dropped == ("user",)
    assert sent(asked, CLAUDE).body == {
        "messages": [{"role": "user", "content": [{"text": "Hello."}]}],
        "system": [{"text": "Be brief."}, {"cachePoint": {"type": "default", "ttl": "1h"}}, {"text": "Please."}],
        "inferenceConfig": {"maxTokens": 100, "temperature": 1.0, "stopSequences": ["END"]},
        "toolConfig": {
            "tools": [
                {
                    "toolSpec": {
                        "name": "get_weather",
                        "description": "The weather.",
                        "inputSchema": {"json": {"type": "object", "properties": {}}},
                    }
                }
            ],
            "toolChoice": {"tool": {"name": "get_weather"}},
        },
        "additionalModelRequestFields": {"top_k": 7},
        "additionalModelResponseFieldPaths": ["/stop_sequence", "/delta/stop_sequence"],
        "serviceTier": {"type": "flex"},
    }


def test_calls_and_results_keep_belonging_together() -> None:
    call, result = sent(Conversation(messages=CALLED, tools=(TOOL,))).body["messages"][1:]
    (used,), (got,) = call["content"], result["content"]
    assert used["toolUse"]["toolUseId"] == got["toolResult"]["toolUseId"] != "call 1"
    assert used["toolUse"]["input"] == {"city": "Oslo"}
    assert got["toolResult"] | {"toolUseId": ""} == {"toolUseId": "", "content": [{"text": "rain"}], "status": "error"}


def test_that_a_tool_failed_is_said_to_models_that_take_it() -> None:
    for model, dropped in ((CLAUDE, ()), (NOVA, ()), (LLAMA, ("tool_result.is_error",))):
        asked = sent(Conversation(messages=CALLED, tools=(TOOL,)), model)
        (got,) = asked.body["messages"][2]["content"]
        assert (got["toolResult"].get("status"), asked.dropped) == (None if dropped else "error", dropped)


def test_results_come_first_with_their_marks() -> None:
    results = Message("user", (Text("So?"), ToolResult("call 1", (Text("rain"),), cache="5m")))
    blocks = sent(Conversation(messages=(*CALLED[:2], results), tools=(TOOL,))).body["messages"][2]["content"]
    assert [next(iter(block)) for block in blocks] == ["toolResult", "cachePoint", "text"]


def test_tools_that_were_called_are_said_though_the_client_does_not() -> None:
    spec = sent(Conversation(messages=CALLED)).body["toolConfig"]["tools"][0]["toolSpec"]
    assert (spec["name"], spec["inputSchema"]["json"]) == ("get_weather", {"type": "object"})


@pytest.mark.parametrize(
    ("choice", "single", "said"),
    [
        (ToolChoice("none"), None, {"type": "none"}),
        (ToolChoice("required"), False, {"type": "any", "disable_parallel_tool_use": True}),
        (ToolChoice("named", "get_weather"), False,
         {"type": "tool", "name": "get_weather", "disable_parallel_tool_use": True}),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
    ],
)  # fmt: skip
def test_claude_is_told_in_its_own_words_what_converse_cannot_say(
    choice: ToolChoice | None, single: bool | None, said: dict[str, Any]
) -> None:
    asked = Conversation(messages=CALLED, tools=(TOOL,), tool_choice=choice, parallel_tool_calls=single)
    body = sent(asked).body
    assert body["additionalModelRequestFields"] == {"tool_choice": said}
    assert "toolChoice" not in body["toolConfig"]


@pytest.mark.parametrize("model", [LLAMA, OLD])
def test_of_a_model_that_cannot_be_told_only_the_first_call_counts(model: str) -> None:
    asked = talk(Text("x"), tools=(TOOL,), parallel_tool_calls=False)
    assert BEDROCK.write_request(asked, model, lenient=False).first_call_only


def test_calls_whose_thoughts_were_lost_are_gone_on_from_without_thinking() -> None:
    asked = Conversation(messages=CALLED, tools=(TOOL,), reasoning=Reasoning(effort="high"))
    outgoing = BEDROCK.write_request(asked, CLAUDE, lenient=False)
    assert outgoing.dropped == ("reasoning_effort",)
    assert b'"thinking"' not in outgoing.body


def test_a_schema_of_arguments_has_a_type() -> None:
    bare = msgspec.structs.replace(TOOL, parameters=msgspec.Raw(b'{"properties":{"a":{}}}'))
    spec = sent(talk(Text("Hello."), tools=(bare,))).body["toolConfig"]["tools"][0]["toolSpec"]
    assert spec["inputSchema"]["json"] == {"type": "object", "properties": {"a": {}}}


def test_an_empty_stop_sequence_is_none() -> None:
    assert sent(talk(Text("Hello."), stop=("", "END"))).body["inferenceConfig"] == {"stopSequences": ["END"]}


def test_no_tools_are_said_where_none_may_be_called() -> None:
    assert "toolConfig" not in sent(talk(Text("Hello."), tools=(TOOL,), tool_choice=ToolChoice("none")), LLAMA).body


def test_how_much_to_think_is_said_as_each_family_wants_it() -> None:
    def said(model: str, reasoning: Reasoning, **more: Any) -> Any:
        return sent(talk(Text("Hello."), reasoning=reasoning, **more), model).body

    manual = said(CLAUDE, Reasoning(effort="low"))
    assert manual["additionalModelRequestFields"] == {"thinking": {"type": "enabled", "budget_tokens": 2048}}
    assert manual["inferenceConfig"]["maxTokens"] > 2048
    adaptive = said("global.anthropic.claude-opus-4-6-v1", Reasoning(effort="max"))
    assert adaptive["outputConfig"] == {"effort": "max"}
    assert adaptive["additionalModelRequestFields"]["thinking"]["type"] == "adaptive"
    assert said(GPT, Reasoning(effort="minimal"))["additionalModelRequestFields"] == {"reasoning_effort": "low"}
    assert "additionalModelRequestFields" not in said(LLAMA, Reasoning(enabled=False))


@pytest.mark.parametrize(
    ("reasoning", "more", "effort"),
    [
        (Reasoning(effort="minimal"), {}, "low"),
        (Reasoning(effort="medium"), {"max_output_tokens": 100, "temperature": 0.5, "top_k": 3}, "medium"),
        (Reasoning(effort="xhigh"), {}, "high"),
        (Reasoning(effort="high"), {"max_output_tokens": 100}, "medium"),
        (Reasoning(effort="high"), {"top_k": 3}, "medium"),
        (Reasoning(), {}, "medium"),
        (Reasoning(budget=1024), {"max_output_tokens": 2000}, "low"),
    ],
)
def test_a_nova_thinks_as_much_as_it_may_beside_the_rest(
    reasoning: Reasoning, more: dict[str, Any], effort: str
) -> None:
    fields = sent(talk(Text("Hello."), reasoning=reasoning, **more), NOVA_2).body["additionalModelRequestFields"]
    assert fields["reasoningConfig"] == {"type": "enabled", "maxReasoningEffort": effort}
    unthinking = sent(talk(Text("Hello."), reasoning=Reasoning(enabled=False)), NOVA_2)
    assert "additionalModelRequestFields" not in unthinking.body
    with pytest.raises(Unsupported, match="how much to think"):
        BEDROCK.write_request(talk(Text("Hello."), reasoning=reasoning, **more), NOVA, lenient=False)


def test_nova_takes_top_k_in_its_own_words() -> None:
    body = sent(talk(Text("Hello."), top_k=5), NOVA).body
    assert body["additionalModelRequestFields"] == {"inferenceConfig": {"topK": 5}}


def test_marks_for_caching_are_for_models_that_cache() -> None:
    marked = talk(Text("Hello.", cache="5m"), tools=(msgspec.structs.replace(TOOL, cache="5m"),))
    assert "cachePoint" in str(sent(marked, CLAUDE).body["toolConfig"])
    nova = sent(marked, NOVA).body
    assert "cachePoint" in str(nova["messages"])
    assert "cachePoint" not in str(nova["toolConfig"])
    assert "cachePoint" not in str(sent(marked, LLAMA).body)


def test_pictures_and_documents() -> None:
    blocks = sent(
        talk(
            Image("image/jpeg", "/9j/"), Image(url="s3://bucket/a.png"),
            Document("application/pdf", "JVBERi0=", name="a/b.pdf"), Document(text="Grass.", name="a b"),
            Document(url="s3://bucket/c.docx", name="..", citations=True), Audio("wav", "UklGRg=="), Text("So?"),
        ),
        NOVA,
    ).body["messages"][0]["content"]  # fmt: skip
    assert blocks == [
        {"image": {"format": "jpeg", "source": {"bytes": "/9j/"}}},
        {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://bucket/a.png"}}}},
        {"document": {"format": "pdf", "name": "a b", "source": {"bytes": "JVBERi0="}}},
        {"document": {"format": "txt", "name": "a b 2", "source": {"bytes": "R3Jhc3Mu"}}},
        {
            "document": {
                "format": "docx",
                "name": "document",
                "source": {"s3Location": {"uri": "s3://bucket/c.docx"}},
                "citations": {"enabled": True},
            }
        },
        {"audio": {"format": "wav", "source": {"bytes": "UklGRg=="}}},
        {"text": "So?"},
    ]


def test_documents_alone_have_a_text_before_them() -> None:
    page, picture = Document("application/pdf", "JVBERi0=", name="a", cache="5m"), Image("image/png", "iVBORw==")
    alone = sent(talk(picture, page)).body["messages"][0]["content"]
    assert [next(iter(block)) for block in alone] == ["image", "text", "document", "cachePoint"]
    result = Message("user", (ToolResult("call 1", (Text("rain"),)), page))
    behind = sent(Conversation(messages=(*CALLED[:2], result), tools=(TOOL,))).body["messages"][2]["content"]
    assert [next(iter(block)) for block in behind] == ["toolResult", "text", "document", "cachePoint"]


def test_thoughts_go_back_with_their_signatures_only() -> None:
    thought = (Thinking("So.", "sig"), Thinking("", sealed="c2VhbGVk"), Thinking("Unsigned."), Text("Then.  "))
    said = sent(Conversation(messages=(*HELLO, Message("assistant", thought)))).body["messages"][1]["content"]
    assert said == [
        {"reasoningContent": {"reasoningText": {"text": "So.", "signature": "sig"}}},
        {"reasoningContent": {"redactedContent": "c2VhbGVk"}},
        {"text": "Then."},
    ]


def test_a_schema_is_a_text() -> None:
    wanted = ResponseFormat("json_schema", msgspec.Raw(b'{"type":"object","properties":{"a":{"type":"integer"}}}'), "n")
    found = sent(talk(Text("Hello."), response_format=wanted)).body["outputConfig"]["textFormat"]["structure"]
    assert found["jsonSchema"]["name"] == "n"
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": False}
    assert msgspec.json.decode(found["jsonSchema"]["schema"]) == schema
    lenient = sent(talk(Text("Hello."), response_format=wanted), OLD, lenient=True)
    assert "JSON schema" in lenient.body["system"][0]["text"]
    assert lenient.dropped == ("response_format",)


@pytest.mark.parametrize(
    ("asked", "model", "parameter"),
    [
        (talk(Text("x"), choices=2), CLAUDE, "n"),
        (talk(Text("x"), seed=7), CLAUDE, "seed"),
        (talk(Text("x"), logprobs=0), CLAUDE, "logprobs"),
        (talk(Text("x"), presence_penalty=0.5), CLAUDE, "presence_penalty"),
        (talk(Text("x"), frequency_penalty=0.5), CLAUDE, "frequency_penalty"),
        (talk(Text("x"), logit_bias=msgspec.Raw(b'{"1":2}')), CLAUDE, "logit_bias"),
        (talk(Text("x"), audio_output=msgspec.Raw(b"{}")), CLAUDE, "audio"),
        (talk(Text("x"), others=(("web_search_options", msgspec.Raw(b"{}")),)), CLAUDE, "web_search_options"),
        (talk(Text("x"), service_tier="scale"), CLAUDE, "service_tier"),
        (talk(Text("x"), stop=("\n",)), CLAUDE, "stop"),
        (talk(Text("x"), top_k=3), LLAMA, "top_k"),
        (talk(Text("x"), reasoning=Reasoning(effort="low")), LLAMA, "reasoning_effort"),
        (Conversation(messages=WENT_WELL, tools=(TOOL,), tool_choice=ToolChoice("none")), LLAMA, "tool_choice"),
        (talk(Image(url="https://example.org/a.png"), Text("x")), CLAUDE, "messages[0].content[0]"),
        (talk(Text("x"), Image(file_id="file-1")), CLAUDE, "messages[0].content[1]"),
        (talk(Text("x"), Image("image/tiff", "SUkq")), CLAUDE, "messages[0].content[1]"),
        (talk(Text("x"), Document("application/zip", "UEs=")), CLAUDE, "messages[0].content[1]"),
        (talk(Text("x"), Audio("g711", "AA==")), CLAUDE, "messages[0].content[1]"),
    ],
)
def test_what_cannot_be_said_is_refused_by_name_or_left_out(asked: Conversation, model: str, parameter: str) -> None:
    with pytest.raises(Unsupported) as refused:
        BEDROCK.write_request(asked, model, lenient=False)
    assert refused.value.parameter == parameter
    assert sent(asked, model, lenient=True).dropped == (parameter,)
