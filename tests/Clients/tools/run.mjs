// What clients make of tools of their own and of approvals: `run.mjs <address> <agent> <step>`, and one line of JSON comes out.
import OpenAI from 'openai';

const [address, model, step] = process.argv.slice(2);
const baseURL = new URL('v1', address).toString();
const apiKey = 'dev:alice';
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
const ask = 'What is the weather in Rome?';
let made = 0;
const weather = ({ city }) => { made++; return `${city}: sunny`; };

const steps = {
  // OpenAI's own helper sends its whole history back.
  async runTools() {
    const runner = client.chat.completions.runTools({
      model, messages: [{ role: 'user', content: ask }],
      tools: [{ type: 'function', function: { name: 'weather', description: 'The weather.', parameters, function: weather, parse: JSON.parse } }],
    });
    const text = await runner.finalContent();
    return { text, made, roles: runner.messages.map((message) => message.role) };
  },
  async runToolsStream() {
    const runner = client.chat.completions.runTools({
      model, stream: true, messages: [{ role: 'user', content: ask }],
      tools: [{ type: 'function', function: { name: 'weather', description: 'The weather.', parameters, function: weather, parse: JSON.parse } }],
    });
    return { text: await runner.finalContent(), made, roles: runner.messages.map((message) => message.role) };
  },
  async responses() {
    const tools = [{ type: 'function', name: 'weather', description: 'The weather.', parameters, strict: true }];
    const first = await client.responses.create({ model, input: ask, tools });
    const call = first.output.find((item) => item.type === 'function_call');
    const output = { type: 'function_call_output', call_id: call.call_id, output: weather(JSON.parse(call.arguments)) };
    const missing = await client.responses.create({ model, input: 'Never mind.', previous_response_id: first.id, tools }).then(() => 'none', (error) => error.status);
    const second = await client.responses.create({ model, input: [output], previous_response_id: first.id, tools });
    const again = await client.responses.create({ model, input: [output], previous_response_id: first.id, tools });
    const other = await client.responses.create({ model, input: [{ ...output, output: 'rain' }], previous_response_id: first.id, tools }).then(() => 'none', (error) => error.status);
    const old = await client.responses.retrieve(first.id);
    return {
      first: first.output.map((item) => item.type), status: first.status, text: second.output_text, same: again.id === second.id && second.id === `${first.id}_2`,
      next: old.next_response_id === second.id, previous: second.previous_response_id === first.id, missing, other,
      usage: [first.usage.total_tokens, second.usage.total_tokens],
    };
  },
  async responsesStream() {
    const tools = [{ type: 'function', name: 'weather', description: 'The weather.', parameters, strict: true }];
    const types = [];
    const stream = client.responses.stream({ model, input: ask, tools });
    stream.on('event', (event) => types.push(event.type));
    const first = await stream.finalResponse();
    const call = first.output.find((item) => item.type === 'function_call');
    const input = [{ type: 'function_call_output', call_id: call.call_id, output: weather(JSON.parse(call.arguments)) }];
    const second = await client.responses.stream({ model, input, previous_response_id: first.id, tools }).finalResponse();
    const replay = await client.responses.stream({ response_id: second.id }).finalResponse();
    return { types: types.filter((type) => type.startsWith('response.function_call')), text: second.output_text, replay: replay.output_text };
  },
  async approval() {
    const first = await client.responses.create({ model, input: ask });
    const asked = first.output.find((item) => item.type === 'mcp_approval_request');
    const second = await client.responses.create({
      model, previous_response_id: first.id, input: [{ type: 'mcp_approval_response', approval_request_id: asked.id, approve: true }],
    });
    return { first: first.output.map((item) => item.type), status: first.status, second: second.output.map((item) => item.type), text: second.output_text };
  },
  async rebuilt() {
    const tools = [{ type: 'function', name: 'weather', parameters, strict: true }];
    const input = [
      { role: 'user', content: ask },
      { type: 'function_call', call_id: 'call_elsewhere', name: 'weather', arguments: '{"city":"Rome"}' },
      { type: 'function_call_output', call_id: 'call_elsewhere', output: 'Rome: sunny' },
    ];
    return { text: (await client.responses.create({ model, input, tools })).output_text };
  },
  async agents() {
    const { Agent, OpenAIProvider, Runner, tool } = await import('@openai/agents');
    const { z } = await import('zod');
    const agent = new Agent({
      name: 'Ada', model, instructions: 'Be brief.',
      tools: [tool({ name: 'weather', description: 'The weather.', parameters: z.object({ city: z.string() }), execute: async (input) => weather(input) })],
    });
    const runner = new Runner({ modelProvider: new OpenAIProvider({ baseURL, apiKey, useResponses: true }), tracingDisabled: true });
    const result = await runner.run(agent, ask);
    return { text: result.finalOutput, made };
  },
  async agentsApproval() {
    const { Agent, OpenAIProvider, Runner, hostedMcpTool } = await import('@openai/agents');
    const agent = new Agent({
      name: 'Ada', model, instructions: 'Be brief.',
      tools: [hostedMcpTool({ serverLabel: 'yggdrasil', serverUrl: 'https://localhost/unused', requireApproval: 'always' })],
    });
    const runner = new Runner({ modelProvider: new OpenAIProvider({ baseURL, apiKey, useResponses: true }), tracingDisabled: true });
    let result = await runner.run(agent, ask);
    const asked = result.interruptions.length;
    for (const interruption of result.interruptions) result.state.approve(interruption);
    result = await runner.run(agent, result.state);
    return { text: result.finalOutput, asked };
  },
  async aiSdk() {
    const { generateText, stepCountIs, isStepCount, tool, jsonSchema } = await import('ai');
    const { createOpenAI } = await import('@ai-sdk/openai');
    const provider = createOpenAI({ baseURL, apiKey });
    const { text, steps } = await generateText({
      model: provider.responses(model), prompt: ask, stopWhen: (stepCountIs ?? isStepCount)(4), maxRetries: 0,
      tools: { weather: tool({ description: 'The weather.', inputSchema: jsonSchema(parameters), execute: async (input) => weather(input) }) },
    });
    return { text, made, steps: steps.length };
  },
  async aiSdkStream() {
    const { streamText, stepCountIs, isStepCount, tool, jsonSchema } = await import('ai');
    const { createOpenAI } = await import('@ai-sdk/openai');
    const provider = createOpenAI({ baseURL, apiKey });
    const result = streamText({
      model: provider.chat(model), prompt: ask, stopWhen: (stepCountIs ?? isStepCount)(4), maxRetries: 0,
      tools: { weather: tool({ description: 'The weather.', inputSchema: jsonSchema(parameters), execute: async (input) => weather(input) }) },
    });
    return { text: await result.text, made };
  },
};
console.log(JSON.stringify(await steps[step]()));
process.exit(0);
