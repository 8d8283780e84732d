import type { IRequestStrict } from 'itty-router'

/** A request with what the router found in its path and query. */
export type RouteRequest = IRequestStrict &
  Readonly<{
    params: Readonly<Record<string, string>>
    query: Readonly<Record<string, string | readonly string[] | undefined>>
  }>
