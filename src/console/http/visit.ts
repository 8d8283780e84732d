import type { BeijingDay } from '../../core/day.ts'
import type { UnixSeconds } from '../../core/time.ts'
import type { HttpDeps } from '../../routes/http/deps.ts'
import type { RouteRequest } from '../../routes/http/request.ts'
import type { NoteView } from '../view/note.ts'
import type { Markup } from '../view/markup.ts'
import type { Words } from '../words/words.ts'
import type { Session } from './session.ts'

/** A request of a person who is signed in. `deps` act in that person's name. */
export type Visit = Readonly<{
  request: RouteRequest
  url: URL
  deps: HttpDeps
  session: Session
  words: Words
  now: UnixSeconds
  today: BeijingDay
  /** Whether the person may change anything. */
  mayAct: boolean
}>

/** The parts of the navigation. */
export type Section =
  'overview' | 'orders' | 'refunds' | 'reviews' | 'bills' | 'deliveries' | 'runs' | 'checks'

/** What a page shows inside the frame. */
export type Page = Readonly<{
  section: Section
  title: string
  main: Markup
  /** After how many seconds a browser that runs scripts asks for the page again. */
  refresh?: number | undefined
  /** 200 unless it is said. */
  status?: number
  /** What came of the form before; shown above the page. */
  note?: NoteView | undefined
}>

/** Shows a page, or leads to another one. */
export type PageHandler = (visit: Visit) => Promise<Page | Response>

/** Does what a form asks for. Only people who may act get here, with a form of their own session. */
export type ActionHandler = (visit: Visit, form: URLSearchParams) => Promise<Page | Response>
