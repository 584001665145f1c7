// Vercel's AI SDK against GATEWAY_URL, with each of its providers on models of another one: one JSON line with what was
// seen.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateObject, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

globalThis.AI_SDK_LOG_WARNINGS = false;
const baseURL = process.env.GATEWAY_URL;
const apiKey = process.env.GATEWAY_KEY;
const openai = createOpenAI({ baseURL, apiKey });
const compatible = createOpenAICompatible({
  name: "control-layer", baseURL, apiKey, includeUsage: true, supportsStructuredOutputs: true,
});
const anthropic = createAnthropic({ baseURL: baseURL.replace(/\/v1$/, "/anthropic/v1"), apiKey });

const tools = {
  get_weather: tool({
    description: "Tells the weather of a city.",
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => `rain in ${city}`,
  }),
};

const reasoning = {
  anthropic: { thinking: { type: "enabled", budgetTokens: 2000 } },
  openai: {
    reasoningEffort: "low", reasoningSummary: "auto", store: false, include: ["reasoning.encrypted_content"],
    forceReasoning: true,
  },
  "control-layer": { reasoningEffort: "low" },
};

const errorOf = async (call) => {
  try {
    await call();
    return null;
  } catch (error) {
    return [error.name, error.statusCode ?? null];
  }
};

const look = async (client, name) => {
  const usages = [];
  const settings = { maxRetries: 0, onError: () => {} };
  const ask = async (model, prompt, more) => {
    const answer = await generateText({ model: client(model), prompt, ...settings, ...more });
    usages.push(...answer.steps.map((step) => step.usage));
    return answer;
  };
  const stream = async (model, prompt, more) => {
    const answer = streamText({ model: client(model), prompt, ...settings, ...more });
    let text = "";
    for await (const part of answer.fullStream) {
      if (part.type === "text-delta") text += part.text;
      if (part.type === "error") throw part.error;
    }
    const steps = await answer.steps;
    usages.push(...steps.map((step) => step.usage));
    return { text, steps };
  };
  const callsOf = (steps) => steps[0].toolCalls.map((call) => [call.toolName, call.input]);

  const whole = await ask(name, "Say something.");
  const streamed = await stream(name, "Say something.");
  const loop = { tools, stopWhen: stepCountIs(5) };
  const called = await ask(`${name}-calls-2`, "Use the tool get_weather, please.", loop);
  const calledInStream = await stream(`${name}-calls-2`, "Use the tool get_weather, please.", loop);
  const reasoned = await ask(`${name}-reasoning`, "Use the tool get_weather, please.", {
    ...loop, maxOutputTokens: 5000, providerOptions: reasoning,
  });
  const schema = z.object({ city: z.string(), days: z.number() });
  const structured = await generateObject({ model: client(name), prompt: "Which weather?", schema, maxRetries: 0 });
  usages.push(structured.usage);
  return {
    text: whole.text,
    streamed: streamed.text,
    calls: callsOf(called.steps),
    streamedCalls: callsOf(calledInStream.steps),
    answer: called.text,
    reasoned: reasoned.steps.map((step) => [step.finishReason, Boolean(step.text)]),
    structured: structured.object,
    errors: {
      absent: await errorOf(() => ask("no-such-model", "hello")),
      limited: await errorOf(() => ask(`${name}-error-429`, "hello")),
      broken: await errorOf(() => stream(`${name}-error-in-stream`, "hello")),
    },
    usage: usages.map((usage) => [usage.inputTokens, usage.outputTokens]),
  };
};

const seen = {};
const see = async (kind, client, names) => {
  seen[kind] = {};
  for (const name of names) seen[kind][name] = await look(client, name);
};
await see("openai, Responses", openai, ["claude", "gemini", "ollama"]);
await see("openai, chat completions", openai.chat, ["claude", "gemini", "ollama"]);
await see("openai-compatible", compatible, ["claude", "gemini"]);
await see("anthropic", anthropic, ["gpt", "gemini"]);
console.log(JSON.stringify(seen));
