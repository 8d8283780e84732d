/** The words of the console, in English and Chinese, by subject. */
import { BILLS } from './bills.ts'
import { DOCTOR } from './doctor.ts'
import { FRAME } from './frame.ts'
import { ORDERS } from './orders.ts'
import { OVERVIEW } from './overview.ts'
import { REFUNDS } from './refunds.ts'
import { REVIEWS } from './reviews.ts'
import { STATES } from './states.ts'
import { STORY } from './story.ts'
import { SYSTEM } from './system.ts'

const wordsIn = (lang: 'en' | 'zh') => ({
  frame: FRAME[lang],
  states: STATES[lang],
  overview: OVERVIEW[lang],
  orders: ORDERS[lang],
  story: STORY[lang],
  refunds: REFUNDS[lang],
  reviews: REVIEWS[lang],
  bills: BILLS[lang],
  doctor: DOCTOR[lang],
  ...SYSTEM[lang],
})

export const WORDS = { en: wordsIn('en'), zh: wordsIn('zh') }

/** All words in one language. */
export type Words = typeof WORDS.en
