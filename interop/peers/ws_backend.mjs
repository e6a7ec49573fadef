// A Responses backend on Node's own HTTP/1.1 server and the `ws` library: see fronts.mjs for its ways.

import { createServer } from 'node:http';

import { run, serveHttp, serveSockets } from './fronts.mjs';

const server = createServer(serveHttp);
serveSockets(server);
run(server, 'http');
