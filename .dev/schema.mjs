// Generates nagios/check_conntrack.schema.json from the types of the documents that --format json prints, with their
// comments. Each command has one or two such types, next to its body.

import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createFormatter,
  createParser,
  DEFAULT_CONFIG,
  LiteralType,
  SchemaGenerator,
  ts,
  UnionType,
} from 'ts-json-schema-generator';
import { top } from './top.mjs';

const { createProgram, isTypeOperatorNode, isTypeReferenceNode, parseJsonConfigFileContent, readConfigFile } = ts;
const { SyntaxKind, sys } = ts;
export const schemaFile = join(top, 'nagios/check_conntrack.schema.json');

// In the order of the schema.
const DOCUMENTS = [
  ['src/check/check-body.ts', 'CheckDocument'],
  ['src/check/check-body.ts', 'FailedCheckDocument'],
  ['src/plan/plan-body.ts', 'PlanDocument'],
  ['src/report/report-body.ts', 'ReportDocument'],
  ['src/incidents/incidents-body.ts', 'IncidentsDocument'],
];

/** Returns the text that the file must have. */
export function schemaText() {
  const schemas = DOCUMENTS.map(([source, type]) => generator(join(top, source), type).createSchema(type));
  const [{ $schema }] = schemas;
  const head = {
    $schema,
    $id: basename(schemaFile),
    title: 'check_conntrack --format json',
    description:
      'What check_conntrack, check_conntrack report, check_conntrack incidents and check_conntrack plan write with --format json. Kernel names are verbatim; sizes are bytes, times seconds.',
  };
  // A document is of exactly one kind, which the library does not express.
  const oneOf = schemas.map(({ $ref }) => ({ $ref }));
  const definitions = Object.assign({}, ...schemas.map((schema) => schema.definitions));
  return `${JSON.stringify({ ...head, oneOf, definitions }, null, 2)}\n`;
}

function generator(source, type) {
  const config = { ...DEFAULT_CONFIG, type, schemaId: basename(schemaFile), topRef: true, sortProps: false };
  const program = programOf(source);
  const parser = createParser(program, config, (chain) => chain.addNodeParser(computedNames(program.getTypeChecker())));
  return new SchemaGenerator(program, parser, createFormatter(config), config);
}

// The library's own program also reads Node's types, which doubles the time; no document uses them.
function programOf(source) {
  const { config } = readConfigFile(join(top, 'tsconfig.json'), sys.readFile);
  const { options } = parseJsonConfigFileContent(config, sys, top);
  return createProgram([source], { ...options, types: [] });
}

/**
 * Names that only the compiler can compute: the keys of a table that others are spread into, and the names that a
 * generic type generates. They are sorted, because the compiler's order depends on which name it met first.
 */
function computedNames(checker) {
  const namesOf = (node) => {
    const type = checker.getTypeFromTypeNode(node);
    const types = type.isUnion() ? type.types : [type];
    return types.every((type) => type.isStringLiteral()) ? types.map(({ value }) => value).sort() : [];
  };
  return {
    supportsNode: (node) => isComputed(node) && namesOf(node).length > 0,
    createType: (node) => new UnionType(namesOf(node).map((name) => new LiteralType(name))),
  };
}

function isComputed(node) {
  if (isTypeReferenceNode(node)) return node.typeArguments !== undefined;
  return isTypeOperatorNode(node) && node.operator === SyntaxKind.KeyOfKeyword;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(schemaFile, schemaText());
