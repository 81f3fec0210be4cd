// node validate.mjs < resources.ndjson, or node validate.mjs file.json …: one line {"line","ok","type","issue"} for
// each resource (a Bundle is unfolded); exit 1 where any is invalid.
import fs from 'node:fs';
import { wrongIn } from './checking.mjs';

const files = process.argv.slice(2);
const text = files.length
  ? files.map((file) => JSON.stringify(JSON.parse(fs.readFileSync(file, 'utf8')))).join('\n')
  : fs.readFileSync(0, 'utf8');

text.split('\n').forEach((line, at) => {
  if (!line.trim()) return;
  let wrong, type;
  try {
    const resource = JSON.parse(line);
    type = resource?.resourceType;
    wrong = wrongIn(resource, String(at + 1));
  } catch (error) {
    wrong = [{ where: String(at + 1), issue: [{ code: 'structure', details: { text: error.message } }] }];
  }
  if (!wrong.length) console.log(JSON.stringify({ line: String(at + 1), ok: true, type }));
  for (const one of wrong)
    console.log(JSON.stringify({ line: one.where, ok: false, type: one.type ?? type, issue: one.issue }));
  if (wrong.length) process.exitCode = 1;
});
