// One turn with the official OpenAI SDK for Node as it comes: its own retries, its own limits.
//
// Usage: openai_sdk.mjs responses|websocket|chat BASE_URL KEY PROMPT [MORE]. Prints the text of the answer as it arrives;
// any error of the SDK is its own. The model may have the files of the working folder listed. With MORE, members of the
// request in JSON, the SDK repeats nothing.

import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../.cache/clients/', import.meta.url));
const OpenAI = require('openai').default;
const { ResponsesWS } = require('openai/resources/responses/ws');

const model = 'sim-model';
const listFiles = {
  name: 'list_files',
  description: 'Lists the files of the working folder.',
  parameters: { type: 'object', properties: {} },
};
const tools = [{ type: 'function', strict: false, ...listFiles }];

const ways = {
  async responses(client, prompt) {
    let input = [{ role: 'user', content: prompt }];
    for (let results = input; results.length; ) {
      const stream = client.responses.stream({ model, input, tools, ...more });
      stream.on('response.output_text.delta', (event) => tell(event.delta));
      const response = await stream.finalResponse();
      results = outputs(response);
      input = [...input, ...response.output, ...results];
    }
  },

  async websocket(client, prompt) {
    const socket = new ResponsesWS(client);
    socket.on('response.output_text.delta', (event) => tell(event.delta));
    const ask = { type: 'response.create', model, tools, ...more };
    await new Promise((resolve, reject) => {
      socket.on('response.completed', ({ response }) => {
        const input = outputs(response);
        // The socket remembers what came before.
        if (input.length) socket.send({ ...ask, previous_response_id: response.id, input });
        else resolve();
      });
      socket.on('response.failed', (event) => reject(new Error(JSON.stringify(event))));
      socket.on('error', reject);
      socket.socket.on('close', (code) => reject(new Error(`the connection ended with ${code}`)));
      // The SDK keeps what is sent before the connection is there.
      socket.send({ ...ask, input: [{ role: 'user', content: prompt }] });
    });
    socket.close();
  },

  async chat(client, prompt) {
    const runner = client.chat.completions.runTools({
      model,
      stream: true,
      messages: [{ role: 'user', content: prompt }],
      ...more,
      tools: [{ type: 'function', function: { ...listFiles, function: listed, parse: JSON.parse } }],
    });
    runner.on('content', tell);
    // The SDK takes the end of the stream for the end of the answer.
    const { choices } = await runner.finalChatCompletion();
    if (!choices[0]?.finish_reason) throw new Error('the stream ended without a finish_reason');
  },
};

function outputs(response) {
  const calls = response.output.filter((item) => item.type === 'function_call');
  return calls.map(({ call_id }) => ({ type: 'function_call_output', call_id, output: listed() }));
}

function listed() {
  return readdirSync('.').sort().join('\n');
}

function tell(text) {
  process.stdout.write(text);
}

const [way, baseURL, apiKey, prompt, members] = process.argv.slice(2);
const more = JSON.parse(members ?? '{}');
const once = members ? { maxRetries: 0 } : {};
await ways[way](new OpenAI({ baseURL, apiKey, ...once }), prompt);
