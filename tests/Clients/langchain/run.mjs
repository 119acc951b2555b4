// What LangChain, and OpenAI's client of the major version before, make of an agent: `run.mjs <address> <agent> <step>`.
import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import OpenAI6 from 'openai6';
import { z } from 'zod';

const [address, model, step] = process.argv.slice(2);
const baseURL = new URL('v1', address).toString();
const apiKey = 'dev:alice';
let made = 0;
const weather = tool(({ city }) => { made++; return `${city}: sunny`; }, { name: 'weather', description: 'The weather.', schema: z.object({ city: z.string() }) });
const ask = 'What is the weather in Rome?';
const chatOf = (options = {}) => new ChatOpenAI({ model, apiKey, configuration: { baseURL }, maxRetries: 0, ...options });
const openai6 = new OpenAI6({ baseURL, apiKey, maxRetries: 0 });

// Asks, makes what is asked for, and asks again with the whole history.
async function withTool(llm) {
  const bound = llm.bindTools([weather]);
  const first = await bound.invoke([new HumanMessage(ask)]);
  const results = await Promise.all(first.tool_calls.map(async (call) => new ToolMessage({ tool_call_id: call.id, content: await weather.invoke(call.args) })));
  const second = await bound.invoke([new HumanMessage(ask), first, ...results]);
  return { text: second.text, made, calls: first.tool_calls.length };
}

const steps = {
  async chat() {
    const answer = await chatOf().invoke(ask);
    return { text: answer.text, usage: answer.usage_metadata.total_tokens };
  },
  async stream() {
    let text = '';
    for await (const chunk of await chatOf().stream(ask)) text += chunk.text;
    return { text };
  },
  async responses() {
    const answer = await chatOf({ useResponsesApi: true }).invoke(ask);
    return { text: answer.text, id: answer.response_metadata.id.startsWith('resp_') };
  },
  async chatTool() {
    return withTool(chatOf());
  },
  async responsesTool() {
    return withTool(chatOf({ useResponsesApi: true }));
  },
  async structured() {
    return chatOf().withStructuredOutput(z.object({ total: z.number() }), { method: 'jsonSchema' }).invoke(ask);
  },
  async openai6Chat() {
    const stream = openai6.chat.completions.stream({ model, messages: [{ role: 'user', content: ask }] });
    return { text: (await stream.finalChatCompletion()).choices[0].message.content };
  },
  async openai6Response() {
    const first = await openai6.responses.create({ model, input: ask });
    const second = await openai6.responses.stream({ model, input: 'And now?', previous_response_id: first.id }).finalResponse();
    return { first: first.output_text, second: second.output_text };
  },
  async openai6Tools() {
    const runner = openai6.chat.completions.runTools({
      model, messages: [{ role: 'user', content: ask }],
      tools: [{ type: 'function', function: { name: 'weather', description: 'The weather.', parse: JSON.parse, parameters: { type: 'object', properties: { city: { type: 'string' } } }, function: ({ city }) => { made++; return `${city}: sunny`; } } }],
    });
    return { text: await runner.finalContent(), made };
  },
};

console.log(JSON.stringify(await steps[step]()));
process.exit(0);
