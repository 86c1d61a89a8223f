// The page of a pod: who is here, and then the screens.
import { render } from 'preact';

import { App } from './app.js';
import { startKeyboard } from './lib/keyboard.js';
import { startRouter } from './lib/router.js';
import { followLink, session, signInNotice, takeTokenFromAddress, whoIsIt } from './lib/session.js';
import { messageOf } from './lib/rpc.js';
import { startTheme } from './parts/theme.js';

async function findOutWhoIsHere(): Promise<void> {
  const token = takeTokenFromAddress();
  try {
    if (token) return await followLink(token);
  } catch (error) {
    signInNotice.value = messageOf(error);
  }
  try {
    session.value = await whoIsIt();
  } catch (error) {
    signInNotice.value = messageOf(error);
    session.value = null;
  }
}

startTheme();
startRouter();
startKeyboard();
render(<App />, document.getElementById('page')!);
void findOutWhoIsHere();
// A link that is opened in a tab that shows the page changes only what is behind the #.
addEventListener('hashchange', () => {
  if (location.hash.startsWith('#token=')) void findOutWhoIsHere();
});
