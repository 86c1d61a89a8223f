// A new thing of a noun.
import { useState } from 'preact/hooks';

import { Intent } from '../lib/command.js';
import type { Noun, PodDocument } from '../lib/document.js';
import { go } from '../lib/router.js';
import { fieldsOfNoun } from '../lib/things.js';
import { sayDone } from '../parts/say.js';
import { ThingForm } from '../parts/thing-form.js';

export function NewThing({ document, noun }: { document: PodDocument; noun: Noun }) {
  const [intent] = useState(() => new Intent());
  const submit = async (values: Record<string, unknown>, saved: () => void) => {
    const accepted = await intent.command(`${noun.plural}.create`, values);
    saved();
    sayDone(accepted, `The ${noun.name} is made`);
    go(`/${noun.plural}/${accepted.entityId}${location.search}`, { replace: true });
  };
  return (
    <section class="split-panel" aria-label={`New ${noun.name}`}>
      <div class="panel">
        <header>
          <h2>New {noun.name}</h2>
        </header>
        <ThingForm
          fields={fieldsOfNoun(document, noun)}
          thing={{}}
          action={`Make the ${noun.name}`}
          onSubmit={submit}
          onCancel={() => go(`/${noun.plural}${location.search}`)}
        />
      </div>
    </section>
  );
}
