// The same backend behind TLS and HTTP/2 as Node speaks it: an HTTP/2 that shares no line with ours.
//
// Usage: node http2_backend.mjs FOLDER, where FOLDER holds cert.pem and key.pem. HTTP/1.1 stays possible, for
// WebSockets, and so that a client which wrongly falls back to it is seen rather than refused.

import { readFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import { join } from 'node:path';

import { run, serveHttp, serveSockets } from './fronts.mjs';

const folder = process.argv[2];
const server = createSecureServer(
  {
    cert: readFileSync(join(folder, 'cert.pem')),
    key: readFileSync(join(folder, 'key.pem')),
    allowHTTP1: true,
    // Far below a request's size: the client has to wait for flow control.
    settings: { initialWindowSize: 1024 },
  },
  serveHttp,
);
serveSockets(server);
run(server, 'https');
