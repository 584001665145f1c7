// The official Anthropic SDK for Node against GATEWAY_URL with GATEWAY_KEY: one JSON line with what was seen.
import Anthropic from "@anthropic-ai/sdk";

const baseURL = process.env.GATEWAY_URL.replace(/\/v1$/, "");
const client = new Anthropic({ baseURL, apiKey: process.env.GATEWAY_KEY, maxRetries: 0 });
const messages = [{ role: "user", content: "Hello." }];
const seen = {};

const whole = await client.messages.create({ model: "sim-small", max_tokens: 50, messages });
seen.message = whole.content[0].text;
seen.usage = whole.usage;

const stream = client.messages.stream({ model: "sim-small", max_tokens: 50, messages });
const final = await stream.finalMessage();
seen.streamed = final.content[0].text;
seen.streamedUsage = final.usage;

seen.counted = (await client.messages.countTokens({ model: "sim-small", messages })).input_tokens;
seen.models = [];
for await (const model of client.models.list()) seen.models.push(model.id);

seen.errors = {};
for (const model of ["no-such-model", "secret-model", "sim-error-429"]) {
  try {
    await client.messages.create({ model, max_tokens: 5, messages });
  } catch (error) {
    seen.errors[model] = { name: error.constructor.name, status: error.status, id: Boolean(error.requestID) };
  }
}
console.log(JSON.stringify(seen));
