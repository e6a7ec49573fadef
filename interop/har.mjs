// Judges HAR files by the schema of har-validator; prints how many entries each has.
//
// Usage: node har.mjs FILE...

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(new URL('./.cache/har/', import.meta.url));
const validate = require('har-validator');

for (const file of process.argv.slice(2)) {
  const log = JSON.parse(readFileSync(file, 'utf8'));
  try {
    await validate.har(log);
  } catch (error) {
    console.error(`${file} is no HAR: ${JSON.stringify(error.errors ?? String(error))}`);
    process.exitCode = 1;
    continue;
  }
  console.log(`${log.log.entries.length}`);
}
