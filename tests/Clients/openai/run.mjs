// What OpenAI's own client makes of the app: `run.mjs <address> <agent> <step>`, and one line of JSON comes out.
import OpenAI from 'openai';

const [address, model, step, argument] = process.argv.slice(2);
const client = new OpenAI({ baseURL: new URL('v1', address).toString(), apiKey: 'dev:alice', maxRetries: 0 });
const messages = [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'What is 17*23?' }];

const steps = {
  async models() {
    const ids = [];
    for await (const item of client.models.list()) ids.push(item.id);
    return { listed: ids.includes(model), read: (await client.models.retrieve(model)).id === model };
  },
  async chat() {
    const completion = await client.chat.completions.create({ model, messages });
    return { text: completion.choices[0].message.content, finish: completion.choices[0].finish_reason, usage: completion.usage.total_tokens };
  },
  async chatStream() {
    const stream = client.chat.completions.stream({ model, messages, stream_options: { include_usage: true } });
    let deltas = '';
    stream.on('content', (delta) => (deltas += delta));
    const completion = await stream.finalChatCompletion();
    return { deltas, text: completion.choices[0].message.content, usage: completion.usage.total_tokens };
  },
  async response() {
    const first = await client.responses.create({ model, input: 'What is 17*23?' });
    const again = await client.responses.retrieve(first.id);
    const second = await client.responses.create({ model, input: 'And again?', previous_response_id: first.id });
    const asked = [];
    for await (const item of client.responses.inputItems.list(second.id)) asked.push(item.content[0].text);
    await client.responses.delete(second.id);
    const gone = await client.responses.retrieve(second.id).then(() => 'there', (error) => error.status);
    return {
      items: first.output.map((item) => item.type), text: first.output_text, again: again.output_text, status: first.status,
      call: first.output[0].output, second: second.output_text, previous: second.previous_response_id === first.id, asked, gone,
    };
  },
  async conversations() {
    const created = await client.conversations.create({
      metadata: { topic: 'sums' },
      items: [{ type: 'message', role: 'user', content: 'I am Ada.' }, { type: 'message', role: 'assistant', content: 'Hello Ada.' }],
    });
    const first = await client.responses.create({ model, input: 'What is 17*23?', conversation: created.id });
    await client.responses.create({ model, input: 'And again?', conversation: { id: created.id } });
    const added = await client.conversations.items.create(created.id, {
      items: [
        { type: 'function_call', call_id: 'call_x', name: 'look', arguments: '{"at":1}' }, { type: 'function_call_output', call_id: 'call_x', output: 'Nothing.' },
        { role: 'user', content: 'Noted.' },
      ],
    });
    const types = (list) => list.map((item) => `${item.type === 'message' ? item.role : item.type}`);
    const asc = [];
    for await (const item of client.conversations.items.list(created.id, { order: 'asc', limit: 2 })) asc.push(item);
    const desc = [];
    for await (const item of client.conversations.items.list(created.id, { limit: 3 })) desc.push(item);
    const read = [];
    for (const item of asc) read.push((await client.conversations.items.retrieve(item.id, { conversation_id: created.id })).id === item.id);
    const updated = await client.conversations.update(created.id, { metadata: { topic: 'other' } });
    const again = await client.conversations.retrieve(created.id);
    const deleted = await client.conversations.delete(created.id);
    const gone = await client.conversations.retrieve(created.id).then(() => 'there', (error) => error.status);
    const unknown = await client.responses.create({ model, input: 'Hi.', conversation: 'conv_none' }).then(() => 'there', (error) => error.status);
    return {
      topics: [created.metadata.topic, updated.metadata.topic, again.metadata.topic], of: first.conversation.id === created.id, added: types(added.data), asc: types(asc),
      mirrored: desc.map((item) => item.id).reverse().join() === asc.map((item) => item.id).join(), read: read.every(Boolean), deleted: deleted.deleted, gone, unknown,
    };
  },
  async responseStream() {
    const stream = client.responses.stream({ model, input: 'What is 17*23?' });
    let deltas = '';
    const numbers = [];
    stream.on('response.output_text.delta', (event) => (deltas += event.delta));
    stream.on('event', (event) => numbers.push(event.sequence_number));
    const response = await stream.finalResponse();
    const half = numbers[Math.floor(numbers.length / 2)];
    const rest = [];
    for await (const event of await client.responses.retrieve(response.id, { stream: true, starting_after: half })) rest.push(event.sequence_number);
    return {
      deltas, text: response.output_text, grows: numbers.every((number, at) => at === 0 || number > numbers[at - 1]),
      // Who comes later gets a text in one piece, whose number is that of the last of many.
      resumed: rest.every((number) => number > half && numbers.includes(number)) && rest.at(-1) === numbers.at(-1),
    };
  },
  // Leaves a stream in its midst, and says where.
  async leave() {
    const stream = await client.responses.create({ model, input: 'Go.', stream: true });
    let id, text = '';
    for await (const event of stream) {
      id ??= event.response?.id;
      if (event.type === 'response.output_text.delta') {
        text += event.delta;
        return { id, text, at: event.sequence_number };
      }
    }
  },
  async comeBack() {
    const { id, at } = JSON.parse(argument);
    const stream = client.responses.stream({ response_id: id, starting_after: at });
    const response = await stream.finalResponse();
    return { status: response.status, text: response.output_text };
  },
  async cancel() {
    const response = await client.responses.create({ model, input: 'Wait.', background: true });
    const cancelled = await client.responses.cancel(response.id);
    return { before: response.status, after: cancelled.status };
  },
  async errors() {
    const of = (promise) => promise.then(() => 'none', (error) => `${error.status} ${error.code} ${error.param}`);
    return [
      await of(client.chat.completions.create({ model: 'nobody', messages })),
      await of(client.chat.completions.create({ model, messages, n: 2 })),
      await of(client.chat.completions.create({ model, messages, modle: 'x' })),
      await of(client.responses.retrieve('resp_none')),
      await of(client.embeddings.create({ model, input: 'x' })),
    ];
  },
};
console.log(JSON.stringify(await steps[step]()));
// A stream that was left keeps its connection.
process.exit(0);
