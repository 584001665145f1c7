// The official SDKs for Node against GATEWAY_URL, each on models of providers that do not speak its language: one JSON
// line with what was seen.
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const baseURL = process.env.GATEWAY_URL;
const apiKey = process.env.GATEWAY_KEY;
const openai = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: baseURL.replace(/\/v1$/, "/anthropic"), apiKey, maxRetries: 0 });
const say = [{ role: "user", content: "Say something." }];
const weather = [{ role: "user", content: "Use the tool get_weather, please." }];
const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };

const errorOf = async (call) => {
  try {
    await call();
    return null;
  } catch (error) {
    return [error.constructor.name, error.status ?? null];
  }
};

const chatCompletions = async (name) => {
  const tools = [{ type: "function", function: { name: "get_weather", parameters } }];
  const usages = [];
  const ask = async (model, messages, more) => {
    const answer = await openai.chat.completions.create({ model, messages, ...more });
    usages.push(answer.usage);
    return answer.choices[0].message;
  };
  const stream = async (model, messages, more) => {
    const asked = { model, messages, stream: true, stream_options: { include_usage: true }, ...more };
    const answer = await openai.chat.completions.stream(asked).finalChatCompletion();
    usages.push(answer.usage);
    return answer.choices[0].message;
  };
  const callsOf = (message) =>
    message.tool_calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)]);

  const whole = await ask(name, say);
  const streamed = await stream(name, say);
  const called = await ask(`${name}-calls-2`, weather, { tools });
  const calledInStream = await stream(`${name}-calls-2`, weather, { tools });
  const results = called.tool_calls.map((call) => ({ role: "tool", tool_call_id: call.id, content: "rain" }));
  const last = await ask(`${name}-calls-2`, [...weather, called, ...results], { tools });
  return {
    text: whole.content,
    streamed: streamed.content,
    calls: callsOf(called),
    streamedCalls: callsOf(calledInStream),
    answer: last.content,
    errors: {
      absent: await errorOf(() => ask("no-such-model", say)),
      limited: await errorOf(() => ask(`${name}-error-429`, say)),
      context: await errorOf(() => ask(`${name}-context`, say)),
      broken: await errorOf(() => stream(`${name}-error-in-stream`, say)),
    },
    usage: usages.map((usage) => [usage.prompt_tokens, usage.completion_tokens]),
  };
};

const responses = async (name) => {
  const tools = [{ type: "function", name: "get_weather", parameters, strict: false }];
  const usages = [];
  const kept = (answer) => {
    usages.push(answer.usage);
    return answer;
  };
  const ask = async (model, input, more) => kept(await openai.responses.create({ model, input, store: false, ...more }));
  const stream = async (model, input, more) =>
    kept(await openai.responses.stream({ model, input, store: false, ...more }).finalResponse());
  const callsOf = (answer) =>
    answer.output
      .filter((item) => item.type === "function_call")
      .map((item) => [item.name, JSON.parse(item.arguments)]);

  const whole = await ask(name, say);
  const streamed = await stream(name, say);
  const called = await ask(`${name}-calls-2`, weather, { tools });
  const calledInStream = await stream(`${name}-calls-2`, weather, { tools });
  const results = called.output
    .filter((item) => item.type === "function_call")
    .map((item) => ({ type: "function_call_output", call_id: item.call_id, output: "rain" }));
  const last = await ask(`${name}-calls-2`, [...weather, ...called.output, ...results], { tools });
  return {
    text: whole.output_text,
    streamed: streamed.output.map((item) => item.content?.map((part) => part.text).join("") ?? "").join(""),
    calls: callsOf(called),
    streamedCalls: callsOf(calledInStream),
    answer: last.output_text,
    errors: {
      absent: await errorOf(() => ask("no-such-model", say)),
      limited: await errorOf(() => ask(`${name}-error-429`, say)),
      context: await errorOf(() => ask(`${name}-context`, say)),
      broken: await errorOf(() => stream(`${name}-error-in-stream`, say)),
    },
    usage: usages.map((usage) => [usage.input_tokens, usage.output_tokens]),
  };
};

const messages = async (name) => {
  const tools = [{ name: "get_weather", input_schema: parameters }];
  const usages = [];
  const kept = (answer) => {
    usages.push(answer.usage);
    return answer;
  };
  const ask = async (model, turns, more) =>
    kept(await anthropic.messages.create({ model, max_tokens: 500, messages: turns, ...more }));
  const stream = async (model, turns, more) =>
    kept(await anthropic.messages.stream({ model, max_tokens: 500, messages: turns, ...more }).finalMessage());
  const calls = (message) => message.content.filter((block) => block.type === "tool_use");
  const callsOf = (message) => calls(message).map((block) => [block.name, block.input]);

  const whole = await ask(name, say);
  const streamed = await stream(name, say);
  const called = await ask(`${name}-calls-2`, weather, { tools });
  const calledInStream = await stream(`${name}-calls-2`, weather, { tools });
  const results = calls(called).map((call) => ({ type: "tool_result", tool_use_id: call.id, content: "rain" }));
  const turns = [...weather, { role: "assistant", content: called.content }, { role: "user", content: results }];
  const last = await ask(`${name}-calls-2`, turns, { tools });
  return {
    text: whole.content[0].text,
    streamed: streamed.content[0].text,
    calls: callsOf(called),
    streamedCalls: callsOf(calledInStream),
    answer: last.content.at(-1).text,
    errors: {
      absent: await errorOf(() => ask("no-such-model", say)),
      limited: await errorOf(() => ask(`${name}-error-429`, say)),
      context: await errorOf(() => ask(`${name}-context`, say)),
      broken: await errorOf(() => stream(`${name}-error-in-stream`, say)),
    },
    usage: usages.map((usage) => [usage.input_tokens, usage.output_tokens]),
  };
};

const seen = { "chat completions": {}, Responses: {}, Messages: {} };
for (const name of ["claude", "gemini", "ollama"]) seen["chat completions"][name] = await chatCompletions(name);
for (const name of ["claude", "gemini", "ollama"]) seen.Responses[name] = await responses(name);
for (const name of ["gpt", "gemini", "ollama"]) seen.Messages[name] = await messages(name);
console.log(JSON.stringify(seen));
