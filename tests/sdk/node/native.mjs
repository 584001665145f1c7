// The official SDKs for Node directly on the simulated native APIs of SIMULATOR_URL: one JSON line with what was seen.
import Anthropic from "@anthropic-ai/sdk";
import { AzureOpenAI } from "openai";

const root = process.env.SIMULATOR_URL;
const apiKey = process.env.SIMULATOR_KEY;
const prompt = [{ role: "user", content: "Use the tool get_weather, please." }];
const seen = {};

const anthropic = new Anthropic({ baseURL: `${root}/anthropic`, apiKey, maxRetries: 0 });
const tools = [{ name: "get_weather", input_schema: { type: "object", properties: { city: { type: "string" } } } }];
const asked = {
  model: "sim-small", max_tokens: 4000, tools, thinking: { type: "enabled", budget_tokens: 1024 }, messages: prompt,
};
const whole = await anthropic.messages.create(asked);
const streamed = await anthropic.messages.stream(asked).finalMessage();
seen.blocks = whole.content;
seen.streamed = streamed.content;
seen.usage = [whole.usage.output_tokens, streamed.usage.output_tokens];
const call = whole.content.find((block) => block.type === "tool_use");
const result = { type: "tool_result", tool_use_id: call.id, content: "rain" };
const messages = [...prompt, { role: "assistant", content: whole.content }, { role: "user", content: [result] }];
seen.answer = (await anthropic.messages.create({ ...asked, messages })).content.at(-1).text;
seen.counted = (await anthropic.messages.countTokens({ model: "sim-small", messages: prompt })).input_tokens;
seen.models = [];
for await (const model of anthropic.models.list({ limit: 3 })) seen.models.push(model.id);
try {
  await anthropic.messages.create({ ...asked, messages: messages.slice(0, 2) });
} catch (error) {
  seen.error = { name: error.constructor.name, type: error.error.error.type, id: Boolean(error.requestID) };
}

const azure = new AzureOpenAI({ endpoint: `${root}/azure`, apiKey, apiVersion: "2024-10-21", maxRetries: 0 });
seen.azure = (await azure.chat.completions.create({ model: "sim-small", messages: prompt })).choices[0].message.content;
seen.azureStreamed = "";
const chunks = await azure.chat.completions.create({ model: "sim-small", messages: prompt, stream: true });
for await (const chunk of chunks) seen.azureStreamed += chunk.choices[0]?.delta?.content ?? "";
console.log(JSON.stringify(seen));
