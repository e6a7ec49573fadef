// One turn with the official OpenAI SDK for Node as it comes: its own retries, its own limits.
//
// Usage: openai_sdk.mjs responses|websocket|chat BASE_URL KEY PROMPT. Prints the text of the answer as it arrives; any
// error of the SDK is its own.

import { createRequire } from 'node:module';

const require = createRequire(new URL('../.cache/clients/', import.meta.url));
const OpenAI = require('openai').default;
const { ResponsesWS } = require('openai/resources/responses/ws');

const model = 'sim-model';

const ways = {
  async responses(client, input) {
    const stream = client.responses.stream({ model, input });
    stream.on('response.output_text.delta', (event) => tell(event.delta));
    await stream.finalResponse();
  },

  async websocket(client, input) {
    const socket = new ResponsesWS(client);
    await new Promise((resolve, reject) => {
      socket.on('response.output_text.delta', (event) => tell(event.delta));
      socket.on('response.completed', resolve);
      socket.on('response.failed', (event) => reject(new Error(JSON.stringify(event))));
      socket.on('error', reject);
      socket.socket.on('close', (code) => reject(new Error(`the connection ended with ${code}`)));
      // The SDK keeps what is sent before the connection is there.
      socket.send({ type: 'response.create', model, input });
    });
    socket.close();
  },

  async chat(client, content) {
    const stream = await client.chat.completions.create({ model, messages: [{ role: 'user', content }], stream: true });
    let finished;
    for await (const chunk of stream) {
      tell(chunk.choices[0]?.delta.content ?? '');
      finished = chunk.choices[0]?.finish_reason ?? finished;
    }
    // The SDK takes the end of the stream for the end of the answer.
    if (!finished) throw new Error('the stream ended without a finish_reason');
  },
};

function tell(text) {
  process.stdout.write(text);
}

const [way, baseURL, apiKey, prompt] = process.argv.slice(2);
await ways[way](new OpenAI({ baseURL, apiKey }), prompt);
