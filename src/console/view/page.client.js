/**
 * What a page of the console gains where scripts run: Ctrl K, copying, a guard against the second press of a button, and
 * a page that stays up to date. Every page works without.
 */

/** @param {string} id */
const byId = (id) => document.getElementById(id)

const main = byId('main')
const live = byId('live')

/** Has a screen reader say a text. @param {string | undefined} text */
function say(text) {
  if (live !== null) live.textContent = text ?? ''
}

/** Shows what works with scripts alone. */
function reveal() {
  for (const hint of document.querySelectorAll('kbd')) hint.hidden = false
  // A page that did not come over HTTPS, or from this machine, has no clipboard.
  if (navigator.clipboard === undefined) return
  for (const button of document.querySelectorAll('button.copy')) button.removeAttribute('hidden')
}

document.addEventListener('keydown', (event) => {
  const search = byId('q')
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k') {
    event.preventDefault()
    if (search === null) location.assign('/console/orders#q')
    else search.focus()
  }
  if (event.key === 'Escape' && search instanceof HTMLInputElement && event.target === search) {
    search.value = ''
  }
})

/** @param {HTMLElement} button */
async function copy(button) {
  await navigator.clipboard.writeText(button.dataset['copy'] ?? '')
  button.classList.add('done')
  say(live?.dataset['copied'])
  setTimeout(() => button.classList.remove('done'), 2000)
}

document.addEventListener('click', ({ target }) => {
  const button = target instanceof Element ? target.closest('button.copy') : null
  if (button instanceof HTMLElement) void copy(button)
})

document.addEventListener('submit', (event) => {
  const form = event.target
  if (!(form instanceof HTMLFormElement)) return
  if (form.dataset['sent'] !== undefined) event.preventDefault()
  form.dataset['sent'] = ''
  event.submitter?.setAttribute('aria-disabled', 'true')
})

// The browser may keep a page for the way back. It is asked for again, so that it shows what is true now.
window.addEventListener('pageshow', ({ persisted }) => {
  if (persisted) location.reload()
})

/** Whether the person is at work in the page, so that nothing may move there. */
const isInUse = () =>
  main === null ||
  main.querySelector('details[open]') !== null ||
  (document.activeElement !== main && main.contains(document.activeElement)) ||
  getSelection()?.isCollapsed === false

/** What the page says in short. @param {ParentNode | null} page */
const summary = (page) => page?.querySelector('[data-say]')?.textContent ?? ''

/** Asks for the page again, and shows what has changed. */
async function refresh() {
  if (document.hidden || isInUse()) return
  const response = await fetch(location.href).catch(() => undefined)
  // A session that is over leads to the sign-in: the page stays, and the next press says so.
  if (response === undefined || !response.ok || response.redirected) return
  const page = new DOMParser().parseFromString(await response.text(), 'text/html')
  const fresh = page.getElementById('main')
  if (fresh === null || main === null || isInUse() || fresh.innerHTML === main.innerHTML) return
  if (summary(fresh) !== summary(main)) say(summary(fresh))
  main.dataset['refresh'] = fresh.dataset['refresh'] ?? ''
  main.replaceChildren(...fresh.childNodes)
  reveal()
}

/** Refreshes again and again, as long as the page asks for it. */
function keepFresh() {
  const seconds = Number(main?.dataset['refresh'])
  if (seconds > 0) setTimeout(() => void refresh().then(keepFresh), seconds * 1000)
}

reveal()
keepFresh()
document.addEventListener('visibilitychange', () => {
  if (main?.dataset['refresh']) void refresh()
})
if (location.hash === '#q') byId('q')?.focus()
// On a phone the navigation scrolls sideways: the current part is in sight.
document.querySelector('nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' })
