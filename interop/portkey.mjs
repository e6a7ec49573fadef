// Portkey's gateway on a free port of this machine, until standard input ends. Requests name their backend in headers.
//
// Usage: node portkey.mjs. It says only which port it was told, so one is looked for and waited for here.

import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { pathToFileURL } from 'node:url';

const require = createRequire(new URL('./.cache/gateways/', import.meta.url));
const entry = require.resolve('@portkey-ai/gateway/build/start-server.js');

const port = await new Promise((resolve) => {
  const looking = createServer().listen(0, '127.0.0.1', () => {
    const { port } = looking.address();
    looking.close(() => resolve(port));
  });
});

// The address is the first that is printed: whatever the gateway says goes to standard error.
const say = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);
process.argv = [process.argv[0], entry, `--port=${port}`, '--headless'];
await import(pathToFileURL(entry));

const answers = () =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(socket.destroy() && true));
    socket.on('error', () => resolve(false));
  });
while (!(await answers())) await new Promise((resolve) => setTimeout(resolve, 20));

say(`listening on http://127.0.0.1:${port}/v1\n`);
process.stdin.on('end', () => process.exit(0)).resume();
