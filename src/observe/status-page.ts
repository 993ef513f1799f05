/** The status page: one text, no build; it draws what `/status` says, every second. */

/** HTML of the page `/`. Values are set as text, never as markup. */
export const statusPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>TiView</title>
<style>
  :root { color-scheme: light dark; --line: #8884; --dim: #888; --good: #1a7f37; --bad: #c62828; --busy: #9a6700; }
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
  .dim { color: var(--dim); } .cards { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1rem; }
  .card { border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .9rem; min-width: 9rem; }
  .card b { display: block; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
  .wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; padding: .35rem .7rem .35rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
  td.num, th.num { text-align: right; font-variant-numeric: tabular-nums; } td.text { white-space: normal; }
  .READY, .healthy { color: var(--good); } .FROZEN, .INVALID, .unhealthy { color: var(--bad); } .BUILDING, .DROPPING, .PAUSED { color: var(--busy); }
</style>
<h1>TiView</h1>
<div class="dim" id="who">connecting …</div>
<div class="cards" id="cards"></div>
<h2>Materialized views</h2>
<div class="wide"><table><thead><tr id="head"></tr></thead><tbody id="views"></tbody></table></div>
<p class="dim" id="none" hidden>No view yet. Connect any MySQL client and type: CREATE MATERIALIZED VIEW v AS SELECT …</p>
<h2>tidb-servers</h2>
<div class="wide"><table><thead><tr id="serverHead"></tr></thead><tbody id="servers"></tbody></table></div>
<script>
const columns = [['Database'], ['Name'], ['State'], ['Rows', 1], ['Lag_ms', 1], ['Progress', 1], ['Epochs', 1],
  ['State_bytes', 1], ['Applied_time'], ['Last_error']];
const byId = (id) => document.getElementById(id);
const cell = (tag, text, name) => {
  const e = document.createElement(tag); e.textContent = text === null || text === undefined ? '' : text;
  if (name) e.className = name; return e;
};
const serverColumns = ['address', 'zone', 'weight', 'health', 'connections', 'reason'];
const numeric = new Set(['weight', 'connections']);
byId('serverHead').append(...serverColumns.map((name) => cell('th', name, numeric.has(name) ? 'num' : '')));
byId('head').append(...columns.map(([name, num]) => cell('th', name.replace('_', ' '), num ? 'num' : '')));
const card = (title, value) => { const c = cell('div', '', 'card'); c.append(cell('span', title, 'dim'), cell('b', value)); return c; };
async function draw() {
  try {
    const s = await (await fetch('status')).json();
    byId('who').textContent = s.version + ' · ' + s.role + (s.owner ? ' · maintained by ' + s.owner : '');
    byId('cards').replaceChildren(card('epoch', s.epoch), card('lag', s.lagMs === null ? '–' : s.lagMs + ' ms'),
      card('term', s.term), card('clients', s.connections), card('views', s.views.length));
    byId('none').hidden = s.views.length > 0;
    byId('views').replaceChildren(...s.views.map((view) => {
      const row = document.createElement('tr');
      row.append(...columns.map(([name, num]) =>
        cell('td', view[name], num ? 'num' : name === 'State' ? view[name] : name === 'Last_error' ? 'text' : '')));
      return row;
    }));
    byId('servers').replaceChildren(...s.servers.map((server) => {
      const row = document.createElement('tr');
      row.append(...serverColumns.map((name) =>
        cell('td', server[name], numeric.has(name) ? 'num' : name === 'health' ? server[name] : '')));
      return row;
    }));
  } catch (error) { byId('who').textContent = 'no answer: ' + error.message; }
}
draw(); setInterval(draw, 1000);
</script>
</html>
`;
