// A person at a real browser: opens a page, does what is asked there, and notes what the last page shows.
//
// Usage: node login.mjs CHROMIUM NOTES STEP URL, where STEP is `approve`, `deny`, `look` (no button is expected) or
// `code:WORD` (types it). NOTES becomes one JSON object when all is done.

import { renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { chromium } = createRequire(new URL('./.cache/npm/', import.meta.url))('playwright-core');

const LIMIT = 20_000;
const BUTTONS = { approve: 'Approve', deny: 'Cancel' };

const [executablePath, notes, step, url] = process.argv.slice(2);

const browser = await chromium.launch({
  executablePath,
  timeout: LIMIT,
  // Whatever a browser asks for by itself is not found: nothing leaves this machine.
  args: ['--no-proxy-server', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1'],
});
const note = await visit().catch((error) => ({ failed: String(error) }));
await browser.close();
writeFileSync(`${notes}.part`, JSON.stringify(note));
renameSync(`${notes}.part`, notes);

async function visit() {
  const page = await browser.newPage();
  page.setDefaultTimeout(LIMIT);
  const complaints = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  const opened = await page.goto(url);
  const asked = await page.locator('body').innerText();
  const last = (await act(page)) ?? opened;
  return {
    asked,
    url: page.url(),
    status: last.status(),
    title: await page.title(),
    heading: await page.locator('h1').allInnerTexts(),
    text: await page.locator('body').innerText(),
    // Elements in the page's own words: markup that came from elsewhere would be counted here.
    inside: await page.locator('p *').count(),
    complaints,
  };
}

/** Does the step; the answer of the page it leads to. */
async function act(page) {
  const [kind, code] = step.split(':');
  if (kind === 'look') return undefined;
  if (kind === 'code') await page.locator('input[name=user_code]').fill(code);
  const name = BUTTONS[kind] ?? 'Sign in';
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.request().isNavigationRequest() && response.status() < 300),
    page.getByRole('button', { name }).click(),
  ]);
  await page.waitForLoadState();
  return answer;
}
