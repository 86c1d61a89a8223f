// A service of Restate's SDK: three steps, each of them in the server's journal before the next.
import * as restate from '@restatedev/restate-sdk';

import { noteBegin, noteEnd, ready } from './telling.mjs';

const work = restate.service({
  name: 'Work',
  handlers: {
    three: async (ctx, { askedAt }) => {
      const first = await ctx.run('first', () => {
        noteBegin(askedAt);
        return 1;
      });
      const second = await ctx.run('second', () => first + 1);
      const third = await ctx.run('third', () => second + 1);
      noteEnd();
      return third;
    },
  },
});

ready(await restate.endpoint().bind(work).listen(0));
