// All screens but sign-in and Home.
import type { ComponentType } from 'preact';

import Catalogue from './catalogue.js';
import Chat from './chat.js';
import DeadLetters from './dead-letters.js';
import Events from './events.js';
import Functions from './functions.js';
import Noun from './noun.js';
import Pod from './pod.js';
import Proposals from './proposals.js';
import Runs from './runs.js';
import Search from './search.js';
import Tags from './tags.js';
import Types from './types.js';
import Users from './users.js';

/** By the first part of their address; that of a noun is `noun`. */
export const SCREENS: Record<string, ComponentType> = {
  catalogue: Catalogue,
  chat: Chat,
  'dead-letters': DeadLetters,
  events: Events,
  functions: Functions,
  noun: Noun,
  pod: Pod,
  proposals: Proposals,
  runs: Runs,
  search: Search,
  tags: Tags,
  types: Types,
  users: Users,
};
