// One turn with Vercel's AI SDK as it comes: its own retries, its own limits.
//
// Usage: ai_sdk.mjs responses|chat|messages BASE_URL KEY PROMPT. Prints the text of the answer as it arrives; any error of
// the SDK is its own. The model may have the files of the working folder listed.

import { readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const { jsonSchema, stepCountIs, streamText, tool } = await load('ai');
const { createOpenAI } = await load('@ai-sdk/openai');
const { createAnthropic } = await load('@ai-sdk/anthropic');

const [way, baseURL, apiKey, prompt] = process.argv.slice(2);
const options = { baseURL, apiKey };
const models = {
  responses: () => createOpenAI(options).responses('sim-model'),
  chat: () => createOpenAI(options).chat('sim-model'),
  messages: () => createAnthropic(options)('sim-model'),
};

const list_files = tool({
  description: 'Lists the files of the working folder.',
  inputSchema: jsonSchema({ type: 'object', properties: {} }),
  execute: () => readdirSync('.').sort().join('\n'),
});
// Otherwise it refers to what it was told before by ids, which only who has said it can look up.
const providerOptions = { openai: { store: false } };
const ask = { model: models[way](), prompt, tools: { list_files }, stopWhen: stepCountIs(3), providerOptions };
const result = streamText(ask);
for await (const part of result.fullStream) {
  if (part.type === 'text-delta') process.stdout.write(part.text);
  if (part.type === 'error') throw part.error;
}
// The SDK takes the end of the stream for the end of the answer, for want of a reason.
const reason = await result.finishReason;
if (!['stop', 'tool-calls'].includes(reason)) throw new Error(`the answer finished for the reason ${reason}`);

async function load(name) {
  const require = (await import('node:module')).createRequire(new URL('../.cache/clients/', import.meta.url));
  return import(pathToFileURL(require.resolve(name)));
}
