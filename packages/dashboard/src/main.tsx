/** Starts the page: data from the server that the page came from, state from the address. */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { App } from './app/app.tsx';
import { Fault } from './app/fault.tsx';
import { PageContext, createPageStore } from './app/page-store.ts';
import { applyTheme } from './app/theme.ts';
import { Coordinator } from './data/coordinator.ts';
import { DataContext } from './data/hooks.ts';
import { createHttpSource } from './data/http-source.ts';
import './style/tokens.css';
import './style/base.css';

applyTheme();
const source = createHttpSource(new URL('.', document.baseURI).pathname);
const data = { source, coordinator: new Coordinator(source) };
const page = createPageStore();
// The live stream says when lists are old; the rest is decided query by query.
const client = new QueryClient({
  defaultOptions: { queries: { retry: 1, retryDelay: 500, staleTime: 60_000, networkMode: 'always' } },
});

const root = document.querySelector('#root');
if (!root) throw new Error('the page has no #root');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <DataContext value={data}>
        <PageContext value={page}>
          <Fault>
            <App />
          </Fault>
        </PageContext>
      </DataContext>
    </QueryClientProvider>
  </StrictMode>,
);
