import { html, useEffect, useRef, useState } from '../vendor/htm-preact.js';
import { get } from '../app/api.js';
import { day, money, number } from '../app/format.js';
import { useLoad } from '../app/hooks.js';
import { Facts, Failure, Field, Head, Meter, Skeleton } from '../app/ui.js';

const height = 240;

function Chart({ days, name, show, label }) {
  const box = useRef();
  const [problem, setProblem] = useState();
  useEffect(() => {
    let chart, watch, gone = false;
    if (!document.querySelector('link[href="vendor/uplot.css"]')) document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href: 'vendor/uplot.css' }));
    import('../vendor/uplot.js').then(({ default: UPlot }) => {
      if (gone) return;
      const style = getComputedStyle(document.documentElement), colour = value => style.getPropertyValue(value).trim();
      const axis = { stroke: colour('--muted'), grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false }, font: `12px ${getComputedStyle(document.body).fontFamily}` };
      const ordered = [...days].reverse();
      chart = new UPlot({
        width: box.current.clientWidth, height, legend: { show: false }, cursor: { y: false },
        scales: { x: { time: true, range: (_, low, high) => [low - 43200, high + 43200] }, y: { range: (_, low, high) => [0, high > 0 ? high * 1.1 : 1] } },
        axes: [{ ...axis, values: (_, ticks) => ticks.map(tick => day(tick * 1000)), space: 70 }, { ...axis, size: 70, values: (_, ticks) => ticks.map(show) }],
        series: [{}, { fill: colour('--accent'), width: 0, paths: ordered.length > 1 ? UPlot.paths.bars({ size: [0.6, 40] }) : undefined, points: { show: false } }],
      }, [ordered.map(item => Date.parse(item.date) / 1000), ordered.map(item => item[name])], box.current);
      watch = new ResizeObserver(() => chart.setSize({ width: box.current.clientWidth, height }));
      watch.observe(box.current);
    }, setProblem);
    return () => { gone = true; watch?.disconnect(); chart?.destroy(); };
  }, [days, name]);
  return html`<section class="card"><h2>${label}</h2><${Failure} error=${problem} /><div class="chart" ref=${box} role="img" aria-label=${`${label} by day; the table below has the same numbers`}></div></section>`;
}

export default function Usage() {
  const [days, setDays] = useState('14');
  const { data, error, loading, again } = useLoad(() => get(`/api/usage?days=${days}`), [days]);
  return html`<${Head} title="Usage" actions=${html`<${Field} id="u-days" label="Days"><select id="u-days" value=${days} onChange=${event => setDays(event.target.value)}>${['7', '14', '30', '90'].map(count => html`<option key=${count} value=${count}>${count}</option>`)}</select><//>`}><p>What you have used, and what you may. Days are in UTC.</p><//>
    <${Failure} error=${error} again=${again} />
    ${!data ? loading && html`<${Skeleton} lines=${8} />` : html`
      <div class="two"><section class="card"><h2>Today</h2>
        <${Meter} label="Tokens" used=${data.today.tokens} limit=${data.limits.tokensPerDay} show=${number} />
        <${Meter} label="Cost" used=${data.today.costUsd} limit=${data.limits.costPerDayUsd} show=${money} /></section>
      <section class="card"><h2>Limits</h2><${Facts} of=${[['Requests a minute', data.limits.requestsPerMinute ? number(data.limits.requestsPerMinute) : 'no limit'], ['Runs at once', data.limits.concurrentRuns ? number(data.limits.concurrentRuns) : 'no limit'], ['Requests today', number(data.today.requests)]]} /></section></div>
      <div class="two"><${Chart} days=${data.days} name="tokens" show=${number} label="Tokens" /><${Chart} days=${data.days} name="costUsd" show=${money} label="Cost" /></div>
      <div class="card flush"><div class="scroll" tabindex="0" role="region" aria-label="Usage by day"><table><thead><tr><th scope="col">Day</th><th scope="col" class="right">Requests</th><th scope="col" class="right">Tokens</th><th scope="col" class="right">Cost</th></tr></thead>
        <tbody>${data.days.map(item => html`<tr key=${item.date}><td>${item.date}</td><td class="right num">${number(item.requests)}</td><td class="right num">${number(item.tokens)}</td><td class="right num">${money(item.costUsd)}</td></tr>`)}</tbody></table></div></div>`}`;
}
