import { expect, test } from 'vitest';
import { renderJson } from '../../../src/words/json.ts';

test('every document has the same fields before and after its body', () => {
  const text = renderJson({ state: 'critical', text: 'full', details: ['a'] }, 'plan', { plan: null });
  expect(text.endsWith('}\n')).toBe(true);
  const document: Record<string, unknown> = JSON.parse(text);
  expect(document).toEqual({
    schema_version: 1,
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    command: 'plan',
    state: 'critical',
    exit_code: 2,
    message: 'full',
    plan: null,
    details: ['a'],
  });
  expect(Object.keys(document).slice(-2)).toEqual(['plan', 'details']);
  expect(text).toContain('\n  "state": "critical",\n');
});
