// The official OpenAI SDK for Node against GATEWAY_URL with GATEWAY_KEY: one JSON line with what was seen.
import OpenAI, { toFile } from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";

const client = new OpenAI({ baseURL: process.env.GATEWAY_URL, apiKey: process.env.GATEWAY_KEY, maxRetries: 0 });
const messages = [{ role: "user", content: "Use the tool get_weather, please." }];
const tools = [
  {
    type: "function",
    function: {
      name: "get_weather",
      parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    },
  },
];
const seen = {};

const whole = await client.chat.completions.create({ model: "sim-small", messages });
seen.chat = whole.choices[0].message.content;
seen.requestId = Boolean(whole._request_id);

let text = "";
let usage = null;
let finish = null;
for await (const chunk of await client.chat.completions.create({ model: "sim-small", messages, stream: true })) {
  text += chunk.choices[0]?.delta?.content ?? "";
  finish = chunk.choices[0]?.finish_reason ?? finish;
  usage = chunk.usage ?? usage;
}
seen.stream = { text, usage, finish };

const counted = await client.chat.completions.create({
  model: "sim-small", messages, stream: true, stream_options: { include_usage: true },
});
for await (const chunk of counted) seen.countedUsage = chunk.usage ?? seen.countedUsage ?? null;
seen.wholeUsage = whole.usage;

const called = await client.chat.completions.create({ model: "sim-small", messages, tools, tool_choice: "required" });
seen.tool = called.choices[0].message.tool_calls[0].function;

const Weather = z.object({ city: z.string(), days: z.number(), windy: z.boolean() });
const parsed = await client.chat.completions.parse({
  model: "sim-small", messages, response_format: zodResponseFormat(Weather, "weather"),
});
seen.parsed = parsed.choices[0].message.parsed;

const embedded = await client.embeddings.create({ model: "sim-embed", input: ["a", "b"], dimensions: 32 });
seen.embeddings = embedded.data.map((item) => item.embedding.length);

seen.models = [];
for await (const model of client.models.list()) seen.models.push(model.id);

const answer = await client.responses.create({ model: "sim-small", input: "hello" });
seen.responses = answer.output_text;

const said = await client.audio.transcriptions.create({
  model: "sim-transcribe", file: await toFile(Buffer.alloc(100_000), "a.wav"),
});
seen.transcription = said.text;

const errorOf = async (call) => {
  try {
    await call();
    return null;
  } catch (error) {
    return { name: error.constructor.name, status: error.status ?? null, code: error.code ?? null };
  }
};
seen.errors = {};
for (const model of ["no-such-model", "secret-model", "sim-error-400", "sim-error-429", "sim-error-500"]) {
  seen.errors[model] = await errorOf(() => client.chat.completions.create({ model, messages }));
}
const stranger = new OpenAI({ baseURL: process.env.GATEWAY_URL, apiKey: "sk-wrong", maxRetries: 0 });
seen.errors.key = await errorOf(() => stranger.chat.completions.create({ model: "sim-small", messages }));
seen.errors.broken = await errorOf(async () => {
  for await (const _ of await client.chat.completions.create({ model: "sim-cut", messages, stream: true }));
});

const left = await client.chat.completions.create({ model: "sim-slow-chunks-50ms-tokens-200", messages, stream: true });
let chunks = 0;
for await (const _ of left) {
  if (++chunks === 3) left.controller.abort();
}
seen.abort = chunks;
const abort = new AbortController();
const waiting = client.chat.completions.create({ model: "sim-slow-first-5000ms", messages }, { signal: abort.signal });
setTimeout(() => abort.abort(), 100);
seen.errors.abort = await errorOf(() => waiting);

const retried = await client.chat.completions.create({ model: "sim-flaky-2-node", messages }, { maxRetries: 2 });
seen.retried = retried.choices.length;

console.log(JSON.stringify(seen));
