// What AI SDK's own chat makes of an agent: `run.mjs <address> <agent> <step>`, and one line of JSON comes out.
import { Chat } from '@ai-sdk/react';
import {
  DefaultChatTransport, lastAssistantMessageIsCompleteWithApprovalResponses, lastAssistantMessageIsCompleteWithToolCalls, readUIMessageStream,
} from 'ai';

const [address, agent, step, argument, effects] = process.argv.slice(2);
const api = new URL(`api/agents/${agent}/chat`, address).toString();
const headers = { Authorization: 'Bearer dev:alice' };
const weather = {
  name: 'weather', description: 'The weather.',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false },
};
let requests = 0;
const counted = (...given) => { requests++; return fetch(...given); };
const transport = (body) => new DefaultChatTransport({ api, headers, body, fetch: counted });
const chatOf = (options = {}, body) => new Chat({ transport: transport(body), onError: (error) => (failure = error.message), ...options });
let failure;

const said = (message) => message.parts.filter((part) => part.type === 'text').map((part) => part.text).join('|');
const shape = (message) => message.parts.map((part) => (part.state && part.type !== 'text' ? `${part.type}:${part.state}` : part.type));

const steps = {
  async chat() {
    let finished;
    const chat = chatOf({ onFinish: ({ message, finishReason }) => (finished = [finishReason, message.metadata.usage.totalTokens]) });
    await chat.sendMessage({ text: 'What is 17*23?' });
    const first = chat.lastMessage;
    await chat.sendMessage({ text: 'And again?' });
    return { parts: shape(first), text: said(first), status: chat.status, roles: chat.messages.map((message) => message.role), finished };
  },
  async regenerate() {
    const chat = chatOf();
    await chat.sendMessage({ text: 'One.' });
    await chat.sendMessage({ text: 'Two.' });
    await chat.regenerate();
    const twice = said(chat.lastMessage);
    await chat.sendMessage({ text: 'Changed.', messageId: chat.messages[0].id });
    return { twice, changed: said(chat.lastMessage), count: chat.messages.length };
  },
  async clientTool() {
    let made = 0;
    const chat = chatOf({
      sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithToolCalls,
      onToolCall: ({ toolCall }) => {
        made++;
        chat.addToolOutput({ tool: toolCall.toolName, toolCallId: toolCall.toolCallId, output: { city: toolCall.input.city, sky: 'sunny' } });
      },
    }, { clientTools: [weather] });
    await chat.sendMessage({ text: 'What is the weather in Rome?' });
    return { text: said(chat.lastMessage), parts: shape(chat.lastMessage), made, requests, count: chat.messages.length };
  },
  async clientToolFails() {
    const chat = chatOf({ sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithToolCalls }, { clientTools: [weather] });
    await chat.sendMessage({ text: 'What is the weather in Rome?' });
    const part = chat.lastMessage.parts.find((one) => one.type === 'tool-weather');
    await chat.addToolOutput({ state: 'output-error', tool: 'weather', toolCallId: part.toolCallId, errorText: 'No sky.' });
    await until(() => chat.status === 'ready' && said(chat.lastMessage));
    return { text: said(chat.lastMessage) };
  },
  async approve() {
    return decide(true);
  },
  async deny() {
    return decide(false);
  },
  // Another chat of the same id, as after a page was loaded anew, while the answer is being made.
  async resume() {
    const first = chatOf({ id: argument });
    const sent = first.sendMessage({ text: 'Go.' });
    await until(() => first.lastMessage?.role === 'assistant' && said(first.lastMessage).length > 0);
    const heard = said(first.lastMessage);
    await first.stop();
    await sent;
    const again = chatOf({ id: argument, messages: first.messages.slice(0, 1) });
    const resumed = again.resumeStream();
    await until(() => again.lastMessage?.role === 'assistant' && said(again.lastMessage).length > 0);
    await fetch(new URL('go-on', effects));
    await resumed;
    const third = chatOf({ id: argument });
    await third.resumeStream();
    return {
      heard: heard.length, text: said(again.lastMessage), count: again.messages.length, same: again.lastMessage.id === first.lastMessage.id, nothing: third.messages.length, status: third.status,
    };
  },
  // A page that is loaded anew while an approval is awaited shows it, and decides.
  async resumeWaiting() {
    const first = chatOf({ id: argument });
    await first.sendMessage({ text: 'Go.' });
    const again = chatOf({ id: argument, messages: first.messages.slice(0, 1), sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses });
    await again.resumeStream();
    const asked = shape(again.lastMessage);
    await again.addToolApprovalResponse({ id: again.lastMessage.parts.find((part) => part.type === 'dynamic-tool').approval.id, approved: true });
    await until(() => again.status === 'ready' && said(again.lastMessage));
    return { asked, text: said(again.lastMessage) };
  },
  // Nobody waits for the first answer any more when the second question comes.
  async goOn() {
    const chat = chatOf({ id: argument });
    const sent = chat.sendMessage({ text: 'Slow.' });
    await until(() => chat.lastMessage?.role === 'assistant');
    await chat.stop();
    await sent;
    await chat.sendMessage({ text: 'Fast.' });
    return { text: said(chat.lastMessage), failure };
  },
  // The last message alone: what came before is in the conversation.
  async lastAlone() {
    const alone = new DefaultChatTransport({
      api, headers, prepareSendMessagesRequest: ({ id, messages }) => ({ body: { id, message: messages.at(-1) } }),
    });
    const chat = new Chat({ transport: alone });
    await chat.sendMessage({ text: 'One.' });
    await chat.sendMessage({ text: 'Two.' });
    return { text: said(chat.lastMessage) };
  },
  async reader() {
    const stream = await transport().sendMessages({
      chatId: argument, trigger: 'submit-message', messages: [{ id: 'u1', role: 'user', parts: [{ type: 'text', text: 'Think.' }] }],
    });
    let last;
    for await (const message of readUIMessageStream({ stream, terminateOnError: true })) last = message;
    return { parts: shape(last), reasoning: last.parts.find((part) => part.type === 'reasoning')?.text };
  },
  async fails() {
    const chat = chatOf();
    await chat.sendMessage({ text: 'Fail.' });
    return { status: chat.status, failure };
  },
  async refused() {
    const chat = chatOf({ id: '.bad' });
    await chat.sendMessage({ text: 'Hi.' });
    return { status: chat.status, named: failure.includes('[A-Za-z0-9]') };
  },
};

async function decide(approved) {
  const chat = chatOf({ sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses });
  await chat.sendMessage({ text: 'Post it.' });
  const asked = shape(chat.lastMessage);
  const part = chat.lastMessage.parts.find((one) => one.type === 'dynamic-tool');
  await chat.addToolApprovalResponse({ id: part.approval.id, approved, reason: 'So I say.' });
  await until(() => chat.status === 'ready' && said(chat.lastMessage));
  return { asked, parts: shape(chat.lastMessage), text: said(chat.lastMessage), count: chat.messages.length };
}

async function until(holds) {
  while (!holds()) {
    if (failure) throw new Error(failure);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

console.log(JSON.stringify(await steps[step]()));
process.exit(0);
