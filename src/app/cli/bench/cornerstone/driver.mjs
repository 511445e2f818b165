// Drives the page for `overread bench viewer`: one line of JSON and three bodies come in, then one line per round asks
// for `window` or `scroll`; every answer is a line of JSON.

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { stdin, stdout } from 'node:process';
import puppeteer from 'puppeteer-core';

const here = new URL('.', import.meta.url);
const chunks = stdin[Symbol.asyncIterator]();
let held = Buffer.alloc(0);

async function taken(nBytes) {
  const parts = [held];
  let length = held.length;
  while (length < nBytes) {
    const { value, done } = await chunks.next();
    if (done) throw new Error('the input ended early');
    parts.push(value);
    length += value.length;
  }
  const all = Buffer.concat(parts);
  held = all.subarray(nBytes);
  return all.subarray(0, nBytes);
}

async function line() {
  while (!held.includes(10)) {
    const { value, done } = await chunks.next();
    if (done) return null;
    held = Buffer.concat([held, value]);
  }
  const end = held.indexOf(10);
  const text = held.subarray(0, end).toString();
  held = held.subarray(end + 1);
  return text;
}

const header = JSON.parse(await line());
const n = header.size * header.size;
const bodies = { pixels: await taken(n * 2), labels: await taken(n), saliency: await taken(n * 2) };
const files = { '/': ['index.html', 'text/html'], '/page.js': ['dist/page.js', 'text/javascript'] };
const server = createServer(async (request, response) => {
  const body = bodies[request.url.slice(1)];
  if (body) return response.end(body);
  const [name, type] = files[request.url] ?? [];
  if (!name) return response.writeHead(404).end();
  response.writeHead(200, { 'content-type': type }).end(await readFile(new URL(name, here)));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist',
    '--window-size=1600,1000', '--disable-frame-rate-limit', '--disable-gpu-vsync', '--js-flags=--max-old-space-size=8192'],
  // The browser ends when this process does, however that ends.
  pipe: true,
  defaultViewport: { width: 1600, height: 1000 },
  protocolTimeout: 600_000,
});
const page = await browser.newPage();
if (process.env.PEER_LOG) page.on('console', (message) => console.error(message.text()));
page.on('pageerror', (error) => console.error(String(error)));
await page.goto(`http://127.0.0.1:${server.address().port}/`);
await page.waitForFunction('window.peer');
const say = (value) => stdout.write(`${JSON.stringify(value)}\n`);
say({ ...(await page.evaluate((given) => window.peer.start(given), header)), browser: await browser.version() });
if (process.env.PEER_PICTURE) await page.screenshot({ path: process.env.PEER_PICTURE });
for (let asked = await line(); asked !== null; asked = await line()) {
  const [what, nSteps] = asked.split(' ');
  say(await page.evaluate((name, steps) => window.peer[name](steps), what, Number(nSteps)));
}
await browser.close();
server.close();
