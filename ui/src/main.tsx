// The page of a pod: who is here, and then the screens.
import { render } from 'preact';

import { App } from './app.js';
import { startKeyboard } from './lib/keyboard.js';
import { startRouter } from './lib/router.js';
import { followLink, session, signInNotice, takeTokenFromAddress, whoIsIt } from './lib/session.js';
import { messageOf } from './lib/rpc.js';
import { untilAnswered } from './lib/until-answered.js';
import { drawVisibly } from './lib/visible.js';
import { startTheme } from './parts/theme.js';

// Nobody knows whether somebody is signed in, so nobody is asked for a key.
const sayAway = (error: unknown): void => {
  signInNotice.value = `${messageOf(error)}. It is tried again by itself.`;
};

async function findOutWhoIsHere(): Promise<void> {
  try {
    const token = takeTokenFromAddress();
    if (token) return await untilAnswered(() => followLink(token), { onFailure: sayAway });
  } catch (error) {
    signInNotice.value = messageOf(error);
  }
  const notice = signInNotice.value;
  try {
    const who = await untilAnswered(whoIsIt, { onFailure: sayAway });
    signInNotice.value = notice;
    session.value = who;
  } catch (error) {
    signInNotice.value = messageOf(error);
    session.value = null;
  }
}

drawVisibly();
startTheme();
startRouter();
startKeyboard();
// Asked before anything is drawn, which takes a slow machine longer than the pod takes to answer.
void findOutWhoIsHere();
render(<App />, document.getElementById('page')!);
// A link that is opened in a tab that shows the page changes only what is behind the #.
addEventListener('hashchange', () => {
  if (location.hash.startsWith('#token=')) void findOutWhoIsHere();
});
