// The official suite of checkpointers, whole, against a pod.
import { deltaChannelHistoryTests, validate } from '@langchain/langgraph-checkpoint-validation';

import { SynapSaver } from '@synap/langgraph';

import { Pod } from './pod.mjs';

let pod;
const initializer = {
  checkpointerName: '@synap/langgraph',
  beforeAll: async () => {
    pod = await Pod.start();
  },
  afterAll: () => pod.remove(),
  createCheckpointer: async () => new SynapSaver(await pod.user()),
};

validate(initializer);

describe('channels of deltas', () => {
  beforeAll(initializer.beforeAll);
  afterAll(initializer.afterAll);
  deltaChannelHistoryTests(initializer);
});
