/** Signing in and out. */
import { clientAddress } from '../../routes/http/client-address.ts'
import type { HttpDeps } from '../../routes/http/deps.ts'
import { markup, type Markup } from '../view/markup.ts'
import { note, type NoteView } from '../view/note.ts'
import { files } from '../view/files.ts'
import type { Words } from '../words/words.ts'
import { alone, languageLink } from './layout.ts'
import { isOwnForm } from './origin.ts'
import { htmlResponse, ownAddress, redirect } from './reply.ts'
import { CLEARED, signIn } from './session.ts'

type SignInDeps = Pick<
  HttpDeps,
  | 'admitSignIn'
  | 'clientIpHeader'
  | 'config'
  | 'log'
  | 'merchantTokens'
  | 'newSessionId'
  | 'now'
  | 'operators'
>

/** `GET /console/sign-in`. */
export const showSignIn = async (
  request: Request,
  deps: SignInDeps,
  words: Words,
  status = 200,
  failed?: Readonly<{ note: NoteView; name: string }>,
): Promise<Response> => {
  const url = new URL(request.url)
  const isOut = url.searchParams.get('done') === 'signed_out'
  const said = failed?.note ?? (isOut ? { tone: 'ok', text: words.frame.signedOut } : undefined)
  const card = signInCard(words, deps, url, said, failed?.name ?? '')
  return htmlResponse(alone(words, await files(), words.frame.signIn, card), status)
}

function signInCard(
  words: Words,
  { config, operators }: SignInDeps,
  url: URL,
  said: NoteView | undefined,
  name: string,
): Markup {
  const { frame } = words
  const hasOperators = operators.length > 0
  const to = ownAddress(url.searchParams.get('to'))
  return markup`<h1 class="gap">${frame.signInTitle}</h1><p class="dim small">${frame.merchant} <span class="mono">${config.mchId}</span></p>
${said === undefined ? markup`<p class="gap"></p>` : note(said, true)}
<form method="post" action="/console/sign-in"><input type="hidden" name="to" value="${to}">
<div class="field"><label for="token">${hasOperators ? frame.operatorToken : frame.token}</label><input id="token" name="token" type="password" autocomplete="current-password" required autofocus aria-describedby="token-hint"><span class="hint" id="token-hint">${hasOperators ? frame.operatorTokenHint : frame.tokenHint}</span></div>
${!hasOperators && markup`<div class="field"><label for="name">${frame.yourName}</label><input id="name" name="name" autocomplete="username" required maxlength="32" value="${name}"></div>`}
<button class="btn go">${frame.signIn}</button></form><p class="small gap">${languageLink(words, url)}</p>`
}

/** `POST /console/sign-in`. Every failure to prove who one is has the same answer. */
export async function postSignIn(
  request: Request,
  form: URLSearchParams,
  deps: SignInDeps,
  words: Words,
): Promise<Response> {
  const { frame } = words
  const name = (form.get('name') ?? '').trim()
  const refuse = (status: number, text: string): Promise<Response> =>
    showSignIn(request, deps, words, status, { note: { tone: 'bad', text }, name })
  if (!isOwnForm(request, deps)) return refuse(403, frame.foreignForm)
  const address = clientAddress(request, deps)?.text
  if (!(await deps.admitSignIn(address ?? 'unknown'))) return refuse(429, frame.tooMany)
  const signed = await signIn(deps, (form.get('token') ?? '').trim(), name)
  if (signed === 'token') {
    deps.log({ event: 'sign_in_refused', address })
    return refuse(403, frame.tokenWrong)
  }
  if (signed === 'name') return refuse(422, frame.nameWrong)
  deps.log({ event: 'signed_in', actor: signed.name })
  return redirect(ownAddress(form.get('to')), signed.cookie)
}

/** `POST /console/sign-out`. */
export const signedOut = (): Response => redirect('/console/sign-in?done=signed_out', CLEARED)
