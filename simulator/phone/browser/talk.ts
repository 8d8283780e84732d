/** The diagram: an ordered list with one item per message, laid out on four lanes by the stylesheet. */
import type { Message, Party } from '../../conversation/message.ts'
import { describe, said } from './describe.ts'
import { el, icon, query, words } from './dom.ts'

const LANES: Readonly<Record<Party, number>> = { phone: 0, worker: 1, wechat: 2, shop: 3 }
const MESSAGES_MAX = 200
/** What one question for the result consists of. Questions without news are folded into the last one. */
const POLL = ['result', 'orderquery']

/** "Phone → Worker", for the title of the details and for screen readers. */
export function route({ from, to, kind }: Message): string {
  const name = (party: Party): string => words().lanes[LANES[party]]?.[0] ?? party
  return kind === 'note' ? name(from) : `${name(from)} → ${name(to)}`
}

export type Talk = {
  /** Shows a message, or shows it anew after a change. */
  show: (message: Message) => void
  /** Chooses a message for the reader, until the reader has chosen one. */
  suggest: (n: number) => void
  clear: () => void
}

/** @param choose called with the message that the reader picked */
export function makeTalk(choose: (message: Message) => void): Talk {
  const list = query<HTMLOListElement>('#messages')
  const scroll = query('#scroll')
  const newest = query<HTMLButtonElement>('#newest')
  const items = new Map<number, HTMLLIElement>()
  const shown = new Map<number, Message>()
  let hasChosen = false
  let chosen = 0
  let poll: { n: number; count: number } | undefined

  const isAtEnd = (): boolean => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 40
  const toEnd = (): void => {
    scroll.scrollTop = scroll.scrollHeight
    newest.hidden = true
  }
  newest.onclick = toEnd
  scroll.addEventListener('scroll', () => {
    if (isAtEnd()) newest.hidden = true
  })

  /** Removes the questions for the result that brought no news. @returns how many there were */
  const fold = (message: Message): number => {
    if (message.what !== 'result' || message.kind !== 'request') return 1
    const since = [...shown.values()].filter(({ n }) => n >= (poll?.n ?? Infinity))
    const isSame = since.length > 0 && since.every(({ what }) => POLL.includes(what))
    const count = isSame ? (poll?.count ?? 0) + 1 : 1
    if (isSame) for (const { n } of since) remove(n)
    poll = { n: message.n, count }
    return count
  }
  const remove = (n: number): void => {
    items.get(n)?.remove()
    items.delete(n)
    shown.delete(n)
  }

  const fill = (item: HTMLLIElement, message: Message, count: number): void => {
    item.replaceChildren(
      message.kind === 'note'
        ? note(message)
        : line(message, count, () => {
            hasChosen = true
            pick(message.n)
          }),
    )
  }
  const mark = (n: number): void => {
    const item = items.get(n)
    item?.classList.toggle('sel', n === chosen)
    item?.querySelector('button')?.setAttribute('aria-pressed', String(n === chosen))
  }
  const pick = (n: number): void => {
    chosen = n
    for (const number of items.keys()) mark(number)
    const message = shown.get(n)
    if (message !== undefined) choose(message)
  }

  return {
    show: (message) => {
      const known = items.get(message.n)
      const follows = isAtEnd()
      if (known !== undefined) {
        shown.set(message.n, message)
        fill(known, message, poll?.n === message.n ? poll.count : 1)
        mark(message.n)
        return
      }
      list.querySelector('.waits')?.remove()
      const count = fold(message)
      const item = el('li')
      items.set(message.n, item)
      shown.set(message.n, message)
      fill(item, message, count)
      list.append(item)
      const opensCashier = message.what === 'requestPayment' && message.checks.every(({ ok }) => ok)
      if (opensCashier)
        list.append(
          el('li', { class: 'waits' }, el('p', { class: 'at0 waiting' }, said('waiting'))),
        )
      for (const n of shown.keys()) if (shown.size > MESSAGES_MAX) remove(n)
      if (follows) toEnd()
      else newest.hidden = false
    },
    suggest: (n) => {
      if (!hasChosen) pick(n)
    },
    clear: () => {
      hasChosen = false
      list.replaceChildren()
      items.clear()
      shown.clear()
      poll = undefined
      newest.hidden = true
    },
  }
}

function note(message: Message): HTMLElement {
  const kind =
    message.from === 'phone' ? ' person' : message.what === 'pay_refused' ? ' trouble' : ''
  return el('p', { class: `at${LANES[message.from]}${kind}` }, describe(message).what)
}

function line(message: Message, count: number, onPick: () => void): HTMLElement {
  const { what, aside, good, bad } = describe(message)
  const [from, to] = [LANES[message.from], LANES[message.to]]
  const classes = [
    `f${from}t${to}`,
    from > to ? 'back' : '',
    message.kind === 'reply' ? 'reply' : '',
    message.lost === true ? 'lost' : '',
  ]
  const text = el('span', { class: 't' }, what)
  if (count > 1) text.append(el('b', {}, ` ×${count}`))
  if (aside !== undefined) text.append(' ', el('span', { class: 'faint' }, aside))
  // In a request the sign alone will do: the words are for screen readers, and in the details.
  const isBrief = message.kind === 'request' && good === said('sign')
  if (good !== undefined) {
    const verdict = isBrief ? el('span', { class: 'hidden' }, good) : ` ${good}`
    text.append(' ', el('span', { class: 'good' }, icon('good'), verdict))
  }
  if (bad !== undefined) text.append(' ', el('span', { class: 'evil' }, icon('bad'), ` ${bad}`))
  const button = el(
    'button',
    { type: 'button', class: classes.filter(Boolean).join(' '), 'aria-pressed': 'false' },
    el('span', { class: 'who2' }, route(message)),
    text,
  )
  button.onclick = onPick
  return button
}
