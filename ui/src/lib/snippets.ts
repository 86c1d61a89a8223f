// A call as one would write it in a shell or in TypeScript.

const shellQuoted = (text: string): string => `'${text.replace(/'/g, `'\\''`)}'`;

/** With the key in $SYNAP_KEY. */
export function asCurl(procedure: string, input: unknown, kind: string): string {
  const authorization = '-H "authorization: Bearer $SYNAP_KEY"';
  const url = `${location.origin}/api/${procedure}`;
  if (kind === 'subscription') {
    const parameters = Object.entries((input ?? {}) as Record<string, unknown>).flatMap(
      ([name, value]) =>
        (Array.isArray(value) ? value : [value]).map(
          (one) =>
            `${name}=${encodeURIComponent(typeof one === 'object' ? JSON.stringify(one) : String(one))}`,
        ),
    );
    return `curl -sN ${shellQuoted(url + (parameters.length ? `?${parameters.join('&')}` : ''))} ${authorization}`;
  }
  const body = input === undefined ? '{}' : JSON.stringify(input);
  return `curl -s ${shellQuoted(url)} ${authorization} \\\n  -H 'content-type: application/json' \\\n  -d ${shellQuoted(body)}`;
}

export function asTypeScript(procedure: string, input: unknown, kind: string): string {
  const head =
    `import { createSynapClient } from '@synap/client';\n\n` +
    `const synap = createSynapClient({ url: '${location.origin}', key: process.env.SYNAP_KEY });\n`;
  const given = input === undefined ? '' : JSON.stringify(input, null, 2);
  if (procedure === 'events.watch') {
    return `${head}for await (const event of synap.watch(${given})) {\n  console.log(event.position, event.type);\n}\n`;
  }
  if (kind === 'subscription') {
    return `${head}for await (const item of await synap.${procedure}.subscribe(${given})) {\n  console.log(item);\n}\n`;
  }
  const call = kind === 'mutation' ? 'mutate' : 'query';
  return `${head}const answer = await synap.${procedure}.${call}(${given});\nconsole.log(answer);\nawait synap.close();\n`;
}
