/** How the installation is doing, for the operator and for an outside monitor. */
import type { Route } from '../http/routes.ts'
import { getHealth } from './health.ts'
import { getRuns } from './runs.ts'

/** With a token. */
export const OPERATOR_ROUTES: readonly Route[] = [['GET', '/runs', getRuns]]

/** Without one. */
export const PUBLIC_ROUTES: readonly Route[] = [['GET', '/health', getHealth]]
