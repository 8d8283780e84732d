/** The console: who may see a page, who may send a form, and what is shown when something fails. */
import { Router } from 'itty-router/Router'
import { dayOf } from '../core/day.ts'
import { failureEntry, StoreNotMigrated, StoreUnavailable } from '../ports/store.ts'
import type { HttpDeps } from '../routes/http/deps.ts'
import { readBody } from '../routes/http/input.ts'
import type { RouteRequest } from '../routes/http/request.ts'
import { openReviewCount } from '../service/lists/overview.ts'
import { homePage } from './pages/home.ts'
import { chosenLanguage, wordsFor } from './http/language.ts'
import { isFromElsewhere, isOwnForm } from './http/origin.ts'
import { htmlResponse, ownAddress, redirect } from './http/reply.ts'
import { readSession, type Session } from './http/session.ts'
import { postSignIn, showSignIn, signedOut } from './http/sign-in.ts'
import type { ActionHandler, Page, PageHandler, Visit } from './http/visit.ts'
import { ACTIONS, PAGES } from './routes.ts'
import { equalInConstantTime } from '../lib/text.ts'
import { capped } from './view/format.ts'
import { heading } from './view/heading.ts'
import { empty } from './view/lists.ts'
import { alone, documentOf, framed } from './http/layout.ts'
import { markup } from './view/markup.ts'
import { note } from './view/note.ts'
import { fileResponse, files, iconResponse } from './view/files.ts'

const router = Router<RouteRequest, [HttpDeps]>({ catch: onFailure })

for (const path of ['/console/style-:hash', '/console/script-:hash'])
  router.get(path, (request) => fileResponse(pathOf(request)))
router.get('/console/icon.svg', iconResponse)
router.get('*', switchLanguage)
router.get('/console/sign-in', (request, deps) => showSignIn(request, deps, wordsFor(request)))
router.post('/console/sign-in', async (request, deps) => {
  const form = await formOf(request)
  return postSignIn(request, form, deps, wordsFor(request))
})
for (const [path, handler] of PAGES)
  router.get(path, (request, deps) => showPage(request, deps, handler))
for (const [path, handler] of ACTIONS)
  router.post(path, (request, deps) => act(request, deps, handler))
router.post('/console/sign-out', (request, deps) =>
  act(request, deps, async () => signedOut(), 'viewer'),
)
router.all('*', (request, deps) => showPage(request, deps, notFound))

/** Answers a request of the console. Never throws. */
export async function respondConsole(request: Request, deps: HttpDeps): Promise<Response> {
  if (new URL(request.url).pathname === '/console/') return redirect('/console')
  const isHead = request.method === 'HEAD'
  const asked = isHead ? new Request(request, { method: 'GET' }) : request
  const response = (await router.fetch(asked as RouteRequest, deps)) as Response
  if (!isHead) return response
  await response.body?.cancel()
  return new Response(null, response)
}

/** The page at `/`, which says what this is. */
export async function respondHome(request: Request): Promise<Response> {
  const chosen = chosenLanguage(new URL(request.url))
  if (chosen !== undefined) return redirect(chosen.address, chosen.cookie)
  return htmlResponse(homePage(request, wordsFor(request), await files()))
}

/** Makes `?lang=` a cookie, and answers with the same address without it. */
function switchLanguage(request: RouteRequest): Response | undefined {
  const chosen = chosenLanguage(new URL(request.url))
  return chosen && redirect(chosen.address, chosen.cookie)
}

async function showPage(
  request: RouteRequest,
  deps: HttpDeps,
  handler: PageHandler,
): Promise<Response> {
  const session = await readSession(request, deps)
  if (session === undefined) return askToSignIn(request)
  return show(visitOf(request, deps, session), handler)
}

async function show(visit: Visit, handler: PageHandler): Promise<Response> {
  const page = await handler(visit)
  if (page instanceof Response) return page
  const open = capped(await openReviewCount(visit.deps))
  return htmlResponse(framed(visit, await files(), page, open), page.status)
}

/**
 * Checks a form before it is obeyed: it comes from a page of ours, of this session, and its sender may act.
 *
 * @param who Who may send it.
 */
