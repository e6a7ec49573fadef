// The scripted model of the Node peers: look into the folder with `list_files`, then repeat what the tool said.
//
// Written from recorded traffic, apart from our own code and from the Python peer: three accounts of one protocol
// that have to agree.

const TOOL = 'list_files';
const ARGUMENTS = {};

let serial = 0;

/** A request that a real backend would not accept. */
export class Refusal extends Error {
  constructor(status, message, code = null) {
    super(message);
    this.status = status;
    this.error = { type: 'invalid_request_error', code, message, param: null };
  }
}

/** Throws a `Refusal` where the real backends were seen to refuse. */
export function check(body, conversation) {
  if (body.stream !== true) throw new Refusal(400, 'Stream must be set to true');
  if (body.store !== false) throw new Refusal(400, 'Store must be set to false');
  if (!Array.isArray(body.input)) throw new Refusal(400, 'Input must be a list');
  const called = new Set();
  for (const item of conversation) {
    if (item.role === 'system') throw new Refusal(400, 'System messages are not allowed');
    if (item.type === 'function_call') called.add(item.call_id);
    if (item.type === 'function_call_output' && !called.has(item.call_id)) {
      throw new Refusal(400, `No tool call found for function call output with call_id ${item.call_id}.`);
    }
  }
}

/** The items that the model answers with. */
export function plan(body, conversation) {
  serial += 1;
  if (body.generate === false) return [];
  const result = conversation.findLast((item) => item.type === 'function_call_output');
  if (result) return [message(`Trouvé ✓ – the folder holds: ${result.output}`, 'final_answer')];
  const reasoning = {
    type: 'reasoning',
    id: `rs_${serial}`,
    summary: [{ type: 'summary_text', text: 'The folder must be seen.' }],
    encrypted_content: `sealed-${serial}`,
    x_unknown_field: { kept: true },
  };
  const call = {
    type: 'function_call',
    id: `fc_${serial}`,
    call_id: `call_${serial}`,
    name: TOOL,
    arguments: JSON.stringify(ARGUMENTS),
    status: 'completed',
  };
  return [reasoning, message('I look into the folder first.', 'commentary'), call];
}

function message(text, phase) {
  const content = [{ type: 'output_text', text, annotations: [] }];
  return { type: 'message', id: `msg_${serial}`, role: 'assistant', status: 'completed', phase, content };
}

/** The events of one response, numbered as the service numbers them. */
export function* events(body, items) {
  let number = 0;
  for (const event of unnumbered(body, items)) {
    yield { ...event, sequence_number: number };
    number += 1;
  }
}

function* unnumbered(body, items) {
  serial += 1;
  const response = { id: `resp_${serial}`, object: 'response', created_at: 1, model: body.model };
  yield { type: 'response.created', response: { ...response, status: 'in_progress', output: [] } };
  yield { type: 'response.in_progress', response: { ...response, status: 'in_progress', output: [] } };
  yield { type: 'response.weather_report', weather: 'an event that nobody knows' };
  for (const [index, item] of items.entries()) yield* itemEvents(index, item);
  const usage = {
    input_tokens: 120,
    input_tokens_details: { cached_tokens: 60 },
    output_tokens: 30,
    output_tokens_details: { reasoning_tokens: 10 },
    total_tokens: 150,
  };
  yield { type: 'response.completed', response: { ...response, status: 'completed', output: items, usage } };
}

function* itemEvents(index, item) {
  const where = { output_index: index, item_id: item.id };
  yield { type: 'response.output_item.added', output_index: index, item: opened(item) };
  if (item.type === 'reasoning') {
    const { text } = item.summary[0];
    yield { type: 'response.reasoning_summary_part.added', ...where, summary_index: 0 };
    yield { type: 'response.reasoning_summary_text.delta', ...where, summary_index: 0, delta: text };
  }
  if (item.type === 'message') {
    const { text } = item.content[0];
    yield { type: 'response.content_part.added', ...where, content_index: 0, part: { type: 'output_text', text: '' } };
    for (const delta of text.match(/.{1,6}/gsu)) {
      yield { type: 'response.output_text.delta', ...where, content_index: 0, delta };
    }
    yield { type: 'response.output_text.done', ...where, content_index: 0, text };
    yield { type: 'response.content_part.done', ...where, content_index: 0, part: item.content[0] };
  }
  if (item.type === 'function_call') {
    yield { type: 'response.function_call_arguments.delta', ...where, delta: item.arguments };
    yield { type: 'response.function_call_arguments.done', ...where, arguments: item.arguments };
  }
  yield { type: 'response.output_item.done', output_index: index, item };
}

/** An item as it looks before its content has arrived. */
function opened(item) {
  const empty = { message: { content: [] }, function_call: { arguments: '' }, reasoning: { summary: [] } };
  return { ...item, status: 'in_progress', ...empty[item.type] };
}
