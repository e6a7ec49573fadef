// The two roads to the scripted model: an SSE handler for any Node HTTP server, and a WebSocket with the `ws` library.
//
// Everything seen is printed as one JSON line. Ways of these peers: LF in SSE, the tool call in one large chunk and the
// answer in single bytes; over WebSocket permessage-deflate with a 4 KiB window for the client, messages in fragments,
// a ping before each answer, and a strict `previous_response_id`.

import { createRequire } from 'node:module';

import { Refusal, check, events, plan } from './model.mjs';

const { WebSocketServer } = createRequire(new URL('../.cache/npm/', import.meta.url))('ws');

const TURN_STATE = 'turn-state-of-node';
const LARGEST_REQUEST = 4 * 1024 * 1024;

function log(ev, facts) {
  console.log(JSON.stringify({ ev, ...facts }));
}

/** Announces the server and runs it until standard input ends. */
export function run(server, scheme) {
  server.listen(0, '127.0.0.1', () => {
    console.log(`listening on ${scheme}://127.0.0.1:${server.address().port}/v1`);
  });
  process.stdin.on('end', () => process.exit(0)).resume();
}

/** Answers `POST /v1/responses`, over HTTP/1.1 or HTTP/2 alike. */
export async function serveHttp(request, response) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > LARGEST_REQUEST) return request.destroy();
    chunks.push(chunk);
  }
  const { method, url: path, httpVersion: httpver } = request;
  if (method !== 'POST' || path !== '/v1/responses') return response.writeHead(404).end();
  const body = JSON.parse(Buffer.concat(chunks));
  log('http', { method, path, httpver, headers: Object.entries(request.headers), body });
  try {
    if ('previous_response_id' in body) throw new Refusal(400, 'Unsupported parameter: previous_response_id');
    check(body, body.input);
  } catch (refusal) {
    log('refused', { error: refusal.error ?? String(refusal) });
    response.writeHead(refusal.status ?? 500, { 'content-type': 'application/json' });
    return response.end(JSON.stringify({ error: refusal.error }));
  }
  const items = plan(body, body.input);
  response.writeHead(200, { 'content-type': 'text/event-stream', 'x-codex-turn-state': TURN_STATE });
  const stream = Buffer.from([...events(body, items)].map(sse).join(': keep-alive\n\n'));
  await writeInPieces(response, stream, items.length > 1 ? stream.length : 1);
  return response.end();
}

function sse(event) {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

async function writeInPieces(response, stream, size) {
  for (let start = 0; start < stream.length; start += size) {
    const ready = response.write(stream.subarray(start, start + size));
    if (!ready) await new Promise((drained) => response.once('drain', drained));
  }
}

/** Accepts WebSockets on `/v1/responses`. */
export function serveSockets(server) {
  const perMessageDeflate = { threshold: 0, clientMaxWindowBits: 12 };
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate, maxPayload: LARGEST_REQUEST });
  server.on('upgrade', (request, stream, head) => {
    const headers = Object.entries(request.headers);
    log('ws_upgrade', { path: request.url, httpver: request.httpVersion, headers });
    sockets.handleUpgrade(request, stream, head, serveSocket);
  });
}

function serveSocket(socket) {
  log('ws_open', { compressed: socket.extensions.includes('permessage-deflate') });
  const base = { id: null, items: [] };
  socket.on('message', (data) => {
    const body = JSON.parse(data);
    log('ws_frame', { body });
    answer(socket, body, base);
  });
  socket.on('pong', (data) => log('ws_pong', { payload: data.toString() }));
  socket.on('close', (code) => log('ws_closed', { code }));
  socket.on('error', (error) => log('refused', { error: String(error) }));
}

/** Answers one `response.create`; `base` is what the next one may build on. */
function answer(socket, body, base) {
  let conversation;
  try {
    conversation = extend(base, body);
    check(body, conversation);
  } catch (refusal) {
    Object.assign(base, { id: null, items: [] });
    log('refused', { error: refusal.error ?? String(refusal) });
    const { status = 500, error } = refusal;
    return socket.send(JSON.stringify({ type: 'error', status, error }));
  }
  const items = plan(body, conversation);
  socket.ping('are you there?');
  socket.send(JSON.stringify(rateLimits()));
  for (const event of events(body, items)) {
    if (event.type === 'response.created') Object.assign(base, { id: event.response.id });
    sendInFragments(socket, JSON.stringify(event), items.length > 1 ? 1 : 1000);
  }
  return Object.assign(base, { items: [...conversation, ...items] });
}

function extend(base, body) {
  const previous = body.previous_response_id;
  if (previous == null) return body.input;
  if (previous === base.id) return [...base.items, ...body.input];
  throw new Refusal(400, `Previous response with id '${previous}' not found.`, 'previous_response_not_found');
}

function rateLimits() {
  const primary = { used_percent: 7, window_minutes: 300, reset_at: 1795240000 };
  return {
    type: 'codex.rate_limits',
    plan_type: 'plus',
    rate_limits: { allowed: true, limit_reached: false, primary, secondary: null },
  };
}

function sendInFragments(socket, text, size) {
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += size) {
    const fin = start + size >= bytes.length;
    socket.send(bytes.subarray(start, start + size), { binary: false, fin });
  }
}