async function act(
  request: RouteRequest,
  deps: HttpDeps,
  handler: ActionHandler,
  who: 'operator' | 'viewer' = 'operator',
): Promise<Response> {
  const session = await readSession(request, deps)
  const words = wordsFor(request)
  const form = await formOf(request)
  const isOwn = session !== undefined && equalInConstantTime(form.get('csrf') ?? '', session.csrf)
  if (!isOwn || !isOwnForm(request, deps)) return refused(request, words.frame.foreignForm)
  if (who === 'operator' && session.role !== 'operator') {
    deps.log({ event: 'viewer_refused', actor: session.name, path: pathOf(request) })
    return refused(request, words.frame.viewerRefused)
  }
  return show(visitOf(request, deps, session), (visit) => handler(visit, form))
}

const visitOf = (request: RouteRequest, deps: HttpDeps, session: Session): Visit => {
  const now = deps.now()
  return {
    request,
    url: new URL(request.url),
    deps: deps.as(session.name),
    session,
    words: wordsFor(request),
    now,
    today: dayOf(now),
    mayAct: session.role === 'operator',
  }
}

/** Leads to the sign-in. A link on another site comes without the cookie: the page is asked for once more from here. */
async function askToSignIn(request: RouteRequest): Promise<Response> {
  const { pathname, search } = new URL(request.url)
  if (request.method !== 'GET') return refused(request, wordsFor(request).frame.foreignForm)
  if (isFromElsewhere(request)) {
    const again = markup`<meta http-equiv="refresh" content="0">`
    const words = wordsFor(request)
    return htmlResponse(documentOf(words, await files(), '…', markup``, again))
  }
  const to = ownAddress(`${pathname}${search}`)
  return redirect(`/console/sign-in${to === '/console' ? '' : `?to=${encodeURIComponent(to)}`}`)
}

async function refused(request: Request, text: string): Promise<Response> {
  const words = wordsFor(request)
  const { refusedTitle: title, back } = words.frame
  const card = markup`<h1>${title}</h1>${note({ tone: 'bad', text }, true)}<p><a class="btn" href="/console">${back}</a></p>`
  return htmlResponse(alone(words, await files(), title, card), 403)
}

const notFound: PageHandler = async ({ words }): Promise<Page> => ({
  section: 'overview',
  title: words.frame.notFoundTitle,
  main: markup`${heading(words.frame.notFoundTitle)}<section class="card">${empty(words.frame.notFound, markup`<a href="/console">${words.frame.nav.overview}</a>`)}</section>`,
  status: 404,
})

/** The fields of a form. One that is too long or cut off has none, so that its token is missing. */
async function formOf(request: Request): Promise<URLSearchParams> {
  const body = await readBody(request)
  return new URLSearchParams(body.ok ? new TextDecoder().decode(body.value) : '')
}

const pathOf = (request: Request): string => new URL(request.url).pathname.slice(0, 200)

/** Shows what failed. The exception's text goes to the log only. */
async function onFailure(error: unknown, request: RouteRequest, deps: HttpDeps): Promise<Response> {
  deps.log({ ...failureEntry(error), path: pathOf(request) })
  const words = wordsFor(request)
  const { frame } = words
  const isRead = request.method === 'GET'
  const [status, text] =
    error instanceof StoreUnavailable
      ? [503, isRead ? frame.nothingChanged : frame.mayHaveChanged]
      : [500, error instanceof StoreNotMigrated ? frame.notMigrated : frame.internal]
  const { pathname, search } = new URL(request.url)
  const link = isRead && markup` <a href="${`${pathname}${search}`}">${frame.tryAgain}</a>`
  const said = { tone: 'bad', text: markup`${text}${link}` } as const
  const session = await readSession(request, deps)
  if (session === undefined) {
    const card = markup`<h1>${frame.failedTitle}</h1>${note(said, true)}`
    return htmlResponse(alone(words, await files(), frame.failedTitle, card), status)
  }
  const title = frame.failedTitle
  const main = markup`${heading(title)}${note(said)}`
  const page: Page = { section: 'overview', title, main, status }
  const visit = visitOf(request, deps, session)
  return htmlResponse(framed(visit, await files(), page, undefined), status)
}
