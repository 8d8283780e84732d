/** Answers any request: the console's pages for people, the HTTP interface and its description for programs. */
import { respondConsole, respondHome } from './console/respond.ts'
import { DOCUMENT_PATH, documentResponse } from './routes/document/document.ts'
import type { HttpDeps } from './routes/http/deps.ts'
import { respond as respondInterface } from './routes/router.ts'

/** Answers a request. Never throws. */
export function respond(request: Request, deps: HttpDeps): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (pathname === '/console' || pathname.startsWith('/console/')) {
    return respondConsole(request, deps)
  }
  if (pathname === DOCUMENT_PATH) return Promise.resolve(documentResponse(request))
  return pathname === '/' && isBrowser(request)
    ? respondHome(request)
    : respondInterface(request, deps)
}

/** Whether a person's browser asks for a page. Programs that do not ask for HTML get the interface's 404. */
const isBrowser = ({ method, headers }: Request): boolean =>
  (method === 'GET' || method === 'HEAD') && (headers.get('accept') ?? '').includes('text/html')
