/** The page around the phone: lessons, the live conversation, switches and the clock. */
import type { Message } from '../../conversation/message.ts'
import { type LessonName, LESSONS, type Moment, MOMENTS } from '../lessons.ts'
import { hide } from './cashier.ts'
import { makeClient } from './client.ts'
import { hideDetail, showDetail } from './detail.ts'
import { beijingTime, el, icon, language, query, words } from './dom.ts'
import { momentOf } from './moments.ts'
import { post } from './server.ts'
import { makeSwitches } from './switches.ts'
import { makeTalk } from './talk.ts'

type State = { now: number; last: number }

const frame = query<HTMLIFrameElement>('#screen')
const caption = query('#caption')
const switches = makeSwitches()
const talk = makeTalk(showDetail)
let lesson: LessonName = 'works'
/** Messages up to this number belong to what was played before. */
let last = Infinity
/** WeChat's clock minus this machine's, in milliseconds. */
let ahead = 0
/** How far the lesson is: messages overtake one another, captions do not go back. */
let reached = 0
const rank = (moment: Moment): number => MOMENTS.indexOf(moment)

Object.assign(window, { wechatClient: makeClient(switches, () => lesson) })

/** Starts a lesson from the beginning: a new order, nothing said yet, and its switches set. */
async function begin(name: LessonName): Promise<void> {
  lesson = name
  hide()
  frame.src = 'about:blank'
  for (const button of document.querySelectorAll<HTMLElement>('[data-lesson]')) {
    button.setAttribute('aria-pressed', String(button.dataset['lesson'] === name))
  }
  const state = await post<State>('/_phone/reset')
  last = state.last
  reached = 0
  ordercode = ''
  setClock(state.now)
  talk.clear()
  hideDetail()
  switches.set(LESSONS[name].switches)
  say(LESSONS[name][language()].captions.start ?? '')
  frame.src = frame.dataset['src'] ?? ''
}

function say(text: string): void {
  caption.replaceChildren(icon('flag'), el('span', {}, text))
}

function hear(message: Message): void {
  if (message.n <= last || !belongs(message)) return
  talk.show(message)
  const moment = momentOf(message)
  if (moment === undefined || (rank(moment) < reached && moment !== 'pay')) return
  const text = LESSONS[lesson][language()].captions[moment]
  if (text === undefined) return
  reached = rank(moment)
  say(text)
  if (message.kind !== 'note') talk.suggest(message.n)
}

/** The order of this lesson, once the shop has made it. */
let ordercode = ''
const hidden = new Set<number>()

/** Whether a message is part of this lesson. WeChat repeats the notices of earlier ones, and the cron closes their orders. */
function belongs({ n, answers, what, kind, fields }: Message): boolean {
  if (what === 'place_order' && kind === 'reply') ordercode = fields['ordercode'] ?? ''
  const [order] = (fields['out_trade_no'] ?? fields['ordercode'] ?? ordercode).split('*')
  const isOurs = order === ordercode && !hidden.has(answers ?? 0)
  if (!isOurs) hidden.add(n)
  return isOurs
}

function setClock(now: number): void {
  ahead = now - Date.now()
  tick()
}

function tick(): void {
  const time = beijingTime(Date.now() + ahead)
  query('#clock').textContent = time
  query('#phone-time').textContent = time.slice(0, 5)
}

/** The browser reconnects by itself and names the last event that it has, so nothing is missed or shown twice. */
function listen(): void {
  const stream = new EventSource('/_control/stream')
  stream.onmessage = ({ data }: MessageEvent<string>) => hear(JSON.parse(data) as Message)
  stream.onerror = () => say(words().offline)
}

for (const button of document.querySelectorAll<HTMLElement>('[data-lesson]')) {
  button.onclick = () => void begin(button.dataset['lesson'] as LessonName)
}
query('#reset').onclick = () => void begin(lesson)
for (const button of document.querySelectorAll<HTMLButtonElement>('[data-seconds]')) {
  button.onclick = async () => {
    button.disabled = true
    const { now } = await post<State>('/_phone/advance', {
      seconds: Number(button.dataset['seconds']),
    })
    setClock(now)
    button.disabled = false
  }
}
query<HTMLButtonElement>('#bill').onclick = async ({ currentTarget }) => {
  const button = currentTarget as HTMLButtonElement
  button.disabled = true
  setClock((await post<State>('/_phone/bill')).now)
  say(words().billCame)
  button.disabled = false
}
window.addEventListener('message', ({ origin, data }: MessageEvent<{ title?: string }>) => {
  if (origin === window.location.origin) query('#phone-title').textContent = data.title ?? ''
})
setInterval(tick, 1_000)
void begin('works').then(listen)
