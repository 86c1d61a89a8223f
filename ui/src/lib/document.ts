// What the pod says about itself in /openapi.json: procedures, their schemas, and the nouns in them.
import { signal } from '@preact/signals';

import { parsed, plain, PodError } from './rpc.js';

export interface Schema {
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  format?: string;
  pattern?: string;
  title?: string;
  description?: string;
  contentMediaType?: string;
  default?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: Schema | boolean;
  anyOf?: Schema[];
  oneOf?: Schema[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
}

export interface Procedure {
  name: string;
  group: string;
  kind: 'query' | 'mutation' | 'subscription';
  effects: string;
  access: string;
  scope: string;
  summary: string;
  description: string;
  input: Schema | undefined;
  isInputRequired: boolean;
  /** A repeat with the same idempotency key is answered as the first call was. */
  keepsKeys: boolean;
  output: Schema | undefined;
  examples: unknown[];
}

/** A kind of things that users keep, with the procedures that a noun of the pod has. */
export interface Noun {
  name: string;
  plural: string;
  title: string;
  /** Of `create`, without what every command has. */
  fields: Record<string, Schema>;
  required: string[];
  filters: Record<string, Schema>;
  sorts: string[];
  /** Commands of its own, as tasks.complete. */
  changes: Procedure[];
  has(verb: string): boolean;
}

interface Operation {
  operationId: string;
  tags?: string[];
  summary?: string;
  description?: string;
  parameters?: {
    $ref?: string;
    name?: string;
    in?: string;
    description?: string;
    required?: boolean;
    schema?: Schema;
  }[];
  requestBody?: {
    required?: boolean;
    content: Record<string, { schema?: Schema; examples?: Record<string, { value: unknown }> }>;
  };
  responses?: Record<
    string,
    { content?: Record<string, { schema?: Schema; 'x-synap-item'?: Schema }> }
  >;
  [extension: `x-synap-${string}`]: string | undefined;
}

interface OpenApi {
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

// Of a command, and what only an import says of where something is from.
export const COMMON_FIELDS = [
  'id',
  'expectedVersion',
  'idempotencyKey',
  'createdAt',
  'updatedAt',
  'origin',
  'batch',
];
const KNOWN_VERBS = ['create', 'update', 'delete', 'get', 'getById', 'list', 'history', 'restore'];

export class PodDocument {
  readonly version: string;
  readonly procedures: Map<string, Procedure>;
  readonly nouns: Noun[];
  readonly #schemas: Record<string, Schema>;

  constructor(openApi: OpenApi) {
    this.version = openApi.info.version;
    this.#schemas = openApi.components.schemas;
    this.procedures = new Map();
    for (const methods of Object.values(openApi.paths)) {
      const operations = Object.values(methods);
      const main = operations.find((one) => !one.operationId.endsWith('.post')) ?? operations[0];
      const withBody = operations.find((one) => one.requestBody);
      if (main) this.procedures.set(main.operationId, procedureOf(main, withBody));
    }
    this.nouns = this.#findNouns();
  }

  /** The schema itself where there was a reference to it. */
  resolve(schema: Schema | undefined): Schema {
    const name = schema?.$ref?.split('/').pop();
    if (!name) return schema ?? {};
    const { $ref: _, ...beside } = schema!;
    return { ...this.#schemas[name], ...beside };
  }

  has(procedure: string): boolean {
    return this.procedures.has(procedure);
  }

  nounOf(plural: string): Noun | undefined {
    return this.nouns.find((noun) => noun.plural === plural);
  }

  /** Procedures by the part before the dot. */
  groups(): Map<string, Procedure[]> {
    const groups = new Map<string, Procedure[]>();
    for (const procedure of this.procedures.values()) {
      groups.set(procedure.group, [...(groups.get(procedure.group) ?? []), procedure]);
    }
    return groups;
  }

  #findNouns(): Noun[] {
    const nouns: Noun[] = [];
    for (const [plural, procedures] of this.groups()) {
      const find = (verb: string) => procedures.find((one) => one.name === `${plural}.${verb}`);
      const get = find('get');
      const list = find('list');
      const create = find('create');
      if (!get || !list || !create || !find('history')) continue;
      // The reference GetTask names the noun; its events begin with it.
      const named = /Get(\w+)$/.exec(get.input?.$ref ?? '')?.[1] ?? plural.replace(/s$/, '');
      const input = this.resolve(create.input);
      const listed = this.resolve(list.input).properties ?? {};
      // Titles are searched by their words: a field for whole ones beside that would be a second one.
      const { limit: _, cursor: __, title: ___, sort, ...filters } = listed;
      nouns.push({
        name: named.charAt(0).toLowerCase() + named.slice(1),
        plural,
        title: plural.charAt(0).toUpperCase() + plural.slice(1),
        fields: without(input.properties ?? {}, COMMON_FIELDS),
        required: input.required ?? [],
        filters,
        sorts: (this.resolve(sort).enum ?? []).map(String),
        changes: procedures.filter(
          (one) =>
            one.kind === 'mutation' &&
            !KNOWN_VERBS.includes(one.name.slice(plural.length + 1)) &&
            // Of one thing: others are about all of them.
            'id' in (this.resolve(one.input).properties ?? {}),
        ),
        has: (verb) => find(verb) !== undefined,
      });
    }
    const order = ['notes', 'tasks', 'projects'];
    const rank = (noun: Noun) => order.indexOf(noun.plural) + 1 || order.length + 1;
    return nouns.sort((a, b) => rank(a) - rank(b) || a.plural.localeCompare(b.plural));
  }
}

export function without<T>(record: Record<string, T>, names: string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)));
}

function procedureOf(main: Operation, withBody: Operation | undefined): Procedure {
  const body = withBody?.requestBody;
  const content = body?.content['application/json'];
  const parameters = (main.parameters ?? []).filter((one) => one.in === 'query' && one.name);
  const flat: Schema | undefined = parameters.length
    ? {
        type: 'object',
        properties: Object.fromEntries(
          parameters.map((one) => [
            one.name!,
            one.description ? { ...one.schema, description: one.description } : (one.schema ?? {}),
          ]),
        ),
        required: parameters.filter((one) => one.required).map((one) => one.name!),
      }
    : undefined;
  const answers = main.responses?.['200']?.content ?? {};
  const stream = answers['text/event-stream'];
  return {
    name: main.operationId,
    group: main.operationId.includes('.') ? main.operationId.split('.')[0]! : 'pod',
    kind: (main['x-synap-kind'] ?? 'query') as Procedure['kind'],
    effects: main['x-synap-effects'] ?? '',
    access: main['x-synap-access'] ?? '',
    scope: main['x-synap-scope'] ?? '',
    summary: main.summary ?? '',
    description: main.description ?? '',
    input: content?.schema ?? flat,
    keepsKeys: (main.parameters ?? []).some((one) => one.$ref?.endsWith('/IdempotencyKey')),
    isInputRequired: body?.required ?? parameters.some((one) => one.required),
    output: stream?.['x-synap-item'] ?? answers['application/json']?.schema,
    examples: Object.values(content?.examples ?? {}).map((one) => one.value),
  };
}

export const podDocument = signal<PodDocument | undefined>(undefined);

export async function loadDocument(): Promise<void> {
  const response = await plain('/openapi.json');
  const answer = await parsed(response);
  if (!response.ok)
    throw new PodError(`/openapi.json answered ${response.status}`, 'ERROR', response.status);
  podDocument.value = new PodDocument(answer as OpenApi);
}
