// The pod, for the components: its procedures as TanStack Query's options, and whether it is there.
import { createContext, useContext, useEffect, useState } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { createTRPCContext } from '@trpc/tanstack-react-query';
import type { AppRouter, SynapClient, WatchStatus } from '@synap/client';

export const { TRPCProvider, useTRPC } = createTRPCContext<AppRouter>();

const Synap = createContext<SynapClient | undefined>(undefined);
export const SynapProvider = Synap.Provider;

export function useSynap(): SynapClient {
  const synap = useContext(Synap);
  if (!synap) throw new Error('There is no SynapProvider around this component');
  return synap;
}

/**
 * Keeps what is shown of notes current: with every change of one, by whomever, the lists are asked for
 * again. Gives whether changes are heard of.
 */
export function useLiveNotes(): { status: WatchStatus; error: unknown } {
  const synap = useSynap();
  const trpc = useTRPC();
  const queries = useQueryClient();
  const [state, setState] = useState<{ status: WatchStatus; error: unknown }>({
    status: 'connecting',
    error: undefined,
  });
  useEffect(() => {
    const refresh = () => void queries.invalidateQueries(trpc.notes.pathFilter());
    const watch = synap.watch(
      { types: ['note.creation.completed', 'note.update.completed', 'note.deletion.completed'] },
      { onEvent: refresh, onError: (error) => console.error(error), onConnected: refresh },
      { onStatus: (status, error) => setState({ status, error }) },
    );
    return () => watch.stop();
  }, [synap, trpc, queries]);
  return state;
}
