// A JSON schema to read: names, types, bounds, what they mean.
import { podDocument, type PodDocument, type Schema } from '../lib/document.js';
import { Quiet } from './plain.js';

const DEPTH_MAX = 4;

function typeOf(schema: Schema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(' | ');
  const variants = schema.anyOf ?? schema.oneOf;
  if (variants) return variants.map(typeOf).join(' | ');
  if (schema.$ref) return schema.$ref.split('/').pop() ?? 'object';
  if (schema.type === 'array') return `${typeOf(schema.items ?? {})}[]`;
  if (schema.format) return `${String(schema.type)} (${schema.format})`;
  return schema.type === undefined ? 'anything' : String(schema.type);
}

function boundsOf(schema: Schema): string {
  const parts = [];
  const isUseful = (bound: number | undefined) =>
    bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER;
  if (isUseful(schema.minimum)) parts.push(`≥ ${schema.minimum}`);
  if (isUseful(schema.maximum)) parts.push(`≤ ${schema.maximum}`);
  if (schema.minLength) parts.push(`from ${schema.minLength} characters`);
  if (schema.maxLength) parts.push(`to ${schema.maxLength.toLocaleString()} characters`);
  if (schema.maxItems) parts.push(`at most ${schema.maxItems}`);
  if (schema.default !== undefined) parts.push(`if absent ${JSON.stringify(schema.default)}`);
  return parts.join(', ');
}

function Properties({
  document,
  schema,
  depth,
}: {
  document: PodDocument;
  schema: Schema;
  depth: number;
}) {
  const entries = Object.entries(schema.properties ?? {});
  if (entries.length === 0) return <p class="quiet">{depth === 0 ? 'Nothing.' : 'Any members.'}</p>;
  return (
    <ul class="schema">
      {entries.map(([name, raw]) => {
        const one = document.resolve(raw);
        const inner = document.resolve(one.type === 'array' ? one.items : one);
        const isNested = inner.properties !== undefined && depth < DEPTH_MAX;
        return (
          <li key={name}>
            <code>{name}</code>
            {!schema.required?.includes(name) && (
              <span class="quiet" title="May be absent">
                ?
              </span>
            )}{' '}
            <span class="schema-type">{typeOf(raw.$ref ? { $ref: raw.$ref } : one)}</span>{' '}
            <Quiet>{boundsOf(one)}</Quiet>
            {one.description && <p class="help">{one.description}</p>}
            {isNested && (
              <details>
                <summary>its members</summary>
                <Properties document={document} schema={inner} depth={depth + 1} />
              </details>
            )}
          </li>
        );
      })}
    </ul>
  );
}

export function SchemaView({ schema }: { schema: Schema | undefined }) {
  const document = podDocument.value;
  if (!document) return null;
  const resolved = document.resolve(schema);
  if (!resolved.properties) return <p class="quiet">{schema ? typeOf(resolved) : 'Nothing.'}</p>;
  return <Properties document={document} schema={resolved} depth={0} />;
}
