/** `openapi.json`, the description of the HTTP interface. It is the same for every installation and every caller. */
import { problem } from '../http/problem.ts'
import text from './openapi.json'

/** Where the Worker answers with the document. */
export const DOCUMENT_PATH = '/openapi.json'

const HEADERS = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'public, max-age=300',
  // Tools in a browser may read it from any page: there is nothing of an installation in it.
  'access-control-allow-origin': '*',
}

/** Answers a request to {@link DOCUMENT_PATH}. It needs no configuration. */
export function documentResponse({ method }: Pick<Request, 'method'>): Response {
  if (method === 'GET') return new Response(text, { headers: HEADERS })
  if (method === 'HEAD') return new Response(null, { headers: HEADERS })
  return problem('method_not_allowed', {}, { allow: 'GET, HEAD' })
}
