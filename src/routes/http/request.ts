import type { IRequestStrict } from 'itty-router'

/** A request with the parameters that the router found in its path and its query. */
export type RouteRequest = IRequestStrict &
  Readonly<{
    params: Readonly<Record<string, string>>
    query: Readonly<Record<string, string | readonly string[] | undefined>>
  }>
