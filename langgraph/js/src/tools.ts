import { tool, type DynamicStructuredTool } from '@langchain/core/tools';
import type { SynapClient } from '@synap/client';

import { asData } from './marks.js';

export interface ToolsOptions {
  /** What the tools act by: they may what its key may. `client.causedBy(event)` says because of what. */
  client: Pick<SynapClient, 'notes'>;
  /** Of the pod, whose own description of its procedures the tools are made from. */
  url: string | URL;
  /** Procedures: "notes.create". */
  names: string[];
  fetch?: typeof fetch;
}

/** Of the pod's OpenAPI document, what is read here. */
interface Operation {
  summary?: string;
  description?: string;
  'x-synap-kind'?: string;
  'x-synap-scope'?: string;
  'x-synap-effects'?: string;
  requestBody?: { content: { 'application/json': { schema: JsonSchema } } };
}
type JsonSchema = Record<string, unknown>;
interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, JsonSchema> };
}

/**
 * Procedures of a pod as tools for a graph: named notes_create for notes.create, with the schemas and
 * sentences that the pod itself has for them; `metadata` says which procedure a tool is, which scope that wants, and
 * what it does ("reads", "appends", "destroys"). What a tool gives, or is refused with, stands between marks of data for
 * the model (`dataRule` says what they are); the answer itself is the message's `artifact`. A call that comes again, since its graph is called again
 * after a crash, does nothing twice: its idempotency key follows from the thread and the model's call.
 */
export async function tools(options: ToolsOptions): Promise<DynamicStructuredTool[]> {
  const get = options.fetch ?? fetch;
  const base = String(options.url).replace(/\/(trpc\/?)?$/, '');
  const response = await get(`${base}/openapi.json`);
  if (!response.ok) throw new Error(`${base}/openapi.json: the pod answered ${response.status}`);
  const document = (await response.json()) as Document;
  return options.names.map((name) => toolOf(document, options.client, name));
}

function toolOf(document: Document, client: object, name: string): DynamicStructuredTool {
  const path = document.paths[`/api/${name}`];
  if (path === undefined) throw new Error(`The pod has no procedure ${name}`);
  const operation = path.post;
  const kind = operation?.['x-synap-kind'];
  if (operation === undefined || (kind !== 'query' && kind !== 'mutation')) {
    throw new Error(`${name} is a stream: it has no end that a tool could answer with`);
  }
  const schema = inlined(document, operation.requestBody?.content['application/json'].schema ?? { type: 'object' });
  // A key is ours to give, not the model's.
  const { idempotencyKey, ...properties } = (schema.properties ?? {}) as JsonSchema;
  return tool(
    async (input: Record<string, unknown>, config) => {
      const call = config?.toolCall?.id;
      const thread = config?.configurable?.thread_id;
      const key = idempotencyKey !== undefined && call !== undefined && thread !== undefined;
      try {
        const answer = await callOf(client, name, kind)({
          ...input,
          ...(key && { idempotencyKey: await digest(`${thread}\n${name}\n${call}`) }),
        });
        return [asData(name, JSON.stringify(answer ?? null)), answer ?? null];
      } catch (problem) {
        throw refused(name, problem);
      }
    },
    {
      name: name.replaceAll('.', '_'),
      description: [operation.summary, operation.description].filter(Boolean).join(' '),
      schema: { type: 'object', ...schema, properties },
      responseFormat: 'content_and_artifact',
      metadata: { procedure: name, scope: operation['x-synap-scope'], effects: operation['x-synap-effects'] },
    },
  ) as unknown as DynamicStructuredTool;
}

/** What the pod says may quote what is stored. */
function refused(name: string, problem: unknown): unknown {
  const isOfPod = problem instanceof Error && 'data' in problem && problem.data !== undefined && problem.data !== null;
  return isOfPod ? new Error(asData(name, problem.message), { cause: problem }) : problem;
}

function callOf(client: object, name: string, kind: 'query' | 'mutation'): (input: unknown) => Promise<unknown> {
  let at: any = client;
  for (const part of name.split('.')) at = at[part];
  return kind === 'query' ? at.query : at.mutate;
}

// Models are given one schema, which refers to nothing.
function inlined(document: Document, schema: JsonSchema): JsonSchema {
  const inside = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inside);
    if (typeof value !== 'object' || value === null) return value;
    const { $ref, ...rest } = value as JsonSchema;
    if (typeof $ref === 'string') {
      const target = document.components.schemas[$ref.split('/').at(-1) ?? ''] ?? {};
      return { ...(inside(target) as JsonSchema), ...rest };
    }
    return Object.fromEntries(Object.entries(rest).map(([key, inner]) => [key, inside(inner)]));
  };
  return inside(schema) as JsonSchema;
}

async function digest(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Buffer.from(bytes).toString('base64url');
}
