const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const shortTime = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });
const timeOnly = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const whole = new Intl.NumberFormat();

export const number = value => (value === undefined || value === null ? '–' : whole.format(value));
export const fullTime = value => (value ? dateTime.format(new Date(value)) : '–');
export const day = value => new Date(value).toLocaleDateString(undefined, { month: 'short', day: 'numeric' });

/** Today by the clock, other days with their date. */
export function time(value) {
  if (!value) return '–';
  const at = new Date(value);
  return at.toDateString() === new Date().toDateString() ? timeOnly.format(at) : shortTime.format(at);
}

export function duration(milliseconds) {
  if (!(milliseconds >= 0)) return '–';
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  if (milliseconds < 3_600_000) return `${Math.floor(milliseconds / 60_000)} min ${Math.round(milliseconds % 60_000 / 1000)} s`;
  return `${Math.floor(milliseconds / 3_600_000)} h ${Math.round(milliseconds % 3_600_000 / 60_000)} min`;
}

export const between = (from, to) => (from ? duration(new Date(to ?? Date.now()) - new Date(from)) : '–');

export function money(value) {
  if (value === undefined || value === null) return '–';
  return value === 0 ? '$0' : value < 0.01 ? `$${value.toFixed(6).replace(/0+$/, '')}` : `$${value.toFixed(2)}`;
}

export const tokens = usage => number(usage?.totalTokens);
export const isTerminal = run => ['completed', 'failed', 'cancelled', 'expired'].includes(run?.status);

/** A text, or JSON with indents. */
export const pretty = value => (typeof value === 'string' ? value : JSON.stringify(value, null, 2));

/** What a run was asked, in words. */
export const inputText = input => (Array.isArray(input) ? input.map(message => `${message.role}: ${message.content}`).join('\n\n') : input ?? '');
