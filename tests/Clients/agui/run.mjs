// What AG-UI's own client makes of an agent: `run.mjs <address> <agent> <step>`, and one line of JSON comes out.
import { HttpAgent } from '@ag-ui/client';

const [address, model, step] = process.argv.slice(2);
const url = new URL(`ag-ui/${model}`, address).toString();
const agentOf = () => new HttpAgent({ url, headers: { Authorization: 'Bearer dev:alice' } });
const ask = (agent, id, content) => agent.addMessage({ id, role: 'user', content });
const weather = { name: 'weather', description: 'The weather.', parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } };
const roles = (messages) => messages.map((message) => message.role + (message.toolCalls?.length ? `+${message.toolCalls.length}` : ''));
console.error = () => {};

const steps = {
  async chat() {
    const agent = agentOf();
    ask(agent, 'm1', 'What is 17*23?');
    const types = [];
    let usage;
    const first = await agent.runAgent({}, { onEvent: ({ event }) => void types.push(event.type), onRunFinishedEvent: ({ event }) => void (usage = event.usage[0].totalTokens) });
    ask(agent, 'm2', 'And again?');
    await agent.runAgent();
    return { roles: roles(first.newMessages), text: first.newMessages.at(-1).content, result: first.newMessages[1].content, all: roles(agent.messages), begin: types[0], end: types.at(-1), usage };
  },
  async clientTool() {
    const agent = agentOf();
    ask(agent, 'm1', 'What is the weather in Rome?');
    let pending;
    const first = await agent.runAgent({ tools: [weather] }, { onRunFinishedEvent: ({ pendingToolCallIds }) => void (pending = pendingToolCallIds) });
    const call = first.newMessages.at(-1).toolCalls[0];
    agent.addMessage({ id: 'm2', role: 'tool', toolCallId: call.id, content: `${JSON.parse(call.function.arguments).city}: sunny` });
    const second = await agent.runAgent({ tools: [weather] });
    return { pending: pending.length === 1 && pending[0] === call.id, text: second.newMessages.at(-1).content, roles: roles(agent.messages) };
  },
  async approve() {
    return decide({ status: 'resolved', payload: { approved: true } });
  },
  async deny() {
    return decide({ status: 'resolved', payload: { approved: false, reason: 'No.' } });
  },
  async cancel() {
    return decide({ status: 'cancelled' });
  },
  async think() {
    const agent = agentOf();
    ask(agent, 'm1', 'Think.');
    const { newMessages } = await agent.runAgent();
    return { roles: roles(newMessages), thought: newMessages.find((message) => message.role === 'reasoning').content };
  },
  async edit() {
    const agent = agentOf();
    ask(agent, 'm1', 'One.');
    await agent.runAgent({ context: [{ description: 'Page', value: 'Home' }] });
    agent.setMessages([{ id: 'm3', role: 'user', content: 'Changed.' }]);
    const { newMessages } = await agent.runAgent();
    return { text: newMessages[0].content };
  },
  async fails() {
    const agent = agentOf();
    ask(agent, 'm1', 'Fail.');
    let error;
    await agent.runAgent({}, { onRunErrorEvent: ({ event }) => void (error = event.code) }).catch(() => {});
    return { error };
  },
};

async function decide(answer) {
  const agent = agentOf();
  ask(agent, 'm1', 'Post it.');
  let interrupts;
  await agent.runAgent({}, { onRunFinishedEvent: (params) => void (interrupts = params.interrupts) });
  const { newMessages } = await agent.runAgent({ resume: [{ interruptId: interrupts[0].id, ...answer }] });
  return { asked: interrupts[0].reason, roles: roles(agent.messages), text: newMessages.at(-1).content };
}

console.log(JSON.stringify(await steps[step]()));
process.exit(0);
